"""The one place where a network and its training are chosen: what they are, by the task, the rows and the features."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from dlcli.drafting.masks import over_pixels, rare_pixels
from dlcli.drafting.page import Line, entry, heading, item, remark
from dlcli.drafting.ready import named, written_out
from dlcli.drafting.regression.straight import Straight
from dlcli.drafting.task import TRUNK, Task

__all__ = ["Form", "Recipe", "Setting", "choose_recipe", "folds_for"]

Form = Literal["table", "grid", "image", "series", "sound", "film"]
"""What a sample looks like: a vector, numbers in two dimensions, pixels, steps of several numbers, a sound, a film."""

_FEWEST_VALIDATED = 10
"""Rows from which on some are usually held back; fewer make an epoch of one update, and there must be many."""

_MANY_INPUTS = 32
"""Features from which on a small layer is twice as wide."""

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

_SLOWER_OF_FOLDS = 0.6
"""How fast their epochs become fewer: all but one have learnt from a row."""

_PRESET_VALIDATION = 0.2
"""The part of the rows that it holds back."""

_PRESET_BATCH = 256
"""Rows of an update of the preset, of which all are full."""

_LINE_EPOCHS, _LINE_RATE = 150, 0.1
"""Of a linear model: plenty, at a rate that becomes 0, and is large enough to reach weights of classes far apart."""

_RARE = 5
"""How many times less often than the mean class a rare one is there."""

_NEARLY_ALL = 0.9
"""The part of the rows from which on to say the class that they are of is so often right that accuracy tells little."""

_WEIGHABLE = 10
"""Rows of a class from which on they can stand for it."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a recipe is chosen by.

    Args:
        task: What is predicted.
        rows: Rows to train on.
        form: What a sample looks like.
        shape: Of a sample, where it is no vector.
        inputs: Features.
        validated: Whether there is a validation split, or folds.
        folds: Parts of the rows that a model each does not learn from; None where one model learns of all.
        absent: Whether classes may have no training row, as where rows are drawn by group.
        expanded: Whether a preset is written out.
        straight: That a line is enough, where it is.
        trunk: What the layer is called that several outputs share.
    """

    task: Task
    rows: int
    form: Form = "table"
    shape: tuple[int, ...] = ()
    inputs: int = 1
    validated: bool = True
    folds: int | None = None
    absent: bool = False
    expanded: bool = False
    straight: Straight | None = None
    trunk: str = TRUNK


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A network and its training, as they are written.

    Args:
        data: What belongs to `data`: the rows an update, and options for all features of a type.
        sections: `model`, `compile`, `fit` and `callbacks`, as far as they are written.
    """

    data: tuple[Line, ...]
    sections: tuple[tuple[Line, ...], ...]


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


