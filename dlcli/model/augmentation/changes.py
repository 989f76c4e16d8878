"""What changes batches before the training step: first images are moved, then samples are mixed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.backend import startup
from dlcli.backend.augmentation.changing import Batch, Change, change_batches
from dlcli.config.schema.component import Component
from dlcli.config.signature import InputSpec
from dlcli.errors import Problem
from dlcli.model.assembly import Assembly
from dlcli.model.augmentation.mixing import mixers, mixing_faults
from dlcli.model.augmentation.moving import movers, moving_faults
from dlcli.model.components import make

__all__ = ["change_faults", "first_batch", "install_changes"]


def change_faults(assembly: Assembly) -> list[Problem]:
    """Why batches of this model cannot be changed as the config asks for it.

    Args:
        assembly: The compiled model.
    """
    return [*mixing_faults(assembly), *moving_faults(assembly)]


def install_changes(assembly: Assembly) -> None:
    """Let the training step change batches, where the config asks for it."""
    if changes := _changes(assembly):
        change_batches(assembly.model, changes)


def first_batch(
    assembly: Assembly, spec: InputSpec, inputs: dict[str, NDArray[Any]], labels: Any
) -> tuple[NDArray[np.uint8], Any]:
    """A batch as the layers of the config see it in the first update, before it is scaled: mixed and changed.

    Args:
        assembly: The compiled model.
        spec: The input that is wanted, one of pixels from 0 to 255.
        inputs: The batch, as it is taken from the samples.
        labels: Its labels.

    Returns:
        The pixels of the input, and the labels.
    """
    ops = startup.load().ops
    batch = Batch(inputs, labels, None)
    for change in _changes(assembly):
        batch = change(batch)
    values = ops.cast(batch.inputs[spec.name], "float32")
    for layer in spec.entrance:
        if layer.place:  # those of its own seed, which draw what the model's draw
            path = ("data", "features", spec.name, *layer.place)
            made = make("layers", Component(layer.name, dict(layer.arguments)), code=assembly.code, path=path)
            values = made(values, training=True)
    return np.asarray(ops.cast(ops.clip(ops.round(values), 0, 255), "uint8")), batch.labels


def _changes(assembly: Assembly) -> list[Change]:
    return [*movers(assembly), *mixers(assembly)]
