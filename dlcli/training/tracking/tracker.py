"""What a tracker is, and what it is told.

A tracker is called in a thread of its own, one call after the other, and may take its time: the training does not wait
for it. What it raises ends the tracking, is told once, and nothing else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from dlcli.config.document.places import format_path
from dlcli.config.document.writer import flow

__all__ = ["TrackedEnd", "TrackedEpoch", "TrackedJob", "Tracker", "parameters_of"]

Scalar = str | int | float | bool | None


@dataclasses.dataclass(frozen=True, slots=True)
class TrackedJob:
    """A training that begins, or goes on.

    Args:
        directory: The run directory.
        name: What the run is called: its directory, of a member with its folder.
        title: The config's `name`.
        parameters: The resolved config, by paths as `--set` takes them.
        facts: What the record says of it: rows, parameters of the model, versions, device.
        known: What `begin` gave back when the run began; empty of a new one.
        epochs: Whole epochs that it goes on from.
        folder: Gives what `begin` gave back of the folder of several trainings that it is of, and may wait for that;
            empty where there is none.
    """

    directory: Path
    name: str
    title: str
    parameters: Mapping[str, Scalar]
    facts: Mapping[str, Scalar]
    known: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    epochs: int = 0
    folder: Callable[[], Mapping[str, Any]] = dict


@dataclasses.dataclass(frozen=True, slots=True)
class TrackedEpoch:
    """An epoch that has ended.

    Args:
        epoch: One-based.
        at: When, in seconds since 1970.
        metrics: Keras's epoch logs, `seconds` and `rows_per_second`.
    """

    epoch: int
    at: float
    metrics: Mapping[str, float]


@dataclasses.dataclass(frozen=True, slots=True)
class TrackedEnd:
    """A training that has ended.

    Args:
        status: `completed`, `interrupted` or `failed`.
        at: When, in seconds since 1970.
        metrics: What it ended with: `test.accuracy`.
        files: The files and folders of the run that are worth keeping; not all need be there.
    """

    status: str
    at: float
    metrics: Mapping[str, float]
    files: Sequence[Path] = ()


class Tracker(Protocol):
    """Follows one training, or a folder of several from the beginning of the first to the end of the last."""

    def begin(self, job: TrackedJob) -> Mapping[str, Any]:
        """A training begins; what is given back is there again when it goes on, as JSON."""

    def epoch(self, epoch: TrackedEpoch) -> None:
        """An epoch has ended."""

    def end(self, end: TrackedEnd) -> None:
        """The training has ended."""


def parameters_of(config: Mapping[str, Any]) -> dict[str, Scalar]:
    """A config as paths with a value each; lists of plain values stay one.

    Example:
        >>> parameters_of({"fit": {"epochs": 5}, "layers": [{"Dense": {"units": 3}}], "shape": [2, 3]})
        {'fit.epochs': 5, 'layers[0].Dense.units': 3, 'shape': '[2, 3]'}
    """
    return dict(_flat(config, ()))


def _flat(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _flat(item, (*path, str(key)))
    elif isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value):
        for index, item in enumerate(value):
            yield from _flat(item, (*path, index))
    elif isinstance(value, (Mapping, list, tuple)):
        yield format_path(path), flow(value)
    else:
        yield format_path(path), value
