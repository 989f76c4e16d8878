"""The entrance of a model: its inputs, and the vector of the features that no layer takes by name."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from dlcli.backend import startup
from dlcli.config.document.places import format_path
from dlcli.config.graph.drafts import snake_case
from dlcli.config.graph.graph import Graph
from dlcli.config.schema.component import Component
from dlcli.config.signature import DEFAULT_INPUT, InputSpec
from dlcli.errors import ModelError, Problem
from dlcli.model.components import make
from dlcli.model.faults import model_faults, reason

__all__ = ["make_inputs", "taken_as_numbers"]


def make_inputs(
    graph: Graph, inputs: Sequence[InputSpec], *, taken: Collection[str], code: Mapping[str, object]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make the input tensors.

    Args:
        graph: Says which inputs are taken by name.
        inputs: The model's inputs.
        taken: Names of layers, which the layers made here must not have.
        code: The user's own layers by name, which may stand at an entrance.

    Returns:
        The `keras.Input` of each `InputSpec` by its name; and the tensors that layers find under a feature's name
        and under `DEFAULT_INPUT`. There a category with an embedding is its vector, `(batch, embedding)`.

    Raises:
        ModelError: The inputs do not fit the graph, or cannot be one vector.
    """
    problems = _faults(graph, inputs)
    if problems:
        raise ModelError(problems)
    keras = startup.load()
    names = {*taken, *(spec.name for spec in inputs)}
    sources = {spec.name: keras.Input(spec.shape, dtype=spec.dtype, name=spec.name) for spec in inputs}
    tensors, unnamed = {}, []
    for spec in inputs:
        tensor = _entered(spec, sources[spec.name], names, code)
        if spec.embedding is not None:
            tensor = _embedded(keras, spec, tensor, names)
        if spec.name in graph.features:
            tensors[spec.name] = tensor
        else:
            unnamed.append(tensor)
    if len(unnamed) == 1:
        tensors[DEFAULT_INPUT] = unnamed[0]
    elif unnamed:
        tensors[DEFAULT_INPUT] = keras.layers.Concatenate(name=_free("features_vector", names))(unnamed)
    return sources, tensors


def taken_as_numbers(graph: Graph, inputs: Sequence[InputSpec]) -> list[InputSpec]:
    """The inputs that layers find as they are, by the name under which they find them."""
    plain = [spec for spec in inputs if spec.embedding is None]
    unnamed = [spec for spec in inputs if spec.name not in graph.features]
    alone = unnamed if len(unnamed) == 1 and unnamed[0].embedding is None else []
    return [*plain, *(dataclasses.replace(spec, name=DEFAULT_INPUT) for spec in alone)]


def _entered(spec: InputSpec, tensor: Any, names: set[str], code: Mapping[str, object]) -> Any:
    """What layers are given of an input: what its entrance makes of it.

    Raises:
        ModelError: A layer of the entrance cannot be made, or does not take what comes.
    """
    base = re.sub(r"[^A-Za-z0-9_.\-]", "_", spec.name)
    for layer in spec.entrance:
        path = ("data", "features", spec.name, *layer.place)
        name = _free(f"{base}_{snake_case(layer.name)}", names)
        made = make("layers", Component(layer.name, {**layer.arguments, "name": name}), code=code, path=path)
        shape = tuple(tensor.shape)
        try:
            tensor = made(tensor)
        except model_faults() as error:
            message = f"the layer {layer.name} cannot take {shape}: {reason(error)}"
            raise ModelError(Problem(message, path=format_path(path), rule="shape")) from error
        if layer.place and tuple(tensor.shape) != shape:
            message = f"the layer {layer.name} makes {tuple(tensor.shape)[1:]} of images of {shape[1:]}"
            hint = "what changes the size is no augmentation: it stands in `model.layers`, or say `size`"
            raise ModelError(Problem(message, path=format_path(path), hint=hint, rule="shape"))
    return tensor


def _embedded(keras: Any, spec: InputSpec, tensor: Any, names: set[str]) -> Any:
    # TensorFlow's scopes allow fewer letters than columns do.
    base = re.sub(r"[^A-Za-z0-9_.\-]", "_", spec.name)
    name = _free(f"{base}_embedding", names)
    first = "uniform" if spec.deviation is None else keras.initializers.RandomNormal(stddev=spec.deviation)
    embedding = keras.layers.Embedding(
        spec.vocabulary, spec.embedding, embeddings_initializer=first, mask_zero=spec.masked, name=name
    )
    embedded = embedding(tensor)
    return keras.layers.Flatten(name=_free(f"{base}_vector", names))(embedded) if spec.is_single else embedded


def _free(base: str, names: set[str]) -> str:
    name, number = base, 0
    while name in names:
        number += 1
        name = f"{base}_{number}"
    names.add(name)
    return name


def _faults(graph: Graph, inputs: Sequence[InputSpec]) -> list[Problem]:
    problems = []
    given = {spec.name for spec in inputs}
    for name in graph.features:
        if name not in given:
            problems.append(
                Problem(f"a layer takes {name!r}, which is no feature", path="model.layers", rule="unknown-name")
            )
    for spec in inputs:
        if "/" in spec.name:
            problems.append(
                Problem(
                    f"the feature {spec.name!r} has an input of its own, and Keras allows no '/' in an input's name",
                    path="data.features",
                    hint="give the feature another name, and its column with `columns`",
                    rule="feature-name",
                )
            )
        if spec.embedding is not None and spec.vocabulary is None:
            problems.append(
                Problem(
                    f"the feature {spec.name!r} has no vocabulary to embed", path="data.features", rule="feature-name"
                )
            )
    unnamed = [spec for spec in inputs if spec.name not in graph.features]
    if graph.takes_default and not unnamed:
        problems.append(
            Problem(
                "a layer takes the vector of all features without an input of their own, and there are none",
                path="model.layers",
                hint="give the first layer `inputs`",
                rule="unused-feature",
            )
        )
    if unnamed and not graph.takes_default:
        listed = ", ".join(spec.name for spec in unnamed)
        problems.append(
            Problem(
                f"no layer takes {listed}",
                path="model.layers",
                hint=f"name it in a layer's `inputs`; `{DEFAULT_INPUT}` is the vector of all unnamed features",
                rule="unused-feature",
            )
        )
    return problems + _mixture(unnamed)


def _mixture(unnamed: Sequence[InputSpec]) -> list[Problem]:
    """Numbers and embedded categories make a vector; images, series and indices stand alone or are named."""
    if len(unnamed) == 1:
        return []
    # Of windows each step is a vector: numbers `(steps, width)` beside indices `(steps,)` that are embedded.
    steps = {
        () if spec.is_single else spec.shape if spec.embedding is not None else spec.shape[:-1] for spec in unnamed
    }
    plain = [spec for spec in unnamed if spec.embedding is None]
    fits = all(spec.shape and spec.dtype != "int32" for spec in plain)
    if fits and len(steps) == 1 and (steps <= {()} or len(plain) < len(unnamed)):
        return []
    awkward = [spec for spec in plain if len(spec.shape) != 1 or spec.dtype == "int32"]
    if not awkward:
        return []
    described = ", ".join(f"{spec.name} {spec.shape} {spec.dtype}" for spec in awkward)
    others = ", ".join(spec.name for spec in unnamed if spec not in awkward)
    return [
        Problem(
            f"cannot make one vector of the features: {described}" + (f" beside {others}" if others else ""),
            path="model.layers",
            hint=f"take them by name, as in `inputs: [{awkward[0].name}]`, and join the branches with Concatenate",
            rule="mixed-features",
        )
    ]
