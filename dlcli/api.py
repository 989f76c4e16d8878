"""The Python API: what the commands do, without the terminal.

Heavy libraries are imported when they are needed, and errors are `DlcliError`s that hold every problem with its place.
"""

from __future__ import annotations

import dataclasses
import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.backend import startup
from dlcli.backend.memory import with_memory_named
from dlcli.config.document.file_names import name_problem, safe_name
from dlcli.config.inspection.inspection import CheckedConfig, Inspection, inspect, inspect_value
from dlcli.config.signature import SPLITS, SplitName
from dlcli.errors import ConfigError, DataError, Problem
from dlcli.runs.claiming import can_go_on, choose
from dlcli.runs.run import Run
from dlcli.training.events import Event, Listener, Notice, Planned, RowsDone
from dlcli.training.messages import forward_warnings, with_warnings_forwarded

if TYPE_CHECKING:
    import pandas as pd

    from dlcli.data.cache.cache import Cache
    from dlcli.data.sources.options import Reading
    from dlcli.drafting.draft import Draft
    from dlcli.evaluation.evaluation import Evaluation
    from dlcli.exports.export import Export
    from dlcli.jobs.findings import Findings
    from dlcli.jobs.reproducing import Reproduction
    from dlcli.prediction.outputs import OutputFormat
    from dlcli.trained.own_code import Leave
    from dlcli.trained.run import TrainedRun
    from dlcli.trained.runtime import Runtime
    from dlcli.trained.undefined import Undefined

__all__ = [
    "CheckReport",
    "check",
    "evaluate",
    "expanded",
    "export",
    "init",
    "predict",
    "predict_file",
    "report",
    "reproduce",
    "train",
]

MOST_LETTERS = 50
"""Of the name of a data file, in the name of its evaluation: with a suffix it is a name that a file can have."""

ConfigLike = str | os.PathLike[str] | Mapping[str, Any]
RunLike = Run | str | os.PathLike[str]
Overrides = Sequence[str] | Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class CheckReport:
    """A config without faults.

    Args:
        warnings: What looks like a mistake, and still can be trained.
        planned: The model, the splits and the accounting; None after the first stage alone.
    """

    warnings: tuple[Problem, ...]
    planned: Planned | None


@with_memory_named
@with_warnings_forwarded
def train(
    config: ConfigLike | None = None,
    *,
    overrides: Overrides = (),
    run_dir: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    resume: RunLike | None = None,
    allow_code: bool = False,
    cache_dir: str | os.PathLike[str] | None = None,
    listener: Listener | None = None,
) -> Run:
    """Check a config, train its model, and write a run directory; or go on with a run.

    Args:
        config: A YAML file, or the same as a mapping (its relative paths are relative to the working directory). None
            where a run is resumed: it has its own.
        overrides: `["fit.epochs=5"]` as on the command line, or `{"fit.epochs": 5}`.
        run_dir: Where the run goes; `runs/<name>-<NNN>` when None.
        overwrite: Replace an existing run in `run_dir`.
        resume: A run to go on with from its last committed epoch, in its own directory: one that was interrupted, or a
            completed one with `overrides={"fit.epochs": 200}`. It ends as if it had never been interrupted.
        allow_code: Run the Python files that the run to resume has in its `code/`. Those of a config need no leave.
        cache_dir: Where encoded data is kept for the next run; when None `DLCLI_CACHE_DIR`, or the user's cache folder.
        listener: Called with every event of the job (`dlcli.training.events`).

    Returns:
        The run; its status is `completed`, or `interrupted` after Ctrl-C.

    Raises:
        ConfigError: The config has faults; all of them.
        DataError: The data has.
        ModelError: A layer cannot be built, the outputs do not fit the targets, a device is absent.
        RunError: The run directory exists or cannot be written; the run to resume has no committed epoch, or its data,
            its code or its config differ.
        TypeError: Neither a config nor a run to resume, or both.

    Example:
        >>> run = dlcli.train("configs/iris.yaml", overrides={"fit.epochs": 20})  # doctest: +SKIP
        >>> run.metrics("test")["accuracy"]  # doctest: +SKIP
        0.9333
    """
    started = time.perf_counter()
    _require_names(run_dir, cache_dir)
    from dlcli.jobs.findings import Findings

    tell = Findings(_once(listener or _ignore))
    if resume is not None:
        if config is not None or run_dir is not None or overwrite:
            raise TypeError("a run that is resumed has its config and its directory")
        return _resume(resume, overrides, allow_code=allow_code, cache_dir=cache_dir, started=started, tell=tell)
    if config is None:
        raise TypeError("train needs a config, or a run to resume")
    inspection, checked = _checked(config, overrides, needs_keras=True, notify=_warner(tell))
    from dlcli.jobs.inputs import input_files
    from dlcli.jobs.preparing import prepare_job

    inputs = input_files(inspection, checked.config)
    place = Path(run_dir) if run_dir is not None else None
    directory = choose(checked.config.name, place, overwrite=overwrite, inputs=inputs)
    if overwrite and can_go_on(directory):
        message = f"the run {directory.path}, which is replaced when the new one is complete, could be gone on with"
        hint = f"dlcli train --resume {directory.path}"
        tell(Notice(Problem(message, hint=hint, rule="could-go-on")))

    prepared, plan = prepare_job(inspection, checked, directory=directory.path, cache=_cache(cache_dir), tell=tell)
    from dlcli.jobs.running import run_job  # it needs TensorFlow, which is loaded by now

    return run_job(
        prepared,
        plan,
        directory=directory,
        numbered=run_dir is None,
        overwrite=overwrite,
        inputs=inputs,
        config_file=inspection.file,
        started=started,
        tell=tell,
    )


