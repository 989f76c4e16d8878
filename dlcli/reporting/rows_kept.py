"""Some of the rows that pass by on their way through an evaluation, kept to be looked at."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from dlcli.data.samples.samples import Samples, Subset, Taken
from dlcli.reporting.looking import Asked, Look, Part, Written, look_at_parts, part_of, rows_of_size
from dlcli.trained.run import TrainedRun

__all__ = ["RowsKept"]


class RowsKept:
    """Samples that pass by part by part, of which some are kept: each with the same chance, and of several streams of
    the same rows the same ones.

    Args:
        most: How many at most.
    """

    def __init__(self, most: int = 2_000) -> None:
        self._most = most
        self._streams: list[_Stream] = []

    def watch(self, parts: Iterable[Samples]) -> Iterator[Samples]:
        """The same parts, kept of while they are passed on; those of another model are another stream."""
        stream = _Stream(self._most)
        self._streams.append(stream)
        return stream.watch(parts)

    def whole(self, models: Sequence[TrainedRun]) -> list[Asked] | None:
        """The models with the last part that each has seen, which is all where there was but one; None for none."""
        last = [stream.last for stream in self._streams]
        return [
            Asked(samples, model.predictor, model.preprocessing)
            for samples, model in zip(last, models, strict=True)
            if samples is not None
        ] or None

    def look(self, name: str, models: Sequence[TrainedRun], written: Written) -> Look | None:
        """A look at what was kept, by the models that it was encoded for; None where nothing was.

        Raises:
            ModelError: A model fails.
        """
        parts = [
            Part(stream.taken, model.predictor, model.preprocessing)
            for stream, model in zip(self._streams, models, strict=True)
            if stream.taken is not None
        ]
        if not parts or len({len(part) for part in parts}) > 1:
            return None
        return dataclasses.replace(look_at_parts(name, self._streams[0].rows, parts), written=written)


class _Stream:
    """One model's rows."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._draw = np.random.default_rng(0)
        self._keys = np.empty(0)
        self.taken: Taken | None = None
        self.rows = 0
        self.last: Samples | None = None

    def watch(self, parts: Iterable[Samples]) -> Iterator[Samples]:
        for part in parts:
            self._keep(part)
            self.last = part
            yield part

    def _keep(self, part: Samples) -> None:
        """The rows with the least of random keys are kept, whatever part they came in."""
        self.rows += len(part)
        most = min(self._most, rows_of_size(part))
        keys = self._draw.random(len(part))
        bound = self._keys.max() if len(self._keys) >= most else math.inf
        wanted = np.flatnonzero(keys < bound)
        wanted = np.sort(wanted[np.argsort(keys[wanted], kind="stable")[:most]])
        if not len(wanted):
            return
        new = Subset(part, wanted).take(slice(None))
        self._keys = np.concatenate([self._keys, keys[wanted]])
        self.taken = new if self.taken is None else _joined(self.taken, new)
        if len(self._keys) > most:
            kept = np.sort(np.argsort(self._keys, kind="stable")[:most])
            self._keys, self.taken = self._keys[kept], part_of(self.taken, kept)


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
    numbered = one.rows is not None and other.rows is not None
    return Taken(
        {name: np.concatenate([each, other.inputs[name]]) for name, each in one.inputs.items()},
        {name: np.concatenate([each, other.targets[name]]) for name, each in one.targets.items()},
        np.concatenate([one.weights, other.weights]) if weighted else None,
        levels,
        np.concatenate([one.rows, other.rows]) if numbered else None,
    )
