"""The steps of sequences of numbers, one after the other, whatever the cells that they stand in."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.data.columns.cells import numbers
from dlcli.data.columns.codec import Column
from dlcli.data.columns.names import is_text
from dlcli.data.values.lists import is_list, list_ends, split_texts
from dlcli.data.values.padding import strip_steps
from dlcli.errors import DataError, Problem

__all__ = ["Steps", "read_steps"]

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """The steps of some rows.

    Args:
        numbers: `(steps, width)`, NaN where there is no number.
        ends: `(rows + 1,)` where each row begins and ends among them.
        inner: Shape of a step.
        unreadable: `(steps,)`, true where something is no number; None when nothing is.
        in_texts: They stood in cells of text.
    """

    numbers: Floats
    ends: NDArray[np.int64]
    inner: tuple[int, ...]
    unreadable: NDArray[np.bool_] | None = None
    in_texts: bool = False

    def by_row(self, faults: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """`(rows,)`, true where a step has a fault."""
        rows = np.repeat(np.arange(len(self.ends) - 1), np.diff(self.ends))
        return np.bincount(rows[faults], minlength=len(self.ends) - 1) > 0


def read_steps(
    values: Sequence[Column], names: Sequence[str], inner: tuple[int, ...] | None, *, start: int, strip_start: bool
) -> Steps:
    """Read the steps of rows. Those at the end of a row in which there is no number are none.

    Args:
        values: One column of lists, of texts that hold lists, or an array; or a column for each number of each step.
        names: Of the columns, for messages.
        inner: Shape of a step; None for what the data shows.
        start: Number of the first row, from 0, for messages.
        strip_start: Whether steps at the start in which there is no number are none either.

    Raises:
        DataError: Lists whose numbers do not make whole steps.
    """
    texts = len(values) == 1 and not isinstance(values[0], np.ndarray) and is_text(values[0].type)
    if len(values) > 1:
        flat, ends, own, faults = _of_columns(values)
    elif isinstance(values[0], np.ndarray):
        array = np.asarray(numbers(values[0]).values)
        array = array.reshape(len(array), -1) if array.ndim == 1 else array
        own, faults = array.shape[2:] or (1,), None
        flat = array.reshape(-1)
        ends = np.arange(len(array) + 1) * math.prod(array.shape[1:])
    else:
        flat, ends, own, faults = _of_lists(split_texts(values[0]) if texts else values[0], names[0], start)
    inner = own if inner is None else inner
    width = math.prod(inner)
    if (wrong := np.diff(ends) % width != 0).any():
        raise DataError(_no_whole_steps(names[0], start + int(np.flatnonzero(wrong)[0]), ends, wrong, inner))
    block, ends = flat.reshape(-1, width), ends // width
    unreadable: NDArray[np.bool_] | None = (
        None if faults is None else np.logical_or.reduce(faults.reshape(-1, width), axis=1)
    )
    there: NDArray[np.bool_] = np.logical_or.reduce(~np.isnan(block), axis=1)
    there = there if unreadable is None else there | unreadable
    kept, ends = strip_steps(there, ends, start=strip_start)
    if len(kept) < len(block):
        block = block[kept]
        unreadable = None if unreadable is None else unreadable[kept]
    return Steps(np.ascontiguousarray(block), ends, inner, unreadable, texts)


def _of_columns(
    values: Sequence[Column],
) -> tuple[Floats, NDArray[np.int64], tuple[int, ...], NDArray[np.bool_] | None]:
    cells = [numbers(column) for column in values]
    rows = len(cells[0].values)
    block = np.stack([cell.values.reshape(rows) for cell in cells], axis=1)
    faults = None
    if any(cell.unreadable is not None for cell in cells):
        none = np.zeros(rows, np.bool_)
        faults = np.stack([none if cell.unreadable is None else cell.unreadable for cell in cells], axis=1).reshape(-1)
    return block.reshape(-1), np.arange(rows + 1) * len(cells), (1,), faults


def _of_lists(
    column: pa.Array, name: str, start: int
) -> tuple[Floats, NDArray[np.int64], tuple[int, ...], NDArray[np.bool_] | None]:
    if not is_list(column):
        cells = numbers(column)
        return cells.values.reshape(-1), np.arange(len(column) + 1), (1,), cells.unreadable
    leaves, ends = list_ends(column)
    inner: tuple[int, ...] = (1,)
    while is_list(leaves):
        leaves, within = list_ends(leaves)
        sizes = np.diff(within)
        if len(sizes) and (sizes != sizes[0]).any():
            row = int(np.searchsorted(ends, int(np.flatnonzero(sizes != sizes[0])[0]), side="right")) - 1
            raise DataError(_mixed_steps(name, start + row))
        size = int(sizes[0]) if len(sizes) else 1
        ends, inner = ends * size, ((size,) if inner == (1,) else (*inner, size))
    cells = numbers(leaves)
    return cells.values.reshape(-1), ends, inner, cells.unreadable


def _no_whole_steps(
    name: str, row: int, ends: NDArray[np.int64], wrong: NDArray[np.bool_], inner: tuple[int, ...]
) -> Problem:
    count = int(np.diff(ends)[wrong][0])
    return Problem(
        f"row {row + 1} of {name!r} has {count} numbers, and a step has {math.prod(inner)}",
        hint=f"`shape` says that a step is {list(inner)}: its first number is that of the steps",
        rule="array-shape",
    )


def _mixed_steps(name: str, row: int) -> Problem:
    return Problem(
        f"the steps of {name!r} are lists of several lengths, first in row {row + 1}",
        hint="each step has the same numbers; only the steps of a row may be more or fewer",
        rule="array-shape",
    )
