"""Which epochs stay on a terminal: all of a short training, evenly spread ones of a long one, the best and the last."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

from dlcli.cli.display.console import loss_first, metrics_line, number
from dlcli.training.events import EpochEnded

__all__ = ["EpochLines", "epoch_line"]

MOST_LINES = 25
"""About how many epochs of a training stay: what a terminal shows at once."""


class EpochLines:
    """Chooses the lines.

    Args:
        epochs: Epochs at most.

    Example:
        >>> lines = EpochLines(1)
        >>> lines.add(EpochEnded(1, 0.5, 1000.0, {"loss": 0.25}))
        'epoch 1/1  0.50s  loss 0.2500'
        >>> lines.rest()
        []
    """

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self._every = spacing(epochs)
        self._last: EpochEnded | None = None
        self._best: dict[str, EpochEnded] = {}
        self._shown: set[int] = set()

    def add(self, event: EpochEnded) -> str | None:
        """An epoch has ended: its line if it stays."""
        self._last = event
        for name in ("loss", "val_loss"):
            value = event.logs.get(name, math.nan)
            if math.isfinite(value) and (name not in self._best or value < self._best[name].logs[name]):
                self._best[name] = event
        if event.epoch != 1 and event.epoch % self._every:
            return None
        return self._show(event)

    def rest(self) -> list[str]:
        """Training is over: the last epoch, if it has not been shown, and the best one, if that was another."""
        lines = []
        if self._last is not None and self._last.epoch not in self._shown:
            lines.append(self._show(self._last))
        name = "val_loss" if "val_loss" in self._best else "loss"
        best = self._best.get(name)
        if best is not None and best is not self._last:
            lines.append(f"{self._show(best)}  (best {name})")
        return lines

    def _show(self, event: EpochEnded) -> str:
        self._shown.add(event.epoch)
        place = f"{event.epoch:>{len(str(self._epochs))}}/{self._epochs}"
        return f"epoch {place}  {event.seconds:.2f}s  {_side_by_side(event.logs)}"


def epoch_line(event: EpochEnded, epochs: int) -> str:
    """An epoch in one line: `epoch 3/10  0.52s  1,000 rows/s  loss 0.2500  val_loss 0.2600`."""
    speed = f"{event.rows_per_second:,.0f} rows/s"
    return f"epoch {event.epoch}/{epochs}  {event.seconds:.2f}s  {speed}  {metrics_line(event.logs)}"


def _side_by_side(logs: Mapping[str, float]) -> str:
    """Each metric with its value in validation beside it: `loss 0.25 (val 0.26)`."""
    words = []
    for name, value in loss_first(logs).items():
        if name.removeprefix("val_") == name or name.removeprefix("val_") not in logs:
            beside = f" (val {number(logs[f'val_{name}'])})" if f"val_{name}" in logs else ""
            words.append(f"{name} {number(value)}{beside}")
    return "  ".join(words)


def spacing(epochs: int) -> int:
    """Of how many epochs one stays: 1, 2, 5, 10, 20, 50, ...

    Example:
        >>> spacing(20), spacing(30), spacing(100), spacing(1000)
        (1, 2, 5, 50)
    """
    steps = (int(digit + "0" * zeros) for zeros in itertools.count() for digit in "125")
    return next(step for step in steps if epochs <= step * MOST_LINES)
