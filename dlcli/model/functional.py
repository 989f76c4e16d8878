"""A graph of layers becomes a `keras.Model`."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from dlcli.backend import startup
from dlcli.config.catalogue.entries import Entry
from dlcli.config.document.places import format_path
from dlcli.config.graph.graph import Graph, Node
from dlcli.config.graph.vocabularies import with_vocabularies
from dlcli.config.schema.component import Component
from dlcli.config.signature import InputSpec
from dlcli.errors import ModelError, Problem
from dlcli.model.components import make
from dlcli.model.faults import model_faults, reason
from dlcli.model.inputs import make_inputs, taken_as_numbers
from dlcli.model.layers.calls import call_layer, input_form
from dlcli.model.pretrained.beginning import Beginning
from dlcli.model.pretrained.networks import make_network, network_entry
from dlcli.model.repairs import alike, require_fit

__all__ = ["build", "connect_part"]


def build(
    graph: Graph,
    inputs: Sequence[InputSpec],
    *,
    code: Mapping[str, object],
    name: str,
    model_class: str | None = None,
    begun: list[Beginning] | None = None,
) -> Any:
    """Build the model.

    Args:
        graph: The layers.
        inputs: The model's inputs, from the fitted preprocessing.
        code: The user's own classes and functions by name.
        name: The model's name.
        model_class: The user's own subclass of `keras.Model`; Keras's when None.
        begun: Takes where the weights of networks were read.

    Returns:
        A functional `keras.Model`. It takes a dict of arrays `(batch, *shape)` by the `InputSpec` names, also when
        there is one input; it returns a tensor when there is one output, else a list in the order of
        `graph.outputs`. Layers and outputs are called after their nodes, so that weights load again in another
        process and history speaks of `<output>_loss`.

    Raises:
        ModelError: Layers that cannot be made (all of them), or else those that cannot take their inputs.
    """
    graph = with_vocabularies(graph, {spec.name: spec.vocabulary for spec in taken_as_numbers(graph, inputs)})
    builder = _Builder(code)
    layers = builder.make_layers(graph)
    builder.check()
    sources, tensors = make_inputs(graph, inputs, taken=[node.name for node in graph.nodes], code=code)
    tensors = builder.connect(graph, layers, tensors)
    builder.check()
    builder.freeze(graph, layers)
    if begun is not None:
        begun += builder.begun
    outputs = builder.named_outputs(graph, tensors)
    return builder.model(sources, outputs, name=name, kind=builder.model_class(model_class))


def connect_part(graph: Graph, inputs: Sequence[InputSpec], name: str, *, code: Mapping[str, object]) -> Any:
    """The part of a model from its inputs to a layer, or to an input itself, as a `keras.Model`.

    Args:
        graph: The whole model.
        inputs: Its inputs.
        name: The layer or the input.
        code: The user's own classes and functions by name.

    Raises:
        ModelError: As `build`.
    """
    graph = with_vocabularies(graph, {spec.name: spec.vocabulary for spec in taken_as_numbers(graph, inputs)})
    builder = _Builder(code)
    by_name = {node.name: node for node in graph.nodes}
    needed: set[str] = set()
    waiting = [name]
    while waiting:
        node = by_name.get(waiting.pop())
        if node is not None and node.name not in needed:
            needed.add(node.name)
            waiting += [*node.inputs, *filter(None, [node.shared])]
    part = dataclasses.replace(graph, nodes=tuple(node for node in graph.nodes if node.name in needed))
    layers = builder.make_layers(part)
    builder.check()
    sources, tensors = make_inputs(graph, inputs, taken=[node.name for node in graph.nodes], code=code)
    tensors = builder.connect(part, layers, tensors)
    builder.check()
    return builder.model(sources, [_first(tensors[name])], name="part", kind=startup.load().Model)


class _Builder:
    """Makes and connects layers; collects the problems of each stage."""

    def __init__(self, code: Mapping[str, object]) -> None:
        self._keras = startup.load()
        self._code = code
        self._faults = model_faults()
        self._problems: list[Problem] = []
        self._inner: dict[int, dict[str, Any]] = {}
        self.begun: list[Beginning] = []

    def check(self) -> None:
        """Raise what has been found so far."""
        if self._problems:
            raise ModelError(dict.fromkeys(self._problems))

    def make_layers(self, graph: Graph) -> dict[str, Any]:
        """The Keras layer of every node that has one of its own, nested graphs included."""
        layers = {}
        for node in graph.nodes:
            if node.component is not None and network_entry(node.component, self._code) is None:
                layers[node.name] = self._make(node, node.component)
            elif node.model is not None:
                self._inner[id(node.model)] = self.make_layers(node.model)
        return layers

    def connect(self, graph: Graph, layers: dict[str, Any], tensors: dict[str, Any]) -> dict[str, Any]:
        """Apply the layers in order. A node whose inputs failed is left out; it has no fault of its own.

        Returns:
            What each node gives: a tensor, or several as a list or by name.
        """
        by_name = {node.name: node for node in graph.nodes}
        for node in graph.nodes:
            if any(name not in tensors for name in node.inputs):
                continue
            incoming = [self._part(node, tensors, place) for place in range(len(node.inputs))]
            if any(tensor is None for tensor in incoming):
                continue
            layer = layers.get(node.shared or node.name)
            if node.model is not None:
                layer = layers[node.name] = self._nested(node, node.model, incoming)
            elif (entry := network_entry(node.component, self._code)) is not None:
                layer = layers[node.name] = self._network(node, entry, incoming)
            if layer is None:
                continue
            owner = by_name[node.shared] if node.shared is not None else node
            outgoing = self._apply(node, owner, layer, incoming)
            if outgoing is not None:
                tensors[node.name] = outgoing
        return tensors

    def freeze(self, graph: Graph, layers: dict[str, Any]) -> None:
        """Let the weights of layers learn or not, as their nodes say; what is around a layer has the last word."""
        for node in graph.nodes:
            if node.model is not None:
                self.freeze(node.model, self._inner[id(node.model)])
            if node.trainable is not None:
                layers[node.name].trainable = node.trainable

    def _part(self, node: Node, tensors: Mapping[str, Any], place: int) -> Any:
        """One of the tensors that a node takes; None after reporting that the layer before does not give it."""
        name, pick = node.inputs[place], node.picks[place]
        whole = tensors[name]
        if isinstance(whole, Mapping):
            names: list[int | str] = list(whole)
            return whole[names[0] if pick == 0 else pick] if pick == 0 or pick in names else self._no_part(node, place)
        if not isinstance(whole, (list, tuple)):
            return whole if pick == 0 else self._no_part(node, place)
        return whole[pick] if isinstance(pick, int) and pick < len(whole) else self._no_part(node, place)

    def _no_part(self, node: Node, place: int) -> None:
        name, pick = node.inputs[place], node.picks[place]
        message = f"the layer {node.name} takes {name}.{pick}, which the layer {name} does not give"
        hint = "`return_state: true` and the like make a layer give several tensors"
        self._problems.append(Problem(message, path=format_path(node.path), hint=hint, rule="shape"))

    def named_outputs(self, graph: Graph, tensors: dict[str, Any]) -> list[Any]:
        """The outputs, each made by a layer of the output's name, for Keras names outputs after layers."""
        outputs = []
        nodes = {node.name: node for node in graph.nodes}
        for name in graph.outputs:
            tensor = _first(tensors[name])
            if nodes[name].shared is not None:
                tensor = self._keras.layers.Identity(name=name)(tensor)
            outputs.append(tensor)
        return outputs

    def model_class(self, name: str | None) -> Any:
        """The class of the whole model."""
        found = self._keras.Model if name is None else self._code.get(name)
        if inspect.isclass(found) and issubclass(found, self._keras.Model):
            return found
        message = f"{name} is no keras.Model" if name in self._code else f"no file under `code` defines {name!r}"
        raise ModelError(
            Problem(message, path="model.class", hint=f"class {name}(keras.Model): ...", rule="model-class")
        )

    def model(self, sources: dict[str, Any], outputs: list[Any], *, name: str, kind: Any) -> Any:
        """The whole model."""
        try:
            return kind(sources, outputs[0] if len(outputs) == 1 else outputs, name=name)
        except self._faults as error:
            if kind is not self._keras.Model and isinstance(error, TypeError):
                message = f"{kind.__name__} cannot be made of inputs and outputs: {error}"
                hint = "leave __init__ to keras.Model"
                raise ModelError(Problem(message, path="model.class", hint=hint, rule="model-class")) from error
            raise ModelError(
                Problem(f"the layers do not make a model: {reason(error)}", path="model.layers", rule="shape")
            ) from error

    def _make(self, node: Node, component: Component) -> Any:
        named = self._takes_name(component)
        if named:
            component = Component(component.name, {**component.arguments, "name": node.name})
        try:
            layer = make("layers", component, code=self._code, path=node.path)
        except ModelError as error:
            self._problems += error.problems
            return None
        if not named:
            layer.name = node.name
        return layer

    def _takes_name(self, component: Component) -> bool:
        """The user's own layer may forget the `name` that Keras's layers take."""
        own = self._code.get(component.name)
        if not inspect.isclass(own):
            return True
        parameters = inspect.signature(own).parameters.values()
        return any(each.name == "name" or each.kind is each.VAR_KEYWORD for each in parameters)

    def _network(self, node: Node, entry: Entry, incoming: list[Any]) -> Any:
        """A network of Keras's, built for the images that come in."""
        try:
            network, beginning = make_network(node, entry, incoming, code=self._code)
        except ModelError as error:
            self._problems += error.problems
            return None
        self.begun += [] if beginning is None else [beginning]
        return network

    def _nested(self, node: Node, graph: Graph, incoming: list[Any]) -> Any:
        """A nested model, built for the shapes that come in."""
        sources = [
            self._keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)
            for name, tensor in zip(graph.features, incoming, strict=True)
        ]
        tensors = dict(zip(graph.features, sources, strict=True))
        tensors = self.connect(graph, self._inner[id(graph)], tensors)
        if any(name not in tensors for name in graph.outputs):
            return None  # a layer inside was reported
        source = sources[0] if len(sources) == 1 else sources
        outputs = self.named_outputs(graph, tensors)
        return self._keras.Model(source, outputs[0] if len(outputs) == 1 else outputs, name=node.name)

    def _apply(self, node: Node, owner: Node, layer: Any, incoming: list[Any]) -> Any:
        form = input_form(owner, layer, self._code)
        try:
            require_fit(layer, [tuple(tensor.shape) for tensor in incoming])
            outgoing = call_layer(node, form, layer, alike(self._keras, layer, incoming))
        except self._faults as error:
            self._problems.append(_shape_problem(node, layer, incoming, form, error))
            return None
        tensors = list(outgoing.values()) if isinstance(outgoing, Mapping) else _listed(outgoing)
        if any(outgoing is tensor for tensor in incoming):
            # Keras cannot trace such a layer: the tensor would be made by itself (Equalization in Keras 3.15).
            message = f"the layer {node.name} ({type(layer).__name__}) returns its input itself, not a new tensor"
            hint = "Keras cannot follow such a layer in a model"
            self._problems.append(Problem(message, path=format_path(node.path), hint=hint, rule="shape"))
            return None
        if not tensors or not all(hasattr(tensor, "shape") for tensor in tensors):
            message = f"the layer {node.name} ({type(layer).__name__}) gives no tensor"
            hint = "its `call` returns a tensor, or a list of them"
            self._problems.append(Problem(message, path=format_path(node.path), hint=hint, rule="shape"))
            return None
        return outgoing


