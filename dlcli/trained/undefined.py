"""The rows for which a model gives no number: what is NaN is predicted as nothing, and told."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.data.columns.chunk import Chunk
from dlcli.errors import Problem

__all__ = ["Undefined", "undefined_rows"]

_NAMED = 5
"""How many rows of a file a warning names."""


def undefined_rows(values: NDArray[Any]) -> NDArray[np.bool_]:
    """The rows `(rows,)` in which an output `(rows, ...)` holds NaN."""
    return np.asarray(np.isnan(values.reshape(len(values), math.prod(values.shape[1:]))).any(axis=1))


class Undefined:
    """Counts the rows without a prediction, file by file, and remembers the first of each."""

    def __init__(self) -> None:
        self._counts: dict[Path | None, int] = {}
        self._first: dict[Path | None, list[int]] = {}

    def add(self, chunk: Chunk, rows: NDArray[np.bool_]) -> None:
        """Take in the rows of a chunk."""
        places = np.flatnonzero(rows)
        if not len(places):
            return
        first = self._first.setdefault(chunk.file, [])
        first += [chunk.start + int(place) + 1 for place in places[: _NAMED - len(first)]]
        self._counts[chunk.file] = self._counts.get(chunk.file, 0) + len(places)

    def problems(self) -> tuple[Problem, ...]:
        """A warning for each file with such rows."""
        return tuple(
            Problem(
                f"the model gives no number for {self._listed(file)}, and nothing is predicted there",
                hint="see what is there: an empty text under a masked average is 0/0, and a huge value overflows",
                file=file,
                rule="no-prediction",
            )
            for file in self._counts
        )

    def _listed(self, file: Path | None) -> str:
        count, first = self._counts[file], self._first[file]
        more = f" and {count - len(first):,} more" if count > len(first) else ""
        return f"row{'s' * (count > 1)} {', '.join(map(str, first))}{more}"
