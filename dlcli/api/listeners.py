"""Whoever is told of a job, and what is told of every job."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dlcli.errors import Problem
from dlcli.training.events import Event, Listener, Notice

if TYPE_CHECKING:
    from dlcli.trained.own_code import Leave


def warner(listener: Listener | None) -> Callable[[Problem], None]:
    tell = listener or ignore
    return lambda problem: tell(Notice(problem, warning=True))


def leave_to_run(given: bool, listener: Listener | None) -> Leave:
    """Leave to run the code of a run; each file is told as a warning, so that `--quiet` hides none."""
    from dlcli.trained.own_code import Leave

    return Leave(given, warner(listener))


def once(listener: Listener) -> Listener:
    """The listener, told each notice once: the end of a job is tried before its beginning."""
    told: set[Problem] = set()

    def tell(event: Event) -> None:
        if isinstance(event, Notice):
            if event.problem in told:
                return
            told.add(event.problem)
        listener(event)

    return tell


def ignore(event: object) -> None:
    """The listener of those who do not listen."""