def _resume(
    run: RunLike,
    overrides: Overrides,
    *,
    allow_code: bool,
    cache_dir: str | os.PathLike[str] | None,
    started: float,
    tell: Findings,
) -> Run:
    """Go on with a run; see `train`."""
    from dlcli.jobs.resuming import open_resumption

    path = run.path if isinstance(run, Run) else Path(run)
    resumption = open_resumption(path, overrides, leave=_leave(allow_code, tell))
    if resumption.finished:
        message = f"there is nothing to do: {resumption.finished}"
        tell(Notice(Problem(message, hint="--set fit.epochs=N trains on to epoch N", rule="nothing-to-do")))
        return Run(path)
    checked = _checked_of(resumption.inspection, needs_keras=True, notify=_warner(tell))
    from dlcli.jobs.preparing import prepare_job

    prepared, plan = prepare_job(resumption.inspection, checked, directory=path, cache=_cache(cache_dir), tell=tell)
    from dlcli.jobs.running import run_job

    return run_job(
        prepared,
        plan,
        directory=resumption.directory,
        numbered=False,
        overwrite=False,
        inputs=(),
        config_file=resumption.inspection.file,
        started=started,
        tell=tell,
        resumption=resumption,
    )


@with_memory_named
def check(
    config: ConfigLike,
    *,
    overrides: Overrides = (),
    fast: bool = False,
    show: str | os.PathLike[str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    listener: Listener | None = None,
) -> CheckReport:
    """Report everything that `train` would refuse, without training.

    The first stage looks at the config and the headers of the data files in a fraction of a second, without Keras.
    When it finds nothing, the second reads the data and builds the model.

    Args:
        config: A YAML file, or the same as a mapping.
        overrides: As for `train`.
        fast: Only the first stage.
        show: A PNG file to write: images of the first batch of the training, as they are changed at random, with what
            is to be learnt of each.
        cache_dir: As for `train`, which then finds the data ready.
        listener: Called with the stages and notices.

    Raises:
        DlcliError: There are faults; all of those that the stage can see.
    """
    _require_names(cache_dir, show)
    warnings: list[Problem] = []
    inspection, checked = _checked(config, overrides, needs_keras=not fast, notify=warnings.append)
    if fast:
        from dlcli.config.checks.lint import lint

        return CheckReport((*warnings, *map(inspection.locate, lint(checked.config))), None)
    from dlcli.jobs.preparing import prepare_job
    from dlcli.jobs.showing import show_batch

    def collect(event: Any) -> None:
        if isinstance(event, Notice) and event.warning:
            warnings.append(event.problem)
        elif listener is not None:
            listener(event)

    with forward_warnings(collect):
        prepared, plan = prepare_job(
            inspection, checked, directory=Path("run"), cache=_cache(cache_dir), tell=collect, check=True
        )
        if show is not None:
            show_batch(plan, prepared, Path(show))
    return CheckReport(tuple(warnings), plan.planned)


def expanded(config: ConfigLike, *, overrides: Overrides = ()) -> str:
    """A config as YAML with its preset and what it extends written out; nothing is checked.

    Args:
        config: A YAML file, or the same as a mapping.
        overrides: As for `train`.

    Raises:
        ConfigError: It cannot be read.

    Example:
        >>> print(dlcli.expanded({"model": {"preset": "linear"}}))  # doctest: +SKIP
    """
    from dlcli.config.document.writer import dump

    if isinstance(config, Mapping):
        inspection = inspect_value(config, Path.cwd(), overrides)
    else:
        inspection = inspect(Path(config), overrides)
    if not inspection.document.complete or not inspection.document.value:
        raise ConfigError(inspection.problems)
    return dump(inspection.document.value)


@with_memory_named
def init(
    data: str | os.PathLike[str],
    *,
    target: str | None = None,
    output: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Draft:
    """Look at data and write a config that trains on it, with the reason of each choice beside it. Without TensorFlow.

    Args:
        data: A table, a glob, a folder of files or of splits, or a source as in a config: `{keras: mnist}`.
        target: The column to predict; guessed when None: one with a usual name such as `target`, or the last.
        output: The YAML file; beside the data, with its name, when None; `-`: nothing is written, see `Draft.text`.
        overwrite: Replace an existing file.

    Returns:
        The config and what it was drafted from.

    Raises:
        DataError: The data cannot be read, the target cannot be learnt, no feature is left, or `check` would refuse
            what came of it.
        RunError: The file exists or cannot be written.

    Example:
        >>> dlcli.init("iris.csv", target="species").output  # doctest: +SKIP
        PosixPath('iris.yaml')
    """
    _require_names(data, output)
    from dlcli.jobs.drafting import draft_config

    return draft_config(data, target=target, output=output, overwrite=overwrite)


@with_memory_named
@with_warnings_forwarded
def evaluate(
    run: RunLike,
    data: str | os.PathLike[str] | Mapping[str, Any] | pd.DataFrame | None = None,
    *,
    split: SplitName = "test",
    reading: Reading | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    runtime: Runtime = "auto",
    allow_code: bool = False,
    listener: Listener | None = None,
) -> Evaluation:
    """Compute the compiled metrics and a report for each target, and write `evaluations/<name>.json` and a page.

    Args:
        run: A run or its directory.
        data: New rows with the target: a file or folder, a source as in a config, `{"x": "x.npy", "y": "y.npy"}`, or a
            DataFrame. None: a split of the run's own data.
        split: `train`, `validation` or `test`, when `data` is None.
        reading: The delimiter, encoding and the like of a file of text; found from the file when None.
        cache_dir: Where training kept the encoded data; as for `train`.
        runtime: `portable` computes without TensorFlow, which not every metric can; `auto` where it can.
        allow_code: Run the Python files that the run has in its `code/`, where Keras needs them.
        listener: Called with notices.

    Raises:
        RunError: It is no run, or it has no such split, or its data has changed since training.
        DataError: The data lacks columns or holds values that cannot be used.
    """
    _require_names(run, data, cache_dir)
    path = _run_path(run, runtime)
    from dlcli.reporting.reports import evaluate_and_report

    name = str(split) if data is None else _data_name(data)
    return evaluate_and_report(
        path,
        data,
        split=split,
        name=name,
        cache=None if data is not None else _cache(cache_dir),
        reading=reading,
        runtime=runtime,
        leave=_leave(allow_code, listener),
        warn=_warner(listener),
    )


@with_memory_named
@with_warnings_forwarded
def predict(
    run: RunLike,
    frame: pd.DataFrame,
    *,
    probabilities: bool = True,
    top: int | None = None,
    threshold: float | None = None,
    runtime: Runtime = "auto",
    allow_code: bool = False,
    listener: Listener | None = None,
) -> pd.DataFrame:
    """Predict for a DataFrame.

    Args:
        run: A run or its directory.
        frame: The features' columns, in any order; other columns are ignored.
        probabilities: Of classes: a column for the probability of each.
        top: Of classes: the best so many instead, in `prediction_1`, `probability_1`, `prediction_2`, ...
        threshold: Of two classes: the second is predicted where its probability is above this.
        runtime: `portable` is without TensorFlow, `keras` with it; `auto` is portable where that can be trusted.
        allow_code: Run the Python files that the run has in its `code/`, where Keras needs them.
        listener: Called with notices.

    Returns:
        As many rows as `frame`, with its index: `prediction`, and for classes `probability_<class>`; with several
        targets each name is prefixed with `<target>_`. Of a model of windows a row for each series and step after the
        rows of `frame`, with the columns that name the series and tell the time.

    Raises:
        DataError: Columns are missing, or hold values that cannot be used.
        ModelError: The model has no classes or probabilities as they are asked for.

    Example:
        >>> predictions = dlcli.predict("runs/iris-001", frame)  # doctest: +SKIP
        >>> predictions["prediction"].iloc[0]  # doctest: +SKIP
        'setosa'
    """
    _require_names(run)
    path = _run_path(run, runtime)
    import pyarrow as pa

    from dlcli.prediction.forecast import predictions
    from dlcli.prediction.prediction import no_predictions
    from dlcli.trained.decoding import Columns
    from dlcli.trained.rows import input_rows
    from dlcli.trained.runtime import load
    from dlcli.trained.undefined import Undefined

    if not hasattr(frame, "columns"):
        kind = type(frame).__name__
        hint = "of a file: `dlcli predict RUN FILE`, or predict(run, pandas.read_csv(file))"
        raise DataError(Problem(f"expected a DataFrame, got {kind}", hint=hint, rule="wrong-value"))
    trained = load(path, leave=_leave(allow_code, listener), runtime=runtime, warn=_warner(listener))
    columns = Columns(probabilities=probabilities, top=top, threshold=threshold)
    undefined = Undefined()
    rows = input_rows(trained, frame)
    tables = list(predictions(trained, rows, columns=columns, undefined=undefined, warn=_warner(listener)))
    tables = tables or [no_predictions(trained, rows, columns=columns)]
    result: pd.DataFrame = pa.concat_tables(tables).to_pandas()
    if trained.preprocessing.windows is None:
        result.index = frame.index
    _tell_unseen(trained, undefined, listener)
    return result


@with_memory_named
@with_warnings_forwarded
def predict_file(
    run: RunLike,
    source: str | os.PathLike[str],
    *,
    output: str | os.PathLike[str] | None = None,
    keep: Sequence[str] | None = (),
    format: OutputFormat | None = None,
    input_format: str | None = None,
    reading: Reading | None = None,
    probabilities: bool = True,
    top: int | None = None,
    threshold: float | None = None,
    raw_text: bool = False,
    runtime: Runtime = "auto",
    allow_code: bool = False,
    listener: Listener | None = None,
) -> int:
    """Predict row for row from a file to a file, in bounded memory; of series the steps after their last.

    Args:
        run: A run or its directory.
        source: The input: CSV, TSV, Parquet, JSON lines or `.npz`, a path or a glob; `-` for standard input.
        output: A .csv, .tsv, .jsonl, .parquet or .npz file, which appears whole or not at all; of images and masks that
            are predicted a directory (one that is there and empty, or a name without a suffix); None or `-` for stdout.
        keep: Columns of the input to copy before the predictions; None for all.
        format: `csv`, `tsv`, `jsonl` or `parquet`; by the suffix of `output` when None, and `csv` on stdout.
        input_format: The same for the input, or `npz`; by its name, or its first bytes, when None.
        reading: The delimiter, encoding and the like of an input of text; found from the input when None.
        probabilities: See `predict`.
        top: See `predict`.
        threshold: See `predict`.
        raw_text: Write texts to CSV as they are, those included that a spreadsheet would run as formulas.
        runtime: See `predict`.
        allow_code: See `predict`.
        listener: Called with notices, and with `RowsDone` after every chunk.

    Returns:
        The number of rows.

    Raises:
        DataError: Columns are missing, values cannot be used, there are no rows, or the output cannot be written.
        ModelError: See `predict`.
    """
    _require_names(run, source, output)
    path = _run_path(run, runtime)
    from dlcli.prediction.files import Writing, predict_to
    from dlcli.trained.decoding import Columns
    from dlcli.trained.runtime import load
    from dlcli.trained.undefined import Undefined

    tell, undefined = listener or _ignore, Undefined()
    trained = load(path, leave=_leave(allow_code, listener), runtime=runtime, warn=_warner(listener))
    rows = predict_to(
        trained,
        os.fspath(source),
        Writing(output=None if output is None else Path(output), format=format, raw_text=raw_text),
        format=input_format,
        reading=reading,
        keep=keep,
        columns=Columns(probabilities=probabilities, top=top, threshold=threshold),
        undefined=undefined,
        progress=lambda rows, about: tell(RowsDone(rows, about)),
        warn=_warner(listener),
    )
    _tell_unseen(trained, undefined, listener)
    return rows


@with_memory_named
@with_warnings_forwarded
def export(
    run: RunLike,
    output: str | os.PathLike[str] | None = None,
    *,
    format: str = "onnx",
    with_preprocessing: bool = False,
    rows: str | os.PathLike[str] | None = None,
    allow_code: bool = False,
    listener: Listener | None = None,
) -> Export:
    """Write a trained model for other programs, reload it in its own runtime in another process, and compare it with
    the run's predictions before it gets its name.

    Args:
        run: A run or its directory.
        output: The file to write, or the directory for a SavedModel; None: the run's own `model.onnx`, again.
        format: `keras`, `saved_model`, `onnx` or `litert`; docs/exports.md says what each holds.
        with_preprocessing: The model takes the columns of a table instead of encoded numbers.
        rows: A file of rows to compare on; the run's own data when None.
        allow_code: Run the Python files that the run has in its `code/`.
        listener: Called with notices.

    Returns:
        Where the model is, and how it was compared.

    Raises:
        ModelError: The format cannot hold the model, or it disagrees with the run's predictions.
        DataError: There is no such format, there are no rows to compare on, or the output cannot be written.
    """
    _require_names(run, output, rows)
    from dlcli.exports.formats import OWN_FORMAT, find_format

    chosen = find_format(format)
    path = _run_path(run, "keras")
    from dlcli.exports.export import export_run
    from dlcli.exports.portable_rebuild import rebuild_portable

    if output is None:
        if format != OWN_FORMAT or with_preprocessing or rows is not None:
            raise TypeError("output is needed: only ONNX without preprocessing is written into the run")
        return rebuild_portable(path, leave=_leave(allow_code, listener))
    return export_run(
        path,
        Path(output),
        format=chosen,
        with_preprocessing=with_preprocessing,
        rows=None if rows is None else [os.fspath(rows)],
        leave=_leave(allow_code, listener),
        warn=_warner(listener),
    )


@with_memory_named
@with_warnings_forwarded
def reproduce(
    run: RunLike,
    *,
    run_dir: str | os.PathLike[str] | None = None,
    allow_code: bool = False,
    cache_dir: str | os.PathLike[str] | None = None,
    listener: Listener | None = None,
) -> Reproduction:
    """Train a run again from its own directory, its config and its code, and say whether the numbers are the same.

    As many epochs are trained as the run has: of one that was interrupted or killed those that were whole.

    Args:
        run: A run or its directory; nothing in it is changed.
        run_dir: Where the new run goes and stays; when None it is trained beside, and removed.
        allow_code: Run the Python files that the run has in its `code/`.
        cache_dir: As for `train`.
        listener: Called with every event of the training.

    Raises:
        RunError: It is no run, it is still being trained, or there is no place for another.
        DlcliError: It cannot be trained again: its data is gone, for instance.

    Example:
        >>> dlcli.reproduce("runs/iris-001").same  # doctest: +SKIP
        True
    """
    _require_names(run, run_dir, cache_dir)
    path = _run_path(run, "keras")
    startup.load()
    from dlcli.jobs.reproducing import reproduce_run

    def again(config: Path, directory: Path, tell: Listener) -> Run:
        return train(config, run_dir=directory, cache_dir=cache_dir, listener=tell)

    place = None if run_dir is None else Path(run_dir)
    leave = _leave(allow_code, listener)
    return reproduce_run(path, place=place, leave=leave, train=again, tell=listener or _ignore)


@with_memory_named
@with_warnings_forwarded
def report(
    run: RunLike,
    output: str | os.PathLike[str] | None = None,
    *,
    cache_dir: str | os.PathLike[str] | None = None,
    runtime: Runtime = "portable",
    allow_code: bool = False,
    listener: Listener | None = None,
) -> Path:
    """Write what a person wants to see of a run, as one HTML page.

    Args:
        run: A run or its directory, whatever its status.
        output: The page; None: `report.html` in the run, with `model_card.md` and `plots/` beside it.
        cache_dir: Where training kept the encoded data; as for `train`.
        runtime: What predicts the rows that are looked at: `portable` needs no TensorFlow.
        allow_code: Run the Python files that the run has in its `code/`, where Keras needs them.
        listener: Called with notices.

    Returns:
        Where the page is.

    Raises:
        RunError: It is no run, or it is damaged.
        DataError: The page cannot be written there.

    Example:
        >>> dlcli.report("runs/iris-001")  # doctest: +SKIP
        PosixPath('runs/iris-001/report.html')
    """
    _require_names(run, output, cache_dir)
    path = _run_path(run, runtime)
    from dlcli.reporting.reports import report_run

    return report_run(
        path,
        None if output is None else Path(output),
        cache=_cache(cache_dir),
        runtime=runtime,
        leave=_leave(allow_code, listener),
        warn=_warner(listener),
    )


def _warner(listener: Listener | None) -> Callable[[Problem], None]:
    tell = listener or _ignore
    return lambda problem: tell(Notice(problem, warning=True))


def _leave(given: bool, listener: Listener | None) -> Leave:
    """Leave to run the code of a run; each file is told as a warning, so that `--quiet` hides none."""
    from dlcli.trained.own_code import Leave

    return Leave(given, _warner(listener))


def _tell_unseen(run: TrainedRun, undefined: Undefined, listener: Listener | None) -> None:
    """Warn of predictions that are less than they seem: from what training has not seen, or none at all."""
    for problem in (*run.preprocessing.gaps(), *run.preprocessing.unseen_values(), *undefined.problems()):
        if listener is not None:
            listener(Notice(problem, warning=True))
        else:
            warnings.warn(str(problem), UserWarning, stacklevel=3)


def _checked(
    config: ConfigLike, overrides: Overrides, *, needs_keras: bool, notify: Callable[[Problem], None]
) -> tuple[Inspection, CheckedConfig]:
    """The config after the first stage."""
    if isinstance(config, Mapping):
        inspection = inspect_value(config, Path.cwd(), overrides)
    else:
        inspection = inspect(Path(config), overrides)
    return inspection, _checked_of(inspection, needs_keras=needs_keras, notify=notify)


def _checked_of(inspection: Inspection, *, needs_keras: bool, notify: Callable[[Problem], None]) -> CheckedConfig:
    if needs_keras and not inspection.problems:
        startup.load_before_tables()
    from dlcli.jobs.checking import check_config

    def first(problem: Problem) -> None:
        # Of how a column's numbers are written inference says more in the second stage, when it has seen all rows.
        if not needs_keras or problem.rule != "number-format":
            notify(problem)

    return check_config(inspection, notify=first)


def _cache(directory: str | os.PathLike[str] | None) -> Cache:
    from dlcli.data.cache.cache import Cache

    return Cache(Path(directory) if directory is not None else None)


def _run_path(run: RunLike, runtime: Runtime) -> Path:
    """The run's directory, when all is loaded that must be so before its modules and its rows are."""
    if runtime == "keras":
        startup.load_before_tables()
    return run.path if isinstance(run, Run) else Path(run)


def _require_names(*names: object) -> None:
    """Make sure that paths are names that files can have.

    Raises:
        DataError: Some are not; all of those.
    """
    paths = [os.fspath(name) for name in names if isinstance(name, (str, os.PathLike))]
    problems = [name_problem(path) for path in paths if isinstance(path, str)]
    found = [problem for problem in problems if problem is not None]
    if found:
        raise DataError(found)


def _data_name(data: str | os.PathLike[str] | Mapping[str, Any] | pd.DataFrame) -> str:
    if isinstance(data, (str, os.PathLike)):
        said = os.fspath(data).lstrip()
        name = safe_name(said).replace(".", "-") if said.startswith("{") else Path(data).name
        stem = name.split(".")[0][:MOST_LETTERS] or "data"
        if stem not in SPLITS:
            return stem
        return name if name not in SPLITS else f"{name}-data"  # evaluations/test.json is of the split
    return "arrays" if isinstance(data, Mapping) else "frame"


def _once(listener: Listener) -> Listener:
    """The listener, told each notice once: the end of a job is tried before its beginning."""
    told: set[Problem] = set()

    def tell(event: Event) -> None:
        if isinstance(event, Notice):
            if event.problem in told:
                return
            told.add(event.problem)
        listener(event)

    return tell


def _ignore(event: object) -> None:
    """The listener of those who do not listen."""
