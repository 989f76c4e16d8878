"""A look at rows: some of them, drawn at random, what the model says of them, and what would have been right."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples.samples import Samples, Subset, Taken
from dlcli.data.series.levels import Level, undo_level
from dlcli.evaluation.compared import HasPast
from dlcli.trained.decoding import Decoded, decode
from dlcli.trained.predictor import Arrays, Predictor

__all__ = ["Look", "RowsKept", "Seen", "SeriesSeen", "look_at", "seen_in"]

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


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a model says of one target, and what is right.

    Args:
        decoded: What it says, row by row.
        true: Class indices `(rows, *axes)`, numbers `(rows, *axes, width)` in their own unit, or whether each class is
            in the set `(rows, classes)`.
    """

    decoded: Decoded
    true: Numbers

    @property
    def name(self) -> str:
        """What the target is called."""
        return self.decoded.called or self.decoded.target


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class SeriesSeen:
    """Windows over series.

    Args:
        some: The targets of a few windows.
        pasts: For each target of numbers its known steps before those, `(windows, steps, width)` in their own unit, the
            latest last; NaN where a series had not begun.
        stretch: The targets of windows that follow one another, the first of all.
    """

    some: tuple[Seen, ...]
    pasts: Mapping[str, Numbers]
    stretch: tuple[Seen, ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Some rows of a split, or of new data.

    Args:
        name: The split, or the name of the data.
        rows: How many there are in all.
        taken: Those that are looked at, as the model is given them.
        seen: The targets that can be told.
        predictor: The model.
        preprocessing: Its preprocessing.
        series: Of windows: some of them, and some that follow one another; else None.
    """

    name: str
    rows: int
    taken: Taken
    seen: tuple[Seen, ...]
    predictor: Predictor
    preprocessing: Preprocessing
    series: SeriesSeen | None = None

    def __len__(self) -> int:
        """How many rows are looked at."""
        return _count(self.taken)

    @property
    def all_of_them(self) -> str:
        """Which rows, in words: `all 30 rows of the test split`."""
        where = f"the {self.name} split" if self.name in ("train", "validation", "test") else self.name
        if len(self) == self.rows:
            return f"all {self.rows:,} rows of {where}"
        return f"{len(self):,} of the {self.rows:,} rows of {where}, drawn at random"

    def first(self, rows: int) -> Look:
        """A look at fewer of them."""
        return look_at_taken(
            self.name, self.rows, _part(self.taken, slice(0, rows)), self.predictor, self.preprocessing
        )


def look_at(name: str, samples: Samples, *, predictor: Predictor, preprocessing: Preprocessing, seconds: float) -> Look:
    """Look at rows of some samples: as many as their size and the time allow.

    Args:
        name: What they are called.
        samples: The rows.
        predictor: The model.
        preprocessing: Its preprocessing.
        seconds: What it may take, about.

    Raises:
        DataError: Samples that are made on demand cannot be.
        ModelError: The model fails.
    """
    order = np.random.default_rng(0).permutation(len(samples)).astype(np.int64)
    most = min(len(samples), _most(samples))
    rows = min(most, FEWEST_ROWS)
    while True:
        started = time.perf_counter()
        indices = np.sort(order[:rows])
        look = look_at_taken(name, len(samples), samples.take(indices), predictor, preprocessing)
        spent = max(time.perf_counter() - started, 1e-6)
        further = min(most, int(rows * 0.7 * seconds / spent))
        if further <= rows or (further <= rows * 2 and further < most):
            series = _series_in(samples, indices, predictor, preprocessing)
            return look if series is None else dataclasses.replace(look, series=series)
        rows, seconds = further, seconds - spent


def _series_in(
    samples: Samples, indices: NDArray[np.int64], predictor: Predictor, preprocessing: Preprocessing
) -> SeriesSeen | None:
    form = preprocessing.windows
    if form is None or not isinstance(samples, HasPast):
        return None
    few = indices[np.linspace(0, len(indices) - 1, min(FORECASTS, len(indices))).astype(np.int64)]
    some = seen_in(samples.take(few), predictor, preprocessing)
    stretch = seen_in(samples.take(slice(0, STRETCH)), predictor, preprocessing)
    steps = max(form.past, form.horizon) if form.past < MOST_PAST else MOST_PAST
    pasts = {
        seen.decoded.target: _own_past(samples.past(few, seen.decoded.target, steps), seen, preprocessing)
        for seen in some
        if seen.decoded.numbers is not None
    }
    return SeriesSeen(some, pasts, stretch)


def _own_past(past: Numbers, seen: Seen, preprocessing: Preprocessing) -> Numbers:
    codec = preprocessing.row_targets[seen.decoded.target]
    flat = codec.decode(past.reshape(-1, *past.shape[2:]))
    return np.asarray(flat, np.float64).reshape(*past.shape[:2], -1)


def look_at_taken(name: str, rows: int, taken: Taken, predictor: Predictor, preprocessing: Preprocessing) -> Look:
    """Look at samples that are in memory; `rows` is how many there are in all."""
    return Look(name, rows, taken, seen_in(taken, predictor, preprocessing), predictor, preprocessing)


def seen_in(
    taken: Taken, predictor: Predictor, preprocessing: Preprocessing, inputs: Arrays | None = None
) -> tuple[Seen, ...]:
    """What the model says of samples.

    Args:
        taken: The samples.
        predictor: The model.
        preprocessing: Its preprocessing.
        inputs: What the model is given instead of their own.
    """
    raw = _run(predictor, taken.inputs if inputs is None else inputs)
    found = decode(raw, predictor.outputs, preprocessing, levels=taken.levels)
    return tuple(
        Seen(each, _true(each, taken.targets[each.target], taken.levels, preprocessing))
        for each in found
        if each.target in taken.targets
    )


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


def _most(samples: Samples) -> int:
    size = sum(spec.bytes for spec in (*samples.inputs.values(), *samples.targets.values()))
    return max(1, min(MOST_ROWS, MOST_BYTES // max(size, 1)))


def _count(taken: Taken) -> int:
    return len(next(iter(taken.inputs.values())))


def _part(taken: Taken, rows: slice | NDArray[np.int64]) -> Taken:
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
    )


def _joined(one: Taken, other: Taken) -> Taken:
    levels = {
        name: dataclasses.replace(
            level,
            mean=np.concatenate([level.mean, other.levels[name].mean]),
            deviation=np.concatenate([level.deviation, other.levels[name].deviation]),
        )
        for name, level in one.levels.items()
    }
    weighted = one.weights is not None and other.weights is not None
    return Taken(
        {name: np.concatenate([each, other.inputs[name]]) for name, each in one.inputs.items()},
        {name: np.concatenate([each, other.targets[name]]) for name, each in one.targets.items()},
        np.concatenate([one.weights, other.weights]) if weighted else None,
        levels,
    )


class RowsKept:
    """Samples that pass by part by part, of which some are kept to be looked at: each with the same chance.

    Args:
        most: How many at most.
    """

    def __init__(self, most: int = 2_000) -> None:
        self._most = most
        self._draw = np.random.default_rng(0)
        self._keys = np.empty(0)
        self._taken: Taken | None = None
        self.rows = 0
        self.last: Samples | None = None
        """The last part that has passed."""

    def watch(self, parts: Iterable[Samples]) -> Iterator[Samples]:
        """The same parts, kept of while they are passed on."""
        for part in parts:
            self._keep(part)
            self.last = part
            yield part

    def look(self, name: str, predictor: Predictor, preprocessing: Preprocessing) -> Look | None:
        """A look at what was kept; None where nothing was.

        Raises:
            ModelError: The model fails.
        """
        if self._taken is None:
            return None
        return look_at_taken(name, self.rows, self._taken, predictor, preprocessing)

    def _keep(self, part: Samples) -> None:
        """The rows with the least of random keys are kept, whatever part they came in."""
        self.rows += len(part)
        most = min(self._most, _most(part))
        keys = self._draw.random(len(part))
        bound = self._keys.max() if len(self._keys) >= most else math.inf
        wanted = np.flatnonzero(keys < bound)
        wanted = np.sort(wanted[np.argsort(keys[wanted], kind="stable")[:most]])
        if not len(wanted):
            return
        new = Subset(part, wanted).take(slice(None))
        self._keys = np.concatenate([self._keys, keys[wanted]])
        self._taken = new if self._taken is None else _joined(self._taken, new)
        if len(self._keys) > most:
            kept = np.sort(np.argsort(self._keys, kind="stable")[:most])
            self._keys, self._taken = self._keys[kept], _part(self._taken, kept)
