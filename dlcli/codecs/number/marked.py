"""Numbers, and beside them which of them are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.number.numbers import NumberCodec
from dlcli.data.columns.codec import Column, Encoded
from dlcli.errors import DataError, Problem

__all__ = ["MarkedNumberCodec"]


class MarkedNumberCodec:
    """Scales numbers and fills them in, and adds a number for each column: 1 where its cell is empty, else 0.

    Args:
        numbers: What encodes the numbers, and says what becomes of an empty cell.

    Example:
        >>> codec = MarkedNumberCodec(NumberCodec(("age",), missing="mean"))
        >>> codec.fit([pa.array([20.0, 40.0, None])])
        >>> codec.finish()
        >>> codec.encode([pa.array([40.0, None])])
        array([[1., 0.],
               [0., 1.]], dtype=float32)
    """

    type: ClassVar[str] = "number"
    dtype: Literal["float32"] = "float32"
    vocabulary: None = None
    embedding: None = None

    def __init__(self, numbers: NumberCodec) -> None:
        self.numbers = numbers
        self._shares: NDArray[np.float64] = np.zeros(len(numbers.columns))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns, a number each."""
        return self.numbers.columns

    @property
    def reads(self) -> Literal["number", "text"]:
        """As numbers."""
        return self.numbers.reads

    @property
    def stand_in(self) -> str:
        """What an empty cell becomes."""
        return f"{self.numbers.stand_in}, marked as missing"

    @property
    def gaps(self) -> int:
        """How many empty cells were filled in of columns that had none in training."""
        return self.numbers.gaps

    @gaps.setter
    def gaps(self, count: int) -> None:
        self.numbers.gaps = count

    @property
    def shape(self) -> tuple[int, ...]:
        """The numbers, and as many marks."""
        return (2 * len(self.columns),)

    @property
    def measures(self) -> int:
        """The marks, which are the last, measure nothing."""
        return len(self.columns)

    @property
    def offset(self) -> NDArray[np.float64]:
        """What is subtracted from each number; 0 from a mark."""
        return np.append(self.numbers.offset, np.zeros(len(self.columns)))

    @property
    def scale(self) -> NDArray[np.float64]:
        """What each number is divided by; a mark by 1."""
        return np.append(self.numbers.scale, np.ones(len(self.columns)))

    @property
    def linear(self) -> bool:
        """Whether `offset` and `scale` are all of the scaling."""
        return self.numbers.linear

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean of each number, and of its mark, in the training rows."""
        return np.append(self.numbers.mean, self._shares)

    def fit(self, values: Sequence[Column]) -> None:
        """Take in a chunk of training rows."""
        self.numbers.fit(values)

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: A column has no values, or several numbers a row.
        """
        self.numbers.finish()
        if self.numbers.shape != (len(self.columns),):
            message = f"`mark_missing` is of one number a row, and a sample of {self.columns[0]!r} has several"
            raise DataError(Problem(message, hint="take it out", rule="array-shape"))
        self._shares = self.numbers.absent_shares

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows as `(rows, 2 * columns)` float32.

        Raises:
            DataError: Cells that are no numbers, infinite, or too large for float32.
        """
        missing = self.numbers.missing(values)
        target: Encoded = np.empty((len(missing), *self.shape), np.float32) if out is None else out
        self.numbers.encode(values, start=start, out=target[:, : len(self.columns)])
        target[:, len(self.columns) :] = missing
        return target

    def decode(self, encoded: NDArray[Any]) -> NDArray[np.float64]:
        """The numbers in their own unit again, and the marks."""
        scaled = np.asarray(encoded, np.float64)
        numbers = self.numbers.decode(scaled[..., : len(self.columns)])
        return np.concatenate([numbers, scaled[..., len(self.columns) :]], axis=-1)

    def names(self) -> tuple[str, ...]:
        """The columns, and what their marks tell: `age=missing`."""
        return (*self.columns, *(f"{column}=missing" for column in self.columns))

    def describe(self) -> str:
        """Such as `1 number, 0.1 to 2.5, standardised, and a mark where it is missing`."""
        several = len(self.columns) > 1
        return f"{self.numbers.describe()}, and {'marks where they are' if several else 'a mark where it is'} missing"

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        shares = {"shares": self._shares.tolist()}
        return {"type": self.type, "columns": list(self.columns), "marked": self.numbers.state(), **shares}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        codec = cls(NumberCodec.from_state(state["marked"]))
        codec._shares = np.array(state["shares"], float)
        if codec._shares.shape != (len(codec.columns),) or codec.numbers.shape != codec._shares.shape:
            raise ValueError("marks of other numbers")
        return codec
