"""Trials that are each measured by another loss, or on other rows, are not compared by it: the best is chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlcli.config.document.places import format_path, parse_path
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]

Path = Sequence[str | int]

_OF_LOSS = (("compile", "loss"), ("compile", "loss_weights"), ("data", "target"), ("data", "windows", "scale"))
"""What the loss is computed by, and in which unit."""

_OF_ROWS = (("data", "validation"), ("data", "split"), ("data", "seed"))
"""Which rows are validated on, where they are drawn."""


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each parameter of a sweep that does so."""
    if (sweep := config.sweep) is None:
        return
    is_loss = sweep.metric.removeprefix("val_") in {"loss", *(f"{name}_loss" for name in config.model.outputs or ())}
    for name, text in sweep.paths():
        path, where = parse_path(text), format_path(("sweep", "space", name))
        if tuple(path) == ("data", "target"):
            message = "each trial learns something else, and what is measured of one says nothing of another"
            yield Finding(where, message, "a sweep for each target")
        elif is_loss and _changes_loss(path):
            message = f"trials are measured by {sweep.metric}, and with {text!r} that is another measure in each"
            yield Finding(where, message, "metric: one that they share, such as val_mae or val_accuracy")
        elif sweep.metric.startswith("val_") and _draws_rows(path, config):
            message = f"with {text!r} each trial is measured on other rows, and the luckiest is the best"
            hint = "leave it out; `folds: 5` measures each trial on all rows"
            if path[0] == "seed":
                hint = "data: {seed: 0} keeps the rows the same; or leave it out, and give `folds: 5`"
            yield Finding(where, message, hint)


def _changes_loss(path: Path) -> bool:
    if path[:1] == ("model",):  # whose penalties are part of the loss
        return any(str(part).endswith(("_regularizer", "ActivityRegularization")) for part in path)
    return any(tuple(path[: len(each)]) == each for each in _OF_LOSS)


def _draws_rows(path: Path, config: Config) -> bool:
    drawn = config.sweep is not None and config.sweep.folds is not None
    drawn = drawn or isinstance(config.data.validation, float)
    ordered = config.data.split == "ordered" or hasattr(config.data.split, "ordered")
    if tuple(path) == ("seed",):
        return drawn and not ordered and config.data.seed is None
    if tuple(path[:2]) == ("data", "seed"):
        return drawn and not ordered
    return any(tuple(path[: len(each)]) == each for each in _OF_ROWS)
