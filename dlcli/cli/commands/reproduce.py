"""`dlcli reproduce RUN`"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlcli.cli.commands.options import AllowCode, CacheDirectory, Json, Quiet, RunPath
from dlcli.cli.display.console import Console, counted, problem_json

if TYPE_CHECKING:
    from dlcli.jobs.reproducing import Reproduction
    from dlcli.jobs.reproducing_several import Reproductions
    from dlcli.runs.comparing import Apart

__all__ = ["command", "reproduce"]


def command(
    run: RunPath,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            "--run-dir", metavar="DIR", help="Where the new run goes and stays; else it is removed.", show_default=False
        ),
    ] = None,
    allow_code: AllowCode = False,
    cache_dir: CacheDirectory = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a run, or all members of a folder, again from its directory, and say whether the numbers are the same."""
    reproduce(
        run, run_dir=run_dir, allow_code=allow_code, cache_dir=cache_dir, console=Console(json_only=json, quiet=quiet)
    )


def reproduce(run: Path, *, run_dir: Path | None, allow_code: bool, cache_dir: Path | None, console: Console) -> None:
    """Train, compare and present; exit 1 when the numbers are others."""
    from dlcli import api
    from dlcli.cli.display.progress import TrainingDisplay

    # What the user's own code prints is no result.
    with contextlib.redirect_stdout(sys.stderr), TrainingDisplay(console) as display:
        found = api.reproduce(run, run_dir=run_dir, allow_code=allow_code, cache_dir=cache_dir, listener=display)
    problem = found.problem()
    if console.json_only:
        problems = [] if problem is None else [problem_json(problem)]
        console.json({**found.document(), "problems": problems})
    else:
        _present_all(found, console)
        if problem is not None:
            console.problems([problem])
    if problem is not None:
        raise typer.Exit(1)


def _present_all(found: Reproduction | Reproductions, console: Console) -> None:
    """A run, or each member of a folder, and a line of the whole."""
    from dlcli.jobs.reproducing import Reproduction

    if isinstance(found, Reproduction):
        present(found, console)
        return
    for each in found.members:
        present(each, console)
        if (problem := each.problem()) is not None:
            console.result(f"{problem.message}\n")
    if found.same:
        members, epochs = counted(len(found.members), "member"), counted(found.epochs, "epoch")
        console.result(f"{found.run}  reproduced: {members}, {epochs}")


def present(found: Reproduction, console: Console) -> None:
    """What differs, as tables, and the verdict of what does not."""
    _numbers("metric", found.history, console, epochs=True)
    _numbers("at the end", [*found.metrics, *([found.weights] if found.weights else [])], console, epochs=False)
    if found.differences:
        rows = [[each.what, each.before, each.now] for each in found.differences]
        console.result(console.table(["what is another", "in the run", "now"], rows, left=3), "")
    if found.not_compared:
        console.result(f"weights are not compared: {found.not_compared}")
    if found.same:
        weights = "" if found.not_compared else ", and the weights bit for bit"
        console.result(
            f"{found.run}  reproduced: the numbers of {counted(found.epochs, 'epoch')} are the same{weights}"
        )


def _numbers(title: str, apart: Sequence[Apart], console: Console, *, epochs: bool) -> None:
    if apart:
        columns = [title, "greatest difference", "relative", *(["in epoch", "differs from epoch"] if epochs else [])]
        rows = [
            [each.name, each.absolute, each.relative, *([each.worst, each.epoch] if epochs else [])] for each in apart
        ]
        console.result(console.table(columns, rows), "")
