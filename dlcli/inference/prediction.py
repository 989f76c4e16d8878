"""Prediction: rows stream in, are encoded, run and decoded, and stream out in the same order and number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.data.inputs import InputRows
from dlcli.errors import DataError, Problem
from dlcli.inference.decoding import EVERYTHING, Columns, check_columns, decode
from dlcli.inference.loading import TrainedRun
from dlcli.inference.overlap import ahead
from dlcli.inference.predictor import Arrays, Predictor

__all__ = ["predict_rows", "run_slices"]


def predict_rows(run: TrainedRun, rows: Iterable[InputRows], *, columns: Columns = EVERYTHING) -> Iterator[pa.Table]:
    """Predict chunk by chunk. The next chunks are read, and run, while the caller writes one.

    Args:
        run: The trained model.
        rows: The rows, chunk by chunk.
        columns: Which columns are wanted.

    Yields:
        Tables of as many rows as their chunks: the kept columns, then `prediction` and `probability_<class>`; with
        several targets each name is prefixed with `<target>_`.

    Raises:
        DataError: Values that cannot be encoded, with their file, or a kept column with the name of a prediction.
        ModelError: The model has not what `columns` asks for.
    """
    check_columns(columns, run.predictor.outputs)
    if run.predictor.road == "keras":  # TensorFlow has threads of its own, and wants to be called from one
        return _tables(run, ahead(rows), columns)
    return ahead(_tables(run, ahead(rows), columns))


def _tables(run: TrainedRun, rows: Iterable[InputRows], columns: Columns) -> Iterator[pa.Table]:
    predictor = run.predictor
    prefix = sum(len(output.targets) for output in predictor.outputs) > 1
    for part in rows:
        chunk = part.chunk
        if not chunk.num_rows:
            continue
        try:
            inputs = run.preprocessing.encode(chunk, predictor.named)
        except DataError as error:
            raise DataError(problem.at(chunk.file) for problem in error.problems) from None
        table = dict(part.kept)
        raw = run_slices(predictor, inputs)
        for decoded in decode(raw, predictor.outputs, run.preprocessing, threshold=columns.threshold):
            predicted = decoded.table(prefix=prefix, columns=columns)
            if clashes := [name for name in predicted if name in table]:
                raise DataError(_taken(name, chunk.file) for name in clashes)
            table.update(predicted)
        yield pa.table(table)


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
