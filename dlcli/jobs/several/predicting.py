"""What each row is predicted as by the member that has not seen it, as one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.config.inspection.inspection import CheckedConfig
from dlcli.data.columns.arrays import numbers_array, texts_array, with_nulls
from dlcli.data.columns.cells import numbers
from dlcli.data.columns.target_codec import TargetCodec
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples.made import MadeSamples
from dlcli.data.samples.samples import Samples, Taken
from dlcli.data.samples.windows import WindowSamples
from dlcli.data.series.levels import undo_level
from dlcli.data.series.target import TargetOfSteps
from dlcli.data.table.checks import RowLabels, row_labels
from dlcli.data.table.rows import Rows
from dlcli.files.replacing import replacing
from dlcli.jobs.several.members import Member
from dlcli.jobs.several.shared import Shared
from dlcli.prediction.forecast import STEP, by_step
from dlcli.prediction.outputs import OUTPUTS
from dlcli.prediction.prediction import joined_table, run_slices
from dlcli.runs.layout import RunDirectory
from dlcli.trained.decoding import EVERYTHING, decode
from dlcli.trained.run import TrainedRun

__all__ = ["PREDICTIONS", "write_predictions"]

PREDICTIONS = "predictions.csv"
"""Of a cross-validation: each row, and what the model said of it that had not seen it."""

OWN = ("row", "repeat", "fold", STEP, "prediction")
"""The names that columns of the data cannot have here."""

OWN_BEGINNINGS = ("prediction_", "probability_", "quantile_")

AT_ONCE = 8192
"""Samples that are predicted at a time."""

Numbers = NDArray[np.int64]


def write_predictions(
    run: RunDirectory, members: Sequence[Member], shared: Shared, checked: Callable[[Member], CheckedConfig]
) -> None:
    """Write `predictions.csv`, the rows in their order; of several repeats one after the other.

    Of windows a row is each step that is predicted, `step` says how far ahead; a row of the file that several windows
    predict is there for each. What names its series and its time stands beside it.

    Args:
        run: The folder.
        members: The folds, trained.
        shared: Has the rows.
        checked: The config of a member.
    """
    parts: list[pa.Table] = []
    labels: dict[str, RowLabels] = {}
    cells: dict[str, pa.Array] = {}
    for member in members:
        trained = shared.trained(run.path / member.name)
        samples = shared.prepared(checked(member)).splits["validation"]
        table = shared.reader(member.config).table()
        rows = table.rows["train"]
        windows = member.config.data.windows
        names = () if windows is None else (*table.roles.series, *filter(None, [windows.time]))
        for name in names:
            labels[name] = labels.get(name) or row_labels(rows, name)
        for codec in trained.preprocessing.targets.values():
            for name in codec.columns:
                if name not in cells and (found := _column(rows, name, codec.spec.kind == "number")) is not None:
                    cells[name] = found
        parts += _tables(trained, samples, rows, member, {name: labels[name] for name in names}, cells)
    whole = pa.concat_tables(parts, promote_options="permissive")
    order = [name for name in ("repeat", "row", STEP) if name in whole.column_names]
    whole = whole.sort_by([(name, "ascending") for name in order])
    if len({each.config.data.fold.repeat for each in members if each.config.data.fold}) == 1:
        whole = whole.drop_columns("repeat")
    with replacing(run.path / PREDICTIONS) as draft, draft.open("wb") as stream:
        writer = OUTPUTS["csv"].writer(stream, whole.schema, False)
        writer.write(whole)
        writer.close()


def _column(rows: Rows, name: str, is_number: bool) -> pa.Array | None:
    """A column as it was read, as numbers where it is one of them; None of arrays."""
    parts = [chunk.columns[name] for chunk in rows.chunks(columns=[name])]
    if any(isinstance(part, np.ndarray) and part.size != len(part) for part in parts):
        return None
    arrays = [pa.array(part.reshape(-1)) if isinstance(part, np.ndarray) else part for part in parts]
    whole = pa.concat_arrays(arrays)
    if pa.types.is_float32(whole.type):  # of which the shortest digits are those that were read
        whole = whole.cast(pa.string()).cast(pa.float64())
    if is_number and not _is_number(whole):
        whole = pa.array(numbers(whole).values, from_pandas=True)
    return whole


def _tables(
    run: TrainedRun,
    samples: Samples,
    rows: Rows,
    member: Member,
    labels: Mapping[str, RowLabels],
    cells: Mapping[str, pa.Array],
) -> Iterator[pa.Table]:
    fold, form = member.config.data.fold, run.preprocessing.windows
    assert fold is not None
    horizon = 0 if form is None else form.horizon
    for start in range(0, len(samples), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        taken = samples.take(part)
        raw = run_slices(run.predictor, taken.inputs)
        decoded = decode(raw, run.predictor.outputs, run.preprocessing, levels=taken.levels)
        places = _places(samples, taken, part)
        flat = places.reshape(-1)
        kept: dict[str, pa.Array] = {
            "row": numbers_array(flat + 1),  # as messages number rows
            "repeat": numbers_array(np.full(len(flat), fold.repeat)),
            "fold": numbers_array(np.full(len(flat), fold.number)),
        }
        of_file = flat < rows.num_rows  # others were put in
        if horizon:
            kept[STEP] = numbers_array(np.tile(np.arange(1, horizon + 1), len(places)))
        there = np.where(of_file, flat, 0)
        own = {name: _named(each, there) for name, each in labels.items()}
        as_read = {name: each.take(numbers_array(there)) for name, each in cells.items()}
        own |= _true(run.preprocessing, taken, as_read)
        kept |= {_called(name): values for name, values in own.items()}
        said = [by_step(each, run, horizon) for each in decoded]
        table = joined_table(run, said, kept, EVERYTHING, True, file=None)
        yield table if of_file.all() else table.filter(numbers_array(of_file))


def _places(samples: Samples, taken: Taken, part: slice) -> Numbers:
    """The rows of the source that samples are, from 0; of windows those that they predict, `(windows, steps)`."""
    if taken.rows is not None:
        return taken.rows
    stored = samples.stored if isinstance(samples, MadeSamples) else samples
    assert isinstance(stored, WindowSamples)
    return stored.rows(part, "ahead" if stored.form.horizon else "last")


def _called(column: str) -> str:
    """What a column of the data is called beside the file's own."""
    return f"data_{column}" if column in OWN or column.startswith(OWN_BEGINNINGS) else column


