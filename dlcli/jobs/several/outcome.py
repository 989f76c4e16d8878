"""What several trainings came to: their metrics, how far these are spread, and what each row was predicted as."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.config.inspection.inspection import CheckedConfig
from dlcli.config.schema import Config
from dlcli.data.columns.arrays import numbers_array
from dlcli.data.columns.chunk import Chunk
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples.samples import Samples, Taken
from dlcli.data.table.rows import Rows
from dlcli.errors import DlcliError, Problem
from dlcli.evaluation.run_evaluation import evaluate_run
from dlcli.files.replacing import replacing
from dlcli.jobs.several.members import Member
from dlcli.jobs.several.shared import Shared
from dlcli.prediction.outputs import OUTPUTS
from dlcli.prediction.prediction import joined_table, run_slices
from dlcli.runs.layout import RunDirectory
from dlcli.runs.members import Kind
from dlcli.runs.run import Run
from dlcli.trained.decoding import EVERYTHING, decode
from dlcli.trained.own_code import GRANTED
from dlcli.trained.run import TrainedRun
from dlcli.trained.runtime import load
from dlcli.training.events import Listener, Notice, Stage

__all__ = ["PREDICTIONS", "evaluate_mean", "gather_outcome"]

PREDICTIONS = "predictions.csv"
"""Of a cross-validation: each row, and what the model said of it that had not seen it."""

Metrics = Mapping[str, Mapping[str, float | None]]


def gather_outcome(
    kind: Kind,
    run: RunDirectory,
    members: Sequence[Member],
    *,
    shared: Shared,
    checked: Callable[[Member], CheckedConfig],
    tell: Listener,
    whole: bool,
) -> dict[str, Any]:
    """What the record of the whole says at its end.

    Args:
        kind: What the members are to each other.
        run: The folder.
        members: In their order.
        shared: Has the rows.
        checked: The config of a member.
        tell: Called with notices.
        whole: Whether the rows are predicted too.
    """
    runs = [
        (member, Run(run.path / member.name)) for member in members if (run.path / member.name / "run.json").is_file()
    ]
    done = [(member, each) for member, each in runs if each.status == "completed"]
    results: dict[str, Any] = {"epochs": sum(each.epochs for _, each in runs)}
    found = [each.final_metrics() for _, each in done]
    results |= {
        "metrics": _over(found, statistics.fmean),
        "spread": _over(found, lambda values: statistics.stdev(values) if len(values) > 1 else 0.0),
        "runs": [
            {"name": each.path.name, "epochs": each.epochs, "model_epoch": each.model_epoch, "metrics": metrics}
            for (_, each), metrics in zip(done, found, strict=True)
        ],
    }
    if whole and kind == "cross_validation" and len(done) == len(members):
        tell(Stage("predicting each fold"))
        _write_predictions(run, members, shared, checked, tell)
    return results


def evaluate_mean(run: RunDirectory, config: Config, tell: Listener) -> None:
    """Evaluate the mean of the members on the rows that none of them has learnt from; told where that cannot be."""
    if config.data.test is None:
        return
    tell(Stage("evaluating the mean of the members"))
    try:
        evaluate_run(
            run.path,
            None,
            split="test",
            name="test",
            cache=None,
            reading=None,
            runtime="auto",
            leave=GRANTED,
            warn=lambda problem: None,
        )
    except DlcliError as error:
        message = f"the mean of the members is not evaluated: {error.problems[0].message}"
        tell(Notice(Problem(message, hint=error.problems[0].hint, rule="not-evaluated"), warning=True))


def _over(found: Sequence[Metrics], how: Callable[[list[float]], float]) -> dict[str, dict[str, float | None]]:
    """One number for each metric of each split, of those of all members; None where one of them has none."""
    splits = dict.fromkeys(split for each in found for split in each)
    return {
        split: {name: _one([each.get(split, {}).get(name) for each in found], how) for name in found[0].get(split, {})}
        for split in splits
    }


def _one(values: list[float | None], how: Callable[[list[float]], float]) -> float | None:
    numbers = [value for value in values if value is not None and math.isfinite(value)]
    return how(numbers) if len(numbers) == len(values) else None


def _write_predictions(
    run: RunDirectory,
    members: Sequence[Member],
    shared: Shared,
    checked: Callable[[Member], CheckedConfig],
    tell: Listener,
) -> None:
    """Write `predictions.csv`, the rows in their order; of several repeats one after the other."""
    parts: list[pa.Table] = []
    for member in members:
        trained = load(run.path / member.name, leave=GRANTED, warn=lambda problem: None)
        config = checked(member)
        samples = shared.prepared(config).splits["validation"]
        rows = _rows_of(samples)
        if rows is None:
            message, hint = f"no {PREDICTIONS} is written of windows", "`dlcli predict` gives the forecasts"
            tell(Notice(Problem(message, hint=hint, rule="no-fold-predictions")))
            return
        parts += _tables(trained, samples, rows, member, shared.reader(config.config).table().rows["train"])
    table = pa.concat_tables(parts, promote_options="permissive")
    table = table.sort_by([("repeat", "ascending"), ("row", "ascending")])
    if len({each.config.data.fold.repeat for each in members if each.config.data.fold}) == 1:
        table = table.drop_columns("repeat")
    with replacing(run.path / PREDICTIONS) as draft, draft.open("wb") as stream:
        writer = OUTPUTS["csv"].writer(stream, table.schema, False)
        writer.write(table)
        writer.close()


def _rows_of(samples: Samples) -> NDArray[np.int64] | None:
    """The numbers of the rows that samples are, from 0; None of windows."""
    rows = getattr(samples, "rows", None)
    return rows if isinstance(rows, np.ndarray) else None


def _tables(
    run: TrainedRun, samples: Samples, rows: NDArray[np.int64], member: Member, read: Rows
) -> Iterator[pa.Table]:
    fold = member.config.data.fold
    assert fold is not None
    numbers_of = (each for each in run.preprocessing.targets.values() if each.spec.kind == "number")
    columns = [column for codec in numbers_of for column in codec.columns]
    for start in range(0, len(samples), 8192):
        part = slice(start, start + 8192)
        taken = samples.take(part)
        decoded = decode(run_slices(run.predictor, taken.inputs), run.predictor.outputs, run.preprocessing)
        numbers = rows[part] + 1  # as messages number rows
        kept: dict[str, pa.Array] = {
            "row": numbers_array(numbers),
            "repeat": numbers_array(np.full(len(numbers), fold.repeat)),
            "fold": numbers_array(np.full(len(numbers), fold.number)),
            **_true(run.preprocessing, taken, list(read.chunks(rows[part], columns))),
        }
        yield joined_table(run, decoded, kept, EVERYTHING, True, file=None)


def _true(preprocessing: Preprocessing, taken: Taken, read: Sequence[Chunk]) -> dict[str, pa.Array]:
    """The columns of targets of one value a row, as they were read: what is encoded has fewer digits."""
    columns: dict[str, pa.Array] = {}
    for name, codec in preprocessing.targets.items():
        spec, encoded = codec.spec, taken.targets[name]
        if spec.axes or spec.kind not in ("category", "number"):
            continue
        if spec.classes:
            values = pa.array(spec.classes) if codec.values is None else codec.values
            columns[codec.columns[0]] = values.take(numbers_array(np.asarray(encoded, np.int64).reshape(-1)))
            continue
        for column in codec.columns:
            cells = [chunk.columns[column] for chunk in read]
            if all(not isinstance(each, np.ndarray) or each.ndim == 1 for each in cells):
                columns[column] = pa.concat_arrays(
                    [numbers_array(each) if isinstance(each, np.ndarray) else each for each in cells]
                )
    return columns
