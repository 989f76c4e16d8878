"""Sequences of several lengths, brought to one: filled up where they are shorter, cut where they are longer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlcli.errors import Problem

__all__ = ["CutSequences", "Padding", "strip_steps"]

Side = Literal["end", "start"]


@dataclasses.dataclass(frozen=True, slots=True)
class Padding:
    """How sequences come to be of one length.

    Args:
        length: Steps; None until fitting has found the longest.
        side: Where shorter ones are filled up.
        cut: Where longer ones lose steps.

    Example:
        >>> Padding(2).places(np.array([0, 1, 4])).tolist()
        [[0, -1], [1, 2]]
    """

    length: int | None = None
    side: Side = "end"
    cut: Side = "end"

    def places(self, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which step stands at each place: `(rows, length)`, -1 where there is none.

        Args:
            ends: `(rows + 1,)` where each row begins and ends among the steps of all.
        """
        assert self.length is not None
        sizes = np.diff(ends)
        kept = np.minimum(sizes, self.length)
        first = ends[:-1] + (sizes - kept if self.cut == "start" else 0)
        place = np.arange(self.length) - (self.length - kept if self.side == "start" else 0 * kept)[:, np.newaxis]
        there = (place >= 0) & (place < kept[:, np.newaxis])
        return np.where(there, first[:, np.newaxis] + place, -1)

    def cuts(self, ends: NDArray[np.int64]) -> NDArray[np.bool_]:
        """`(rows,)` which are longer than the length."""
        assert self.length is not None
        return np.asarray(np.diff(ends) > self.length)

    def state(self) -> dict[str, Any]:
        """As JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Padding:
        """The padding whose `state` this is. Raises ValueError when it is none."""
        padding = cls(int(state["length"]), state["side"], state["cut"])
        if padding.length is None or padding.length < 1 or {padding.side, padding.cut} - {"end", "start"}:
            raise ValueError("the padding is none")
        return padding


def strip_steps(
    there: NDArray[np.bool_], ends: NDArray[np.int64], *, start: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Leave out the steps at the end of each row in which there is nothing, and those at its start if so wished.

    Args:
        there: `(steps,)` whether there is something.
        ends: `(rows + 1,)` where each row begins and ends among them.
        start: Whether those at the start go too.

    Returns:
        Which steps are kept, and where each row begins and ends among these.

    Example:
        >>> kept, ends = strip_steps(np.array([False, True, False]), np.array([0, 3]), start=False)
        >>> kept.tolist(), ends.tolist()
        ([0, 1], [0, 2])
    """
    rows, places = np.repeat(np.arange(len(ends) - 1), np.diff(ends)), np.arange(len(there))
    last, first = np.full(len(ends) - 1, -1), np.full(len(ends) - 1, len(there))
    np.maximum.at(last, rows[there], places[there])
    np.minimum.at(first, rows[there], places[there])
    begins = first if start else ends[:-1]
    kept = (places <= last[rows]) & (places >= begins[rows])
    sizes = np.bincount(rows[kept], minlength=len(ends) - 1)
    return np.flatnonzero(kept), np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


class CutSequences:
    """Counts sequences, and those that are cut: in training, in each row that was encoded last, and since then.

    Args:
        trained: How many of how many training rows are cut.
    """

    def __init__(self, trained: tuple[int, int] = (0, 0)) -> None:
        self.trained = trained
        self.tally: NDArray[np.int64] = np.zeros((0, 1), np.int64)
        self._met = np.zeros(2, np.int64)

    def count(self, cut: NDArray[np.bool_]) -> None:
        """Take in the rows that are encoded."""
        self.tally = cut.astype(np.int64)[:, np.newaxis]
        self._met += (int(cut.sum()), len(cut))

    def forget(self) -> None:
        """Count anew."""
        self._met[...] = 0

    @staticmethod
    def lines(name: str, length: int | None, totals: Mapping[str, NDArray[np.int64]]) -> list[tuple[str, str]]:
        """How many are cut in each split; nothing where none is."""
        if not any(counts[1] for counts in totals.values()):
            return []
        listed = ", ".join(f"{split} {counts[1]:,} of {counts[0]:,}" for split, counts in totals.items())
        return [(f"sequences of {name} cut to {length:,} steps", listed)]

    def problems(self, column: str, length: int | None, where: str = "") -> list[Problem]:
        """A warning of those that were cut, where training had none."""
        cut, rows = self._met.tolist()
        if not cut or self.trained[0]:
            return []
        message = f"{cut:,} of the {rows:,} sequences {where}in column {column!r} have more than {length:,} steps, "
        message += "and are cut; none of the rows that were trained on were"
        hint = "`pad: {length: ...}` says how many steps are read, and `cut: start` keeps the last"
        return [Problem(message, hint=hint, rule="cut-sequences")]

    def problems_of(self, column: str, length: int | None, totals: Mapping[str, NDArray[np.int64]]) -> list[Problem]:
        """The same for each split but that of training."""
        found = []
        for split, counts in totals.items():
            if split != "train":
                other = CutSequences(self.trained)
                other._met += (int(counts[1]), int(counts[0]))
                found += other.problems(column, length, f"of the {split} split ")
        return found
