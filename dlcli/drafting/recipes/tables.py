"""The networks of tables: a preset, for each fold or once, or a linear model."""

from __future__ import annotations

from typing import Any

from dlcli.drafting.page import Line, entry, heading, item, remark
from dlcli.drafting.ready import named, written_out
from dlcli.drafting.recipes.setting import Recipe, Setting
from dlcli.drafting.recipes.training import batch_size, measures, units, weighted
from dlcli.drafting.regression.straight import Straight
from dlcli.drafting.task import Task

__all__ = ["folds_for", "of_line", "of_preset"]

_PRESET = "realmlp"
"""What is chosen for tables."""

_PRESET_EPOCHS = 256
"""Its own."""

_ROWS_OF_PRESET = 400
"""Rows up to which it takes as many."""

_SLOWER = 0.35
"""How fast the epochs become fewer from there on: of ten times the rows less than half as many."""

_FOLDS, _ROWS_OF_FOLDS = 5, 3_000
"""How many networks a small table gets, and rows up to which it is small: docs/decisions/0070."""

_FEWEST_OF_FOLDS = 50
"""Rows from which on a fold of them tells epochs apart."""

_HIDDEN_OF_FOLDS = [64, 64, 64]
"""The hidden units of each: together they tell as much as one of the preset's, and are faster."""

_SLOWER_OF_FOLDS = 0.9
"""How fast their epochs become fewer: all but one have learnt from a row."""

_WHY_ONE_THREAD = "of layers this small, threads wait for each other longer than they compute"

_PRESET_VALIDATION = 0.2
"""The part of the rows that it holds back."""

_PRESET_BATCH = 256
"""Rows of an update of the preset, of which all are full."""

_LINE_EPOCHS, _LINE_RATE = 150, 0.1
"""Of a linear model: plenty, at a rate that becomes 0, and is large enough to reach weights of classes far apart."""

_NEARLY_ALL = 0.9
"""The part of the rows from which on to say the class that they are of is so often right that accuracy tells little."""


def folds_for(task: Task, rows: int, split: Any) -> int | None:
    """How many folds are better than one division: those of small tables whose rows are drawn one by one.

    Args:
        task: What is predicted.
        rows: Rows that are not tested on.
        split: How they are drawn.
    """
    if split not in ("random", "stratified") or not _FEWEST_OF_FOLDS <= rows <= _ROWS_OF_FOLDS:
        return None
    if task.kind == "number":
        return _FOLDS
    each = task.rarest if task.kind == "classes" and not task.separator and split == "stratified" else 0
    return _FOLDS if each >= 2 * _FOLDS else None


def of_preset(setting: Setting) -> Recipe:
    """What is best for tables, as `benchmarks.boosting` has found."""
    epochs = _preset_epochs(setting.rows, _SLOWER if setting.folds is None else _SLOWER_OF_FOLDS)
    own: dict[str, tuple[Any, str]] = {}
    if epochs < _PRESET_EPOCHS:
        own["epochs"] = (epochs, f"of so many rows fewer do than the {_PRESET_EPOCHS} of the preset; more are better")
    kept = _kept(setting.task)
    given: dict[str, Any] = {}
    data: dict[str, tuple[Any, str]] = {}
    together: tuple[tuple[Line, ...], ...] = ()
    alone: tuple[tuple[Line, ...], ...] = ()
    if setting.folds is not None:
        given["hidden"] = _HIDDEN_OF_FOLDS
        if (batch := _batch_of_folds(setting.rows, 1 + len(setting.task.classes))) != _PRESET_BATCH:
            data["batch_size"] = batch, "rows of an update, as many updates in each fold"
        why = f"{setting.folds} networks, each without a part of the rows, which chooses its epoch; their mean predicts"
        together = ((entry(0, "ensemble", {"folds": setting.folds}, why),),)
        alone = ((entry(0, "runtime", {"threads": 1}, _WHY_ONE_THREAD),),)
    if not setting.expanded:
        lines = tuple(entry(1, key, *each) for key, each in data.items())
        return Recipe(lines, (*together, *named(_PRESET, given, own, kept), weighted(setting), *alone))
    if setting.folds is not None:
        data["validation"] = _PRESET_VALIDATION, "gives way to the folds: it is for whoever takes these out"
    lines, sections = written_out(_PRESET, given, setting.task.type, data, own, kept)
    return Recipe(lines, (*together, *sections, weighted(setting), *alone))


def of_line(setting: Setting, straight: Straight) -> Recipe:
    """A linear model. There is one best of it: no epoch has to be chosen, and no row held back for that."""
    task = setting.task
    dense: dict[str, Any] = {"units": units(task), "kernel_regularizer": {"L2": {"l2": straight.penalty}}}
    if task.kind == "classes":
        dense["activation"] = "sigmoid" if task.is_binary else "softmax"
    loss, metrics = measures(task)
    rate = {"CosineDecay": {"initial_learning_rate": _LINE_RATE, "decay_steps": "auto"}}
    steps = entry(1, "optimizer", {"Adam": {"learning_rate": rate}}, "steps that become smaller until the last epoch")
    epochs = entry(1, "epochs", _LINE_EPOCHS, "there is one best line: no epoch is chosen, and no row held back for it")
    return Recipe(
        (entry(1, "batch_size", batch_size(setting.rows)),),
        (
            (
                remark(0, f"A linear model: {straight.why}."),
                heading(0, "model"),
                heading(1, "layers"),
                item(2, {"Dense": dense}),
            ),
            (heading(0, "compile"), steps, entry(1, "loss", loss), entry(1, "metrics", metrics)),
            (heading(0, "fit"), epochs, *weighted(setting)),
        ),
    )


def _batch_of_folds(rows: int, apart: int) -> int:
    """The greatest batch up to the preset's of which each fold has as many full ones: one program then trains them all.

    Args:
        rows: That a fold learns from, more or less.
        apart: How many more or less they may be.
    """
    for batch in range(_PRESET_BATCH, _PRESET_BATCH // 2, -8):
        if (rows - apart) // batch == (rows + apart) // batch > 0:
            return batch
    return max((rows - apart) // 8 * 8, 1)


def _preset_epochs(rows: int, slower: float) -> int:
    """How many: the more rows, the fewer times each has to be seen."""
    fewer: float = (_ROWS_OF_PRESET / max(rows, _ROWS_OF_PRESET)) ** slower
    return max(round(_PRESET_EPOCHS * fewer), 1)


def _kept(task: Task) -> tuple[Any, str] | None:
    """What keeps the best epoch in the place of the preset's, and why; None where accuracy tells it."""
    most = max(task.counts, default=0)
    if task.kind != "classes" or task.separator or most < _NEARLY_ALL * sum(task.counts):
        return None
    name = task.classes[task.counts.index(most)]
    why = f"nearly all rows are of {name!r}: accuracy would hardly tell the epochs apart"
    return {"KeepBest": {"monitor": "val_loss"}}, why
