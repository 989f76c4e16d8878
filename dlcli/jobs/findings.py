"""What was said of a job on its way, for the record of its run and for the report."""

from __future__ import annotations

from typing import Any

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

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, Notice) and len(self._notices) < MOST:
            self._notices.append(event)
        self._tell(event)

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
