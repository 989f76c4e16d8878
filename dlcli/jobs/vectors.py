"""Embeddings that begin with vectors from a file, which are looked up by what the numbers of a feature stand for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dlcli.config.catalogue.values import AUTO
from dlcli.config.document.places import format_path
from dlcli.config.graph.graph import Graph, Node
from dlcli.config.schema import Config
from dlcli.config.schema.component import Component
from dlcli.data.columns.codec import Codec, NamesIndices
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.errors import ModelError, Problem, first_of
from dlcli.jobs.adapting import with_component
from dlcli.model.pretrained.beginning import Beginning
from dlcli.model.pretrained.vectors import Vectors, read_vectors
from dlcli.training.events import Listener, Notice, Stage

__all__ = ["LayerVectors", "find_vectors"]

_FEW = 0.5
"""The share of a vocabulary without vectors from which on that is a warning."""

_LISTED = 5

_PASSING = ("Identity", "Reshape", "Flatten")


@dataclasses.dataclass(frozen=True)
class LayerVectors:
    """What an embedding begins with.

    Args:
        layer: Its name.
        vectors: For each number that the feature has.
        beginning: Where they come from, for the record of the run.
    """

    layer: str
    vectors: Vectors
    beginning: Beginning

    def give_to(self, model: Any) -> None:
        """Write them into the layer; what the vocabulary has not is zeros."""
        variable = model.get_layer(self.layer).embeddings
        matrix = np.zeros(variable.shape, np.float32)
        rows = min(len(matrix), len(self.vectors.matrix))
        matrix[:rows] = self.vectors.matrix[:rows]
        variable.assign(matrix)


def find_vectors(
    config: Config, graph: Graph, preprocessing: Preprocessing, *, tell: Listener
) -> tuple[Config, Graph, tuple[LayerVectors, ...]]:
    """Read the vectors of all layers that ask for them.

    Args:
        config: The config.
        graph: Its layers.
        preprocessing: Fitted.
        tell: Called with what was found, and what was not.

    Returns:
        The config and the graph with the width of each in place of `auto`, and the vectors.

    Raises:
        ModelError: Files that cannot be used, and layers that take no feature with a vocabulary; all of them.
    """
    found: list[LayerVectors] = []
    problems = [_inside(node) for node in _nested(graph)]
    nodes = {node.name: node for node in graph.nodes}
    for node in [node for node in graph.nodes if node.vectors is not None]:
        tell(Stage("reading vectors"))
        try:
            read = _read(node, _codec(node, nodes, preprocessing))
        except ModelError as error:
            problems += error.problems
            continue
        found.append(read[0])
        for notice, warning in read[1]:
            tell(Notice(notice, warning=warning))
        config, graph = _with_width(config, graph, node, read[0].vectors.matrix.shape[1])
    if problems:
        raise ModelError(problems)
    return config, graph, tuple(found)


def _read(node: Node, codec: NamesIndices) -> tuple[LayerVectors, list[tuple[Problem, bool]]]:
    assert node.component is not None
    assert node.vectors is not None
    path = format_path((*node.path, "vectors"))
    file = Path(node.vectors)
    asked = node.component.arguments.get("output_dim")
    names = codec.index_names()
    width = asked if isinstance(asked, int) else None
    vectors = read_vectors(file, names, width=width, path=path)
    told = _told(node, codec, vectors, file, path)
    return LayerVectors(node.name, vectors, Beginning(node.name, str(file), vectors.sha256)), told


def _told(node: Node, codec: NamesIndices, vectors: Vectors, file: Path, path: str) -> list[tuple[Problem, bool]]:
    """What is said of the words that the file has, and of those that it has not, the most frequent first."""
    names = codec.index_names()
    rows = codec.frequencies()
    words = [place for place in range(len(names)) if names[place] not in ("<padding>", "<unknown>")]
    without = sorted((place for place in words if not vectors.found[place]), key=lambda place: -rows[place])
    have = len(words) - len(without)
    if not have:
        message = f"none of the {len(words):,} words of the vocabulary has a vector in '{file.name}': "
        message += first_of([repr(names[place]) for place in without], _LISTED)
        hint = "see whether the file has the words as the feature makes them: in small letters, of the same language"
        raise ModelError(Problem(message, path=path, hint=hint, rule="vectors-unfit"))
    message = f"{node.name} begins with vectors of {vectors.matrix.shape[1]} numbers from '{file.name}', which has "
    message += f"{have:,} of the {len(words):,} words"
    if without:
        counted = (f"{names[place]!r} (in {rows[place]:,} rows)" for place in without)
        message += f"; zeros for the others: {first_of(counted, _LISTED)}"
    told = [(Problem(message, path=path, rule="vectors-unfit"), len(without) > _FEW * len(words))]
    if vectors.repeated:
        message = f"'{file.name}' has some words more than once, and the first vector counts: {vectors.repeated}"
        told.append((Problem(message, path=path, rule="vectors-line"), True))
    return told


def _codec(node: Node, nodes: Mapping[str, Node], preprocessing: Preprocessing) -> NamesIndices:
    """The codec of the feature whose numbers come to a layer.

    Raises:
        ModelError: There is none that tells what they stand for.
    """
    name = node.inputs[0]
    while (before := nodes.get(name)) is not None and before.component is not None:
        if before.component.name not in _PASSING:
            break
        name = before.inputs[0]
    codec: Codec | None = preprocessing.features.get(name)
    if codec is not None and codec.vocabulary is not None and isinstance(codec, NamesIndices):
        return codec
    message = f"`vectors` of {node.name}: nothing tells which words the numbers from {node.inputs[0]!r} stand for"
    hint = "take a text: `{type: text, encode: {sequence: 100}}`, named in `inputs`"
    raise ModelError(Problem(message, path=format_path((*node.path, "vectors")), hint=hint, rule="vectors-unfit"))


def _nested(graph: Graph) -> list[Node]:
    """The layers of nested models that ask for vectors."""
    inner = [node.model for node in graph.nodes if node.model is not None]
    return [node for each in inner for node in (*(one for one in each.nodes if one.vectors), *_nested(each))]


def _inside(node: Node) -> Problem:
    message = f"`vectors` of {node.name}: it is in a nested model here, where no feature tells the words"
    hint = "put the Embedding before the nested model, in the list of layers"
    return Problem(message, path=format_path((*node.path, "vectors")), hint=hint, rule="vectors-unfit")


def _with_width(config: Config, graph: Graph, node: Node, width: int) -> tuple[Config, Graph]:
    assert node.component is not None
    if node.component.arguments.get("output_dim") != AUTO:
        return config, graph
    component = Component(node.component.name, {**node.component.arguments, "output_dim": width})
    nodes = [dataclasses.replace(each, component=component) if each is node else each for each in graph.nodes]
    model = with_component(config.model, node.path, component)
    return config.model_copy(update={"model": model}), dataclasses.replace(graph, nodes=tuple(nodes))
