"""The Python API: what the commands do, without the terminal.

Heavy libraries are imported when they are needed, and errors are `DlcliError`s that hold every problem with its place.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from dlcli.config.loading import Inspection, inspect, inspect_value
from dlcli.config.schema import Config
from dlcli.config.signature import SPLITS, SplitName
from dlcli.errors import ConfigError, DataError, DlcliError, Problem
from dlcli.runs.layout import RunDirectory
from dlcli.runs.record import RunRecord
from dlcli.runs.run import Run
from dlcli.training.events import Finished, Listener, Notice, Planned, Stage

if TYPE_CHECKING:
    import pandas as pd

    from dlcli.data.cache import Cache
    from dlcli.data.prepare import Prepared
    from dlcli.inference.evaluation import Evaluation
    from dlcli.training.plan import Plan

__all__ = ["CheckReport", "check", "evaluate", "predict", "predict_file", "train"]

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


def train(
    config: ConfigLike,
    *,
    overrides: Overrides = (),
    run_dir: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    cache_dir: str | os.PathLike[str] | None = None,
    listener: Listener | None = None,
) -> Run:
    """Check a config, train its model, and write a run directory.

    Args:
        config: A YAML file, or the same as a mapping (its relative paths are relative to the working directory).
        overrides: `["fit.epochs=5"]` as on the command line, or `{"fit.epochs": 5}`.
        run_dir: Where the run goes; `runs/<name>-<NNN>` when None.
        overwrite: Replace an existing run in `run_dir`.
        cache_dir: Where encoded data is kept for the next run; when None `DLCLI_CACHE_DIR`, or the user's cache folder.
        listener: Called with every event of the job (`dlcli.training.events`).

    Returns:
        The run; its status is `completed`, or `interrupted` after Ctrl-C.

    Raises:
        ConfigError: The config has faults; all of them.
        DataError: The data has.
        ModelError: A layer cannot be built, the outputs do not fit the targets, a device is absent.
        RunError: The run directory exists or cannot be written.

    Example:
        >>> run = dlcli.train("configs/iris.yaml", overrides={"fit.epochs": 20})  # doctest: +SKIP
        >>> run.metrics("test")["accuracy"]  # doctest: +SKIP
        0.9333
    """
    started = time.perf_counter()
    tell = listener or _ignore
    inspection = _inspect(config, overrides)
    settings = _require(inspection)
    directory = RunDirectory.choose(settings.name, Path(run_dir) if run_dir is not None else None, overwrite=overwrite)
    prepared, plan = _prepare(inspection, settings, directory.path, _cache(cache_dir), tell)
    return _run_job(
        prepared,
        plan,
        directory=directory,
        numbered=run_dir is None,
        overwrite=overwrite,
        config_file=inspection.file,
        started=started,
        tell=tell,
    )


def check(
    config: ConfigLike,
    *,
    overrides: Overrides = (),
    fast: bool = False,
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
        cache_dir: As for `train`, which then finds the data ready.
        listener: Called with the stages and notices.

    Raises:
        DlcliError: There are faults; all of those that the stage can see.
    """
    from dlcli.config.lint import lint

    inspection = _inspect(config, overrides)
    settings = _require(inspection)
    warnings = {(problem.rule, problem.path): inspection.locate(problem) for problem in lint(settings)}
    planned = None
    if not fast:

        def collect(event: Any) -> None:
            if isinstance(event, Notice) and event.warning:
                warnings[event.problem.rule, event.problem.path] = event.problem
            elif listener is not None:
                listener(event)

        planned = _prepare(inspection, settings, Path("run"), _cache(cache_dir), collect)[1].planned
    return CheckReport(tuple(warnings.values()), planned)


def evaluate(
    run: RunLike,
    data: str | os.PathLike[str] | pd.DataFrame | None = None,
    *,
    split: SplitName = "test",
    cache_dir: str | os.PathLike[str] | None = None,
) -> Evaluation:
    """Compute the compiled metrics and a report for each target, and write `evaluations/<name>.json`.

    Args:
        run: A run or its directory.
        data: New rows with the target: a file, or a DataFrame. None: a split of the run's own data.
        split: `train`, `validation` or `test`, when `data` is None.
        cache_dir: Where training kept the encoded data; as for `train`.

    Raises:
        RunError: It is no run, or it has no such split, or its data has changed since training.
        DataError: The data lacks columns or holds values that cannot be used.
    """
    from dlcli.inference import evaluation as evaluating
    from dlcli.inference.loading import load
    from dlcli.inference.rows import data_parts, split_rows
    from dlcli.runs.layout import write_json

    trained = load(_run_path(run), compiled=True)
    if data is None:
        parts, name = iter([split_rows(trained, split, cache=_cache(cache_dir))]), str(split)
    else:
        parts, name = data_parts(trained, data), _data_name(data)
    result = evaluating.evaluate_splits(name, parts, assembly=trained.assembly, preprocessing=trained.preprocessing)
    write_json(trained.directory.evaluations / f"{name}.json", result.document())
    return result


