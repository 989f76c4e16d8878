"""Prediction: rows stream in, are encoded, run and decoded, and stream out in the same order and number."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.signature import TargetSpec
from dlcli.data.columns.arrays import numbers_array, plain_numbers, texts_array, with_nulls
from dlcli.data.inputs import Input, InputRows
from dlcli.errors import DataError, Problem
from dlcli.prediction.digits import round_numbers
from dlcli.prediction.lists import change_leaves
from dlcli.prediction.overlap import ahead
from dlcli.trained.averaging import averaged
from dlcli.trained.decoding import EVERYTHING, Columns, Decoded, check_columns, decode
from dlcli.trained.predictor import Arrays, Predictor
from dlcli.trained.run import TrainedRun
from dlcli.trained.undefined import Undefined, undefined_rows

__all__ = ["joined_table", "no_predictions", "predict_rows", "run_slices"]


def predict_rows(
    run: TrainedRun,
    rows: Iterable[InputRows],
    *,
    columns: Columns = EVERYTHING,
    rounded: bool = False,
    undefined: Undefined | None = None,
) -> Generator[pa.Table, None, None]:
    """Predict chunk by chunk. The next chunks are read, and run, while the caller writes one.

    A caller that may stop early closes the generator: that ends the threads, and closes `rows`.

    Args:
        run: The trained model.
        rows: The rows, chunk by chunk.
        columns: Which columns are wanted.
        rounded: Predicted numbers have the digits that are significant, as text should; else all that were computed.
        undefined: Told of the rows for which the model gives no number.

    Yields:
        Tables of as many rows as their chunks: the kept columns, then `prediction` and `probability_<class>`; with
        several targets each name is prefixed with `<target>_`.

    Raises:
        DataError: Values that cannot be encoded, with their file, or a kept column with the name of a prediction.
        ModelError: The model has not what `columns` asks for.
    """
    check_columns(columns, run.predictor.outputs)
    tables = _tables(run, ahead(rows), columns, rounded, undefined or Undefined())
    # TensorFlow has threads of its own, and wants to be called from one.
    return tables if run.predictor.runtime == "keras" else ahead(tables)


def no_predictions(run: TrainedRun, rows: Input, *, columns: Columns = EVERYTHING, rounded: bool = False) -> pa.Table:
    """The table of predictions for no rows: the columns that there would be, and their types.

    Args:
        run: The trained model.
        rows: The input, which holds none.
        columns: As for `predict_rows`.
        rounded: As for `predict_rows`.

    Raises:
        ModelError: See `predict_rows`.
    """
    check_columns(columns, run.predictor.outputs)
    raw = [np.zeros((0, *_shape(output)), np.float32) for output in run.predictor.outputs]
    kept = next((part.kept for part in rows.rows()), None)
    if kept is None:
        kept = {name: texts_array([]) for name in rows.kept}
    predictions = decode(raw, run.predictor.outputs, run.preprocessing)
    return joined_table(run, predictions, kept, columns, rounded, file=None)


def _shape(output: OutputPlan) -> tuple[int, ...]:
    """The shape of what an output gives for a row, as far as its columns depend on it."""
    if not output.fits or output.scores == "sequence":
        return tuple(size or 0 for size in output.shape or (1,))
    if output.is_flat:
        return (*output.targets[0].shape, 1)
    if output.is_deep:
        return (*output.targets[0].shape, len(output.quantiles))
    if output.classes:
        return (*output.axes, output.head.units or len(output.classes))
    return (*output.axes, output.width)


def _tables(
    run: TrainedRun, rows: Generator[InputRows, None, None], columns: Columns, rounded: bool, undefined: Undefined
) -> Generator[pa.Table, None, None]:
    with contextlib.closing(rows):
        for part in rows:
            if part.chunk.num_rows:
                yield _table(run, part, columns, rounded, undefined)


def _table(run: TrainedRun, part: InputRows, columns: Columns, rounded: bool, undefined: Undefined) -> pa.Table:
    chunk, nothing, said = part.chunk, np.zeros(part.chunk.num_rows, np.bool_), []
    for each in run.models:
        try:
            inputs = each.preprocessing.encode(chunk, each.predictor.named)
        except DataError as error:
            raise DataError(problem.at(chunk.file) for problem in error.problems) from None
        raw = run_slices(each.predictor, inputs)
        nothing |= np.logical_or.reduce([undefined_rows(values) for values in raw])
        said.append(decode(raw, each.predictor.outputs, each.preprocessing, threshold=columns.threshold))
    undefined.add(chunk, nothing)
    predictions = averaged(said, threshold=columns.threshold)
    return joined_table(run, predictions, part.kept, columns, rounded, file=chunk.file)


def joined_table(
    run: TrainedRun,
    predictions: Sequence[Decoded],
    kept: Mapping[str, pa.Array],
    columns: Columns,
    rounded: bool,
    *,
    file: Path | None,
) -> pa.Table:
    """The kept columns, and what the model's outputs mean.

    Args:
        run: The trained model.
        predictions: Of each target.
        kept: The columns before them.
        columns: As for `predict_rows`.
        rounded: As for `predict_rows`.
        file: That the rows came from.

    Raises:
        DataError: A kept column has the name of a prediction.
    """
    prefix = sum(max(len(output.targets), 1) for output in run.predictor.outputs) > 1
    table = dict(kept)
    for decoded in predictions:
        predicted = decoded.table(prefix=prefix, columns=columns)
        if clashes := [name for name in predicted if name in table]:
            raise DataError(_taken(name, file) for name in clashes)
        if rounded:
            codec = run.preprocessing.row_targets.get(decoded.target)
            predicted = _rounded(predicted, None if codec is None else codec.spec)
        table.update({name: _without_nan(column) for name, column in predicted.items()})
    return pa.table(table)


def _without_nan(column: pa.Array) -> pa.Array:
    """The column with null for NaN, in lists too."""
    if pa.types.is_fixed_size_list(column.type):
        return change_leaves(column, _without_nan)
    if not pa.types.is_floating(column.type):
        return column
    missing = np.isnan(plain_numbers(column))
    return with_nulls(column, ~missing) if missing.any() else column


def _rounded(predicted: dict[str, pa.Array], target: TargetSpec | None) -> dict[str, pa.Array]:
    """The columns of one target with the digits that are significant."""
    if target is None:
        return {name: change_leaves(column, lambda leaves: _digits(leaves, ())) for name, column in predicted.items()}
    if target.axes:
        return {
            name: change_leaves(column, lambda leaves: _digits(leaves, target.unit))
            for name, column in predicted.items()
        }
    unit = target.unit * (1 + len(target.quantiles)) or ((0.0, 1.0),) * len(predicted)
    columns = {}
    for (name, column), (offset, scale) in zip(predicted.items(), unit, strict=True):
        if pa.types.is_floating(column.type):
            column = numbers_array(round_numbers(plain_numbers(column), offset=offset, scale=scale))
        columns[name] = column
    return columns


def _digits(values: pa.Array, unit: Sequence[tuple[float, float]]) -> pa.Array:
    """The numbers of vectors, one after the other, with the digits that are significant in the unit of their place."""
    if not pa.types.is_floating(values.type):
        return values
    numbers = plain_numbers(values).reshape(-1, len(unit) or 1)
    pairs = zip(numbers.T, unit or ((0.0, 1.0),), strict=True)
    rounded = [round_numbers(column, offset=offset, scale=scale) for column, (offset, scale) in pairs]
    return numbers_array(np.stack(rounded, axis=1).reshape(-1))


def run_slices(predictor: Predictor, inputs: Arrays) -> list[NDArray[Any]]:
    """The outputs for all rows, computed slice by slice."""
    rows = len(next(iter(inputs.values())))
    size = predictor.rows_at_once
    if rows <= size:
        return predictor(inputs)
    parts = [
        predictor({name: values[start : start + size] for name, values in inputs.items()})
        for start in range(0, rows, size)
    ]
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


def _taken(name: str, file: Path | None) -> Problem:
    return Problem(
        f"the column {name!r} of the input cannot be kept: a column of the predictions has that name",
        hint="rename it, or name the columns to keep one by one",
        file=file,
        rule="duplicate-column",
    )