def choose_recipe(setting: Setting) -> Recipe:
    """The network and its training. What comes to be a better one for a setting is put in here."""
    if setting.straight is not None:
        return _of_line(setting, setting.straight)
    if setting.form == "table" and setting.validated and not setting.task.parts:
        return _of_preset(setting)
    batch = _batch(setting.rows)
    updates = -(-setting.rows // batch)
    why = f"{updates:,} update{'s' * (updates != 1)} an epoch, or about so many"
    sections = ((heading(0, "model"), *_model(setting)), _compile(setting), _fit(setting), _callbacks(setting))
    return Recipe((entry(1, "batch_size", batch, why),), sections)


def _of_preset(setting: Setting) -> Recipe:
    """What is best for tables, as `benchmarks.boosting` has found."""
    epochs = _preset_epochs(setting.rows, _SLOWER if setting.folds is None else _SLOWER_OF_FOLDS)
    own: dict[str, tuple[Any, str]] = {}
    if epochs < _PRESET_EPOCHS:
        own["epochs"] = (epochs, f"of so many rows fewer do than the {_PRESET_EPOCHS} of the preset; more are better")
    kept = _kept(setting.task)
    given: dict[str, Any] = {}
    data: dict[str, tuple[Any, str]] = {}
    together: tuple[tuple[Line, ...], ...] = ()
    if setting.folds is not None:
        given["hidden"] = _HIDDEN_OF_FOLDS
        if (batch := _batch_of_folds(setting.rows, 1 + len(setting.task.classes))) != _PRESET_BATCH:
            data["batch_size"] = batch, "rows of an update, as many updates in each fold"
        why = f"{setting.folds} networks, each without a part of the rows, which chooses its epoch; their mean predicts"
        together = ((entry(0, "ensemble", {"folds": setting.folds}, why),),)
    if not setting.expanded:
        lines = tuple(entry(1, key, *each) for key, each in data.items())
        return Recipe(lines, (*together, *named(_PRESET, given, own, kept), _weighted(setting)))
    if setting.folds is not None:
        data["validation"] = _PRESET_VALIDATION, "gives way to the folds: it is for whoever takes these out"
    lines, sections = written_out(_PRESET, given, setting.task.type, data, own, kept)
    return Recipe(lines, (*together, *sections, _weighted(setting)))


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


def _kept(task: Task) -> tuple[Any, str] | None:
    """What keeps the best epoch in the place of the preset's, and why; None where accuracy tells it."""
    most = max(task.counts, default=0)
    if task.kind != "classes" or task.separator or most < _NEARLY_ALL * sum(task.counts):
        return None
    name = task.classes[task.counts.index(most)]
    why = f"nearly all rows are of {name!r}: accuracy would hardly tell the epochs apart"
    return {"KeepBest": {"monitor": "val_loss"}}, why


def _of_line(setting: Setting, straight: Straight) -> Recipe:
    """A linear model. There is one best of it: no epoch has to be chosen, and no row held back for that."""
    task = setting.task
    dense: dict[str, Any] = {"units": _units(task), "kernel_regularizer": {"L2": {"l2": straight.penalty}}}
    if task.kind == "classes":
        dense["activation"] = "sigmoid" if task.is_binary else "softmax"
    loss, metrics = _measures(task)
    rate = {"CosineDecay": {"initial_learning_rate": _LINE_RATE, "decay_steps": "auto"}}
    steps = entry(1, "optimizer", {"Adam": {"learning_rate": rate}}, "steps that become smaller until the last epoch")
    epochs = entry(1, "epochs", _LINE_EPOCHS, "there is one best line: no epoch is chosen, and no row held back for it")
    return Recipe(
        (entry(1, "batch_size", _batch(setting.rows)),),
        (
            (
                remark(0, f"A linear model: {straight.why}."),
                heading(0, "model"),
                heading(1, "layers"),
                item(2, {"Dense": dense}),
            ),
            (heading(0, "compile"), steps, entry(1, "loss", loss), entry(1, "metrics", metrics)),
            (heading(0, "fit"), epochs, *_weighted(setting)),
        ),
    )


def _units(task: Task) -> int:
    return task.width if task.kind == "number" else 1 if task.is_binary else len(task.classes)


def _preset_epochs(rows: int, slower: float) -> int:
    """How many: the more rows, the fewer times each has to be seen."""
    fewer: float = (_ROWS_OF_PRESET / max(rows, _ROWS_OF_PRESET)) ** slower
    return max(round(_PRESET_EPOCHS * fewer), 1)


def _batch(rows: int) -> int:
    for limit, size in ((1_000, 16), (3_000, 32), (20_000, 64), (100_000, 256), (1_000_000, 512)):
        if rows < limit:
            return size
    return 1024


def _model(setting: Setting) -> list[Line]:
    lines = [heading(1, "layers")]
    if setting.task.kind == "mask":
        return [*lines, *over_pixels(len(setting.task.classes))]
    match setting.form:
        case "table":
            lines += _dense(setting)
        case "image":
            lines += _convolutions(setting, first=None)
        case "grid":
            lines += _convolutions(setting, first=[*setting.shape, 1])
        case "series":
            lines += _over_steps()
        case "sound":
            lines += _spectrogram(setting)
        case "film":
            lines += _over_frames(setting)
    return [*lines, *_heads(setting)]


def _heads(setting: Setting) -> list[Line]:
    """The last layer; one for each of several targets, on what they share."""
    if not setting.task.parts:
        return [_last(setting.task)]
    lines = [Line(3, f"name: {setting.trunk}", "what all targets are predicted from")]
    for part in setting.task.parts:
        lines += [_last(part), entry(3, "name", part.output), entry(3, "inputs", setting.trunk)]
    return [*lines, entry(1, "outputs", [part.output for part in setting.task.parts], "one for each target")]


def _dense(setting: Setting) -> list[Line]:
    units, layers, rate, why = _size(setting.rows, setting.inputs)
    lines: list[Line] = []
    for place in range(layers):
        lines.append(item(2, {"Dense": {"units": units, "activation": "relu"}}, "" if place else why))
        if setting.validated:
            lines.append(item(2, {"Dropout": {"rate": rate}}, "" if place else "against learning rows by heart"))
    return lines


def _size(rows: int, inputs: int) -> tuple[int, int, float, str]:
    """Units, layers, and how much is dropped."""
    if rows < 3_000:
        return 64 if inputs < _MANY_INPUTS else 128, 1, 0.2, "one small layer: few rows carry few weights"
    if rows < 30_000:
        return 128, 2, 0.15, "two layers, for some thousands of rows"
    return 256, 3, 0.1, "three layers: there are rows enough"


def _convolutions(setting: Setting, first: list[int] | None) -> list[Line]:
    lines: list[Line] = []
    if first is not None:
        lines.append(item(2, {"Reshape": {"target_shape": first}}, "rows, columns, and one channel"))
    sides = min(setting.shape[:2])
    for place, filters in enumerate((32, 64, 128)):
        if place and sides < 4:
            break
        convolution = {"filters": filters, "kernel_size": 3, "padding": "same", "activation": "relu"}
        lines.append(item(2, {"Conv2D": convolution}, "" if place else "what is near belongs together"))
        lines.append(item(2, {"BatchNormalization": {}} if setting.rows >= 1_000 else {"Dropout": {"rate": 0.1}}))
        if sides >= 4:
            lines.append(item(2, "MaxPooling2D"))
            sides //= 2
    lines.append(item(2, "Flatten" if sides <= 8 else "GlobalAveragePooling2D"))
    return [*lines, item(2, {"Dropout": {"rate": 0.3}}), item(2, {"Dense": {"units": 64, "activation": "relu"}})]


def _over_steps() -> list[Line]:
    convolution = {"filters": 32, "kernel_size": 5, "padding": "same", "activation": "relu"}
    return [
        item(2, {"Conv1D": convolution}, "steps that follow each other belong together"),
        item(2, {"Conv1D": {**convolution, "filters": 64}}),
        item(2, "GlobalAveragePooling1D"),
        item(2, {"Dropout": {"rate": 0.3}}),
    ]


def _spectrogram(setting: Setting) -> list[Line]:
    frame = 256 if setting.shape[0] >= 4_000 else 128 if setting.shape[0] >= 500 else 32
    spectrogram = {
        "frame_length": frame,
        "frame_step": frame // 2,
        "mode": "log",
        "expand_dims": True,
        "trainable": False,
    }
    return [
        item(2, {"STFTSpectrogram": spectrogram}, "how loud each pitch is, over time"),
        item(2, "BatchNormalization"),
        item(2, {"Conv2D": {"filters": 16, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"}}),
        item(2, {"Conv2D": {"filters": 32, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"}}),
        item(2, "GlobalAveragePooling2D"),
        item(2, {"Dropout": {"rate": 0.3}}),
    ]


def _over_frames(setting: Setting) -> list[Line]:
    """Convolutions over time and place, which become smaller in place alone: films are short."""
    lines: list[Line] = []
    sides = min(setting.shape[1:3])
    for place, filters in enumerate((16, 32)):
        convolution = {"filters": filters, "kernel_size": 3, "padding": "same", "activation": "relu"}
        lines.append(item(2, {"Conv3D": convolution}, "" if place else "what moves is seen over several frames"))
        if sides >= 8:
            lines.append(item(2, {"MaxPooling3D": {"pool_size": [1, 2, 2]}}))
            sides //= 2
    return [*lines, item(2, "GlobalMaxPooling3D"), item(2, {"Dropout": {"rate": 0.3}})]


def _last(task: Task) -> Line:
    if task.kind == "number":
        return item(2, {"Dense": {"units": task.width}}, "a number of any size")
    if task.is_binary:
        return item(2, {"Dense": {"units": 1, "activation": "sigmoid"}}, f"the probability of {task.classes[1]!r}")
    units = _units(task)
    if task.separator:
        return item(2, {"Dense": {"units": units, "activation": "sigmoid"}}, "whether each class is there")
    return item(2, {"Dense": {"units": units, "activation": "softmax"}}, "a probability for each class")


def _compile(setting: Setting) -> tuple[Line, ...]:
    rate: Any = 0.003 if setting.rows < 3_000 else 0.001
    losses, metrics = {}, {}
    for part in setting.task.each:
        losses[part.output], metrics[part.output] = _measures(part)
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


def _is_planned(setting: Setting) -> bool:
    """Whether the training has its length from the start: of pictures that is better than to stop early."""
    return setting.validated and setting.form in ("image", "grid")


def _measures(task: Task) -> tuple[Any, list[str]]:
    if task.kind == "mask":
        return "sparse_categorical_crossentropy", ["accuracy"]
    if task.kind == "number":
        return "mean_squared_error", ["mean_absolute_error", "RootMeanSquaredError"]
    if task.separator:
        return "binary_crossentropy", ["binary_accuracy"]
    if task.is_binary:
        return "binary_crossentropy", ["accuracy", "AUC"]
    return "sparse_categorical_crossentropy", ["accuracy"]


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
    return (heading(0, "fit"), entry(1, "epochs", epochs, why), *_weighted(setting))


def _weighted(setting: Setting) -> tuple[Line, ...]:
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
