"""What a person sees of a training job: the plan, a live display on a terminal, else one plain line an epoch."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.status import Status
from rich.text import Text

from dlcli.cli.display.console import Console, counted
from dlcli.cli.display.epochs import EpochLines, epoch_line
from dlcli.training.events import (
    Begun,
    EpochEnded,
    EpochStarted,
    Event,
    Finished,
    Followed,
    Notice,
    Planned,
    Stage,
    StepsDone,
)

if TYPE_CHECKING:
    from dlcli.model.summary import ModelSummary

__all__ = ["TrainingDisplay"]

MOST_CHARACTERS = 40
"""What the names of a layer's inputs may take of a line."""


class TrainingDisplay:
    """A listener for `dlcli.train`; use it as a context manager so that the terminal is left clean.

    Args:
        console: Where to print.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._bar: TrainingBar | None = None
        self._epochs = 0
        self._lines = EpochLines(0)
        self.directory: Path | None = None
        """The run directory, once it is there."""
        self.followed: Followed | None = None
        """That the run is one of another machine."""

    def __enter__(self) -> TrainingDisplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Stage():
                self._stage(event.name)
            case Begun():
                self.directory = event.directory
            case Notice():
                self._notice(event)
            case Planned():
                self._plan(event)
            case EpochStarted() if self._bar is not None:
                self._bar.begin(event.epoch)
            case StepsDone() if self._bar is not None:
                self._bar.advance(event)
            case EpochEnded():
                self._epoch(event)
            case Followed():
                self.followed = event
                self._stop()
            case Finished():
                self._stop()

    def _stop(self) -> None:
        for display in (self._status, self._bar):
            if display is not None:
                display.stop()
        if self._bar is not None:
            for line in self._lines.rest():
                self._console.note(Text(line))
        self._status = self._bar = None

    def _stage(self, name: str) -> None:
        if not self._console.live:
            return
        if self._status is None:
            self._stop()
            self._status = self._console.err.status(name)
            self._status.start()
        else:
            self._status.update(name)

    def _notice(self, notice: Notice) -> None:
        if notice.warning:
            self._console.warn(notice.named)
        else:
            self._console.note(Text(notice.named.message, style="dim"))

    def _plan(self, planned: Planned) -> None:
        self._stop()
        self.directory = planned.directory
        self._epochs = planned.epochs
        self._lines = EpochLines(planned.epochs)
        for part in plan_lines(planned, self._console):
            self._console.note(part)
        if self._console.live:
            self._bar = TrainingBar(planned, self._console)

    def _epoch(self, event: EpochEnded) -> None:
        line = epoch_line(event, self._epochs)
        if self._bar is None:
            self._console.note(Text(line))
            return
        self._bar.end(line)
        if (kept := self._lines.add(event)) is not None:
            self._console.note(Text(kept))


class TrainingBar:
    """Two lines that are drawn over and over, below the epochs that stay: how far the job is and when it ends, and the
    last epoch's numbers.

    Args:
        planned: The job.
        console: Where to draw.
    """

    def __init__(self, planned: Planned, console: Console) -> None:
        self._planned = planned
        self._done = 0
        self._words = Text("")
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("update {task.completed:,.0f}/{task.total:,}"),
            TextColumn("ETA"),
            TimeRemainingColumn(),
        )
        self._task = self._progress.add_task("", total=planned.updates)
        self._live = Live(get_renderable=self._draw, console=console.err, transient=True, refresh_per_second=8)
        self._live.start()

    def begin(self, epoch: int) -> None:
        """An epoch begins."""
        self._done = (epoch - 1) * self._planned.steps
        self._progress.update(
            self._task,
            description=f"epoch {epoch}/{self._planned.epochs}",
            completed=self._done,
        )

    def advance(self, event: StepsDone) -> None:
        """Updates have been done."""
        self._progress.update(self._task, completed=self._done + event.steps)

    def end(self, words: str) -> None:
        """An epoch has ended; its numbers stay until the next one's."""
        self._words = Text(words, no_wrap=True, overflow="ellipsis")

    def stop(self) -> None:
        """Wipe it off the terminal."""
        self._live.stop()

    def _draw(self) -> Group:
        return Group(self._progress, self._words)


def plan_lines(planned: Planned, console: Console) -> list[object]:
    """The model, the splits and the accounting, as things to print."""
    rows = ", ".join(f"{name} {count:,}" for name, count in planned.rows.items())
    there, full = planned.rows["train"], planned.steps * planned.batch_size
    trained = f"{full:,} of {counted(there, 'row')}" if full < there else counted(there, "row")
    epoch = f"{trained} in batches of {planned.batch_size:,}: {counted(planned.steps, 'update')} an epoch"
    job = f"{counted(planned.epochs, 'epoch')}: {counted(planned.updates, 'update')} in all, on {planned.device}"
    return [
        model_table(planned.summary, console),
        Text("; ".join((f"rows: {rows}", *planned.targets))),
        Text(f"{epoch}; {job}"),
    ]


def model_table(summary: ModelSummary, console: Console) -> object:
    """The layers, their output shapes and parameters; what they are connected to when the model is no chain."""
    names = [row.name for row in summary.rows]
    chain = all(row.inputs in ((), (names[index - 1],)) for index, row in enumerate(summary.rows))
    columns = ["layer", "type", "output shape", *([] if chain else ["inputs"]), "parameters"]
    rows: list[list[object]] = [
        [
            "  " * row.depth + row.name,
            f"{row.type}, shared {row.shared}" if row.shared else row.type,
            _some([_shape(shape) for shape in dict.fromkeys(row.shapes)]),
            *([] if chain else [_some(row.inputs)]),
            "" if row.shared else row.parameters,
        ]
        for row in summary.rows
    ]
    blank = [""] * (len(columns) - 2)
    rows.append(["parameters in all", *blank, summary.parameters])
    if summary.non_trainable:
        rows.append(["trainable", *blank, summary.trainable])
    return console.table(columns, rows, left=len(columns) - 1)


def _shape(shape: tuple[int | None, ...]) -> str:
    sizes = ", ".join("any" if size is None else str(size) for size in ("batch", *shape))
    return f"({sizes})"


def _some(words: Sequence[str]) -> str:
    """Words with commas, as many as a column of a table has room for, and how many there are more."""
    shown = list(
        itertools.takewhile(lambda end: end <= MOST_CHARACTERS, itertools.accumulate(len(w) + 2 for w in words))
    )
    kept = max(len(shown), 1)
    more = f" and {len(words) - kept} more" if len(words) > kept else ""
    return ", ".join(words[:kept]) + more
