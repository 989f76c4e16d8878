"""The weights of a network, from a file as Keras publishes them, or as `save_weights` writes them.

What Keras publishes, `.h5`, holds the layers in their order; what it writes today, `.weights.h5` and `.keras`, holds
them in places that follow from their classes. Both are read here array by array: numbers alone, every misfit told.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dlcli.errors import ModelError, Problem, did_you_mean, first_of
from dlcli.model.faults import reason
from dlcli.model.pretrained.beginning import Beginning
from dlcli.model.pretrained.hdf5 import private_copy, size_for

__all__ = ["DAMAGES", "damaged", "mismatched", "missing_file", "read_network_weights"]

MOST_TOLD = 20
"""Misfits of one file that are told each; of a file of another network nearly all layers are."""

DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, ValueError, NotImplementedError)
"""What the readers of archives and of HDF5 raise for a file that is damaged, or none of theirs."""


def read_network_weights(network: Any, file: Path, *, name: str, path: str) -> Beginning:
    """Read the weights of a network.

    Args:
        network: The `keras.Model`.
        file: A `.h5`, `.weights.h5` or `.keras` file.
        name: What the network is called.
        path: Where the config names the file.

    Raises:
        ModelError: There is no such file, it is damaged, or it holds the weights of another network.
    """
    if (fault := missing_file(file, path)) is not None:
        raise ModelError(fault)
    try:
        with file.open("rb") as opened, private_copy(opened, size_for(network)) as (copy, sha256):
            problems = _read(network, copy)
    except DAMAGES as error:
        raise ModelError(damaged(file, error, path)) from error
    if problems:
        raise ModelError(mismatched(problems, f"{file}", path))
    return Beginning(name, str(file), sha256)


def missing_file(file: Path, path: str) -> Problem | None:
    """The problem of a file of weights that is none; a pipe would make who reads it wait."""
    if file.is_file():
        return None
    what = "is a directory" if file.is_dir() else "is a pipe or a device" if file.exists() else "does not exist"
    hint = "name a file that Keras wrote"
    if file.is_dir():
        hint = "for the weights of an earlier run: `model: {weights: RUN}`, or `- run: RUN`"
    elif not file.exists():
        hint = _near(file)
    return Problem(f"the file of weights {file} {what}", path=path, hint=hint, rule="weights-file")


def _near(file: Path) -> str:
    """A way out where there is no such file: one of a like name, or what its folder holds."""
    if not file.parent.is_dir():
        return f"there is no folder {file.parent} either; paths are relative to the config"
    names = [each.name for each in file.parent.iterdir() if each.suffix in (".h5", ".keras")]
    found = did_you_mean(file.name, names) or (f"in that folder are {first_of(sorted(names), 5)}" if names else "")
    return found or "nothing is downloaded: put the file there; paths are relative to the config"


def damaged(file: Path, error: Exception, path: str) -> Problem:
    """The problem of a file that cannot be read, or that is not read for what it holds."""
    return Problem(
        f"{file} is no file of weights, or damaged: {reason(error)}",
        path=path,
        hint="give a .weights.h5, .h5 or .keras file that Keras wrote",
        rule="weights-damaged",
    )


def mismatched(problems: list[str], source: str, path: str, hint: str = "") -> list[Problem]:
    """A problem for each misfit of a file and a model."""
    hint = hint or "the same network, include_top, alpha and classes as the file was written with"
    told = [Problem(f"{source}: {each}", path=path, hint=hint, rule="weights-mismatch") for each in problems]
    if len(told) > MOST_TOLD:
        rest = f"{source}: {len(told) - MOST_TOLD} more weights do not fit"
        told = [*told[:MOST_TOLD], Problem(rest, path=path, rule="weights-mismatch")]
    return told


def _read(network: Any, file: Path) -> list[str]:
    """Give the network its weights; returns what does not fit, and then nothing is changed."""
    import h5py

    with h5py.File(file, "r") as opened:
        root = opened.get("model_weights", opened)
        if "layer_names" in root.attrs or "layer_names0" in root.attrs:
            return _read_in_order(network, root)
        if not any(name in opened for name in ("layers", "_layer_checkpoint_dependencies")):
            raise ValueError("it holds no layers")
    from dlcli.model.pretrained.stored import load_by_place

    return load_by_place(network, file)


def _read_in_order(network: Any, root: Any) -> list[str]:
    """From what Keras publishes: the layers that have weights, in the model's order."""
    stored = [(name, arrays) for name in _names(root, "layer_names") if (arrays := _arrays(root[name]))]
    layers = [layer for layer in network.layers if layer.weights]
    if len(stored) != len(layers):
        return [f"it holds {len(stored)} layers with weights, and the network has {len(layers)}"]
    pairs, problems = [], []
    for layer, (name, arrays) in zip(layers, stored, strict=True):
        variables = [*layer.trainable_weights, *layer.non_trainable_weights]
        if len(arrays) != len(variables):
            problems.append(f"{layer.name} has {len(variables)} weights, and {name} there {len(arrays)}")
            continue
        for variable, array in zip(variables, arrays, strict=True):
            if tuple(variable.shape) != tuple(array.shape):
                what = f"{layer.name}/{variable.name} is {_shape(variable.shape)}, and there it is"
                problems.append(f"{what} {_shape(array.shape)}")
            pairs.append((variable, array))
    if not problems:
        for variable, array in pairs:
            variable.assign(np.asarray(array))
        for layer in layers:
            if hasattr(layer, "finalize_state"):
                layer.finalize_state()
    return problems


def _arrays(group: Any) -> list[Any]:
    found = [group[name] for name in _names(group, "weight_names")]
    if any(array.dtype.kind not in "fiub" for array in found):
        raise ValueError(f"{group.name} holds what is no number")
    return found


def _names(group: Any, key: str) -> Iterator[str]:
    """A list of names, which Keras writes in parts where it is long."""
    parts = [key] if key in group.attrs else []
    while not parts or f"{key}{len(parts)}" in group.attrs:
        if f"{key}{len(parts)}" not in group.attrs:
            return
        parts.append(f"{key}{len(parts)}")
    for part in parts:
        for name in group.attrs[part]:
            yield name.decode("utf-8") if isinstance(name, bytes) else str(name)


def _shape(shape: Any) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"