def _named(labels: RowLabels, rows: Numbers) -> pa.Array:
    codes, names = labels
    return _taken(texts_array(names), codes[rows])


def _taken(values: pa.Array, places: Numbers) -> pa.Array:
    """Values at some places; none where there is none."""
    found = numbers_array(places)
    return values.take(with_nulls(found, places >= 0) if (places < 0).any() else found)


def _true(preprocessing: Preprocessing, taken: Taken, cells: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """The columns of targets as they were read: of one value a row or step where they were read as what they are, of
    sets, and of what is written in a cell. Arrays have none."""
    columns: dict[str, pa.Array] = {}
    for name, codec in preprocessing.targets.items():
        encoded, level = taken.targets[name], taken.levels.get(name)
        values = _read_back(codec, encoded if level is None else undo_level(encoded, level))
        if values is not None:
            columns |= dict(zip(codec.columns, values, strict=True))
        elif all(name in cells and _is_told(codec, cells[name]) for name in codec.columns):
            columns |= {name: cells[name] for name in codec.columns}
    return {
        name: cells[name] if name in cells and _is_number(cells[name]) == _is_number(values) else values
        for name, values in columns.items()
    }


def _is_told(codec: TargetCodec, values: pa.Array) -> bool:
    """Whether cells say what was to be learnt, and are not features that are to be made again."""
    return codec.spec.kind == "categories" or pa.types.is_string(values.type) or pa.types.is_large_string(values.type)


def _is_number(values: pa.Array) -> bool:
    """Whether cells are numbers."""
    return bool(pa.types.is_integer(values.type) or pa.types.is_floating(values.type))


def _read_back(codec: TargetCodec, encoded: NDArray[np.generic]) -> list[pa.Array] | None:
    """What was encoded, for each column; None of lists, arrays and sets."""
    own = codec.codec if isinstance(codec, TargetOfSteps) else codec
    if own.spec.axes or own.spec.kind not in ("category", "number"):
        return None
    if own.spec.classes:
        values = pa.array(own.spec.classes) if own.values is None else own.values
        return [_taken(values, np.asarray(encoded, np.int64).reshape(-1))]
    decoded = np.asarray(own.decode(np.asarray(encoded).reshape(-1, own.spec.width)))
    return [numbers_array(each) for each in decoded.T] if decoded.shape[1] == len(own.columns) else None
