"""Layers between the config and the graph: written out and named, their inputs still words to be looked up."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.schema.component import Component
from dlcli.config.signature import DEFAULT_INPUT

__all__ = [
    "Draft",
    "Drafts",
    "Path",
    "Reference",
    "Scope",
    "Slot",
    "Source",
    "Tensor",
    "as_part",
    "input_name",
    "input_number",
    "positional",
    "snake_case",
]

Path = tuple[str | int, ...]
"""A place in the config."""

_MOST_DIGITS = 6
"""A longer number behind a name is none of a tensor."""


@dataclasses.dataclass(frozen=True)
class Scope:
    """Where a name is looked up: in a use of a block, then in what is around it.

    Args:
        prefix: What the names of this use are prefixed with, such as `stem.`.
        incoming: What `input`, `input_2`, ... mean here; empty at the top of a graph.
        around: The scope of the list that uses the block.
        names: What the block calls its inputs, in the order of `incoming`; empty when it gives them no names.
        trainable: What the use says of the layers inside; None: nothing.
    """

    prefix: str = ""
    incoming: tuple[Source, ...] = ()
    around: Scope | None = None
    names: tuple[str, ...] = ()
    trainable: bool | None = None

    def position(self, word: str) -> int | None:
        """Which of the incoming tensors a word means."""
        number = self.names.index(word) if word in self.names else input_number(word)
        return number if number is not None and number < len(self.incoming) else None


@dataclasses.dataclass(frozen=True)
class Reference:
    """A name as it is written, and where."""

    word: str
    scope: Scope
    path: Path


@dataclasses.dataclass(frozen=True)
class Slot:
    """What one argument of a layer's call takes.

    Args:
        argument: Its name; None for what is given in order.
        sources: What it takes.
        listed: It was written as a list, also of one.
    """

    argument: str | None
    sources: tuple[Source, ...]
    listed: bool = False


@dataclasses.dataclass(eq=False)
class Draft:
    """A layer whose inputs are still words."""

    path: Path
    slots: tuple[Slot, ...]
    component: Component | None = None
    inner: Drafts | None = None
    shared: Reference | None = None
    name: str = ""
    call: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    trainable: bool | None = None
    run: str | None = None
    vectors: str | None = None


Source = Reference | Draft
"""What a layer takes: a name that is to be looked up, or a layer before it."""


@dataclasses.dataclass(frozen=True)
class Tensor:
    """What a name means: a tensor of a layer, or an input.

    Args:
        layer: The layer; None for an input.
        word: The input's name, or what might be one.
        pick: Which of the layer's tensors, when it was said: its number, or its name.
    """

    layer: Draft | None
    word: str = ""
    pick: int | str | None = None


def positional(*sources: Source, several: bool = False) -> tuple[Slot, ...]:
    """Tensors in order; a list also of one where as many may come as the data has features."""
    return (Slot(None, sources, several),)


class Drafts:
    """The drafts of one graph, and the names that are given in it.

    Args:
        nested: The inputs of a nested graph by their own names (`input`, `input_2`), each with the name that it has
            outside; None for the whole model.
        path: Where the graph stands in the config.
        outputs: The names of its outputs, when it says so.
    """

    def __init__(self, *, nested: Mapping[str, str] | None, path: Path, outputs: Sequence[str] | None = None) -> None:
        self.layers: list[Draft] = []
        self.ends: tuple[Draft, ...] = ()
        """What the list gives: its last layer, or copies that stand side by side."""
        self.nested = nested is not None
        self.inputs = tuple(nested or ())
        self.path = path
        self.outputs = outputs
        self.names: dict[str, Draft] = {}
        self.groups: dict[str, tuple[Draft, ...]] = {}
        """The names that mean all copies of an item."""
        self.given: dict[str, Path] = {}
        """The names that the user gave, and where."""
        self.generated: set[str] = set()
        """The names of the layers to which the user gave none."""
        self.outside = dict(nested or {})
        self._counts: dict[tuple[str, str], int] = {}
        self._within_blocks: dict[str, dict[str, Draft]] = {}
        """By the prefix of a block's use: its layers without a name, as they are numbered there."""

    def add(self, draft: Draft, scope: Scope, *, named: bool) -> None:
        """Take in a layer."""
        self.layers.append(draft)
        if scope.prefix and not named:
            # Numbered within each use: `flatten` in a block is its own, also where the block is used a second time.
            base = _base_name(draft)
            number = self._counts.get((scope.prefix, base), 0)
            self._counts[scope.prefix, base] = number + 1
            self._within_blocks.setdefault(scope.prefix, {})[f"{base}_{number}" if number else base] = draft

    def number(self, features: Collection[str] = ()) -> None:
        """Name the layers to which the user gave no name; every one that the user gave is taken already.

        Args:
            features: The names of the features, as far as they are known; layers are not called so.
        """
        before, self.generated = self.generated, set()
        self.names = {name: draft for name, draft in self.names.items() if name not in before}
        counts: dict[str, int] = {}
        taken = {*self.names, *self.groups, *self.inputs, DEFAULT_INPUT, *features}
        for draft in self.layers:
            if draft.name and draft.name not in before:
                continue
            base = _base_name(draft)
            while True:
                number = counts.get(base, 0)
                counts[base] = number + 1
                name = f"{base}_{number}" if number else base
                if name not in taken:
                    break
            draft.name = name
            self.names[name] = draft
            self.generated.add(name)

    def find(self, source: Source) -> Tensor:
        """What a name means; when nothing here has it, the word itself, which may be an input's name."""
        if isinstance(source, Draft):
            return Tensor(source)
        scope: Scope | None = source.scope
        while scope is not None:
            found = self._within(scope, source.word) or self._part(scope, source.word)
            if found is not None:
                return found
            scope = scope.around
        if source.word not in self.inputs:
            for name, outside in self.outside.items():
                if outside == source.word:
                    return Tensor(None, name)
        return Tensor(None, source.word)

    def group(self, word: str, scope: Scope) -> tuple[Draft, ...]:
        """The copies that a word means, when it means several."""
        around: Scope | None = scope
        while around is not None:
            name = around.prefix + word
            if name in self.groups:
                return self.groups[name]
            if name in self.names or around.position(word) is not None:
                return ()
            around = around.around
        return ()

    def _within(self, scope: Scope, word: str) -> Tensor | None:
        position = scope.position(word)
        if position is not None:
            return self.find(scope.incoming[position])
        name = scope.prefix + word
        found = self.names.get(name) or self._within_blocks.get(scope.prefix, {}).get(word)
        return Tensor(found) if found is not None else None

    def _part(self, scope: Scope, word: str) -> Tensor | None:
        """One tensor of a layer that gives several: `encoder.1`, and by name of a nested model's outputs."""
        base, dot, part = word.rpartition(".")
        whole = self._within(scope, base) if dot and base else None
        if whole is None or whole.layer is None or whole.pick is not None:
            return None
        if part.isdecimal():
            return Tensor(whole.layer, pick=int(part)) if len(part) < _MOST_DIGITS else None
        return Tensor(whole.layer, pick=part) if self._names_parts(whole.layer, part) else None

    def _names_parts(self, layer: Draft, part: str) -> bool:
        """Whether a layer may call one of its tensors so; what a layer of the user's own gives shows when it is run."""
        owner = self.owner(layer)
        if owner is None or owner.inner is not None:
            return owner is not None and part in (owner.inner.outputs or ())  # type: ignore[union-attr]
        return owner.component is not None and catalogue.load().get("layers", owner.component.name) is None

    def owner(self, draft: Draft) -> Draft | None:
        """The draft that has the layer itself: of one that is shared, the first use; None where there is none."""
        trail: set[int] = set()
        found: Draft | None = draft
        while found is not None and found.shared is not None:
            if id(found) in trail:
                return None
            trail.add(id(found))
            found = self.find(found.shared).layer
        return found

    def words(self, scope: Scope) -> Iterator[str]:
        """Every name that can be written in a scope."""
        around: Scope | None = scope
        while around is not None:
            prefix = around.prefix
            yield from around.names or (input_name(number) for number in range(len(around.incoming)))
            for names in (self.names, self.groups):
                yield from (name.removeprefix(prefix) for name in names if name.startswith(prefix))
            yield from self._within_blocks.get(prefix, ())
            around = around.around
        yield from self.inputs
        yield from (name for name in self.outside.values() if name)

    def described(self, name: str) -> str:
        """The input of a nested graph as the user calls it."""
        return self.outside[name] or name


def _base_name(draft: Draft) -> str:
    if draft.component is not None:
        return snake_case(draft.component.name)
    return draft.shared.word if draft.shared is not None else "model"


def as_part(word: str) -> str:
    """One tensor of several as it is written here, from how Python and TensorFlow write it; else empty.

    Example:
        >>> as_part("lstm[1]"), as_part("lstm:2"), as_part("lstm")
        ('lstm.1', 'lstm.2', '')
    """
    match = re.fullmatch(r"([\w.\-]+)(?:\[(\d+)\]|:(\d+))", word)
    return f"{match[1]}.{match[2] or match[3]}" if match else ""


def input_name(number: int) -> str:
    """What comes into a block or a nested model, by position: `input`, `input_2`, ..."""
    return "input" if number == 0 else f"input_{number + 1}"


def input_number(word: str) -> int | None:
    """The position that `input`, `input_2`, ... stand for."""
    if word == "input":
        return 0
    match = re.fullmatch(r"input_([1-9]\d{0,4})", word)
    return int(match[1]) - 1 if match and match[1] != "1" else None


def snake_case(name: str) -> str:
    """A class's name as Keras names its layers: `Conv2D` is `conv2d`, `LayerNormalization` `layer_normalization`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
