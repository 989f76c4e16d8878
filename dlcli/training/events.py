"""What a training job tells whoever watches it. The library never prints; a listener decides what to show.

The order of a job: `Planned`, `EpochStarted`, `StepsDone`..., `EpochEnded`, ..., `Finished`; a `Notice` at any time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.errors import Problem

if TYPE_CHECKING:
    from dlcli.model.summary import ModelSummary

__all__ = [
    "Begun",
    "EpochEnded",
    "EpochStarted",
    "Event",
    "Finished",
    "Followed",
    "Listener",
    "Notice",
    "Planned",
    "RowsDone",
    "Stage",
    "StepsDone",
]


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """The job has begun something that takes a moment, such as `reading data`."""

    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Begun:
    """A job of several trainings has its directory, and can be gone on with from here on.

    Args:
        directory: The folder of its runs.
        members: How many there are.
    """

    directory: Path
    members: int


@dataclasses.dataclass(frozen=True, slots=True)
class Notice:
    """Something the person should know: what was inferred, a lint warning.

    Args:
        problem: The text, with its place in the config when it has one.
        warning: Whether it is a warning; else it is information.
        of: Which of several trainings it is of, where it is not of all.
    """

    problem: Problem
    warning: bool = False
    of: str = ""

    @property
    def named(self) -> Problem:
        """The problem, that says which training it is of."""
        return (
            dataclasses.replace(self.problem, message=f"{self.of}: {self.problem.message}") if self.of else self.problem
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Planned:
    """All is checked and built; training is about to begin.

    Args:
        directory: The run directory.
        summary: The model's layers, shapes and parameters.
        rows: Rows of each split, by its name.
        batch_size: Rows of an update.
        steps: Updates of an epoch.
        epochs: Epochs at most.
        device: Where it runs, in words.
        targets: What is learnt, in words, one a target.
    """

    directory: Path
    summary: ModelSummary
    rows: Mapping[str, int]
    batch_size: int
    steps: int
    epochs: int
    device: str
    targets: tuple[str, ...]

    @property
    def updates(self) -> int:
        """Updates in all, if no callback stops early."""
        return self.steps * self.epochs


@dataclasses.dataclass(frozen=True, slots=True)
class EpochStarted:
    """Epoch `epoch` (one-based) begins."""

    epoch: int


@dataclasses.dataclass(frozen=True, slots=True)
class StepsDone:
    """`steps` updates of the epoch are done, `rows` training rows seen in it."""

    epoch: int
    steps: int
    rows: int


@dataclasses.dataclass(frozen=True, slots=True)
class EpochEnded:
    """An epoch has ended and its row is in `history.csv`.

    Args:
        epoch: One-based.
        seconds: Wall time, validation included.
        rows_per_second: Of the training part.
        logs: Keras's epoch logs.
    """

    epoch: int
    seconds: float
    rows_per_second: float
    logs: Mapping[str, float]


@dataclasses.dataclass(frozen=True, slots=True)
class Finished:
    """The job is done and the run directory complete.

    Args:
        directory: The run directory.
        status: `completed` or `interrupted`.
        epochs: Epochs trained.
        seconds: Wall time of the job.
        metrics: Final metrics by split: of `train` those of the epoch whose weights the model has, as Keras computes
            them while it trains; of the others those of `evaluations/<split>.json`.
    """

    directory: Path
    status: str
    epochs: int
    seconds: float
    metrics: Mapping[str, Mapping[str, float]]


@dataclasses.dataclass(frozen=True, slots=True)
class Followed:
    """This process has trained for worker 0, which is on another machine and has written the run.

    Args:
        rank: Which worker it was.
        size: Of how many.
        directory: The run directory, as it is called there.
        status: `completed` or `interrupted`.
    """

    rank: int
    size: int
    directory: Path
    status: str


@dataclasses.dataclass(frozen=True, slots=True)
class RowsDone:
    """Prediction has come so far.

    Args:
        rows: How many rows are written.
        about: About how many there are; None when that is not known.
    """

    rows: int
    about: int | None = None


Event = Stage | Begun | Notice | Planned | EpochStarted | StepsDone | EpochEnded | Finished | Followed | RowsDone
Listener = Callable[[Event], None]
