"""When a report is written: at the end of a training, after an evaluation, and whenever it is asked for."""

from __future__ import annotations

import contextlib
import functools
import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.config.schema import Config
from dlcli.config.signature import SPLITS, SplitName
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples.samples import Samples
from dlcli.errors import DlcliError, ModelError, Problem
from dlcli.evaluation.evaluation import Evaluation
from dlcli.evaluation.run_evaluation import evaluate_run
from dlcli.prediction.files import check_own
from dlcli.reporting.document import Report
from dlcli.reporting.folders.gathering import LEFT_OUT
from dlcli.reporting.folders.making import make_folder_report
from dlcli.reporting.folders.search import make_sweep_report
from dlcli.reporting.gathering import held_out
from dlcli.reporting.looking import Asked, Look, Written, look_at
from dlcli.reporting.rows_kept import RowsKept
from dlcli.reporting.writing import FAULTS, make_report, write_page, write_report
from dlcli.runs.layout import RunDirectory, needs_leave
from dlcli.runs.members import Several, open_several
from dlcli.trained.ensemble import require_mean
from dlcli.trained.onnx_model import open_portable, read_portable
from dlcli.trained.own_code import Leave
from dlcli.trained.predictor import Predictor
from dlcli.trained.rows import rows_as_written, split_rows
from dlcli.trained.run import TrainedRun
from dlcli.trained.runtime import Runtime, load

if TYPE_CHECKING:
    import pandas as pd

    from dlcli.data.cache.cache import Cache
    from dlcli.data.sources.options import Reading
    from dlcli.trained.rows import Rows

__all__ = ["evaluate_and_report", "report_run", "report_search", "report_several", "report_training"]

SECONDS = 4.0
"""What each part of a report that asks the model may take, where the report is asked for."""

SHARE = 0.03
LEAST_SECONDS, MOST_SECONDS = 0.12, 3.0
"""What it may take at the end of a training: this share of that, but at least and at most so much."""

Warn = Callable[[Problem], None]

RowsOf = Callable[[TrainedRun, SplitName], Samples]
"""Gives the rows of a split as a run has learnt them."""

Opened = Callable[[Path], TrainedRun]
"""Opens a run by its directory; see `load`."""


def report_training(
    run: RunDirectory,
    splits: Mapping[str, Samples],
    *,
    config: Config,
    preprocessing: Preprocessing,
    fallback: Predictor,
    seconds: float,
    warn: Warn,
) -> TrainedRun | None:
    """Write the report of a training that has just ended; what goes wrong is told, and nothing else comes of it.

    Args:
        run: Its directory, complete.
        splits: Its samples.
        config: Resolved.
        preprocessing: Fitted.
        fallback: The trained model, where there is no portable one.
        seconds: What the training took.
        warn: Told of faults.

    Returns:
        The run with its portable model, as it was opened for the report; None where there is none.
    """
    opened: list[TrainedRun] = []
    with _faults_told(run, warn):
        seconds = min(max(SHARE * seconds, LEAST_SECONDS), MOST_SECONDS)
        if run.read_record().get("status") != "completed":
            why = f"The training is not complete, so no rows are looked at: `dlcli report {run.path}` does."
            write_report(run, make_report(run, config=config, without_look=why, seconds=seconds, warn=warn))
            return None
        document: Any = run.read_json(run.record).get("portable")
        content = read_portable(run, document)
        predictor = fallback
        if isinstance(content, bytes):
            predictor = open_portable(run, document, content, config=config, preprocessing=preprocessing)
        name: SplitName = next(split for split in reversed(SPLITS) if split in splits)
        trained = TrainedRun(run, config, preprocessing, predictor)
        asked = [Asked(splits[name], predictor, preprocessing)]
        look = look_at(name, asked, seconds=seconds, written=_written_in(trained, split=name))
        write_report(run, make_report(run, config=config, look=look, seconds=seconds, warn=warn))
        if predictor is not fallback:
            opened.append(trained)
    return opened[0] if opened else None


