"""The layers of what is no preset: by what a sample looks like."""

from __future__ import annotations

from dlcli.drafting.masks import over_pixels
from dlcli.drafting.page import Line, entry, heading, item
from dlcli.drafting.recipes.setting import Setting
from dlcli.drafting.recipes.training import units
from dlcli.drafting.task import Task

__all__ = ["model"]

_MANY_INPUTS = 32
"""Features from which on a small layer is twice as wide."""


def model(setting: Setting) -> list[Line]:
    """The layers, from the input to the output."""
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
    wide = units(task)
    if task.separator:
        return item(2, {"Dense": {"units": wide, "activation": "sigmoid"}}, "whether each class is there")
    return item(2, {"Dense": {"units": wide, "activation": "softmax"}}, "a probability for each class")
