"""A finished run, as the Python API gives it back."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlcli.errors import Problem, RunError
from dlcli.runs.contents import STATUSES
from dlcli.runs.history import OWN_COLUMNS, read_history
from dlcli.runs.layout import RunDirectory

__all__ = ["Run"]


class Run:
    """A run directory and what it says. Everything is read from the files, so a `Run` is never stale.

    Args:
        path: The run directory.

    Example:
        >>> run = dlcli.train("configs/iris.yaml")  # doctest: +SKIP
        >>> run.metrics("test")["accuracy"]  # doctest: +SKIP
        0.9667
        >>> run.history["val_loss"][-1]  # doctest: +SKIP
        0.0871
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._directory = RunDirectory(self.path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def record(self) -> dict[str, Any]:
        """`run.json`: status, timings, versions, hardware, command line, commit, data fingerprints, results.

        A run whose process was killed has `failed`, whatever the file still says.
        """
        return self._directory.read_record()

    @property
    def status(self) -> str:
        """`running`, `completed`, `interrupted` or `failed`."""
        return str(self._said("status", lambda value: value in STATUSES))

    @property
    def is_several(self) -> bool:
        """Whether this is a folder of several runs; see `dlcli.runs.members`."""
        return self.record.get("kind") is not None

    @property
    def epochs(self) -> int:
        """Whole epochs trained."""
        return int(self._said("epochs", _is_count))

    @property
    def model_epoch(self) -> int:
        """The epoch whose weights the model has: the last, or the best that EarlyStopping went back to."""
        return int(self._said("model_epoch", _is_count)) if "model_epoch" in self.record else self.epochs

    @property
    def seconds(self) -> float:
        """Wall time of the whole job, in seconds; NaN where nobody has measured it: it goes on, or was killed."""
        seconds = self._said("seconds", lambda value: value is None or _is_number(value))
        return math.nan if seconds is None else float(seconds)

    @property
    def history(self) -> dict[str, list[float]]:
        """Keras's History: for each metric a list of values, one an epoch (fewer under `validation_freq`)."""
        if not self._directory.history.is_file():
            return {}
        lists: dict[str, list[float]] = {}
        for row in read_history(self._directory.history):
            for name, value in row.items():
                if name not in OWN_COLUMNS:
                    lists.setdefault(name, []).append(value)
        return lists

    def metrics(self, split: str = "test") -> dict[str, float]:
        """The compiled metrics of an evaluated split, from `evaluations/<split>.json`.

        Raises:
            RunError: The split has not been evaluated.
        """
        file = self._directory.evaluations / f"{split}.json"
        return dict(_required(self.evaluation(split), "metrics", _are_metrics, file))

    def evaluation(self, split: str = "test") -> dict[str, Any]:
        """All that was found of an evaluated split: what `evaluations/<split>.json` says.

        Raises:
            RunError: The split has not been evaluated.
        """
        return self._directory.read_json(self._directory.evaluations / f"{split}.json")

    def final_metrics(self) -> dict[str, dict[str, float]]:
        """The metrics that the job ended with, by split.

        Those of `train` are History's of the epoch whose weights the model has: Keras computes them while it trains,
        with dropout and before the last updates. `dlcli.evaluate(run, split="train")` computes them for the model.
        """
        return dict(self._said("metrics", _are_of_splits))

    def _said(self, name: str, fits: Callable[[Any], bool]) -> Any:
        """What `run.json` says under a name.

        Raises:
            RunError: Nothing, or nothing that a training would.
        """
        return _required(self.record, name, fits, self._directory.record)


def _required(document: dict[str, Any], name: str, fits: Callable[[Any], bool], file: Path) -> Any:
    value = document.get(name)
    if name in document and fits(value):
        return value
    what = f"{name} is {str(value)[:60]!r}" if name in document else f"it does not say {name}"
    raise RunError(Problem(f"{file} is damaged: {what}", hint="restore the file, or train again", rule="run-damaged"))


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _are_of_splits(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_are_metrics, value.values()))


def _are_metrics(value: Any) -> bool:
    return isinstance(value, dict) and all(each is None or _is_number(each) for each in value.values())
