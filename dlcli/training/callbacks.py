"""The configured callbacks, with the files that they write kept inside the run directory."""

from __future__ import annotations

import dataclasses
import glob
import importlib.util
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from dlcli.config.schema.component import Component
from dlcli.errors import ConfigError, Problem
from dlcli.model.components import make
from dlcli.runs.layout import OWN_NAMES

__all__ = [
    "PLACES",
    "check_callbacks",
    "forget_backups",
    "make_callbacks",
    "tensorboard_in",
    "write_no_models",
    "written_by",
]


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    """Where a callback writes: the argument that says so, the folder it is kept in, its default, and whether that is a
    directory of many files."""

    argument: str
    folder: str
    default: str
    directory: bool = False


LONGEST = 200
"""Bytes of a name, or of a template of names; the system allows 255."""

PLACES = {
    "ModelCheckpoint": _Place("filepath", "checkpoints", "{epoch:02d}.keras"),
    "CSVLogger": _Place("filename", "", "log.csv"),
    "TensorBoard": _Place("log_dir", "", "tensorboard", directory=True),
    "BackupAndRestore": _Place("backup_dir", "", "backup", directory=True),
    "OrbaxCheckpoint": _Place("directory", "checkpoints", "orbax", directory=True),
}


def make_callbacks(components: Sequence[Component], directory: Path, *, code: Mapping[str, object]) -> list[Any]:
    """Build Keras callbacks.

    Args:
        components: The config's `callbacks`.
        directory: The run directory; relative file names are inside it (ModelCheckpoint's in `checkpoints/`).
        code: The user's own callbacks by name.

    Returns:
        `keras.callbacks.Callback` objects in the config's order.

    Raises:
        ConfigError: File names that leave the run directory, or have a suffix that Keras does not write.
        ModelError: Keras refuses an argument.
    """
    problems: list[Problem] = []
    confined = [_confine(component, index, directory, problems) for index, component in enumerate(components)]
    if problems:
        raise ConfigError(problems)
    for component in confined:
        if component.name == "CSVLogger":  # which makes no folders
            Path(component.arguments["filename"]).parent.mkdir(parents=True, exist_ok=True)
    return [
        make("callbacks", component, code=code, path=("callbacks", index)) for index, component in enumerate(confined)
    ]


def check_callbacks(components: Sequence[Component], optimizers: Sequence[Component]) -> list[Problem]:
    """The faults that show before there is a model: file names, a package that is not installed, what SWA needs.

    Args:
        components: The config's `callbacks`.
        optimizers: The config's optimizers, one for each phase; empty when that section has faults.
    """
    problems: list[Problem] = []
    for index, component in enumerate(components):
        _confine(component, index, Path("run"), problems)
        path = f"callbacks[{index}].{component.name}"
        if component.name == "TensorBoard" and importlib.util.find_spec("tensorboard") is None:
            hint = "pip install 'dlcli[tensorboard]', or pip install tensorboard"
            problems.append(Problem("TensorBoard is not installed", path=path, hint=hint, rule="not-installed"))
        optimizer = next((each for each in optimizers if not each.arguments.get("use_ema")), None)
        if component.name == "SwapEMAWeights" and optimizer is not None:
            message = f"SwapEMAWeights swaps in the averages of the weights, and {optimizer.name} keeps none"
            hint = f"optimizer: {{{optimizer.name}: {{use_ema: true}}}}"
            problems.append(Problem(message, path=path, hint=hint, rule="argument-value"))
    return problems


def _confine(component: Component, index: int, directory: Path, problems: list[Problem]) -> Component:
    place = PLACES.get(component.name)
    if place is None:
        return component
    name = component.arguments.get(place.argument, place.default)
    path = f"callbacks[{index}].{component.name}.{place.argument}"
    if not isinstance(name, str) or not name:
        problems.append(Problem(f"expected a file name, got {name!r}", path=path, rule="wrong-value"))
        return component
    pure = PurePosixPath(name)
    hint = f"give a relative name such as {place.default!r}"
    if fault := _name_fault(name, pure):
        problems.append(Problem(f"{name!r} {fault}", path=path, hint=hint, rule="outside-run"))
        return component
    if pure.is_absolute() or PureWindowsPath(name).is_absolute() or ".." in pure.parts:
        message = f"{name!r} leaves the run directory, where all files of a run are kept"
        problems.append(Problem(message, path=path, hint=hint, rule="outside-run"))
        return component
    if not place.folder and pure.parts[0].casefold() in OWN_NAMES:
        message = f"{name!r} is a file or folder of the run itself"
        hint = f"give another name, such as {place.default!r}"
        problems.append(Problem(message, path=path, hint=hint, rule="outside-run"))
        return component
    if component.name == "ModelCheckpoint":
        name = _with_suffix(
            name, weights_only=component.arguments.get("save_weights_only") is True, path=path, problems=problems
        )
    folder = str(directory / place.folder)
    if component.name == "ModelCheckpoint":
        folder = folder.replace("{", "{{").replace("}", "}}")  # Keras formats the whole path
    arguments = {**component.arguments, place.argument: str(Path(folder) / name)}
    return Component(component.name, arguments)


