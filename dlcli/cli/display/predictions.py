"""What a person sees of a long prediction: after a second, on a terminal, how many rows are done, of how many."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from dlcli.cli.display.console import Console
from dlcli.training.events import Event, Notice, RowsDone

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["PredictionDisplay"]

PATIENCE = 1.0
"""Seconds before a display is worth its flicker."""


class PredictionDisplay:
    """A listener for `dlcli.predict_file` and `dlcli.evaluate`; use it as a context manager.

    Args:
        console: Where to print.
        words: What goes on.
    """

    def __init__(self, console: Console, words: str) -> None:
        self._console, self._words = console, words
        self._started = time.perf_counter()
        self._bar: Progress | None = None

    def __enter__(self) -> PredictionDisplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Notice):
            self._console.warn(event.problem)
        elif isinstance(event, RowsDone) and self._console.live:
            self._rows(event.rows, event.about)

    def _rows(self, rows: int, about: int | None) -> None:
        seconds = time.perf_counter() - self._started
        if self._bar is None and seconds >= PATIENCE:
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.completed:,} rows, {task.fields[speed]:,} rows/s"),
                TimeElapsedColumn(),
                *([TextColumn("left about"), TimeRemainingColumn()] if about is not None else []),
                console=self._console.err,
                transient=True,
            )
            self._bar.add_task(self._words, total=about, speed=0)
            self._bar.start()
        if self._bar is not None:
            total = None if about is None else max(about, rows)
            self._bar.update(self._bar.task_ids[0], completed=rows, total=total, speed=round(rows / seconds))