def report_several(path: Path, *, rows: RowsOf, opened: Opened, seconds: float, warn: Warn) -> None:
    """Write the report of several trainings that have just ended; what goes wrong is told, and nothing else.

    Args:
        path: Their folder, complete, of a kind whose members are one model together.
        rows: Gives the rows of a split as a member has learnt them.
        opened: Opens a member.
        seconds: What the trainings took.
        warn: Told of faults.
    """
    run = RunDirectory(path)
    with _faults_told(run, warn):
        several = open_several(path)
        assert several is not None
        seconds = min(max(SHARE * seconds, LEAST_SECONDS), MOST_SECONDS)
        write_report(run, _of_folder(several, rows=rows, opened=opened, runtime="auto", seconds=seconds, warn=warn))


def report_search(path: Path, *, warn: Warn) -> None:
    """Write the report of a sweep that has ended, for now; what goes wrong is told, and nothing else comes of it.

    Args:
        path: Its folder.
        warn: Told of faults.
    """
    run = RunDirectory(path)
    with _faults_told(run, warn):
        several = open_several(path)
        assert several is not None
        write_report(run, make_sweep_report(several, warn=warn))


def evaluate_and_report(
    path: Path,
    data: str | os.PathLike[str] | Mapping[str, Any] | pd.DataFrame | None,
    *,
    split: SplitName,
    name: str,
    cache: Cache | None,
    reading: Reading | None,
    runtime: Runtime,
    leave: Leave,
    warn: Warn,
) -> Evaluation:
    """Evaluate a run, and write the report of what was evaluated.

    That of the held-out split is the run's `report.html`; that of others stands beside their numbers, in
    `evaluations/<name>.html`. For the arguments and errors see `evaluate_run`.
    """
    kept = RowsKept()
    opened: list[TrainedRun] = []
    evaluation = evaluate_run(
        path,
        data,
        split=split,
        name=name,
        cache=cache,
        reading=reading,
        runtime=runtime,
        leave=leave,
        warn=warn,
        watch=kept.watch,
        opened=opened.append,
    )
    (run,) = opened
    if not run.config.report:
        return evaluation
    with _faults_told(run.directory, warn):
        written = _written_in(run, split=split, data=data, reading=reading)
        whole = kept.whole(run.models) if data is None else None
        if whole is not None:
            look: Look | None = look_at(name, whole, seconds=SECONDS, written=written)
        else:
            look = kept.look(name, run.models, written)
        if name != held_out(run.config):
            report = make_report(run.directory, config=run.config, subject=name, look=look, seconds=SECONDS, warn=warn)
            write_page(run.directory.evaluations / f"{name}.html", report)
        elif run.members:
            report_run(path, None, cache=cache, runtime=runtime, leave=leave, warn=warn)
        else:
            report = make_report(run.directory, config=run.config, look=look, seconds=SECONDS, warn=warn)
            write_report(run.directory, report)
    return evaluation


def report_run(
    path: Path, output: Path | None, *, cache: Cache | None, runtime: Runtime, leave: Leave, warn: Warn
) -> Path:
    """Write the report of a run, whatever became of it.

    Args:
        path: The run directory.
        output: The page to write; None: the run's own `report.html`, the model card and the plots.
        cache: Where training kept the encoded data.
        runtime: What predicts the rows that are looked at.
        leave: Whether code of the run's own may be run.
        warn: Told why there are no rows to look at, and of faults.

    Returns:
        Where the page is.

    Raises:
        DlcliError: It is no run, or a file cannot be written.
    """
    several = open_several(path)
    if several is not None:
        run = several.directory
        rows = functools.partial(split_rows, cache=cache)
        opened = functools.partial(load, leave=leave, runtime=runtime, warn=warn)
        report = _of_folder(several, rows=rows, opened=opened, runtime=runtime, seconds=SECONDS, warn=warn)
    else:
        run = RunDirectory.open(path, trained=False)
        look, why = None, ""
        try:
            look = _look_again(path, cache=cache, runtime=runtime, leave=leave, warn=warn)
        except DlcliError as error:
            why = _without_rows(error, run, runtime, warn)
        report = make_report(run, look=look, without_look=why, seconds=SECONDS, warn=warn)
    if output is None:
        write_report(run, report)
        return run.report
    check_own(output, run, what="the report")
    write_page(output, report)
    return output


