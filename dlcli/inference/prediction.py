"""Prediction: rows stream in, are encoded, run and decoded, and stream out in the same order and number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.data.chunk import Chunk
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
    """
    assembly, size = run.assembly, rows_at_once(run.assembly.model)
    named = assembly.graph.features
    prefix = sum(len(output.targets) for output in assembly.outputs) > 1
    for chunk in chunks:
        if not chunk.num_rows:
            continue
        inputs = run.preprocessing.encode(chunk, named)
        raw: list[list[NDArray[np.floating]]] = [[] for _ in assembly.outputs]
        for start in range(0, chunk.num_rows, size):
            part = {name: values[start : start + size] for name, values in inputs.items()}
            for collected, values in zip(raw, raw_outputs(assembly.model, part), strict=True):
                collected.append(values)
        columns: dict[str, object] = {name: chunk.columns[name] for name in keep}
        whole = [np.concatenate(parts) for parts in raw]
        for decoded in decode(whole, assembly.outputs, run.preprocessing):
            columns.update(decoded.table(prefix=prefix))
        yield table_of(columns)


def table_of(columns: Mapping[str, object]) -> pa.Table:
    """An Arrow table of columns that are Arrow or NumPy arrays; class names become strings."""
    arrays = {}
    for name, values in columns.items():
        if isinstance(values, np.ndarray):
            arrays[name] = pa.array(values, pa.string()) if values.dtype == object else pa.array(values)
        else:
            arrays[name] = values
    return pa.table(arrays)