def predict(run: RunLike, frame: pd.DataFrame) -> pd.DataFrame:
    """Predict for a DataFrame.

    Args:
        run: A run or its directory.
        frame: The features' columns, in any order; other columns are ignored.

    Returns:
        As many rows as `frame`, with its index: `prediction`, and for classes `probability_<class>`; with several
        targets each name is prefixed with `<target>_`.

    Raises:
        DataError: Columns are missing, or hold values that cannot be used.

    Example:
        >>> predictions = dlcli.predict("runs/iris-001", frame)  # doctest: +SKIP
        >>> predictions["prediction"].iloc[0]  # doctest: +SKIP
        'setosa'
    """
    import pyarrow as pa

    from dlcli.inference.loading import load
    from dlcli.inference.prediction import predict_chunks
    from dlcli.inference.rows import input_rows

    trained = load(_run_path(run))
    result: pd.DataFrame = pa.concat_tables(
        predict_chunks(trained, input_rows(trained, frame, keep=()).chunks())
    ).to_pandas()
    result.index = frame.index
    return result


def predict_file(
    run: RunLike,
    source: str | os.PathLike[str],
    *,
    output: str | os.PathLike[str] | None = None,
    keep: Sequence[str] | None = (),
    format: str = "csv",
) -> int:
    """Predict row for row from a file to a file, in bounded memory.

    Args:
        run: A run or its directory.
        source: The input: CSV, TSV, Parquet, JSON lines or `.npz`, a path or a glob.
        output: A .csv, .tsv, .jsonl or .parquet file, which appears whole or not at all; None for stdout.
        keep: Columns of the input to copy before the predictions; None for all.
        format: `csv` or `jsonl`, for stdout.

    Returns:
        The number of rows.

    Raises:
        DataError: Columns are missing, values cannot be used, there are no rows, or the output cannot be written.
    """
    from dlcli.inference.loading import load
    from dlcli.inference.prediction import predict_chunks
    from dlcli.inference.rows import input_rows
    from dlcli.inference.writers import output_format, write_file, write_stream

    target = Path(output) if output is not None else None
    if target is not None:
        format = output_format(target)
    trained = load(_run_path(run))
    rows = input_rows(trained, source, keep=keep)
    if target is not None and target.exists() and any(target.samefile(path) for path in rows.source.paths):
        message = f"cannot write the predictions over the input {target}"
        raise DataError(Problem(message, hint="choose another --output", rule="not-writable"))

    def copy(stream: BinaryIO) -> int:
        count, writer = 0, None
        for table in predict_chunks(trained, rows.chunks(), keep=rows.available if keep is None else keep):
            writer = writer or write_stream(stream, table.schema, format=format)
            writer.write(table)
            count += table.num_rows
        if writer is None:
            raise DataError(Problem(f"'{rows.source.name}' has no rows to predict", hint="add rows", rule="no-rows"))
        writer.close()
        return count

    if target is not None:
        with write_file(target) as stream:
            return copy(stream)
    count = copy(sys.stdout.buffer)
    sys.stdout.flush()
    return count


def _inspect(config: ConfigLike, overrides: Overrides) -> Inspection:
    if isinstance(config, Mapping):
        return inspect_value(config, Path.cwd(), overrides)
    return inspect(Path(config), overrides)


def _require(inspection: Inspection) -> Config:
    """The config, or all that the first stage finds: in the YAML, and in the headers of the data files."""
    from dlcli.config.graph import expand
    from dlcli.data.headers import look_at_headers
    from dlcli.training.callbacks import check_callbacks

    problems = list(inspection.problems)
    seen = {problem.path for problem in problems}
    rules = {problem.rule for problem in problems}
    compiled = inspection.sections.get("compile")
    optimizer = compiled.optimizer if compiled is not None else None
    found = check_callbacks(inspection.sections.get("callbacks", ()), optimizer)
    data = inspection.sections.get("data")
    if data is not None:
        headers = look_at_headers(data)
        # The config alone has shown a target among the features already, under the path of the one or the other.
        found += [one for one in headers.problems if one.rule != "target-is-feature" or one.rule not in rules]
        if data.features is None and headers.features is not None and "model" in inspection.sections:
            graph_problems = expand(inspection.sections["model"], features=headers.features)[1]
            unknown = [one for one in graph_problems if one.rule == "unknown-name" and one.path not in seen]
            if unknown:  # without the columns these were taken for features, and their layers seemed to lead nowhere
                problems = [one for one in problems if one.rule != "dead-end"]
                found += unknown
    problems += [inspection.locate(one) for one in found if not one.path or one.path not in seen]
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: (str(problem.file or ""), problem.line or 0)))
    return inspection.require()


