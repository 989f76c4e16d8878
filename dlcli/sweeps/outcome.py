"""What a sweep came to, as the Python API gives it back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from dlcli.runs.run import Run
from dlcli.sweeps.results import TrialResult

__all__ = ["SweepOutcome"]


@dataclasses.dataclass(frozen=True)
class SweepOutcome:
    """A sweep that has ended, for now.

    Args:
        path: Its directory.
        status: `completed` or `interrupted`.
        metric: What was measured.
        direction: Which way it is better: `min` or `max`.
        trials: Those that have ended, by number.
        best: The best of those that came to their end; None where there is none.
        importance: How much of the differences each parameter explains, the most first.
        exhausted: Whether every combination of values has been tried, so that no more trials would come.
    """

    path: Path
    status: str
    metric: str
    direction: str
    trials: tuple[TrialResult, ...]
    best: TrialResult | None
    importance: Mapping[str, float]
    exhausted: bool = False

    @property
    def best_run(self) -> Run | None:
        """The run of the best trial, whose model predicts; None also where another machine has it."""
        place = None if self.best is None else self.path / f"trial-{self.best.number:04d}"
        return Run(place) if place is not None and place.is_dir() else None

    @property
    def best_config(self) -> Path | None:
        """The config of the best trial, for `train`."""
        return None if self.best is None else self.path / "best.yaml"

    def counts(self) -> dict[str, int]:
        """How many trials ended how; repetitions apart."""
        found = dict.fromkeys(("complete", "pruned", "failed", "repeated"), 0)
        for each in self.trials:
            found["repeated" if each.twin is not None else each.result.state] += 1
        return found
