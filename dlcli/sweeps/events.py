"""What a sweep tells whoever watches it, beside the notices of its trainings."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from dlcli.sweeps.results import TrialResult

__all__ = ["SweepStarted", "TrialEnded", "TrialsRunning"]


@dataclasses.dataclass(frozen=True, slots=True)
class SweepStarted:
    """The sweep begins, or goes on.

    Args:
        directory: Its directory.
        metric: What is measured.
        direction: `min` or `max`.
        most: Trials in all; None: no end.
        done: Trials that had ended before, repetitions aside.
    """

    directory: Path
    metric: str
    direction: str
    most: int | None
    done: int


@dataclasses.dataclass(frozen=True, slots=True)
class TrialsRunning:
    """These trials are being trained, here or elsewhere."""

    numbers: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class TrialEnded:
    """A trial has ended, here or elsewhere.

    Args:
        trial: Its values and its result.
        done: Trials that have ended by now, repetitions aside.
        most: Trials in all; None: no end. Repetitions do not count.
        repeated: Repetitions by now: so many numbers are beyond `most`.
        best: The best by now; None where none has come to its end.
    """

    trial: TrialResult
    done: int
    most: int | None
    best: TrialResult | None
    repeated: int = 0