@contextlib.contextmanager
def _located(inspection: Inspection) -> Iterator[None]:
    """Fill in the config's lines where an error names a path of it."""
    try:
        yield
    except DlcliError as error:
        raise type(error)(inspection.locate(problem) for problem in error.problems) from error


def _cache(directory: str | os.PathLike[str] | None) -> Cache:
    from dlcli.data.cache import Cache

    return Cache(Path(directory) if directory is not None else None)


def _prepare(
    inspection: Inspection, config: Config, directory: Path, cache: Cache, tell: Listener
) -> tuple[Prepared, Plan]:
    """Read the data, build the model, and find every fault that only they can show."""
    from dlcli.config.conventions import model_head, says_classification
    from dlcli.config.graph import expand
    from dlcli.config.lint import lint
    from dlcli.data.prepare import prepare
    from dlcli.model import backend

    with _located(inspection):
        graph, problems = expand(config.model, features=None)
        if graph is None or problems:
            raise ConfigError(problems)
        head = model_head(config.model)
        loss = config.compile.loss if not isinstance(config.compile.loss, dict) else None
        tell(Stage("reading data"))
        prepared = prepare(
            config.data,
            seed=config.seed,
            named=graph.features,
            classification=says_classification(loss, head),
            units=head.units,
            cache=cache,
            notify=lambda problem: tell(Notice(problem, warning=problem.rule != "cache-waiting")),
        )
        for note in prepared.notes:
            tell(Notice(Problem(note, rule="inferred")))
        tell(Stage("loading TensorFlow"))
        backend.load()
        from dlcli.inference.loading import assemble_run
        from dlcli.training.plan import make_plan

        tell(Stage("building the model"))
        config = config.model_copy(update={"data": prepared.config})
        assembly = assemble_run(config, prepared.preprocessing).compile()
        for warning in lint(assembly.config, prepared.preprocessing.target_specs):
            tell(Notice(inspection.locate(warning), warning=True))
        return prepared, make_plan(assembly, prepared, directory=directory)


def _run_job(
    prepared: Prepared,
    plan: Plan,
    *,
    directory: RunDirectory,
    numbered: bool,
    overwrite: bool,
    config_file: Path | None,
    started: float,
    tell: Listener,
) -> Run:
    from dlcli.inference.evaluation import evaluate_splits
    from dlcli.runs.layout import write_json
    from dlcli.training.job import fit, write_inputs

    assembly, planned = plan.assembly, plan.planned
    run = directory.create(numbered=numbered, overwrite=overwrite)
    facts = {
        "name": assembly.config.name,
        "seed": assembly.config.seed,
        "device": assembly.runtime.device,
        "device_name": assembly.runtime.device_name,
        "gpus": list(assembly.runtime.gpus),
        "rows": dict(planned.rows),
        "batch_size": planned.batch_size,
        "steps_per_epoch": planned.steps,
        "parameters": planned.summary.parameters,
        "data": prepared.fingerprints,
    }
    record = RunRecord(run, config_file=config_file, facts=facts, started=started)
    try:
        write_inputs(run, assembly.config, prepared.preprocessing.state())
        tell(plan.at(run.path).planned)
        outcome = fit(plan, run, listener=tell)
        metrics: dict[str, dict[str, float]] = {}
        if outcome.status == "completed":
            for name in SPLITS[1:]:
                if name in prepared.splits:
                    tell(Stage(f"evaluating the {name} split"))
                    result = evaluate_splits(
                        name, [prepared.splits[name]], assembly=assembly, preprocessing=prepared.preprocessing
                    )
                    write_json(run.evaluations / f"{name}.json", result.document())
                    metrics[name] = result.metrics
        record.finish(
            outcome.status,
            epochs=outcome.epochs,
            metrics=metrics,
            execution={"mode": outcome.execution.mode, "stack": outcome.execution.stack},
        )
    finally:
        record.close()
    tell(Finished(run.path, outcome.status, outcome.epochs, time.perf_counter() - started, metrics))
    return Run(run.path)


def _run_path(run: RunLike) -> Path:
    return run.path if isinstance(run, Run) else Path(run)


def _data_name(data: str | os.PathLike[str] | pd.DataFrame) -> str:
    if isinstance(data, (str, os.PathLike)):
        name = Path(data).name
        stem = name.split(".")[0] or "data"
        return stem if stem not in SPLITS else name  # evaluations/test.json is of the split
    return "frame"


def _ignore(event: object) -> None:
    """The listener of those who do not listen."""
