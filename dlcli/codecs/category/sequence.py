"""Sequences of categories of several lengths: lists in cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.codecs.category.categories import CategoryCodec
from dlcli.config.signature import EntranceLayer
from dlcli.data.columns.arrays import numbers_array, plain_booleans
from dlcli.data.columns.cell_faults import faulty_values, missing_values, no_values
from dlcli.data.columns.cells import Labels, as_arrow, labels
from dlcli.data.columns.codec import Column, Encoded
from dlcli.data.columns.names import is_text
from dlcli.data.values.lists import is_list, list_ends, split_texts
from dlcli.data.values.padding import CutSequences, Padding, strip_steps
from dlcli.errors import DataError, Problem

__all__ = ["CategorySequenceCodec"]


class CategorySequenceCodec:
    """Numbers the categories of sequences, and fills these up to one length.

    Among indices 0 is what was filled up, so that an `Embedding` with `mask_zero` passes over it; the unknown and the
    categories come after it, as in Keras's `TextVectorization`. One-hot vectors are zeros there.

    Args:
        columns: The one column.
        padding: To which length, and how.
        mask: Whether layers are told of what was filled up.
        values: Encodes a value.
        separator: Between the values of a text; found when None: JSON, commas or blanks.
        empty: Whether a row without any value is a sequence, or a fault.

    Example:
        >>> codec = CategorySequenceCodec(("bought",), padding=Padding(), mask=True,
        ...     values=CategoryCodec(("bought",), encode="index"))
        >>> codec.fit([pa.array([["tea", "milk"], ["milk"]])])
        >>> codec.finish()
        >>> codec.encode([pa.array([["milk"], ["milk", "beer"]])]).tolist()
        [[2, 0], [2, 1]]
    """

    type: ClassVar[str] = "category"
    reads: ClassVar[Literal["number", "text"]] = "text"

    def __init__(
        self,
        columns: Sequence[str],
        *,
        padding: Padding,
        mask: bool,
        values: CategoryCodec,
        separator: str | None = None,
        empty: bool = True,
    ) -> None:
        self.columns = tuple(columns)
        self._padding, self._mask, self._empty, self._separator = padding, mask, empty, separator
        self._values = values
        self._lengths: Counter[int] = Counter()
        self._cut = CutSequences()
        self._whole = True  # no training row is without a value
        self._nothing = 0

    @property
    def embedding(self) -> int | None:
        """Length of the vector to learn for each index."""
        return self._values.embedding

    @property
    def deviation(self) -> float | None:
        """Of the numbers of these vectors to begin with."""
        return self._values.deviation

    @property
    def masked(self) -> bool:
        """Whether the vectors that are learnt for indices pass over what was filled up."""
        return self._mask

    @property
    def padding(self) -> int | None:
        """The index of what was filled up."""
        return 0 if self.dtype == "int32" else None

    @property
    def stand_in(self) -> str:
        """What an empty cell becomes."""
        return f"a sequence of nothing (within a sequence, {self._values.stand_in})"

    @property
    def gaps(self) -> int:
        """How many rows without a value, and empty cells within sequences, there were although training had none."""
        return self._values.gaps + self._nothing

    @gaps.setter
    def gaps(self, count: int) -> None:
        self._values.gaps, self._nothing = 0, count

    @property
    def dtype(self) -> Literal["float32", "int32"]:
        """`int32` for indices."""
        return self._values.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """`(steps,)` for indices, `(steps, size)` for one-hot vectors."""
        return (self._padding.length or 0, *self._values.shape)

    @property
    def vocabulary(self) -> int | None:
        """How many indices there are, that of what was filled up included."""
        return None if self.dtype == "float32" else self._values.size + 1

    @property
    def entrance(self) -> tuple[EntranceLayer, ...]:
        """What tells layers of the vectors that were filled up."""
        return (EntranceLayer("Masking", {"mask_value": 0.0}),) if self._mask and self.dtype == "float32" else ()

    def fit(self, values: Sequence[Column]) -> None:
        """Count the categories of a chunk of training rows."""
        leaves, ends = self._read(values)
        self._lengths.update(np.diff(ends).tolist())
        self._values.fit([leaves])

    def finish(self) -> None:
        """Choose and order the categories.

        Raises:
            DataError: There is no value to learn from.
        """
        longest = max(self._lengths, default=0)
        if not longest:
            raise no_values(self.columns)
        self._values.finish()
        length = self._padding.length or longest
        self._padding = Padding(length, self._padding.side, self._padding.cut)
        cut = sum(rows for size, rows in self._lengths.items() if size > length)
        self._cut = CutSequences((cut, sum(self._lengths.values())))
        self._whole = not self._lengths[0]

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows as `(rows, steps)` int32, or `(rows, steps, size)` float32.

        Raises:
            DataError: Missing or unknown values, where they are errors.
        """
        leaves, ends = self._read(values)
        if problems := self._faults(leaves, ends, start):
            raise DataError(problems)
        target = np.empty((len(ends) - 1, *self.shape), self.dtype) if out is None else out
        target[...] = 0
        self._cut.count(self._padding.cuts(ends))
        self._nothing += int((np.diff(ends) == 0).sum()) if self._whole else 0
        if len(leaves):
            encoded = self._values.encode([leaves])
            if self.dtype == "int32":
                encoded = encoded + np.int32(1)
            places = self._padding.places(ends)
            target[places >= 0] = encoded[places[places >= 0]]
        return target

    def names(self) -> tuple[str, ...]:
        """The column and the step of each index; of vectors the category too."""
        (column,) = self.columns
        steps = [f"{column}[{step}]" for step in range(self.shape[0])]
        if self.dtype == "int32":
            return tuple(steps)
        return tuple(step + name.removeprefix(column) for step in steps for name in self._values.names())

    def index_names(self) -> tuple[str, ...]:
        """The categories, after what was filled up and the unknown."""
        return ("<padding>", *self._values.index_names())

    def frequencies(self) -> tuple[int, ...]:
        """How often each of them is there; what was filled up counts for nothing."""
        return (0, *self._values.frequencies())

    def learnt(self) -> str:
        """Such as `sequences of 60 steps, shorter ones filled up at the end`."""
        if not self._lengths:
            return ""
        length, cut = self._padding.length or 0, self._cut.trained[0]
        filled = f", shorter ones filled up at the {self._padding.side}" if min(self._lengths) < length else ""
        return f"sequences of {length:,} steps{filled}" + (f", {cut:,} longer ones cut" if cut else "")

    def given_problems(self) -> list[Problem]:
        """See `CategoryCodec`."""
        return self._values.given_problems()

    def unseen_problems(self, where: str) -> list[Problem]:
        """Warnings of values that are no category, and of rows that were cut although no training row was."""
        return [
            *self._values.unseen_problems(where),
            *self._cut.problems(self.columns[0], self._padding.length, where),
        ]

    def forget_unseen(self) -> None:
        """Count them anew."""
        self._values.forget_unseen()
        self._cut.forget()

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {
            "type": self.type,
            "columns": list(self.columns),
            "pad": self._padding.state(),
            "mask": self._mask,
            "separator": self._separator,
            "empty": self._empty,
            "values": self._values.state(),
            "cut": list(self._cut.trained),
            "whole": self._whole,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        codec = cls(
            state["columns"],
            padding=Padding.from_state(state["pad"]),
            mask=bool(state["mask"]),
            values=CategoryCodec.from_state(state["values"]),
            separator=state["separator"],
            empty=bool(state["empty"]),
        )
        if len(codec._values.columns) != 1:
            raise ValueError("the values are not those of one column")
        if not (state["separator"] is None or (isinstance(state["separator"], str) and state["separator"])):
            raise ValueError("the separator is no text")
        cut, rows = map(int, state["cut"])
        codec._cut = CutSequences((cut, rows))
        codec._whole = bool(state["whole"])
        return codec

    def _faults(self, leaves: pa.Array, ends: NDArray[np.int64], start: int) -> list[Problem]:
        """What of the rows cannot be encoded: rows without a value, and values that are missing or unknown."""
        column, options = self.columns[0], self._values.state()
        problems, sizes = [], np.diff(ends)
        cells = labels(leaves)
        rows = np.repeat(np.arange(len(sizes)), sizes)
        missing = np.zeros(len(sizes), np.bool_) if self._empty else sizes == 0
        if options["missing"] == "error":
            missing[rows[cells.codes < 0]] = True
        if missing.any():
            hint = "`missing: bucket` reads them as unknown, and rows without a value as sequences of none"
            problems.append(missing_values(column, missing, start=start, hint=hint))
        if options["unknown"] == "error":
            known = set(self._values.categories)
            unknown = np.array([*(name not in known for name in cells.names), False])[cells.codes]
            by_row = np.full(len(sizes), -1)
            by_row[rows[unknown]] = cells.codes[unknown]
            if unknown.any():
                found = Labels(by_row, cells.names)
                what, hint = "training has not seen", "`unknown: bucket` gives unknown values an index of their own"
                problems.append(
                    faulty_values(column, found, by_row >= 0, start=start, what=what, hint=hint, rule="unknown-value")
                )
        return problems

    def _read(self, values: Sequence[Column]) -> tuple[pa.Array, NDArray[np.int64]]:
        """The values of all rows, one after the other, and where each row begins and ends among them."""
        (column,) = values
        if isinstance(column, np.ndarray):
            size = int(np.prod(column.shape[1:])) if column.ndim > 1 else 1
            leaves, ends = as_arrow(column.reshape(-1)), np.arange(len(column) + 1) * size
        else:
            column = split_texts(column, self._separator) if is_text(column.type) else column
            if is_list(column):
                leaves, ends = list_ends(column)
            else:
                leaves, ends = column, np.arange(len(column) + 1)
        there = _is_there(leaves)
        kept, ends = strip_steps(there, ends.astype(np.int64), start=self._padding.side == "start")
        return (leaves if len(kept) == len(there) else leaves.take(numbers_array(kept))), ends


def _is_there(leaves: pa.Array) -> NDArray[np.bool_]:
    """Which values are some."""
    return ~plain_booleans(leaves.is_null(nan_is_null=pa.types.is_floating(leaves.type)))
