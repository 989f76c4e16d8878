"""Before a folder of several runs goes on: its members are of one config and of the same rows, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterable

from dlcli.config.schema import Config
from dlcli.data.cache.fingerprint import fingerprint
from dlcli.data.reader import TableReader
from dlcli.errors import Problem, RunError
from dlcli.jobs.resuming import other_sources
from dlcli.jobs.several.members import Member
from dlcli.runs.holder import find_holder
from dlcli.runs.layout import RunDirectory
from dlcli.runs.members import WORDS, Several
from dlcli.trained.own_code import inspect_run

__all__ = ["CONFIG", "require_ours", "require_same_config", "require_same_data", "require_same_ends"]

CONFIG = "config_sha256"
"""Of the folder's config, in its record: what is trained later is to be of the same."""


def require_same_config(before: Several) -> None:
    """Make sure that all members are of the same config, which nobody has changed meanwhile.

    Raises:
        RunError: It is another; nothing is said of one that was begun before this was noted.
    """
    config, known = before.directory.config, before.record.get(CONFIG)
    if known is not None and known != fingerprint(config).sha256:
        message = f"{config} has changed since the {WORDS[before.kind]} was begun"
        hint = "put it back; or train all of it anew, in another directory"
        raise RunError(Problem(message, hint=hint, rule="resume-differs"))


def require_same_data(before: Several, reader: TableReader) -> None:
    """Make sure that all members are of the same rows: those that are trained, and those that are to be.

    Raises:
        RunError: The files are others than those that a member was trained on.
    """
    read = reader.files.fingerprints()
    for run in before.present():
        if sources := other_sources(read, run):
            message = f"{', '.join(sources)} reads other files than when {run.path} was trained"
            hint = "put them back; or train all of it anew, in another directory"
            raise RunError(Problem(message, hint=hint, rule="resume-differs"))


def require_same_ends(before: Several, members: Iterable[Member]) -> None:
    """Make sure that nobody has gone on with a member by itself, to another end than the others have.

    Raises:
        RunError: Somebody has, or does so now; all members that this is said of.
    """
    problems: list[Problem] = []
    for member in members:
        try:
            require_ours(before.place(member.name), member.config)
        except RunError as error:
            problems += error.problems
    if problems:
        raise RunError(problems)


def require_ours(run: RunDirectory, config: Config) -> None:
    """Make sure that a run that was begun is still the one of a config: `dlcli train --resume` may change its end.

    Args:
        run: Its directory, whatever is there.
        config: What it is to be trained with.

    Raises:
        RunError: It is another run now, or another process is writing it.
    """
    if not (run.record.is_file() and run.config.is_file()):
        return
    if (holder := find_holder(run.lock)) is not None:
        message = f"another process is writing the run {run.path}: {holder}"
        raise RunError(Problem(message, hint="wait until it ends", rule="run-busy"))
    epochs = inspect_run(run).require().fit.epochs
    if epochs != config.fit.epochs:
        message = f"{run.path} was gone on with by itself: its fit.epochs is {epochs}, and {config.fit.epochs} here"
        hint = "move it elsewhere, and it is trained anew here"
        raise RunError(Problem(message, path="fit.epochs", hint=hint, rule="resume-differs"))
