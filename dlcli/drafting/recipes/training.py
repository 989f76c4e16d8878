"""How what is no preset learns: the sections `compile`, `fit` and `callbacks`."""

from __future__ import annotations

from typing import Any

from dlcli.drafting.masks import rare_pixels
from dlcli.drafting.page import Line, entry, heading, item, remark
from dlcli.drafting.recipes.setting import Setting
from dlcli.drafting.task import Task

__all__ = ["batch_size", "measures", "training", "units", "weighted"]

_FEWEST_VALIDATED = 10
"""Rows from which on some are usually held back; fewer make an epoch of one update, and there must be many."""

_RARE = 5
"""How many times less often than the mean class a rare one is there."""

_WEIGHABLE = 10
"""Rows of a class from which on they can stand for it."""


def training(setting: Setting) -> tuple[tuple[Line, ...], ...]:
    """The sections."""
    return _compile(setting), _fit(setting), _callbacks(setting)


def _compile(setting: Setting) -> tuple[Line, ...]:
    rate: Any = 0.003 if setting.rows < 3_000 else 0.001
    losses, metrics = {}, {}
    for part in setting.task.each:
        losses[part.output], metrics[part.output] = measures(part)
    why = "small steps, and weights that are kept small"
    if _is_planned(setting):
        rate = {"CosineDecay": {"initial_learning_rate": rate, "decay_steps": "auto"}}
        why = "steps that become smaller until the last epoch"
        smooth = {"CategoricalCrossentropy": {"label_smoothing": 0.1}}
        if setting.task.kind != "mask":  # of which each pixel would have a number for each class
            losses = {
                name: smooth if loss == "sparse_categorical_crossentropy" else loss for name, loss in losses.items()
            }
    optimizer = {"AdamW": {"learning_rate": rate, "weight_decay": 0.01}}
    return (
        heading(0, "compile"),
        entry(1, "optimizer", optimizer, why),
        entry(1, "loss", losses if setting.task.parts else losses[""]),
        entry(1, "metrics", metrics if setting.task.parts else metrics[""]),
    )


def _fit(setting: Setting) -> tuple[Line, ...]:
    epochs, _ = _epochs(setting.rows)
    if _is_planned(setting):
        epochs = _planned(setting.rows)
    if not setting.validated:
        epochs = 200 if setting.rows >= _FEWEST_VALIDATED else 1_000
    why = (
        "the best of them is kept; more are better"
        if _is_planned(setting)
        else "at most: EarlyStopping ends it before"
        if setting.validated
        else "there are too few rows to tell when to stop"
    )
    return (heading(0, "fit"), entry(1, "epochs", epochs, why), *weighted(setting))


def _callbacks(setting: Setting) -> tuple[Line, ...]:
    if not setting.validated:
        return ()
    if _is_planned(setting):
        monitor = "val_accuracy" if setting.task.type == "category" else "val_loss"
        return (heading(0, "callbacks"), item(1, {"KeepBest": {"monitor": monitor}}, "the last of the best epochs"))
    _, patience = _epochs(setting.rows)
    stopping = {"monitor": "val_loss", "patience": patience, "restore_best_weights": True}
    slower = {"monitor": "val_loss", "factor": 0.5, "patience": max(patience // 3, 1), "min_lr": 1e-5}
    return (
        heading(0, "callbacks"),
        item(1, {"ReduceLROnPlateau": slower}, "smaller steps where the large ones get nowhere"),
        item(1, {"EarlyStopping": stopping}, "the best epoch counts"),
    )


def _is_planned(setting: Setting) -> bool:
    """Whether the training has its length from the start: of pictures that is better than to stop early."""
    return setting.validated and setting.form in ("image", "grid")


def measures(task: Task) -> tuple[Any, list[str]]:
    """The loss and the metrics."""
    if task.kind == "mask":
        return "sparse_categorical_crossentropy", ["accuracy"]
    if task.kind == "number":
        return "mean_squared_error", ["mean_absolute_error", "RootMeanSquaredError"]
    if task.separator:
        return "binary_crossentropy", ["binary_accuracy"]
    if task.is_binary:
        return "binary_crossentropy", ["accuracy", "AUC"]
    return "sparse_categorical_crossentropy", ["accuracy"]


def units(task: Task) -> int:
    """How many the last layer has."""
    return task.width if task.kind == "number" else 1 if task.is_binary else len(task.classes)


def batch_size(rows: int) -> int:
    """How many of so many rows an update takes."""
    for limit, size in ((1_000, 16), (3_000, 32), (20_000, 64), (100_000, 256), (1_000_000, 512)):
        if rows < limit:
            return size
    return 1024


def _epochs(rows: int) -> tuple[int, int]:
    """How many at most, and how many without an improvement end the training."""
    if rows < 3_000:
        return 300, 40
    if rows < 30_000:
        return 150, 20
    return (60, 8) if rows < 300_000 else (20, 3)


def _planned(rows: int) -> int:
    """Epochs of a training that has its length from the start."""
    if rows < 3_000:
        return 60
    return 30 if rows < 30_000 else 15 if rows < 300_000 else 6


def weighted(setting: Setting) -> tuple[Line, ...]:
    """The weights of classes; of tables what they would be good for: docs/decisions/0065."""
    why = _rare(setting)
    if why and setting.form == "table":
        more = "to find more of them, with more false alarms and other probabilities: `fit: {class_weight: balanced}`"
        return (remark(0, f"{why}; {more}."),)
    return (entry(1, "class_weight", "balanced", f"{why}, and would hardly be learnt"),) if why else ()


def _rare(setting: Setting) -> str:
    """Which class is rare; empty where none is."""
    task = setting.task
    if task.kind == "mask":
        return rare_pixels(task)
    if task.kind != "classes" or task.separator or setting.absent or not _is_rare(task):
        return ""
    rare = task.classes[task.counts.index(task.rarest)]
    return f"{rare!r} has {task.rarest:,} of {sum(task.counts):,} rows"


def _is_rare(task: Task) -> bool:
    mean = sum(task.counts) / len(task.counts)
    return _WEIGHABLE <= task.rarest < mean / _RARE
