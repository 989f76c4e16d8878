"""A drafted config is tried before it is written: its first stage, and where the data is small its rows too."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from dlcli.config.document.composer import compose
from dlcli.config.inspection.inspection import inspect_value
from dlcli.config.outputs.conventions import model_head, says_classification
from dlcli.config.outputs.target_scale import unscalable_targets
from dlcli.config.schema import Config
from dlcli.data.sources.options import Reading
from dlcli.drafting.draft import Draft, draft
from dlcli.errors import DataError, DlcliError, Problem, RunError
from dlcli.files.replacing import write_file
from dlcli.jobs.checking import check_config

__all__ = ["STANDARD_OUTPUT", "draft_config"]

STANDARD_OUTPUT = "-"


def draft_config(
    data: str | os.PathLike[str],
    *,
    target: str | Sequence[str] | None,
    output: str | os.PathLike[str] | None,
    overwrite: bool,
    reading: Reading,
    expand: bool = False,
) -> Draft:
    """Draft a config, try it, and write it; see `dlcli.init`.

    Raises:
        DataError: The data, its target or what came of them cannot be used.
        RunError: The file is there and is not to be replaced, or cannot be written.
    """
    shown = output is not None and os.fspath(output) == STANDARD_OUTPUT
    place = Path("config.yaml") if shown else Path(output) if output is not None else None
    if place is not None and not shown:
        _require_free(place, overwrite=overwrite)
    drafted = draft(data, target=target, output=place, reading=reading, expand=expand)
    if place is None:
        _require_free(drafted.output, overwrite=overwrite)
    without: dict[str, str] = {}
    while unusable := _try(drafted):
        without |= unusable
        drafted = draft(data, target=target, output=place, reading=reading, expand=expand, without=without)
    if not shown:
        _write(drafted)
    return drafted


def _require_free(place: Path, *, overwrite: bool) -> None:
    """Make sure that a config may be written there.

    Raises:
        RunError: Something is there that is not to be replaced, or that is no config.
    """
    if place.suffix.lower() not in (".yaml", ".yml"):
        hint = f"-o {place.with_suffix('.yaml')}, or -o - for standard output"
        raise RunError(Problem(f"'{place}' is no name of a config", hint=hint, rule="not-a-config"))
    if not place.parent.is_dir():
        raise RunError(Problem(f"there is no directory '{place.parent}'", hint="make it first", rule="not-writable"))
    if not os.path.lexists(place):
        return
    if not stat.S_ISREG(os.lstat(place).st_mode):
        raise RunError(Problem(f"'{place}' is no file", hint="name another with -o", rule="not-writable"))
    if not overwrite:
        hint = "--overwrite replaces it, or name another with -o"
        raise RunError(Problem(f"'{place}' is there already", hint=hint, rule="config-exists"))


def _write(drafted: Draft) -> None:
    try:
        write_file(drafted.output, drafted.text)
    except OSError as error:
        message = f"'{drafted.output}' cannot be written: {error.strerror or error}"
        raise RunError(Problem(message, hint="name another place with -o", rule="not-writable")) from error


def _try(drafted: Draft) -> dict[str, str]:
    """Make sure that `check` will pass on a draft.

    Returns:
        Columns that no model can be given as they are, and why; a draft without them may pass.

    Raises:
        DataError: `check` would not pass, whatever is left out; its problems.
    """
    try:
        document = compose(drafted.text, source="the draft").require()
        checked = check_config(inspect_value(document.value, drafted.output.parent))
        if drafted.whole:
            _try_rows(checked.config, named=checked.expanded.words, files=drafted.of_files)
    except DlcliError as error:
        found = {drafted.paths.get(problem.path, ""): problem.message for problem in error.problems}
        if "" in found or len(found) == len(drafted.used):
            raise DataError([*error.problems, _refused(drafted)]) from error
        return found
    return {}


def _try_rows(config: Config, *, named: frozenset[str] | set[str] | tuple[str, ...], files: bool) -> None:
    """Prepare the data as a training does; of files that cells name, only what lists them."""
    from dlcli.data.prepare import prepare_from  # which brings all that fitting needs
    from dlcli.data.reader import TableReader

    head = model_head(config.model)
    loss = config.compile.loss if not isinstance(config.compile.loss, dict) else None
    classification = says_classification(loss, head)
    with TableReader(config.data, classification=classification, units=head.units) as reader:
        if files:
            reader.table()
        else:
            prepare_from(reader, seed=config.data_seed, named=named, unscalable=unscalable_targets(config))


def _refused(drafted: Draft) -> Problem:
    message = f"no config is written to predict {drafted.task.target.name!r}, because `dlcli check` would refuse it"
    return Problem(message, hint="mend the data, or name another target with --target", rule="no-draft")
