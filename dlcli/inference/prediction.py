"""Prediction: rows stream in, are encoded, run and decoded, and stream out in the same order and number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.data.chunk import Chunk
from dlcli.errors import DataError, Problem
from dlcli.inference.decoding import decode
from dlcli.inference.evaluation import raw_outputs
from dlcli.inference.loading import TrainedRun
from dlcli.model.capacity import rows_at_once

__all__ = ["predict_chunks"]


def predict_chunks(run: TrainedRun, chunks: Iterable[Chunk], *, keep: Sequence[str] = ()) -> Iterator[pa.Table]:
    """Predict chunk by chunk.

    Args:
        run: The trained model.
        chunks: The input's rows, with the features' columns and those of `keep`.
        keep: Columns of the input that stand before the predictions.

    Yields:
        Tables of as many rows as their chunks: the kept columns, then `prediction` and `probability_<class>`; with
        several targets each name is prefixed with `<target>_`.

    Raises:
        DataError: Values that cannot be encoded, with their file, or a kept column with the name of a prediction.
    """
    assembly, size = run.assembly, rows_at_once(run.assembly.model)
    named = assembly.graph.features
    prefix = sum(len(output.targets) for output in assembly.outputs) > 1
    for chunk in chunks:
        if not chunk.num_rows:
            continue
        try:
            inputs = run.preprocessing.encode(chunk, named)
        except DataError as error:
            raise DataError(problem.at(chunk.file) for problem in error.problems) from None
        raw: list[list[NDArray[np.floating]]] = [[] for _ in assembly.outputs]
        for start in range(0, chunk.num_rows, size):
            part = {name: values[start : start + size] for name, values in inputs.items()}
            for collected, values in zip(raw, raw_outputs(assembly.model, part), strict=True):
                collected.append(values)
        columns: dict[str, object] = {name: chunk.columns[name] for name in keep}
        whole = [np.concatenate(parts) for parts in raw]
        for decoded in decode(whole, assembly.outputs, run.preprocessing):
            predicted = decoded.table(prefix=prefix)
            if clashes := [name for name in predicted if name in columns]:
                raise DataError(_taken(name, chunk.file) for name in clashes)
            columns.update(predicted)
        yield table_of(columns)


def _taken(name: str, file: Path | None) -> Problem:
    return Problem(
        f"the column {name!r} of the input cannot be kept: a column of the predictions has that name",
        hint="rename it, or name the columns to keep one by one",
        file=file,
        rule="duplicate-column",
    )


def table_of(columns: Mapping[str, object]) -> pa.Table:
    """An Arrow table of columns that are Arrow or NumPy arrays; class names become strings."""
    arrays = {}
    for name, values in columns.items():
        if isinstance(values, np.ndarray):
            arrays[name] = pa.array(values, pa.string()) if values.dtype == object else pa.array(values)
        else:
            arrays[name] = values
    return pa.table(arrays)