def _name_fault(name: str, pure: PurePosixPath) -> str:
    """What keeps a text from naming something in the run directory; empty when nothing does."""
    if not pure.parts or name.endswith("/."):
        return "is the run directory itself"
    if "\0" in name:
        return "holds a NUL, which no file name can"
    if any(len(os.fsencode(part)) > LONGEST for part in pure.parts):
        return f"is longer than {LONGEST} bytes"
    return ""


def written_by(components: Sequence[Component]) -> list[str]:
    """Patterns of the files that Keras's callbacks write, relative to the run directory.

    Args:
        components: The config's `callbacks`, checked.

    Example:
        >>> written_by([Component("ModelCheckpoint", {"filepath": "{epoch:02d}.keras"}), Component("TensorBoard")])
        ['checkpoints/*.keras', 'tensorboard/**']
    """
    patterns = []
    for component in components:
        place = PLACES.get(component.name)
        if place is None:
            continue
        problems: list[Problem] = []
        confined = _confine(component, 0, Path(), problems)
        name = str(PurePosixPath(confined.arguments[place.argument]))
        if component.name == "ModelCheckpoint":
            name = "*".join(glob.escape(part) for part in re.split(r"\{[^{}]*\}", name))
        else:
            name = glob.escape(name)
        patterns.append(f"{name}/**" if place.directory else name)
    return patterns


def tensorboard_in(components: Sequence[Component], directory: Path) -> list[Path]:
    """Where the TensorBoard callbacks of a run write.

    Args:
        components: The config's `callbacks`, checked.
        directory: The run.
    """
    place = PLACES["TensorBoard"]
    own = [each for each in components if each.name == "TensorBoard"]
    return [Path(_confine(each, 0, directory, []).arguments[place.argument]) for each in own]


def write_no_models(callbacks: Sequence[Any]) -> None:
    """Let callbacks keep no models in files: those of a worker that trains for another, which keeps them.

    Args:
        callbacks: Built ones.
    """
    for callback in callbacks:
        for name in ("_save_model", "_save_checkpoint"):  # of ModelCheckpoint, and of OrbaxCheckpoint
            if hasattr(callback, name) and type(callback).__module__.startswith("keras."):
                setattr(callback, name, lambda *_, **__: None)


def forget_backups(components: Sequence[Component], directory: Path) -> None:
    """Remove what BackupAndRestore has kept in a run that goes on: it would take the training to an epoch of its own.

    Args:
        components: The config's `callbacks`, checked.
        directory: The run directory.
    """
    place = PLACES["BackupAndRestore"]
    for component in components:
        if component.name == "BackupAndRestore":
            confined = _confine(component, 0, directory, [])
            shutil.rmtree(confined.arguments[place.argument], ignore_errors=True)


def _with_suffix(name: str, *, weights_only: bool, path: str, problems: list[Problem]) -> str:
    """Keras 3 writes `.keras` files, or `.weights.h5` for weights alone; a name without either gets it."""
    wanted = ".weights.h5" if weights_only else ".keras"
    if name.endswith(wanted):
        return name
    for other in (".weights.h5", ".keras", ".h5", ".hdf5", ".ckpt", ".tf"):
        if name.endswith(other):
            whose = "weights alone" if weights_only else "whole models"
            message = f"{name!r} ends in {other}, and Keras writes {wanted} files for {whose}"
            hint = f"use {name.removesuffix(other) + wanted!r}, or leave the suffix out"
            problems.append(Problem(message, path=path, hint=hint, rule="checkpoint-suffix"))
            return name
    return name + wanted
