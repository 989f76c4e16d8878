"""Windows as samples: steps are encoded once, and windows over them are made when they are taken."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.data.cache.mapped import take
from dlcli.data.samples.samples import ArraySpec, Indices, Taken
from dlcli.data.series.form import Part, View, Views, WindowForm
from dlcli.data.series.levels import Level, Running, SeenTarget, apply_level, measure

__all__ = ["WindowSamples"]


@dataclasses.dataclass(frozen=True, eq=False)
class WindowSamples:
    """Windows over the steps of series.

    Args:
        steps: The encoded steps, in the order of their source: arrays in memory or mapped; or with their rows in it.
        order: `(steps,)` which of them comes at each place, series by series; None when that is their own order.
        starts: `(windows,)` the place of the first step of each window.
        views: What their inputs and targets are made of.
        identify: Gives the fingerprint; see `Samples`.
        begins: `(windows,)` the place of the first step of each window's series.
        runs: `(windows,)` that of the first step after the last gap before what is predicted.

    Example:
        >>> steps = Taken({"x": np.arange(5.0).reshape(5, 1)}, {"y": np.arange(5)})
        >>> windows = WindowSamples(steps, None, np.array([0, 1]),
        ...     Views(WindowForm(3), {"x": View("x", "past")}, {"y": View("y", "ahead")}))
        >>> windows.take(slice(1, 2)).inputs["x"].ravel().tolist(), windows.take(slice(1, 2)).targets["y"].tolist()
        ([1.0, 2.0, 3.0], [4])
    """

    steps: Taken
    order: NDArray[np.int64] | None
    starts: NDArray[np.int64]
    views: Views
    identify: Callable[[], str] = str
    begins: NDArray[np.int64] | None = None
    runs: NDArray[np.int64] | None = None
    _running: dict[str, Running] = dataclasses.field(default_factory=dict, init=False, repr=False)

    @property
    def fingerprint(self) -> str:
        """See `Samples`."""
        return self.identify()

    @property
    def inputs(self) -> Mapping[str, ArraySpec]:
        """The inputs, by their names."""
        return {name: self._spec(self.steps.inputs[view.name], view) for name, view in self.views.inputs.items()}

    @property
    def targets(self) -> Mapping[str, ArraySpec]:
        """The targets, by their names."""
        return {name: self._spec(self.steps.targets[view.name], view) for name, view in self.views.targets.items()}

    def __len__(self) -> int:
        """How many windows there are."""
        return len(self.starts)

    def take(self, indices: Indices, *, inputs: Collection[str] | None = None) -> Taken:
        """Some windows, in memory; see `Samples`."""
        starts = self.starts[indices]
        made = {
            name: self._made(self.steps.inputs[view.name], view, starts)
            for name, view in self.views.inputs.items()
            if inputs is None or name in inputs
        }
        targets = {
            name: self._made(self.steps.targets[view.name], view, starts) for name, view in self.views.targets.items()
        }
        levels = {name: self._level(seen, indices) for name, seen in self.views.seen.items()}
        for name, level in levels.items():
            if name in targets:
                targets[name] = apply_level(targets[name], level)
            self._measure_past(made, self.views.seen[name], level)
        return Taken(made, targets, self._weights(starts), levels)

    def past(self, indices: Indices, target: str, steps: int) -> NDArray[Any]:
        """The last steps of a target that are known when windows are predicted, as they are encoded.

        Args:
            indices: Which windows.
            target: The target.
            steps: How many steps, up to the last that a window shows.

        Returns:
            `(windows, steps, *shape)`, ascending in time; NaN or -1 where there are not so many since the last gap.
        """
        array = self.steps.targets[target]
        places = (self.starts[indices] + self.form.past - steps)[:, np.newaxis] + np.arange(steps)
        first = self.begins if self.runs is None else self.runs
        begins = np.zeros(len(places), np.int64) if first is None else first[indices]
        there = places >= begins[:, np.newaxis]
        places = np.where(there, places, 0)
        rows = places if self.order is None else self.order[places]
        values = take(array, rows.reshape(-1)).reshape(*rows.shape, *array.shape[1:])
        values[~there] = -1 if np.issubdtype(array.dtype, np.integer) else np.nan
        return values

    def in_a_row(self, most: int) -> slice:
        """The first windows of the series that has the most, `most` of them at most: they follow one another."""
        if self.begins is None:
            return slice(0, most)
        firsts = np.flatnonzero(np.diff(self.begins, prepend=-1))
        counts = np.diff(firsts, append=len(self.begins))
        longest = int(counts.argmax())
        return slice(int(firsts[longest]), int(firsts[longest] + min(counts[longest], most)))

    def places(self, indices: Indices, part: Part) -> NDArray[np.int64]:
        """Which encoded steps a part of some windows is made of: `(windows, steps)`, `(windows,)` where it is one."""
        starts, steps = self.starts[indices], self.form.steps(part)
        if steps is None:
            places = starts + self.form.only(part)
        else:
            first, count, distance = steps
            places = starts[:, np.newaxis] + first + distance * np.arange(count)
        return places if self.order is None else self.order[places]

    def rows(self, indices: Indices, part: Part) -> NDArray[np.int64]:
        """The rows of the source that a part of some windows is made of; see `places`."""
        places = self.places(indices, part)
        return places if self.steps.rows is None else self.steps.rows[places]

    @property
    def form(self) -> WindowForm:
        """Which steps a window has."""
        return self.views.form

    def _level(self, seen: SeenTarget, indices: Indices) -> Level:
        starts, array = self.starts[indices], self.steps.inputs[seen.name]
        if self.form.scale == "window":
            return seen.level(*measure(self._made(array, View(seen.name, "past", seen.columns), starts)))
        assert self.begins is not None
        if seen.name not in self._running:
            ordered = array if self.order is None else array[self.order]
            self._running[seen.name] = Running(ordered[:, seen.columns])
        return seen.level(*self._running[seen.name].moments(self.begins[indices], starts + self.form.past - 1))

    def _measure_past(self, made: dict[str, NDArray[Any]], seen: SeenTarget, level: Level) -> None:
        for name, view in self.views.inputs.items():
            if name not in made or view.name != seen.name or view.part != "past":
                continue
            columns = seen.columns if view.columns is None else np.searchsorted(view.columns, seen.columns)
            made[name][..., columns] = apply_level(made[name][..., columns], seen.of_seen(level))

    def _spec(self, array: NDArray[Any], view: View) -> ArraySpec:
        shape = array.shape[1:] if view.columns is None else (len(view.columns),)
        shape = self.form.shape(view.part, shape)
        return ArraySpec(shape[:-1] if view.flat else shape, array.dtype)

    def _made(self, array: NDArray[Any], view: View, starts: NDArray[np.int64]) -> NDArray[Any]:
        """A part of some windows."""
        steps = self.form.steps(view.part)
        if steps is None:
            places = starts + self.form.only(view.part)
            made = take(array, places if self.order is None else self.order[places])
        else:
            made = self._several(array, starts, *steps)
        made = made if view.columns is None else np.ascontiguousarray(made[..., view.columns])
        return made[..., 0] if view.flat else made

    def _several(
        self, array: NDArray[Any], starts: NDArray[np.int64], first: int, count: int, distance: int
    ) -> NDArray[Any]:
        if self.order is not None:
            places = self.order[starts[:, np.newaxis] + first + distance * np.arange(count)]
            return take(array, places.reshape(-1)).reshape(len(starts), count, *array.shape[1:])
        # Steps in a row are copied as one piece, which is many times faster than one by one.
        shape = (len(array) - (count - 1) * distance, count, *array.shape[1:])
        strides = (array.strides[0], array.strides[0] * distance, *array.strides[1:])
        windows = np.lib.stride_tricks.as_strided(array, shape, strides, writeable=False)
        return np.ascontiguousarray(windows[starts + first])

    def _weights(self, starts: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """The mean weight of the steps that are predicted."""
        weights = self.steps.weights
        if weights is None:
            return None
        part: Part = "ahead" if self.form.horizon else "last"
        made = self._made(weights, View("", part), starts)
        return np.asarray(made if made.ndim == 1 else made.mean(axis=1), np.float32)
