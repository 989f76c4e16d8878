"""Layers between the config and the graph: written out and named, their inputs still words to be looked up."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterator, Mapping

from dlcli.config.schema.component import Component
from dlcli.config.signature import DEFAULT_INPUT

__all__ = ["Draft", "Drafts", "Path", "Reference", "Scope", "input_name", "input_number", "snake_case"]

Path = tuple[str | int, ...]
"""A place in the config."""


@dataclasses.dataclass(frozen=True)
class Scope:
    """Where a name is looked up: in a use of a block, then in what is around it.

    Args:
        prefix: What the names of this use are prefixed with, such as `stem.`.
        incoming: What `input`, `input_2`, ... mean here; empty at the top of a graph.
        around: The scope of the list that uses the block.
        trainable: What the use says of the layers inside; None: nothing.
    """

    prefix: str = ""
    incoming: tuple[Reference | Draft, ...] = ()
    around: Scope | None = None
    trainable: bool | None = None


@dataclasses.dataclass(frozen=True)
class Reference:
    """A name as it is written, and where."""

    word: str
    scope: Scope
    path: Path


@dataclasses.dataclass(eq=False)
class Draft:
    """A layer whose inputs are still words."""

    path: Path
    inputs: tuple[Reference | Draft, ...]
    component: Component | None = None
    inner: Drafts | None = None
    shared: Reference | None = None
    name: str = ""
    trainable: bool | None = None
    run: str | None = None


class Drafts:
    """The drafts of one graph, and the names that are given in it.

    Args:
        nested: The inputs of a nested graph by their own names (`input`, `input_2`), each with the name that it has
            outside; None for the whole model.
        path: Where the graph stands in the config.
    """

    def __init__(self, *, nested: Mapping[str, str] | None, path: Path) -> None:
        self.layers: list[Draft] = []
        self.last: Draft | None = None
        self.nested = nested is not None
        self.inputs = tuple(nested or ())
        self.path = path
        self.names: dict[str, Draft] = {}
        self.given: dict[str, Path] = {}
        """The names that the user gave, and where."""
        self.generated: set[str] = set()
        """The names of the layers to which the user gave none."""
        self.outside = dict(nested or {})

    def number(self, features: Collection[str] = ()) -> None:
        """Name the layers to which the user gave no name; every one that the user gave is taken already.

        Args:
            features: The names of the features, as far as they are known; layers are not called so.
        """
        before, self.generated = self.generated, set()
        self.names = {name: draft for name, draft in self.names.items() if name not in before}
        counts: dict[str, int] = {}
        taken = {*self.names, *self.inputs, DEFAULT_INPUT, *features}
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

    def find(self, reference: Reference | Draft) -> Draft | str:
        """What a reference means: a draft, or else the word itself, which may be an input's name."""
        while isinstance(reference, Reference):
            found = self._lookup(reference)
            if isinstance(found, (str, Draft)):
                return found
            reference = found
        return reference

    def _lookup(self, reference: Reference) -> Draft | Reference | str:
        scope: Scope | None = reference.scope
        while scope is not None:
            number = input_number(reference.word)
            if number is not None and number < len(scope.incoming):
                return scope.incoming[number]
            if scope.prefix + reference.word in self.names:
                return self.names[scope.prefix + reference.word]
            scope = scope.around
        if reference.word not in self.inputs:
            for name, outside in self.outside.items():
                if outside == reference.word:
                    return name
        return reference.word

    def words(self, scope: Scope) -> Iterator[str]:
        """Every name that can be written in a scope."""
        around: Scope | None = scope
        while around is not None:
            prefix = around.prefix
            yield from (input_name(number) for number in range(len(around.incoming)))
            yield from (name.removeprefix(prefix) for name in self.names if name.startswith(prefix))
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
