"""What a person sees of a sweep: a line for each trial that ends, and on a terminal the best of them below."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dlcli.cli.display.console import Console, counted, number
from dlcli.sweeps.events import SweepStarted, TrialEnded
from dlcli.sweeps.overview import shown
from dlcli.sweeps.results import Result, TrialResult
from dlcli.training.events import EpochEnded, Notice

__all__ = ["SweepDisplay", "trial_line", "value_of"]

ROWS = 5
"""Of the table of the best."""


class SweepDisplay:
    """A listener for `dlcli.sweep`; use it as a context manager so that the terminal is left clean.

    Args:
        console: Where to print.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started: SweepStarted | None = None
        self._live: Live | None = None
        self._best: list[TrialResult] = []
        self._line = ""

    @property
    def started(self) -> SweepStarted | None:
        """Set once the sweep has its directory."""
        return self._started

    def __enter__(self) -> SweepDisplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: Any) -> None:
        """Show one event."""
        match event:
            case Notice() if event.warning:
                self._console.warn(event.named)
            case SweepStarted():
                self._begin(event)
            case TrialEnded():
                self._ended(event)
            case EpochEnded() if self._live is not None:
                self._draw()

    def _begin(self, event: SweepStarted) -> None:
        self._started = event
        way = "more" if event.direction == "max" else "less"
        most = "as many trials as the time allows" if event.most is None else counted(event.most, "trial")
        done = f", {event.done} of them done" if event.done else ""
        self._console.note(f"{event.directory}: {most}{done}, by {event.metric} ({way} is better)")
        if self._console.live:
            self._live = Live(console=self._console.err, refresh_per_second=4, transient=True)
            self._live.start()

    def _ended(self, event: TrialEnded) -> None:
        self._console.note(Text(trial_line(event)))
        if event.trial.result.state == "complete" and event.trial.twin is None and self._started is not None:
            sign = -1 if self._started.direction == "max" else 1
            found = [*self._best, event.trial]
            self._best = sorted(found, key=lambda each: sign * (each.result.value or 0.0))[:ROWS]
        most = "" if event.most is None else f" of {event.most}"
        self._line = f"{event.done}{most} trials"
        self._draw()

    def _draw(self) -> None:
        if self._live is not None:
            self._live.update(Group(best_table(self._best, self._metric), Text(self._line, style="dim")))

    @property
    def _metric(self) -> str:
        return "" if self._started is None else self._started.metric


def best_table(trials: list[TrialResult], metric: str) -> Table:
    """The best trials with their values, the best first."""
    names = list(dict.fromkeys(name for each in trials for name in each.values))
    table = Table("trial", metric, *names, box=None, pad_edge=False)
    for each in trials:
        cells = [shown(each.values[name]) if name in each.values else "" for name in names]
        table.add_row(str(each.number), value_of(each.result), *cells)
    return table


def value_of(result: Result) -> str:
    """The metric, and how far the folds are apart.

    Example:
        >>> value_of(Result("complete", 0.91, spread=0.02, folds=5))
        '0.9100 ± 0.0200'
    """
    return number(result.value) + ("" if result.spread is None else f" ± {number(result.spread)}")


def trial_line(event: TrialEnded) -> str:
    """A trial in one line: `trial 3/20  0.1234  (best 0.1100 of trial 1)  0.8s  units=32`.

    Example:
        >>> failed = Result("failed", reason="no memory")
        >>> trial_line(TrialEnded(TrialResult(3, {"units": 32}, failed), 3, 20, None))
        'trial 3/20  failed: no memory  units=32'
        >>> trial_line(TrialEnded(TrialResult(24, {"units": 8}, failed), 20, 20, None, repeated=4))
        'trial 24 (20 of 20)  failed: no memory  units=8'
    """
    trial, best, result = event.trial, event.best, event.trial.result
    place = f"trial {trial.number}"
    if event.most is not None and trial.twin is None:
        place += f" ({event.done} of {event.most})" if event.repeated else f"/{event.most}"
    values = "  ".join(f"{name}={shown(value)}" for name, value in trial.values.items())
    if trial.twin is not None:
        return f"{place}  as trial {trial.twin}  {values}"
    if result.state == "failed":
        return f"{place}  failed: {result.reason}  {values}"
    after = counted(result.folds, "fold") if result.folds else str(result.epochs)
    said = value_of(result) + (f" pruned after {after}" if result.state == "pruned" else "")
    if best is not None and best.number == trial.number:
        said += "  (the best)"
    elif best is not None:
        said += f"  (best {number(best.result.value)} of trial {best.number})"
    return f"{place}  {said}  {result.seconds:.2f}s  {values}"
