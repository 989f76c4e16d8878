"""True or false, in the words that people write for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from dlcli.data.columns.cell_faults import faulty_values, missing_values, no_values, unreadable_column
from dlcli.data.columns.cells import labels
from dlcli.data.columns.codec import Codec, Column, Encoded
from dlcli.errors import DataError

if TYPE_CHECKING:
    from dlcli.codecs.boolean.schema import BooleanFeature

__all__ = ["CODEC", "WORDS", "BooleanCodec", "build"]

WORDS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), 1),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), 0),
}
"""What is read as true (1) and false (0), in any case."""

_UNREADABLE, _MISSING = -1, -2

_HINT = "true/false, yes/no, t/f, y/n, on/off and 1/0 are; other values are a `category`"


class BooleanCodec:
    """Encodes a truth value as 0 or 1, `(1,)` float32.

    Args:
        columns: The one column: booleans, 0 and 1, or text in `WORDS`.
        missing: An empty cell is an `error`, the `most_frequent` value (false when even), true or false.

    Example:
        >>> codec = BooleanCodec(("smoker",))
        >>> codec.fit([pa.array(["yes", "No"])])
        >>> codec.finish()
        >>> codec.encode([pa.array(["Y", "off"])])
        array([[1.],
               [0.]], dtype=float32)
    """

    type: ClassVar[str] = "boolean"
    reads: ClassVar[Literal["number", "text"]] = "text"
    shape: tuple[int, ...] = (1,)
    dtype: Literal["float32"] = "float32"
    vocabulary: None = None
    embedding: None = None

    def __init__(self, columns: Sequence[str], *, missing: Literal["error", "most_frequent"] | bool = "error") -> None:
        self.columns = tuple(columns)
        self._missing = missing
        self._counts = [0, 0]
        self._unreadable: list[str] = []  # a few values that cannot be read, for the message when none can
        self._complete = True
        self.gaps = 0

    @property
    def stand_in(self) -> str:
        """What an empty cell becomes."""
        return "the most frequent value" if self._missing == "most_frequent" else str(self._missing).lower()

    def fit(self, values: Sequence[Column]) -> None:
        """Count the values of a chunk of training rows."""
        (column,) = values
        cells = labels(column)
        self._complete = self._complete and not (cells.codes < 0).any()
        for name, count in cells.counts().items():
            value = _read(name)
            if value >= 0:
                self._counts[value] += count
            elif name not in self._unreadable and len(self._unreadable) < 5:
                self._unreadable.append(name)

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: There is no value, or none that can be read.
        """
        if not any(self._counts) and self._unreadable:
            raise unreadable_column(
                self.columns[0], self._unreadable, what="true or false", hint=_HINT, rule="not-a-boolean"
            )
        if not any(self._counts):
            raise no_values(self.columns)

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows as `(rows, 1)` float32.

        Raises:
            DataError: Missing values, where they are errors, or values that are not in `WORDS`.
        """
        (column,) = values
        (name,) = self.columns
        match self._missing:
            case "error":
                missing = _MISSING
            case "most_frequent":
                missing = int(self._counts[1] > self._counts[0])
            case chosen:
                missing = int(chosen)
        cells = labels(column)
        read = cells.translate(_read, missing=missing)
        if self._complete and self._missing != "error":
            self.gaps += int((cells.codes < 0).sum())
        problems = []
        if (faults := read == _UNREADABLE).any():
            what, rule = "are not true or false", "not-a-boolean"
            problems.append(faulty_values(name, column, faults, start=start, what=what, hint=_HINT, rule=rule))
        if (faults := read == _MISSING).any():
            hint = "`missing: error` refuses them; `missing: most_frequent`, `true` or `false` fills them in"
            problems.append(missing_values(name, faults, start=start, hint=hint))
        if problems:
            raise DataError(problems)
        target = np.empty((len(read), 1), dtype=np.float32) if out is None else out
        target[:, 0] = read
        return target

    def names(self) -> tuple[str, ...]:
        """The column."""
        return self.columns

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {
            "type": self.type,
            "columns": list(self.columns),
            "missing": self._missing,
            "false": self._counts[0],
            "true": self._counts[1],
            "complete": self._complete,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        codec = cls(state["columns"], missing=state["missing"])
        codec._counts = [state["false"], state["true"]]
        codec._complete = state.get("complete", False)
        return codec


def _read(word: str) -> int:
    return WORDS.get(word.strip().lower(), _UNREADABLE)


def build(feature: BooleanFeature, columns: Sequence[str], *, seed: int) -> BooleanCodec:
    """The codec that a config asks for."""
    return BooleanCodec(columns, missing=feature.missing)


CODEC: type[Codec] = BooleanCodec
