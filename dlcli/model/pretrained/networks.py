"""The networks of `keras.applications`, as layers: made for the images that come in, their preprocessing inside.

The layers of a network are those of one model, preprocessing and all, so that they are called `network.layer`.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.backend import startup
from dlcli.config.catalogue import entries as catalogue
from dlcli.config.catalogue.entries import Entry
from dlcli.config.document.places import format_path
from dlcli.config.graph.graph import Node
from dlcli.config.schema.component import Component
from dlcli.errors import ModelError, Problem
from dlcli.model.components import make_arguments
from dlcli.model.faults import model_faults, reason
from dlcli.model.pretrained.beginning import Beginning
from dlcli.model.pretrained.imagenet import asking, missing
from dlcli.model.pretrained.network_weights import read_network_weights

__all__ = ["make_network", "network_entry"]

CHANNELS = 3
RGB_MEAN = (123.68, 116.779, 103.939)
"""Of ImageNet, as Keras's `caffe` networks have it, which take the channels in the other order."""

UNIT_MEAN, UNIT_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels from 0 to 1, as Keras's `torch` networks have it."""


def network_entry(component: Component | None, code: Collection[str]) -> Entry | None:
    """What the catalogue says of a network; None for anything else."""
    if component is None or component.name in code:
        return None
    entry = catalogue.load().get("layers", component.name)
    return entry if entry is not None and entry.kind == "applications" else None


def make_network(
    node: Node, entry: Entry, incoming: Sequence[Any], *, code: Mapping[str, object]
) -> tuple[Any, Beginning | None]:
    """A network for what comes in, with its weights.

    Args:
        node: Its node; its component is a network.
        entry: What the catalogue says of it.
        incoming: The tensors: one, images of shape (batch, height, width, 3) with pixels of 0 to 255.
        code: The user's own classes and functions by name.

    Returns:
        The `keras.Model`, and where its weights were read; None for weights that are drawn.

    Raises:
        ModelError: It cannot take what comes in, Keras refuses an argument, or the weights cannot be read.
    """
    assert node.component is not None
    component, here = node.component, format_path((*node.path, node.component.name))
    if fault := _input_fault(node, entry, incoming):
        raise ModelError(fault)
    arguments = make_arguments("layers", component, code=code, path=node.path)
    wanted = arguments.pop("weights", entry.arguments["weights"].default)
    weights = None if wanted in (None, "none") else str(wanted)
    maker = getattr(startup.load().applications, entry.name)
    prepared = arguments.get("include_preprocessing", True)
    if "include_preprocessing" not in inspect.signature(maker).parameters:
        arguments.pop("include_preprocessing", None)
    with contextlib.ExitStack() as opened:
        known = opened.enter_context(asking()) if weights == "imagenet" else []
        try:
            source = startup.load().Input(incoming[0].shape[1:], dtype=incoming[0].dtype, name="input")
            network = maker(
                input_tensor=_prepared(source, entry) if prepared else source,
                input_shape=tuple(source.shape[1:]),
                weights="imagenet" if weights == "imagenet" else None,
                **arguments,
            )
        except model_faults() as error:
            problem = Problem(f"Keras refuses {entry.name}: {reason(error)}", path=here, rule="refused")
            raise ModelError(problem) from error
    network.name = node.name
    if weights is None:
        return network, None
    place = f"{here}.weights" if "weights" in component.arguments else here
    if weights != "imagenet":
        return network, read_network_weights(network, Path(weights), name=node.name, path=place)
    file = known[-1]
    if not file.path.is_file():
        raise ModelError(missing(entry.name, file, place))
    if fault_of_file := file.fault():
        message = f"{file.path} does not hold the weights that Keras knows: {fault_of_file}"
        raise ModelError(Problem(message, path=place, hint=f"fetch it anew: {file.address}", rule="weights-damaged"))
    return network, read_network_weights(network, file.path, name=node.name, path=place)


def _prepared(tensor: Any, entry: Entry) -> Any:
    """Pixels of 0 to 255 as the network is used to them, by layers that every export knows."""
    keras = startup.load()
    if entry.preprocessing == "tf":
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="preprocess_scale")(tensor)
    if entry.preprocessing == "torch":
        mean, variance = [255 * each for each in UNIT_MEAN], [(255 * each) ** 2 for each in UNIT_DEVIATION]
        return keras.layers.Normalization(mean=mean, variance=variance, name="preprocess_scale")(tensor)
    if entry.preprocessing == "caffe":
        unit = [1.0] * CHANNELS
        centred = keras.layers.Normalization(mean=list(RGB_MEAN), variance=unit, name="preprocess_scale")(tensor)
        return keras.ops.flip(centred, axis=-1)
    return tensor


def _input_fault(node: Node, entry: Entry, incoming: Sequence[Any]) -> Problem | None:
    """Why a network cannot take what comes in."""
    path = format_path(node.path)
    if len(incoming) != 1:
        message = f"{entry.name} takes one input, images, and {len(incoming)} come in: {', '.join(node.inputs)}"
        return Problem(message, path=path, hint="give it one of them", rule="network-input")
    shape = tuple(incoming[0].shape[1:])
    words = " x ".join("any" if size is None else str(size) for size in shape)
    what = f"{entry.name} takes images of height x width x 3, and what comes from {node.inputs[0]!r} is {words}"
    if len(shape) != 3:
        hint = "give the feature its shape: {type: number, shape: [height, width, 3]}; or put a Reshape before it"
        return Problem(what, path=path, hint=hint, rule="network-input")
    if shape[-1] != CHANNELS:
        hint = (
            "of one channel, Concatenate makes three: {Concatenate: {axis: -1}, inputs: [x, x, x]}"
            if shape[-1] == 1
            else "the channels are the last size; make them three before it"
        )
        return Problem(what, path=path, hint=hint, rule="network-input")
    if any(size is not None and size < entry.smallest for size in shape[:2]):
        return Problem(
            f"{entry.name} takes images of at least {entry.smallest} x {entry.smallest}, and what comes from "
            f"{node.inputs[0]!r} is {words}",
            path=path,
            hint=f"make them larger: `- Resizing: {{height: {entry.smallest}, width: {entry.smallest}}}` before it",
            rule="network-input",
        )
    return None
