"""Sequences of numbers of several lengths: lists in cells, or columns of which the last are empty."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.number.numbers import NumberCodec
from dlcli.codecs.number.steps import Steps, read_steps
from dlcli.config.signature import EntranceLayer
from dlcli.data.columns.cell_faults import faulty_values, infinite_values, missing_values, no_values
from dlcli.data.columns.codec import Column, Encoded
from dlcli.data.columns.moments import LARGEST
from dlcli.data.values.padding import CutSequences, Padding
from dlcli.errors import DataError, Problem

__all__ = ["NumberSequenceCodec"]

NEXT_TO_NOTHING = np.float32(1e-30)
"""What stands for a step of zeros, which would be taken for one that was filled up."""


class NumberSequenceCodec:
    """Scales the numbers of sequences, and fills them up with zeros to one length.

    Each step is a number or several, each with its own scale. What was filled up is told apart from what is there by
    its numbers, which are all 0: Keras's `Masking` finds it, and a step that is 0 by itself is next to nothing instead.

    Args:
        columns: One column of lists, or the columns that are the steps.
        padding: To which length, and how.
        mask: Whether layers are told of what was filled up.
        inner: Shape of one step; None for what the data shows.
        steps: Encodes a step.
        empty: Whether a row without any step is a sequence, or a fault.
    """

    type: ClassVar[str] = "number"
    dtype: Literal["float32"] = "float32"
    embedding: None = None

    def __init__(
        self,
        columns: Sequence[str],
        *,
        padding: Padding,
        mask: bool,
        inner: Sequence[int] | None,
        steps: NumberCodec,
        empty: bool = True,
    ) -> None:
        self.columns = tuple(columns)
        self._padding, self._mask, self._empty = padding, mask, empty
        self._inner = None if inner is None else tuple(inner)
        self._steps = steps
        self._lengths: Counter[int] = Counter()
        self._in_texts = False
        self._cut = CutSequences()
        self._whole = True  # no training row is without a step
        self._nothing = 0

    @property
    def reads(self) -> Literal["number", "text"]:
        """As numbers; as texts where lists of them stand in a cell of text."""
        return "text" if self._in_texts else "number"

    @property
    def stand_in(self) -> str:
        """What an empty cell becomes."""
        return f"a sequence of nothing (within a sequence, {self._steps.stand_in})"

    @property
    def gaps(self) -> int:
        """How many rows without a step, and empty cells within sequences, were filled in although training had none."""
        return self._steps.gaps + self._nothing

    @gaps.setter
    def gaps(self, count: int) -> None:
        self._steps.gaps, self._nothing = 0, count

    @property
    def shape(self) -> tuple[int, ...]:
        """`(steps, *shape of one)`"""
        return (self._padding.length or 0, *(self._inner or (1,)))

    @property
    def vocabulary(self) -> int | None:
        """See `NumberCodec.vocabulary`; what was filled up is 0."""
        return self._steps.vocabulary

    @property
    def entrance(self) -> tuple[EntranceLayer, ...]:
        """What tells layers of the steps that were filled up."""
        return (EntranceLayer("Masking", {"mask_value": 0.0}),) if self._mask and len(self.shape) == 2 else ()

    @property
    def linear(self) -> bool:
        """Whether `offset` and `scale` are all of the scaling."""
        return self._steps.linear

    @property
    def offset(self) -> NDArray[np.float64]:
        """What is subtracted from each number of a step."""
        return self._steps.offset

    @property
    def scale(self) -> NDArray[np.float64]:
        """What each number of a step is divided by."""
        return self._steps.scale

    def fit(self, values: Sequence[Column]) -> None:
        """Take in a chunk of training rows."""
        read = self._read(values)
        self._lengths.update(np.diff(read.ends).tolist())
        if len(read.numbers):
            self._steps.fit([read.numbers])

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: There is no step in any training row.
        """
        longest = max(self._lengths, default=0)
        if not longest:
            raise no_values(self.columns, "steps")
        self._steps.finish()
        length = self._padding.length or longest
        self._padding = Padding(length, self._padding.side, self._padding.cut)
        cut = sum(rows for size, rows in self._lengths.items() if size > length)
        self._cut = CutSequences((cut, sum(self._lengths.values())))
        self._whole = not self._lengths[0]

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows as `(rows, *shape)` float32.

        Raises:
            DataError: Cells that are no numbers, or missing where that is an error; lists of other shapes.
        """
        read = self._read(values, start=start)
        problems = self._faults(read, start)
        if problems:
            raise DataError(problems)
        target = np.empty((len(read.ends) - 1, *self.shape), np.float32) if out is None else out
        target[...] = 0
        self._cut.count(self._padding.cuts(read.ends))
        self._nothing += int((np.diff(read.ends) == 0).sum()) if self._whole else 0
        if not len(read.numbers):
            return target
        encoded = self._steps.encode([read.numbers])
        encoded[~encoded.any(axis=1), 0] = NEXT_TO_NOTHING
        places = self._padding.places(read.ends)
        there = places >= 0
        target[there] = encoded[places[there]].reshape(-1, *self.shape[1:])
        return target

    def there(self, sample: NDArray[Any]) -> NDArray[np.bool_]:
        """Which steps of an encoded sample were not filled up."""
        return np.asarray(sample.reshape(len(sample), -1).any(axis=1))

    def names(self) -> tuple[str, ...]:
        """The name and the place of each number: `x[0,3]`."""
        return tuple(f"{self.columns[0]}[{','.join(map(str, place))}]" for place in np.ndindex(*self.shape))

    def learnt(self) -> str:
        """Such as `sequences of 60 steps, those of 12 and more filled up at the end`."""
        if not self._lengths:
            return ""
        length, shortest = self._padding.length or 0, min(self._lengths)
        filled = f", shorter ones ({shortest:,} and more) filled up at the {self._padding.side}"
        parts = [f"sequences of {length:,} steps" + (filled if shortest < length else "")]
        if absent := self._steps.absent:
            parts.append(f"{absent:,} cells within them empty: {self._steps.stand_in}")
        if nothing := self._lengths[0]:
            parts.append(f"rows without a step: {nothing:,}")
        return ", ".join(parts)

    @property
    def tally(self) -> NDArray[np.int64]:
        """Which of the rows that were encoded last were cut."""
        return self._cut.tally

    def tally_lines(self, name: str, totals: Mapping[str, NDArray[np.int64]]) -> list[tuple[str, str]]:
        """How many sequences of each split are cut."""
        return self._cut.lines(name, self._padding.length, totals)

    def tally_problems(self, totals: Mapping[str, NDArray[np.int64]]) -> list[Problem]:
        """A warning where rows are cut, and none of the training rows are."""
        return self._cut.problems_of(self.columns[0], self._padding.length, totals)

    def unseen_problems(self, where: str) -> list[Problem]:
        """As `tally_problems`, of all rows that `encode` was given."""
        return self._cut.problems(self.columns[0], self._padding.length, where)

    def forget_unseen(self) -> None:
        """Count them anew."""
        self._cut.forget()

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {
            "type": self.type,
            "columns": list(self.columns),
            "pad": self._padding.state(),
            "mask": self._mask,
            "empty": self._empty,
            "inner": list(self.shape[1:]),
            "steps": self._steps.state(),
            "cut": list(self._cut.trained),
            "whole": self._whole,
            **({"in_texts": True} if self._in_texts else {}),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        codec = cls(
            state["columns"],
            padding=Padding.from_state(state["pad"]),
            mask=bool(state["mask"]),
            inner=[int(size) for size in state["inner"]],
            steps=NumberCodec.from_state(state["steps"]),
            empty=bool(state["empty"]),
        )
        cut, rows = map(int, state["cut"])
        codec._cut = CutSequences((cut, rows))
        codec._whole = bool(state["whole"])
        codec._in_texts = bool(state.get("in_texts"))
        step = (math.prod(codec.shape[1:]),)
        if {step, codec.offset.shape, codec.scale.shape} != {codec._steps.shape} or len(codec._steps.columns) != 1:
            raise ValueError("the numbers of a step are not those that were scaled")
        return codec

    def _read(self, values: Sequence[Column], *, start: int = 0) -> Steps:
        read = read_steps(values, self.columns, self._inner, start=start, strip_start=self._padding.side == "start")
        self._in_texts = self._in_texts or read.in_texts
        self._inner = read.inner if self._inner is None and len(read.numbers) else self._inner
        return read

    def _faults(self, read: Steps, start: int) -> list[Problem]:
        """What of the rows cannot be encoded."""
        column, problems = self.columns[0], []
        rows = len(read.ends) - 1
        if read.unreadable is not None and read.unreadable.any():
            faults, cells = read.by_row(read.unreadable), np.zeros((rows, 2))
            hint = "mend the data, or name another type, such as `category`"
            problems.append(
                faulty_values(
                    column, cells, faults, start=start, what="are not numbers", hint=hint, rule="not-a-number"
                )
            )
        missing: NDArray[np.bool_] = np.logical_or.reduce(np.isnan(read.numbers), axis=1)
        if read.unreadable is not None:
            missing &= ~read.unreadable
        empty = np.diff(read.ends) == 0
        nothing = (read.by_row(missing) if self._steps.fill is None else np.zeros(rows, np.bool_)) | (
            empty & (not self._empty)
        )
        if nothing.any():
            hint = "`missing: error` refuses them; `missing: mean` (or median, zero, a number) fills them in"
            problems.append(missing_values(column, nothing, start=start, hint=hint))
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = np.abs((read.numbers - self._steps.offset) / self._steps.scale)
            over = (scaled > LARGEST) | (np.abs(read.numbers) > LARGEST)
        infinite: NDArray[np.bool_] = np.logical_or.reduce(over, axis=1)
        if infinite.any():
            problems.append(infinite_values(column, np.zeros((rows, 2)), read.by_row(infinite), start=start))
        return problems
