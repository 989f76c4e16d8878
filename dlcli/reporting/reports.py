"""When a report is written: at the end of a training, after an evaluation, and whenever it is asked for."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.config.schema import Config
from dlcli.config.signature import SPLITS, SplitName
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples.samples import Samples
from dlcli.errors import DlcliError, Problem
from dlcli.evaluation.evaluation import Evaluation
from dlcli.evaluation.run_evaluation import evaluate_run
from dlcli.prediction.files import check_own
from dlcli.reporting.gathering import held_out
from dlcli.reporting.looking import Asked, Look, Names, look_at
from dlcli.reporting.rows_kept import RowsKept
from dlcli.reporting.writing import FAULTS, make_report, write_page, write_report
from dlcli.runs.layout import RunDirectory
from dlcli.trained.onnx_model import open_portable, read_portable
from dlcli.trained.own_code import Leave
from dlcli.trained.predictor import Predictor
from dlcli.trained.rows import row_files, split_rows
from dlcli.trained.run import TrainedRun
from dlcli.trained.runtime import Runtime, load

if TYPE_CHECKING:
    import pandas as pd

    from dlcli.data.cache.cache import Cache
    from dlcli.data.sources.options import Reading
    from dlcli.trained.rows import Rows

__all__ = ["evaluate_and_report", "report_run", "report_training"]

SECONDS = 4.0
"""What each part of a report that asks the model may take, where the report is asked for."""

SHARE = 0.03
LEAST_SECONDS, MOST_SECONDS = 0.12, 3.0
"""What it may take at the end of a training: this share of that, but at least and at most so much."""

Warn = Callable[[Problem], None]


def report_training(
    run: RunDirectory,
    splits: Mapping[str, Samples],
    *,
    config: Config,
    preprocessing: Preprocessing,
    fallback: Predictor,
    seconds: float,
    warn: Warn,
) -> None:
    """Write the report of a training that has just ended; what goes wrong is told, and nothing else comes of it.

    Args:
        run: Its directory, complete.
        splits: Its samples.
        config: Resolved.
        preprocessing: Fitted.
        fallback: The trained model, where there is no portable one.
        seconds: What the training took.
        warn: Told of faults.
    """
    with _faults_told(run, warn):
        seconds = min(max(SHARE * seconds, LEAST_SECONDS), MOST_SECONDS)
        if run.read_record().get("status") != "completed":
            why = f"The training is not complete, so no rows are looked at: `dlcli report {run.path}` does."
            write_report(run, config=config, without_look=why, seconds=seconds, warn=warn)
            return
        document: Any = run.read_json(run.record).get("portable")
        content = read_portable(run, document)
        predictor = fallback
        if isinstance(content, bytes):
            predictor = open_portable(run, document, content, config=config, preprocessing=preprocessing)
        name: SplitName = next(split for split in reversed(SPLITS) if split in splits)
        trained = TrainedRun(run, config, preprocessing, predictor)
        asked = [Asked(splits[name], predictor, preprocessing)]
        look = look_at(name, asked, seconds=seconds, names=_names_of(trained, split=name))
        write_report(run, config=config, look=look, seconds=seconds, warn=warn)


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
        names = _names_of(run, split=split, data=data, reading=reading)
        whole = kept.whole(run.models) if data is None else None
        if whole is not None:
            look: Look | None = look_at(name, whole, seconds=SECONDS, names=names)
        else:
            look = kept.look(name, run.models, names)
        if name != held_out(run.config):
            report = make_report(run.directory, config=run.config, subject=name, look=look, seconds=SECONDS, warn=warn)
            write_page(run.directory.evaluations / f"{name}.html", report)
        else:
            write_report(run.directory, config=run.config, look=look, seconds=SECONDS, warn=warn)
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
    run = RunDirectory.open(path, trained=False)
    look, why = None, ""
    try:
        look = _look_again(path, cache=cache, runtime=runtime, leave=leave, warn=warn)
    except DlcliError as error:
        why = f"No rows are looked at: {error.problems[0].message}"
        warn(Problem(why, hint=error.problems[0].hint, rule="report-part"))
    if output is None:
        write_report(run, look=look, without_look=why, seconds=SECONDS, warn=warn)
        return run.report
    check_own(output, run, what="the report")
    write_page(output, make_report(run, look=look, without_look=why, seconds=SECONDS, warn=warn))
    return output


def _look_again(path: Path, *, cache: Cache | None, runtime: Runtime, leave: Leave, warn: Warn) -> Look:
    """Look at rows of the held-out split, read from the data again.

    Raises:
        DlcliError: The run has no model, or its data is gone or has changed.
    """
    run = load(path, leave=leave, runtime=runtime, warn=warn)
    name = held_out(run.config)
    asked = [Asked(split_rows(each, name, cache=cache), each.predictor, each.preprocessing) for each in run.models]
    return look_at(name, asked, seconds=SECONDS, names=_names_of(run, split=name))


def _names_of(run: TrainedRun, *, split: SplitName, data: Rows | None = None, reading: Reading | None = None) -> Names:
    """What tells the files that rows of a run are made of; silent where they cannot be told."""

    def names(rows: Sequence[int]) -> Mapping[int, str]:
        with contextlib.suppress(DlcliError):
            return row_files(run, rows, split=split, data=data, reading=reading)
        return {}

    return names


@contextlib.contextmanager
def _faults_told(run: RunDirectory, warn: Warn) -> Iterator[None]:
    """Make a warning of what a report fails with."""
    try:
        yield
    except FAULTS as error:
        why = error.problems[0].message if isinstance(error, DlcliError) else f"{type(error).__name__}: {error}"
        hint = f"`dlcli report {run.path}` tries again"
        warn(Problem(f"the report is not written: {why}", hint=hint, rule="no-report"))
