"""What a person sees of a training job: the plan, a live display on a terminal, else one plain line an epoch."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.status import Status
from rich.text import Text

from dlcli.cli.console import Console, metrics_line
from dlcli.training.events import EpochEnded, EpochStarted, Event, Finished, Notice, Planned, Stage, StepsDone

if TYPE_CHECKING:
    from dlcli.model.summary import ModelSummary

__all__ = ["TrainingDisplay"]


class TrainingDisplay:
    """A listener for `dlcli.train`; use it as a context manager so that the terminal is left clean.

    Args:
        console: Where to print.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._progress: Progress | None = None
        self._epochs = self._steps = TaskID(0)
        self._planned: Planned | None = None
        self._speed = 0.0

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
            case Notice():
                self._notice(event)
            case Planned():
                self._plan(event)
            case EpochStarted():
                if self._progress is not None:
                    self._progress.reset(self._steps, description=f"epoch {event.epoch}/{self._total}")
            case StepsDone():
                if self._progress is not None:
                    self._progress.update(self._steps, completed=event.steps)
            case EpochEnded():
                self._epoch(event)
            case Finished():
                self._stop()

    @property
    def _total(self) -> int:
        assert self._planned is not None
        return self._planned.epochs

    def _stop(self) -> None:
        for display in (self._status, self._progress):
            if display is not None:
                display.stop()
        self._status = self._progress = None

    def _stage(self, name: str) -> None:
        if not self._console.live:
            return
        if self._progress is not None:
            self._stop()
        if self._status is None:
            self._status = self._console.err.status(name)
            self._status.start()
        else:
            self._status.update(name)

    def _notice(self, notice: Notice) -> None:
        if notice.warning:
            self._console.warn(notice.problem)
        else:
            self._console.note(Text(notice.problem.message, style="dim"))

    def _plan(self, planned: Planned) -> None:
        self._stop()
        self._planned = planned
        for part in plan_lines(planned, self._console):
            self._console.note(part)
        if self._console.live:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
                TimeRemainingColumn(compact=True),
                TextColumn("{task.fields[words]}"),
                console=self._console.err,
                transient=True,
            )
            self._epochs = self._progress.add_task("epochs", total=planned.epochs, words="")
            self._steps = self._progress.add_task(f"epoch 1/{planned.epochs}", total=planned.steps, words="")
            self._progress.start()

    def _epoch(self, event: EpochEnded) -> None:
        words = f"{event.rows_per_second:,.0f} rows/s  {metrics_line(event.logs)}"
        if self._progress is not None:
            self._progress.update(self._epochs, completed=event.epoch, words=words)
        else:
            seconds = f"{event.seconds:.2f}s"
            self._console.note(f"epoch {event.epoch}/{self._total}  {seconds}  {words}")


def plan_lines(planned: Planned, console: Console) -> list[object]:
    """The model, the splits and the accounting, as things to print."""
    rows = ", ".join(f"{name} {count:,}" for name, count in planned.rows.items())
    trained = planned.rows["train"]
    return [
        model_table(planned.summary, console),
        Text(f"rows: {rows}; {'; '.join(planned.targets)}"),
        Text(
            f"{trained:,} rows in batches of {planned.batch_size:,} are {planned.steps:,} updates an epoch; "
            f"{planned.epochs:,} epochs are {planned.updates:,} updates in all, on {planned.device}"
        ),
    ]


def model_table(summary: ModelSummary, console: Console) -> object:
    """The layers, their output shapes and parameters; what they are connected to when the model is no chain."""
    names = [row.name for row in summary.rows]
    chain = all(row.inputs in ((), (names[index - 1],)) for index, row in enumerate(summary.rows))
    columns = ["layer", "type", "output shape", *([] if chain else ["inputs"]), "parameters"]
    rows: list[list[object]] = [
        [
            "  " * row.depth + row.name,
            row.type,
            " ".join(dict.fromkeys(_shape(shape) for shape in row.shapes)),
            *([] if chain else [", ".join(row.inputs)]),
            row.parameters,
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
