"""What was said of a job on its way, for the record of its run and for the report."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from dlcli.errors import Problem, RunError
from dlcli.training.events import Event, Listener, Notice

__all__ = ["Findings"]

MOST = 300
"""Notices that a record keeps, the first."""


class Findings:
    """A listener that keeps the notices, and passes all events on.

    Args:
        tell: Is told everything.
    """

    def __init__(self, tell: Listener) -> None:
        self._tell = tell
        self._notices: list[Notice] = []
        self.faults: tuple[Problem, ...] = ()
        """Of the warnings those about the trained model that `lint: error` makes faults."""

    def __call__(self, event: Event) -> None:
        """Take an event. What each of several trainings says alike is kept once."""
        if isinstance(event, Notice) and len(self._notices) < MOST:
            said = dataclasses.replace(event, of="")
            if said not in self._notices:
                self._notices.append(said)
        self._tell(event)

    def require_none(self, run: Path) -> None:
        """Make sure that what lint has found in a trained model is to be no fault.

        Args:
            run: Where the model is, which is kept.

        Raises:
            RunError: It is.
        """
        if self.faults:
            kept = f"the model is kept in {run}"
            raise RunError(dataclasses.replace(each, hint=f"{each.hint}; {kept}") for each in self.faults)

    def document(self) -> list[dict[str, Any]]:
        """The notices as JSON values, in their order."""
        return [
            {
                "message": each.problem.message,
                "path": each.problem.path,
                "hint": each.problem.hint,
                "rule": each.problem.rule,
                "warning": each.warning,
            }
            for each in self._notices
        ]
