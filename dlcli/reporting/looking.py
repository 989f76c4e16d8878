"""A look at rows: some of them, drawn at random, what the model says of them, and what would have been right."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples.samples import Samples, Taken
from dlcli.data.series.levels import Level, undo_level
from dlcli.evaluation.compared import HasPast
from dlcli.reporting.joining import averaged_seen, chained
from dlcli.reporting.seen import Seen
from dlcli.trained.decoding import Decoded, decode
from dlcli.trained.predictor import Arrays, Predictor

__all__ = ["Asked", "Look", "Part", "SeriesSeen", "look_at", "look_at_parts", "part_of", "rows_of_size"]

MOST_ROWS = 5_000
MOST_BYTES = 64 * 2**20
"""Of what the model is given for the rows that are looked at."""

FEWEST_ROWS = 16

FORECASTS = 4
"""Windows that are drawn each for itself."""

STRETCH = 300
"""Windows that are drawn one after the other."""

MOST_PAST = 200
"""Steps of the past that are drawn."""

Numbers = NDArray[Any]

Written = Callable[[Sequence[int]], Mapping[int, Mapping[str, str]]]
"""Of rows by their numbers, from 0, what their cells are in the source, by its columns; of some perhaps nothing."""


@runtime_checkable
class OfSeries(HasPast, Protocol):
    """Samples of series, whose windows are told apart by the series."""

    def in_a_row(self, most: int) -> slice:
        """Some that follow one another in one series."""


def _unknown(_: Sequence[int]) -> Mapping[int, Mapping[str, str]]:
    return {}


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A model, and rows to ask it about.

    Args:
        samples: The rows, encoded as it has learnt them.
        predictor: The model.
        preprocessing: Its preprocessing.
    """

    samples: Samples
    predictor: Predictor
    preprocessing: Preprocessing


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some rows as a model is given them, and the model.

    Args:
        taken: The rows.
        predictor: The model.
        preprocessing: Its preprocessing.
    """

    taken: Taken
    predictor: Predictor
    preprocessing: Preprocessing

    def __len__(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.taken.inputs.values())))

    def seen(self) -> tuple[Seen, ...]:
        """What the model says of them; the targets that can be told."""
        raw = _run(self.predictor, self.taken.inputs)
        found = decode(raw, self.predictor.outputs, self.preprocessing, levels=self.taken.levels)
        return tuple(
            Seen(each, _true(each, self.taken.targets[each.target], self.taken.levels, self.preprocessing))
            for each in found
            if each.target in self.taken.targets
        )

    def first(self, rows: int) -> Part:
        """Fewer of the rows."""
        return dataclasses.replace(self, taken=part_of(self.taken, slice(0, rows)))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class SeriesSeen:
    """Windows over series.

    Args:
        some: The targets of a few windows.
        pasts: For each target of numbers its known steps before those, `(windows, steps, width)` in their own unit, the
            latest last; NaN where a series had not begun.
        stretch: The targets of windows that follow one another in one series.
    """

    some: tuple[Seen, ...]
    pasts: Mapping[str, Numbers]
    stretch: tuple[Seen, ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Some rows of a split, or of new data, and what was said of them: by one model, by several whose mean is the
    answer, or by several of which each is asked about rows of its own.

    Args:
        name: The split, or the name of the data.
        rows: How many there are in all.
        parts: Those that are looked at, model by model: of models whose mean is the answer the same rows each.
        chained: Whether each model has rows of its own.
        seen: The targets that can be told.
        series: Of windows: some of them, and some that follow one another; else None.
        written: Tells how rows are written in their source.
    """

    name: str
    rows: int
    parts: tuple[Part, ...]
    chained: bool
    seen: tuple[Seen, ...]
    series: SeriesSeen | None = None
    written: Written = _unknown

    def __len__(self) -> int:
        """How many rows are looked at."""
        return sum(map(len, self.parts)) if self.chained else len(self.parts[0])

    @property
    def preprocessing(self) -> Preprocessing:
        """Of the first model, which tells what there is."""
        return self.parts[0].preprocessing

    @property
    def taken(self) -> Taken:
        """The rows of the first model."""
        return self.parts[0].taken

    @property
    def all_of_them(self) -> str:
        """Which rows, in words: `all 30 rows of the test split`."""
        if self.chained:
            which = f"all {self.rows:,}" if len(self) == self.rows else f"{len(self):,} of the {self.rows:,}"
            drawn = "" if len(self) == self.rows else ", drawn at random"
            return f"{which} rows{drawn}, each predicted by the model that has not seen it"
        where = f"the {self.name} split" if self.name in ("train", "validation", "test") else self.name
        if len(self) == self.rows:
            return f"all {self.rows:,} rows of {where}"
        return f"{len(self):,} of the {self.rows:,} rows of {where}, drawn at random"

    def place(self, row: int) -> tuple[Part, int]:
        """The part that a row is in, and which of its rows it is."""
        for part in self.parts:
            if not self.chained or row < len(part):
                return part, row
            row -= len(part)
        raise IndexError(row)

    def number(self, row: int) -> int | None:
        """The number of a row in its source, from 0; None where it has none."""
        part, place = self.place(row)
        return None if part.taken.rows is None else int(part.taken.rows[place])

    def ask(self, change: Callable[[Part], Part]) -> tuple[Seen, ...]:
        """What is said of the rows when they are changed."""
        return _together([change(part) for part in self.parts], chained=self.chained)

    def first(self, rows: int) -> Look:
        """A look at fewer of them; of rows that are each another model's as many of each, in proportion."""
        if rows >= len(self):
            return self
        sizes = [rows] * len(self.parts)
        if self.chained:
            sizes = [max(1, len(part) * rows // len(self)) for part in self.parts]
        parts = [part.first(size) for part, size in zip(self.parts, sizes, strict=True)]
        return look_at_parts(self.name, self.rows, parts, chained=self.chained)


def look_at_parts(name: str, rows: int, parts: Sequence[Part], *, chained: bool = False) -> Look:
    """A look at rows that are in memory.

    Args:
        name: What they are called.
        rows: How many there are in all.
        parts: See `Look`.
        chained: See `Look`.
    """
    return Look(name, rows, tuple(parts), chained, _together(parts, chained=chained))


def _together(parts: Sequence[Part], *, chained: bool) -> tuple[Seen, ...]:
    said = [part.seen() for part in parts]
    return tuple((_chain if chained else averaged_seen)(said))


def _chain(said: Sequence[Sequence[Seen]]) -> list[Seen]:
    return [chained(each) for each in zip(*said, strict=True)]


def look_at(
    name: str, asked: Sequence[Asked], *, chained: bool = False, seconds: float, written: Written = _unknown
) -> Look:
    """Look at rows of some samples: as many as their size and the time allow.

    Args:
        name: What they are called.
        asked: The model, with the rows; several models with the same rows each, or each with its own.
        chained: Whether each model has rows of its own.
        seconds: What it may take, about.
        written: See `Look`.

    Raises:
        DataError: Samples that are made on demand cannot be.
        ModelError: The model fails.
    """
    sizes = [len(each.samples) for each in asked]
    total = sum(sizes) if chained else sizes[0]
    orders = [np.random.default_rng(0).permutation(size).astype(np.int64) for size in sizes]
    most = min(total, min(rows_of_size(each.samples) for each in asked))
    rows = min(most, FEWEST_ROWS)
    while True:
        started = time.perf_counter()
        counts = [max(1, -(-size * rows // total)) if chained else rows for size in sizes]
        chosen = [np.sort(order[:count]) for order, count in zip(orders, counts, strict=True)]
        parts = [
            Part(each.samples.take(indices), each.predictor, each.preprocessing)
            for each, indices in zip(asked, chosen, strict=True)
        ]
        look = look_at_parts(name, total, parts, chained=chained)
        spent = max(time.perf_counter() - started, 1e-6)
        further = min(most, int(rows * 0.7 * seconds / spent))
        if further <= rows or (further <= rows * 2 and further < most):
            series = None if chained else _series_in(asked, chosen[0])
            return dataclasses.replace(look, series=series, written=written)
        rows, seconds = further, seconds - spent


def _series_in(asked: Sequence[Asked], indices: NDArray[np.int64]) -> SeriesSeen | None:
    samples, preprocessing = asked[0].samples, asked[0].preprocessing
    form = preprocessing.windows
    if form is None or not isinstance(samples, OfSeries):
        return None
    few = indices[np.linspace(0, len(indices) - 1, min(FORECASTS, len(indices))).astype(np.int64)]

    def seen(places: NDArray[np.int64] | slice) -> tuple[Seen, ...]:
        parts = [Part(each.samples.take(places), each.predictor, each.preprocessing) for each in asked]
        return _together(parts, chained=False)

    some = seen(few)
    steps = max(form.past, form.horizon) if form.past < MOST_PAST else MOST_PAST
    pasts = {
        each.decoded.target: _own_past(samples.past(few, each.decoded.target, steps), each, preprocessing)
        for each in some
        if each.decoded.numbers is not None
    }
    return SeriesSeen(some, pasts, seen(samples.in_a_row(STRETCH)))


def _own_past(past: Numbers, seen: Seen, preprocessing: Preprocessing) -> Numbers:
    codec = preprocessing.row_targets[seen.decoded.target]
    flat = codec.decode(past.reshape(-1, *past.shape[2:]))
    return np.asarray(flat, np.float64).reshape(*past.shape[:2], -1)


def _true(decoded: Decoded, true: Numbers, levels: Mapping[str, Level], preprocessing: Preprocessing) -> Numbers:
    if decoded.chosen is not None:
        return np.asarray(true, np.float32) > 0.5
    if decoded.numbers is None:
        return true.astype(np.int64)
    level = levels.get(decoded.target)
    codec = preprocessing.targets[decoded.target]
    own = codec.decode(true if level is None else undo_level(true, level))
    return np.asarray(own, np.float64).reshape(decoded.numbers.shape)


def _run(predictor: Predictor, inputs: Arrays) -> list[Numbers]:
    """The outputs for all rows, slice by slice."""
    rows, size = len(next(iter(inputs.values()))), predictor.rows_at_once
    starts = range(0, rows, size)
    parts = [predictor({name: each[start : start + size] for name, each in inputs.items()}) for start in starts]
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


def rows_of_size(samples: Samples) -> int:
    """How many of such rows may be looked at."""
    size = sum(spec.bytes for spec in (*samples.inputs.values(), *samples.targets.values()))
    return max(1, min(MOST_ROWS, MOST_BYTES // max(size, 1)))


def part_of(taken: Taken, rows: slice | NDArray[np.int64]) -> Taken:
    """Some of the samples."""
    levels = {
        name: dataclasses.replace(level, mean=level.mean[rows], deviation=level.deviation[rows])
        for name, level in taken.levels.items()
    }
    return Taken(
        {name: each[rows] for name, each in taken.inputs.items()},
        {name: each[rows] for name, each in taken.targets.items()},
        None if taken.weights is None else taken.weights[rows],
        levels,
        None if taken.rows is None else taken.rows[rows],
    )