def _listed(outgoing: Any) -> list[Any]:
    return list(outgoing) if isinstance(outgoing, (list, tuple)) else [outgoing]


def _first(outgoing: Any) -> Any:
    """The tensor that a layer's name alone means."""
    return next(iter(outgoing.values())) if isinstance(outgoing, Mapping) else _listed(outgoing)[0]


def _shape_problem(node: Node, layer: Any, incoming: list[Any], form: str, error: BaseException) -> Problem:
    shapes = [tuple(tensor.shape) for tensor in incoming]
    given = " and ".join(f"{_shape(shape)} from {name!r}" for shape, name in zip(shapes, node.inputs, strict=True))
    return Problem(
        f"the layer {node.name} ({type(layer).__name__}) cannot take {given}: {reason(error)}",
        path=format_path(node.path),
        hint=_shape_hint(type(layer).__name__, shapes, form),
        rule="shape",
    )


def _shape(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join(["batch", *("any" if size is None else str(size) for size in shape[1:])]) + ")"


def _shape_hint(kind: str, shapes: list[tuple[int | None, ...]], form: str) -> str:
    """The way out of the common misfits, by the rank that comes in."""
    if len(shapes) > 1 and form in ("one", "states"):
        return "it takes one input: join them with Concatenate before it"
    if len(shapes) > 1:
        return "inputs that are merged must agree in their shapes" if len(set(shapes)) > 1 else ""
    rank = len(shapes[0])
    if kind == "MelSpectrogram":
        return "put a Flatten before it" if rank > 2 else "another fft_length, sequence_stride or length of the sounds"
    if kind == "STFTSpectrogram":
        if rank == 3:
            return "a frame may be as long as the sound: a smaller frame_length, or `padding: same`"
        return "it takes (samples, channels): put a Reshape: {target_shape: [-1, 1]} before it"
    spatial = next((digit for digit in "123" if f"{digit}D" in kind), None)
    recurrent = kind in ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "TimeDistributed")
    if form == "list" and "Attention" not in kind:
        return "it merges several inputs: name them, as in `inputs: [a, b]`"
    if form == "arguments" or "Attention" in kind:
        return "name the query and the value, as in `inputs: [a, a]` for self-attention"
    if recurrent and rank > 3 and kind != "TimeDistributed":
        return "`TimeDistributed: {layer: Flatten}` before it makes a vector of each step; ConvLSTM2D takes pictures"
    if spatial is not None and "LSTM" not in kind and rank == int(spatial) + 3:
        return f"`TimeDistributed: {{layer: ...}}` applies it to each step; {kind[:-2]}{rank - 2}D takes all of them"
    if recurrent and rank == 2:
        return "a series is (timesteps, features): give the feature that `shape`, or put an Embedding or Reshape before"
    if spatial is not None and "Conv" in kind + "Pooling" and rank < int(spatial) + 2:
        sizes = {"1": "(steps, channels)", "2": "(height, width, channels)", "3": "(depth, height, width, channels)"}
        return f"it needs samples of {sizes[spatial]}: give the feature that `shape`, or put a Reshape before it"
    if spatial is not None and rank == int(spatial) + 2:
        return "smaller windows, larger inputs or `padding: same` keep the size above zero"
    return "put a Flatten before it" if rank > 2 and spatial is None and not recurrent else ""
