"""The list of layers as a graph: every copy written out, every name resolved, sorted so that inputs come first.

`expand` works on the config alone, without Keras, and reports every fault at once. The writing out of `repeat`,
`for`, `with` and blocks is in `expansion.py`; here the names become edges.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable

from dlcli.config.document.places import format_path
from dlcli.config.graph.drafts import Draft, Drafts, Reference, Scope
from dlcli.config.graph.expansion import Expansion
from dlcli.config.graph.order import find_circles, topological_order
from dlcli.config.schema import ModelConfig
from dlcli.config.schema.component import Component
from dlcli.config.signature import DEFAULT_INPUT
from dlcli.errors import Problem, did_you_mean

__all__ = ["Graph", "Node", "expand"]


@dataclasses.dataclass(frozen=True)
class Node:
    """One application of one layer. Exactly one of `component`, `model` and `shared` is given.

    Args:
        name: Unique in its graph: the user's, or generated as Keras does (`dense`, `dense_1`).
        component: The layer.
        model: A nested model, used as a layer.
        shared: The name of the node whose layer is applied again.
        inputs: Names of nodes or features, in order; never empty. `(DEFAULT_INPUT,)` is the vector of all features
            that no layer takes by name. In a nested graph also the names of the graph's own inputs.
        path: Where the layer stands in the config, such as `("model", "layers", 2)`.
    """

    name: str
    component: Component | None
    model: Graph | None
    shared: str | None
    inputs: tuple[str, ...]
    path: tuple[str | int, ...]


@dataclasses.dataclass(frozen=True)
class Graph:
    """The layers of a model.

    Args:
        nodes: Topologically sorted; in the order of the config where the graph leaves a choice.
        outputs: Names of nodes, in the order of the targets.
        features: Features taken by name, `DEFAULT_INPUT` not among them. Of a nested graph: its inputs
            (`input`, `input_2`, ...), in the order in which the node that holds it takes them.
    """

    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    features: tuple[str, ...]

    @property
    def takes_default(self) -> bool:
        """Whether a layer takes the vector of the features that have no input of their own."""
        return any(DEFAULT_INPUT in node.inputs for node in self.nodes)


def expand(model: ModelConfig, *, features: Collection[str] | None) -> tuple[Graph | None, tuple[Problem, ...]]:
    """Write out the layers of a config as a graph.

    Args:
        model: The `model` section.
        features: Names of the features; None when they are not known yet, and every name that is no layer is
            taken for one.

    Returns:
        The graph, or None when it has faults; and every fault.

    Example:
        >>> model = ModelConfig.model_validate({"layers": [{"Dense": {"units": 8}, "repeat": 2}]})
        >>> graph, problems = expand(model, features=None)
        >>> [(node.name, node.inputs) for node in graph.nodes]
        [('dense', ('features',)), ('dense_1', ('dense',))]
    """
    expansion = Expansion(model, features)
    drafts = expansion.run()
    problems = list(expansion.problems)
    if not drafts.layers:
        return None, _distinct(problems)
    linker = _Linker(drafts, features=features, outputs=model.outputs)
    graph = linker.link(sound=not problems)
    problems += linker.problems
    if not problems:
        problems += _feature_faults(graph, features)
    return (None if problems else graph), _distinct(problems)


class _Linker:
    """Turns the drafts of one graph into nodes; collects the faults of names and edges."""

    def __init__(self, drafts: Drafts, *, features: Collection[str] | None, outputs: list[str] | None = None) -> None:
        self.drafts = drafts
        self.features = features
        self.outputs = outputs
        self.problems: list[Problem] = []
        self._used_features: dict[str, None] = {}

    def link(self, *, sound: bool) -> Graph:
        """The graph; only of use when there are no problems.

        Args:
            sound: The drafts are without fault, so that missing edges and circles are the user's own.
        """
        nodes = [self._node(draft, sound=sound) for draft in self.drafts.layers]
        outputs = self._outputs()
        if sound and not self.problems:
            self.problems += _cycles(nodes)
        if sound and not self.problems:
            self.problems += _dead_ends(nodes, outputs, nested=self.drafts.nested)
        if sound and not self.problems and self.drafts.nested:
            self.problems += self._unused_inputs(nodes)
        ordered = [nodes[number] for number in topological_order(_dependencies(nodes))]
        features = self.drafts.inputs if self.drafts.nested else tuple(self._used_features)
        return Graph(tuple(ordered), outputs, features)

    def _node(self, draft: Draft, *, sound: bool) -> Node:
        inner = None
        if draft.inner is not None:
            linker = _Linker(draft.inner, features=())
            inner = linker.link(sound=sound)
            self.problems += linker.problems
        inputs = tuple(name for reference in draft.inputs if (name := self._resolve(reference)) is not None)
        shared = None
        if draft.shared is not None:
            shared = self._shared(draft.shared)
        return Node(draft.name, draft.component, inner, shared, inputs, draft.path)

    def _resolve(self, reference: Reference | Draft) -> str | None:
        """The node's or input's name that a reference means; None after reporting that there is none."""
        found = self.drafts.find(reference)
        if isinstance(found, Draft):
            return found.name
        assert isinstance(reference, Reference)  # only a reference is looked up
        word = found
        if word in self.drafts.inputs or (word == DEFAULT_INPUT and not self.drafts.nested):
            return word
        if not self.drafts.nested and (self.features is None or word in self.features):
            self._used_features[word] = None
            return word
        known = [*self.drafts.words(reference.scope), *(self.features or ())]
        what = "layer or input of this nested model" if self.drafts.nested else "layer or feature"
        self.problems.append(
            Problem(
                f"{word!r} is no {what}",
                path=format_path(reference.path),
                hint=did_you_mean(word, known) or f"there are {_some(known)}",
                rule="unknown-name",
            )
        )
        return None

    def _shared(self, reference: Reference) -> str | None:
        """The node that owns the layer: a reference to one that itself is shared is followed."""
        trail: set[int] = set()
        found = self.drafts.find(reference)
        while isinstance(found, Draft) and found.shared is not None and id(found) not in trail:
            trail.add(id(found))
            found = self.drafts.find(found.shared)
        if isinstance(found, Draft) and found.shared is None:
            return found.name
        known = [draft.name for draft in self.drafts.layers if draft.shared is None]
        self.problems.append(
            Problem(
                f"{reference.word!r} is no layer whose weights could be shared",
                path=format_path(reference.path),
                hint=did_you_mean(reference.word, known) or f"there are {_some(known)}",
                rule="unknown-name",
            )
        )
        return None

    def _outputs(self) -> tuple[str, ...]:
        if self.outputs is None:
            return (self.drafts.last.name,) if self.drafts.last is not None else ()
        names: list[str] = []
        for index, word in enumerate(self.outputs):
            path = ("model", "outputs", index)
            found = self.drafts.find(Reference(word, Scope(), path))
            if not isinstance(found, Draft):
                known = list(self.drafts.words(Scope()))
                self.problems.append(
                    Problem(
                        f"{word!r} is no layer, and an output must be one",
                        path=format_path(path),
                        hint=did_you_mean(word, known) or f"there are {_some(known)}",
                        rule="unknown-name",
                    )
                )
            elif found.name in names:
                self.problems.append(
                    Problem(f"the output {word!r} is listed twice", path=format_path(path), rule="duplicate-name")
                )
            else:
                names.append(found.name)
        return tuple(names)

    def _unused_inputs(self, nodes: Iterable[Node]) -> list[Problem]:
        used = {name for node in nodes for name in node.inputs}
        return [
            Problem(
                f"no layer of the nested model takes its input {self.drafts.described(name)!r}",
                path=format_path(self.drafts.path),
                hint="take it with `inputs` inside, or leave it out of the model's `inputs`",
                rule="dead-end",
            )
            for name in self.drafts.inputs
            if name not in used
        ]


def _feature_faults(graph: Graph, features: Collection[str] | None) -> list[Problem]:
    """Every feature must reach a layer, and the vector of the unnamed ones must not be empty."""
    if features is None:
        return []
    unnamed = [feature for feature in features if feature not in graph.features]
    if unnamed and not graph.takes_default:
        return [
            Problem(
                f"no layer takes {'the feature' if len(unnamed) == 1 else 'the features'} {_some(unnamed)}",
                path="model.layers",
                hint=f"name them in a layer's `inputs` (`{DEFAULT_INPUT}` is the vector of all that have no input of "
                "their own), or leave them out of data.features",
                rule="unused-feature",
            )
        ]
    if features and not unnamed and graph.takes_default:
        node = next(node for node in graph.nodes if DEFAULT_INPUT in node.inputs)
        return [
            Problem(
                f"the layer {node.name} takes the vector of all features without an input of their own, and there are "
                "none: each is taken by name",
                path=format_path(node.path),
                hint="give the layer `inputs`",
                rule="unused-feature",
            )
        ]
    return []


def _dependencies(nodes: list[Node]) -> list[list[int]]:
    """For each node the indices of those that must come before it."""
    index = {node.name: number for number, node in enumerate(nodes)}
    return [
        [index[name] for name in (*node.inputs, *((node.shared,) if node.shared else ())) if name in index]
        for node in nodes
    ]


def _cycles(nodes: list[Node]) -> list[Problem]:
    problems = []
    for circle in find_circles(_dependencies(nodes)):
        names = [nodes[number].name for number in [*circle, circle[0]]]
        problems.append(
            Problem(
                f"the layers wait for each other in a circle: {' -> '.join(names)}",
                path=format_path(nodes[circle[0]].path),
                hint="a layer's `inputs` cannot depend on its own output",
                rule="cycle",
            )
        )
    return problems


def _dead_ends(nodes: list[Node], outputs: tuple[str, ...], *, nested: bool) -> list[Problem]:
    """Layers whose result nobody takes, though they are no output."""
    taken = {name for node in nodes for name in node.inputs}
    hint = (
        "give its name in another layer's `inputs`" if nested else "take it as an input, or list it in `model.outputs`"
    )
    return [
        Problem(
            f"the output of the layer {node.name} leads nowhere",
            path=format_path(node.path),
            hint=hint,
            rule="dead-end",
        )
        for node in nodes
        if node.name not in taken and node.name not in outputs
    ]


def _distinct(problems: list[Problem]) -> tuple[Problem, ...]:
    """A block that is used five times has its faults once."""
    return tuple(dict.fromkeys(problems))


def _some(names: Collection[str], limit: int = 8) -> str:
    shown = [repr(name) for name in list(names)[:limit]]
    return ", ".join(shown) + (f" and {len(names) - limit} more" if len(names) > limit else "")
