"""The configured callbacks, with the files that they write kept inside the run directory."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from dlcli.config.component import Component
from dlcli.errors import ConfigError, Problem
from dlcli.model.components import make
from dlcli.runs.layout import OWN_NAMES

__all__ = ["make_callbacks"]


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    """Where a callback writes: the argument that says so, the folder it is kept in, and its default."""

    argument: str
    folder: str
    default: str


PLACES = {
    "ModelCheckpoint": _Place("filepath", "checkpoints", "{epoch:02d}.keras"),
    "CSVLogger": _Place("filename", "", "log.csv"),
    "TensorBoard": _Place("log_dir", "", "tensorboard"),
    "BackupAndRestore": _Place("backup_dir", "", "backup"),
    "OrbaxCheckpoint": _Place("directory", "checkpoints", "orbax"),
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
    return [
        make("callbacks", component, code=code, path=("callbacks", index)) for index, component in enumerate(confined)
    ]


def check_callbacks(components: Sequence[Component], optimizer: Component | None) -> list[Problem]:
    """The faults that show before there is a model: file names, a package that is not installed, what SWA needs.

    Args:
        components: The config's `callbacks`.
        optimizer: The config's optimizer; None when that section has faults.
    """
    problems: list[Problem] = []
    for index, component in enumerate(components):
        _confine(component, index, Path("run"), problems)
        path = f"callbacks[{index}].{component.name}"
        if component.name == "TensorBoard" and importlib.util.find_spec("tensorboard") is None:
            problems.append(
                Problem(
                    "TensorBoard is not installed",
                    path=path,
                    hint="pip install 'dlcli[tensorboard]', or pip install tensorboard",
                    rule="not-installed",
                )
            )
        if component.name == "SwapEMAWeights" and optimizer is not None and not optimizer.arguments.get("use_ema"):
            problems.append(
                Problem(
                    f"SwapEMAWeights swaps in the averages of the weights, and {optimizer.name} keeps none",
                    path=path,
                    hint=f"optimizer: {{{optimizer.name}: {{use_ema: true}}}}",
                    rule="argument-value",
                )
            )
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
    if pure.is_absolute() or PureWindowsPath(name).is_absolute() or ".." in pure.parts:
        problems.append(
            Problem(
                f"{name!r} leaves the run directory, where all files of a run are kept",
                path=path,
                hint=f"give a relative name such as {place.default!r}",
                rule="outside-run",
            )
        )
        return component
    if not place.folder and pure.parts[0] in OWN_NAMES:
        problems.append(
            Problem(
                f"{name!r} is a file or folder of the run itself",
                path=path,
                hint=f"give another name, such as {place.default!r}",
                rule="outside-run",
            )
        )
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


def _with_suffix(name: str, *, weights_only: bool, path: str, problems: list[Problem]) -> str:
    """Keras 3 writes `.keras` files, or `.weights.h5` for weights alone; a name without either gets it."""
    wanted = ".weights.h5" if weights_only else ".keras"
    if name.endswith(wanted):
        return name
    for other in (".weights.h5", ".keras", ".h5", ".hdf5", ".ckpt", ".tf"):
        if name.endswith(other):
            problems.append(
                Problem(
                    f"{name!r} ends in {other}, and Keras writes {wanted} files "
                    f"{'for weights alone' if weights_only else 'for whole models'}",
                    path=path,
                    hint=f"use {name.removesuffix(other) + wanted!r}, or leave the suffix out",
                    rule="checkpoint-suffix",
                )
            )
            return name
    return name + wanted
