"""Names become edges: every word of `inputs`, `shared` and `outputs` is looked up, and the faults of that are found."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable

from dlcli.config.document.places import format_path
from dlcli.config.graph.calls import keras_layer
from dlcli.config.graph.drafts import Draft, Drafts, Path, Reference, Scope, Slot, Source, Tensor, as_part, positional
from dlcli.config.graph.graph import Graph, Node
from dlcli.config.graph.order import find_circles, topological_order
from dlcli.config.graph.tensors import more_tensors, tensor_count
from dlcli.config.schema.component import Component
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


def link(drafts: Drafts, *, sound: bool, own: Collection[str] = ()) -> Links:
    """Look up the names of a whole model.

    Args:
        drafts: Its layers, named.
        sound: The drafts are without fault, so that missing edges and circles are the user's own.
        own: The names of the user's own layers.
    """
    linker = _Linker(drafts, own=own)
    graph = linker.link(sound=sound)
    return Links(graph, tuple(linker.words), tuple(linker.names), tuple(linker.edges))


def unknown_names(drafts: Drafts, words: Iterable[Reference], features: Collection[str]) -> list[Problem]:
    """The words that are no feature's name either."""
    return [
        _unknown(drafts, reference, "layer or feature", features)
        for reference in words
        if reference.word not in features
    ]


