"""Names become edges: every word of `inputs`, `shared` and `outputs` is looked up, and the faults of that are found."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable

from dlcli.config.document.places import format_path
from dlcli.config.graph.drafts import Draft, Drafts, Reference, Scope
from dlcli.config.graph.graph import Graph, Node
from dlcli.config.graph.order import find_circles, topological_order
from dlcli.config.signature import DEFAULT_INPUT
from dlcli.errors import Problem, did_you_mean, first_of

__all__ = ["Links", "link", "unknown_names", "unused_features"]


@dataclasses.dataclass(frozen=True)
class Links:
    """A model's layers with their names looked up.

    Args:
        graph: Only of use when there are no faults.
        words: The words that are no layer's name, and must be those of features.
        names: Faults of names.
        edges: Layers that wait for each other or lead nowhere; not looked for where names are faulty.
    """

    graph: Graph
    words: tuple[Reference, ...]
    names: tuple[Problem, ...]
    edges: tuple[Problem, ...]


def link(drafts: Drafts, *, outputs: list[str] | None, sound: bool) -> Links:
    """Look up the names of a whole model.

    Args:
        drafts: Its layers, named.
        outputs: `model.outputs`.
        sound: The drafts are without fault, so that missing edges and circles are the user's own.
    """
    linker = _Linker(drafts, outputs=outputs)
    graph = linker.link(sound=sound)
    return Links(graph, tuple(linker.words), tuple(linker.names), tuple(linker.edges))


def unknown_names(drafts: Drafts, words: Iterable[Reference], features: Collection[str]) -> list[Problem]:
    """The words that are no feature's name either."""
    return [
        _unknown(drafts, reference, "layer or feature", features)
        for reference in words
        if reference.word not in features
    ]


def unused_features(graph: Graph, features: Collection[str]) -> list[Problem]:
    """Every feature must reach a layer, and the vector of the unnamed ones must not be empty."""
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


class _Linker:
    """Turns the drafts of one graph into nodes; collects the faults of names and edges."""

    def __init__(self, drafts: Drafts, *, outputs: list[str] | None = None) -> None:
        self.drafts = drafts
        self.outputs = outputs
        self.names: list[Problem] = []
        self.edges: list[Problem] = []
        self.words: list[Reference] = []

    def link(self, *, sound: bool) -> Graph:
        """The graph; only of use when there are no faults."""
        nodes = [self._node(draft, sound=sound) for draft in self.drafts.layers]
        outputs = self._outputs()
        if sound and not self.names:
            self.edges = _cycles(nodes) or _dead_ends(nodes, outputs, nested=self.drafts.nested)
        if sound and not self.names and not self.edges and self.drafts.nested:
            self.edges = self._unused_inputs(nodes)
        ordered = [nodes[number] for number in topological_order(_dependencies(nodes))]
        features = dict.fromkeys(reference.word for reference in self.words)
        return Graph(tuple(ordered), outputs, self.drafts.inputs if self.drafts.nested else tuple(features))

    def _node(self, draft: Draft, *, sound: bool) -> Node:
        inner = None
        if draft.inner is not None:
            linker = _Linker(draft.inner)
            inner = linker.link(sound=sound)
            self.names += [*linker.names, *linker.edges]
        inputs = tuple(name for reference in draft.inputs if (name := self._resolve(reference)) is not None)
        shared = None
        if draft.shared is not None:
            shared = self._shared(draft.shared)
        return Node(draft.name, draft.component, inner, shared, inputs, draft.path, draft.trainable, draft.run)

    def _resolve(self, reference: Reference | Draft) -> str | None:
        """The node's or input's name that a reference means; None after reporting that there is none."""
        found = self.drafts.find(reference)
        if isinstance(found, Draft):
            return found.name
        assert isinstance(reference, Reference)  # only a reference is looked up
        word = found
        if word in self.drafts.inputs or (word == DEFAULT_INPUT and not self.drafts.nested):
            return word
        if not self.drafts.nested:
            self.words.append(dataclasses.replace(reference, word=word))
            return word
        self.names.append(
            _unknown(self.drafts, dataclasses.replace(reference, word=word), "layer or input of this nested model")
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
        self.names.append(
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
                self.names.append(
                    Problem(
                        f"{word!r} is no layer, and an output must be one",
                        path=format_path(path),
                        hint=did_you_mean(word, known) or f"there are {_some(known)}",
                        rule="unknown-name",
                    )
                )
            elif found.name in names:
                self.names.append(
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


def _unknown(drafts: Drafts, reference: Reference, what: str, features: Collection[str] = ()) -> Problem:
    known = dict.fromkeys([*drafts.words(reference.scope), *features])  # one may be both, which is another fault
    return Problem(
        f"{reference.word!r} is no {what}",
        path=format_path(reference.path),
        hint=did_you_mean(reference.word, known) or f"there are {_some(known)}",
        rule="unknown-name",
    )


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


def _some(names: Collection[str]) -> str:
    return first_of(map(repr, names), 8)
