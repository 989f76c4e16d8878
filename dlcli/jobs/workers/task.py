"""What a worker is asked to do, read from its stdin, and what it tells, written to its stdout."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from dlcli.backend.workers import Place
from dlcli.errors import Problem
from dlcli.training.events import Event

__all__ = ["Done", "Failed", "Interrupted", "Message", "Task", "receive", "send"]


@dataclasses.dataclass(frozen=True)
class Task:
    """A training, as the arguments of `dlcli.train` say it."""

    config: Path | Mapping[str, Any] | None
    overrides: Any = ()
    run_dir: Path | None = None
    overwrite: bool = False
    resume: Path | None = None
    allow_code: bool = False
    cache_dir: Path | None = None
    coordinator: str | None = None
    rank: int | None = None
    place: Place | None = None


@dataclasses.dataclass(frozen=True)
class Done:
    """The worker has done its part.

    Args:
        run: The run, of the worker that writes it.
        status: Its status.
    """

    run: Path | None
    status: str = "completed"


@dataclasses.dataclass(frozen=True)
class Failed:
    """The worker has met a fault.

    Args:
        kind: The name of the `DlcliError`.
        problems: Its problems.
    """

    kind: str
    problems: tuple[Problem, ...]

    @property
    def of_another(self) -> bool:
        """Whether the fault is that another worker is gone."""
        return all(problem.rule == "worker-lost" for problem in self.problems)


@dataclasses.dataclass(frozen=True)
class Interrupted:
    """The worker was stopped at once."""


Message = Event | Done | Failed | Interrupted


def send(stream: IO[bytes], message: object) -> None:
    """Write a message whole."""
    stream.write(pickle.dumps(message))
    stream.flush()


def receive(stream: IO[bytes]) -> Iterator[Any]:
    """The messages of a stream until it ends, be it in the middle of one."""
    while True:
        try:
            yield pickle.load(stream)
        except (EOFError, pickle.UnpicklingError, OSError, ValueError):
            return