def unused_features(graph: Graph, features: Collection[str], more: Collection[str] = ()) -> list[Problem]:
    """Every feature must reach a layer, and the vector of the unnamed ones must not be empty.

    Args:
        graph: The layers.
        features: The names of the features.
        more: Inputs that are made of features, beside them; of those that begin alike one must be taken.
    """
    groups = {name.partition("_")[0] for name in more}
    forgotten = [
        each
        for each in sorted(groups)
        if not any(name.partition("_")[0] == each for name in graph.features if name in more)
    ]
    if forgotten:
        return [
            Problem(
                f"no layer takes the input {each!r}, which data.windows makes",
                path="model.layers",
                hint=f"name it in a layer's `inputs`, as in `inputs: [{DEFAULT_INPUT}, {each}]`, or leave it out of "
                "data.windows",
                rule="unused-feature",
            )
            for each in forgotten
        ]
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
    """Makes the drafts of one graph into nodes; collects the faults of names and edges."""

    def __init__(self, drafts: Drafts, *, own: Collection[str] = ()) -> None:
        self.drafts = drafts
        self.own = own
        self.names: list[Problem] = []
        self.edges: list[Problem] = []
        self.words: list[Reference] = []

    def link(self, *, sound: bool) -> Graph:
        """The graph; only of use when there are no faults."""
        nodes = [self._node(draft, sound=sound) for draft in self.drafts.layers]
        outputs, parts = self._outputs()
        nodes += parts
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
            linker = _Linker(draft.inner, own=self.own)
            inner = linker.link(sound=sound)
            self.names += [*linker.names, *linker.edges]
        inputs: list[tuple[str, int | str]] = []
        arguments: list[tuple[str, int | None]] = []
        for slot in self._ordered(draft):
            found = [tensor for source in slot.sources if (tensor := self._resolve(source)) is not None]
            inputs += found
            if slot.argument is not None:
                arguments.append((slot.argument, len(found) if slot.listed else None))
            elif slot.listed and len(found) == 1 and self._merges(draft):
                arguments.append(("inputs", 1))  # of one feature that a glob fits, or one copy
        shared = None if draft.shared is None else self._shared(draft.shared)
        names, picks = tuple(name for name, _ in inputs), tuple(pick for _, pick in inputs)
        said = (picks, tuple(arguments), dict(draft.call), draft.trainable, draft.run, draft.vectors)
        return Node(draft.name, draft.component, inner, shared, names, draft.path, *said)

    def _merges(self, draft: Draft) -> bool:
        """Whether the layer takes a list."""
        entry = keras_layer(draft.component.name, self.own) if draft.component is not None else None
        return entry is not None and entry.inputs == "list"

    def _ordered(self, draft: Draft) -> tuple[Slot, ...]:
        """What a layer takes; of a nested model that is applied again, in the order of its inputs."""
        owner = self.drafts.owner(draft) if draft.shared is not None else None
        given = [slot.argument for slot in draft.slots]
        if owner is None or owner.inner is None or given[:1] == [None]:
            return draft.slots
        inner = owner.inner
        known = [inner.described(name) for name in inner.inputs]
        if sorted(map(str, given)) != sorted(known) or any(len(slot.sources) != 1 for slot in draft.slots):
            message = f"the model takes {', '.join(known)}, a tensor each; here are {', '.join(map(str, given))}"
            hint = f"write `inputs: {{{', '.join(f'{name}: ...' for name in known)}}}`"
            place = format_path((*draft.path, "inputs"))
            self.names.append(Problem(message, path=place, hint=hint, rule="wrong-inputs"))
            return draft.slots
        by_name = {slot.argument: slot for slot in draft.slots}
        return positional(*(by_name[name].sources[0] for name in known))

    def _resolve(self, source: Source) -> tuple[str, int | str] | None:
        """The node's or input's name that a source means, and which tensor; None after reporting that there is none."""
        found = self.drafts.find(source)
        if found.layer is not None:
            return found.layer.name, self._pick(source, found)
        assert isinstance(source, Reference)  # only a reference is looked up
        word = found.word
        if word in self.drafts.inputs or (word == DEFAULT_INPUT and not self.drafts.nested):
            return word, 0
        reference = dataclasses.replace(source, word=word)
        if not self.drafts.nested:
            self.words.append(reference)
            return word, 0
        self.names.append(_unknown(self.drafts, reference, "layer or input of this nested model"))
        return None

    def _pick(self, source: Source, tensor: Tensor) -> int | str:
        """Which of a layer's tensors is meant; one that it does not have is reported."""
        pick, layer = tensor.pick, tensor.layer
        if pick is None or layer is None:
            return 0
        owner = self.drafts.owner(layer)
        if owner is None:
            return pick  # reported as a layer that cannot be shared
        if owner.inner is not None and isinstance(pick, str):
            return list(owner.inner.outputs or ()).index(pick)
        count = tensor_count(owner, layer.call, own=self.own)
        if isinstance(pick, int) and count is not None and pick >= count:
            assert isinstance(source, Reference)  # a number is written
            self.names.append(_too_few(owner, layer, count, source.path, more_tensors(owner, count, own=self.own)))
        return pick

    def _shared(self, reference: Reference) -> str | None:
        """The node that owns the layer: a reference to one that itself is shared is followed."""
        found = self.drafts.find(reference)
        owner = self.drafts.owner(found.layer) if found.layer is not None and found.pick is None else None
        if owner is not None:
            return owner.name
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

    def _outputs(self) -> tuple[tuple[str, ...], list[Node]]:
        """The names of the outputs; and a node for each that is one of several tensors of a layer."""
        if self.drafts.outputs is None:
            return tuple(draft.name for draft in self.drafts.ends), []
        names: dict[str, Node | None] = {}
        above = (*self.drafts.path, "outputs")
        for index, word in enumerate(self.drafts.outputs):
            reference = Reference(word, Scope(), (*above, index))
            for source in self.drafts.group(word, Scope()) or (reference,):
                self._output(source, reference, names)
        return tuple(names), [node for node in names.values() if node is not None]

    def _output(self, source: Source, reference: Reference, names: dict[str, Node | None]) -> None:
        found, path = self.drafts.find(source), format_path(reference.path)
        if found.layer is None:
            known = list(self.drafts.words(Scope()))
            self.names.append(
                Problem(
                    f"{reference.word!r} is no layer, and an output must be one",
                    path=path,
                    hint=did_you_mean(reference.word, known) or f"there are {_some(known)}",
                    rule="unknown-name",
                )
            )
            return
        name = found.layer.name if found.pick is None else reference.word
        if name in names:
            message = f"the output {reference.word!r} is listed twice"
            self.names.append(Problem(message, path=path, rule="duplicate-name"))
        elif found.pick is None:
            names[name] = None
        else:
            taken, pick = (found.layer.name,), (self._pick(source, found),)
            names[name] = Node(name, Component("Identity"), None, None, taken, reference.path, pick)

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


def _too_few(owner: Draft, layer: Draft, count: int, path: Path, hint: str) -> Problem:
    kind = f" ({owner.component.name})" if owner.component is not None else ""
    gives = "one tensor" if count == 1 else f"{count} tensors, {layer.name}.0 to {layer.name}.{count - 1}"
    message = f"the layer {layer.name}{kind} gives {gives}"
    return Problem(message, path=format_path(path), hint=hint, rule="unknown-name")


def _unknown(drafts: Drafts, reference: Reference, what: str, features: Collection[str] = ()) -> Problem:
    known = dict.fromkeys([*drafts.words(reference.scope), *features])  # one may be both, which is another fault
    part = as_part(reference.word)
    if part.rpartition(".")[0] in known:
        hint = f"one tensor of several is written {part!r}"
        message = f"{reference.word!r} is no {what}"
        return Problem(message, path=format_path(reference.path), hint=hint, rule="unknown-name")
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
