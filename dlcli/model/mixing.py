"""`data.augment`: what mixes the samples of a batch, checked against the model, and put before its training step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.backend import startup
from dlcli.backend.mixing import mix_batches, mixer
from dlcli.config.schema.component import Component
from dlcli.config.signature import InputSpec
from dlcli.errors import Problem
from dlcli.model.assembly import Assembly
from dlcli.model.components import make

__all__ = ["first_batch", "install_mixing", "mixing_faults"]


def mixing_faults(assembly: Assembly) -> list[Problem]:
    """Why batches of this model cannot be mixed, when the config asks for that.

    Args:
        assembly: The compiled model.
    """
    wanted = assembly.config.data.augment
    if not wanted:
        return []
    names = " and ".join(component.name for component in wanted)
    problems = [
        Problem(
            f"{names} mixes labels, and the loss {output.loss.name} of {output.name!r} takes class indices",
            path="data.augment",
            hint="loss: categorical_crossentropy, which takes a part of each class",
            rule="mixes-labels",
        )
        for output in assembly.outputs
        if output.form == "index"
    ]
    shapes = {tensor.name: tuple(tensor.shape) for tensor in assembly.model.inputs}
    if len(shapes) != 1 or len(next(iter(shapes.values()))) != 4:
        listed = ", ".join(f"{name} {shape[1:]}" for name, shape in shapes.items())
        problems.append(
            Problem(
                f"{names} mixes images, and the model takes {listed}",
                path="data.augment",
                hint="it needs one input, of type image",
                rule="mixes-labels",
            )
        )
    return problems


def install_mixing(assembly: Assembly) -> None:
    """Let the training step mix batches, where the config asks for it."""
    if layers := _layers(assembly):
        mix_batches(assembly.model, layers, seed=assembly.config.seed)


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
    given: dict[str, Any] = dict(inputs)
    if layers := _layers(assembly):
        given, labels = mixer(assembly.model, layers, seed=assembly.config.seed)(given, labels)
    values = ops.cast(given[spec.name], "float32")
    for layer in spec.entrance:
        if layer.place:  # those of its own seed, which draw what the model's draw
            path = ("data", "features", spec.name, *layer.place)
            made = make("layers", Component(layer.name, dict(layer.arguments)), code=assembly.code, path=path)
            values = made(values, training=True)
    return np.asarray(ops.cast(ops.clip(ops.round(values), 0, 255), "uint8")), labels


def _layers(assembly: Assembly) -> list[Any]:
    return [
        make("layers", component, code={}, path=("data", "augment", place))
        for place, component in enumerate(assembly.config.data.augment)
    ]