def _without_rows(error: DlcliError, run: RunDirectory, runtime: Runtime, warn: Warn) -> str:
    """Why there are no rows to look at, which is told; and who shows them, where only ONNX Runtime cannot."""
    problem = error.problems[0]
    why, hint = f"No rows are looked at: {problem.message}", problem.hint
    if runtime == "portable" and problem.rule in ("not-portable", "portable-model"):
        command = f"dlcli report {shlex.quote(str(run.path))} --runtime auto{needs_leave(run.path)}"
        hint = f"`{command}` asks Keras, which loads TensorFlow"
        warn(Problem(why, hint=hint, rule="report-part"))
        return f"{why}. `{command}` shows them, by Keras."
    warn(Problem(why, hint=hint, rule="report-part"))
    return why


def _of_folder(
    several: Several, *, rows: RowsOf, opened: Opened, runtime: Runtime, seconds: float, warn: Warn
) -> Report:
    """The report of a folder of several runs, of whatever kind."""
    if several.kind == "sweep":
        return make_sweep_report(several, warn=warn)
    together, left_out, why = None, None, ""
    try:
        together, left_out = _looks(several, rows, opened, seconds=seconds)
    except DlcliError as error:
        why = _without_rows(error, several.directory, runtime, warn)
    return make_folder_report(
        several, together=together, left_out=left_out, without_look=why, seconds=seconds, warn=warn
    )


def _looks(several: Several, rows: RowsOf, opened: Opened, *, seconds: float) -> tuple[Look | None, Look | None]:
    """Rows that the mean of the members is asked about, and rows that each are asked of the member that was trained
    without them; None where there are no such.

    Raises:
        DlcliError: No member has a model, or the data is gone or has changed.
    """
    models = [opened(place.path) for place in _completed(several)]
    if not models:
        return None, None
    is_folded = several.kind == "cross_validation"
    split = held_out(models[0].config)
    common, own = [], []
    is_whole = len(models) == len(several.names) and _have_mean(models)
    for model in models:
        if is_folded:
            own.append(Asked(rows(model, "validation"), model.predictor, model.preprocessing))
        if is_whole and (split == "test" or not is_folded):
            common.append(Asked(rows(model, split), model.predictor, model.preprocessing))
    together = left_out = None
    if common:
        written = _written_in(models[0], split=split)
        together = look_at(split, common, seconds=seconds, written=written)
    if own:
        written = _written_in(models[0], split="validation")
        left_out = look_at(LEFT_OUT, own, chained=True, seconds=seconds, written=written)
    return together, left_out


def _have_mean(models: Sequence[TrainedRun]) -> bool:
    """Whether what several models say has a mean; places of rows, and sequences, have none."""
    with contextlib.suppress(ModelError):
        require_mean(models)
        return True
    return False


def _completed(several: Several) -> list[RunDirectory]:
    """The members that have a model.

    Raises:
        RunError: None has.
    """
    found = [place for place in several.present() if place.read_record().get("status") == "completed"]
    return found or list(several.trained())


def _look_again(path: Path, *, cache: Cache | None, runtime: Runtime, leave: Leave, warn: Warn) -> Look:
    """Look at rows of the held-out split, read from the data again.

    Raises:
        DlcliError: The run has no model, or its data is gone or has changed.
    """
    run = load(path, leave=leave, runtime=runtime, warn=warn)
    name = held_out(run.config)
    asked = [Asked(split_rows(run, name, cache=cache), run.predictor, run.preprocessing)]
    return look_at(name, asked, seconds=SECONDS, written=_written_in(run, split=name))


def _written_in(
    run: TrainedRun, *, split: SplitName, data: Rows | None = None, reading: Reading | None = None
) -> Written:
    """What tells how the rows of a run are written; silent where that cannot be told."""

    def written(rows: Sequence[int]) -> Mapping[int, Mapping[str, str]]:
        with contextlib.suppress(DlcliError, OSError):
            return rows_as_written(run, rows, split=split, data=data, reading=reading)
        return {}

    return written


@contextlib.contextmanager
def _faults_told(run: RunDirectory, warn: Warn) -> Iterator[None]:
    """Make a warning of what a report fails with."""
    try:
        yield
    except FAULTS as error:
        why = error.problems[0].message if isinstance(error, DlcliError) else f"{type(error).__name__}: {error}"
        hint = f"`dlcli report {run.path}` tries again"
        warn(Problem(f"the report is not written: {why}", hint=hint, rule="no-report"))
