"""What each copy of an item takes: `inputs` and `for` written out, names still to be looked up."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from dlcli.config.document.places import format_path
from dlcli.config.graph.calls import first_names, keras_layer
from dlcli.config.graph.drafts import Draft, Drafts, Path, Reference, Scope, Slot, Source, as_part, positional
from dlcli.config.schema import LayerItem
from dlcli.config.schema.model import Inputs, is_glob
from dlcli.errors import Problem, first_of

__all__ = ["Round", "Taking", "in_order", "in_place_of_first", "misfit", "only_first", "without_arguments"]


@dataclasses.dataclass(frozen=True)
class Round:
    """What one copy of an item has of its own.

    Args:
        values: Arguments that it sets.
        inputs: What it takes, as it is written, and where; None when `for` does not go over `inputs`.
        name: Its name; None when `for` does not go over `name`.
    """

    values: dict[str, Any]
    inputs: tuple[Inputs | str | Draft, Path] | None = None
    name: str | None = None


class Taking:
    """Writes out `inputs` and `for`.

    Args:
        features: The names of the features; None when they are not known.
        own: The names of the user's own layers.
        problems: What is wrong is added to these.
    """

    def __init__(self, features: Collection[str] | None, own: Collection[str], problems: list[Problem]) -> None:
        self.has_globs = False
        """Whether the names of the features have decided something."""
        self._features = features
        self._own = own
        self._problems = problems

    def taken(
        self,
        item: LayerItem,
        inputs: Inputs | str | Draft,
        path: Path,
        graph: Drafts,
        scope: Scope,
        before: tuple[Slot, ...],
    ) -> tuple[Slot, ...]:
        """What an item takes: by the names of the call's arguments, the first of them is what comes before."""
        if isinstance(inputs, Draft):
            return positional(inputs)
        slots = self._slots(inputs, path, graph, scope)
        entry = keras_layer(item.component.name, self._own) if item.component is not None else None
        if entry is None or not isinstance(inputs, dict) or not set(first_names(entry)).isdisjoint(inputs):
            return slots
        return (dataclasses.replace(before[0], argument=first_names(entry)[0]), *slots)

    def _slots(self, inputs: Inputs | str, path: Path, graph: Drafts, scope: Scope) -> tuple[Slot, ...]:
        """What `inputs` says, globs and names of several copies written out."""
        if isinstance(inputs, str):
            inputs = [inputs]
        if isinstance(inputs, list):
            each = [self._sources(word, (*path, n), graph, scope) for n, word in enumerate(inputs)]
            several = any(self._is_several(word, graph, scope) for word in inputs)
            return positional(*(source for found in each for source in found), several=several)
        return tuple(self._slot(name, words, (*path, name), graph, scope) for name, words in inputs.items())

    def _slot(self, argument: str, words: str | list[str], path: Path, graph: Drafts, scope: Scope) -> Slot:
        if isinstance(words, str):
            sources = self._sources(words, path, graph, scope)
            return Slot(argument, sources, listed=len(sources) > 1)
        each = [self._sources(word, (*path, n), graph, scope) for n, word in enumerate(words)]
        return Slot(argument, tuple(source for found in each for source in found), listed=True)

    def _sources(self, word: Any, path: Path, graph: Drafts, scope: Scope) -> tuple[Source, ...]:
        copies = graph.group(word, scope)
        if copies:
            return copies
        return tuple(Reference(name, scope, path) for name in self._fitting(word, path, graph))

    def _is_several(self, word: str, graph: Drafts, scope: Scope) -> bool:
        return bool(graph.group(word, scope)) or (is_glob(word) and word not in (self._features or ()))

    def _fitting(self, word: str, path: Path, graph: Drafts) -> list[str]:
        """The features that a word of `inputs` stands for when it is a glob; else the word."""
        if not is_glob(word) or graph.nested:
            return [word]
        self.has_globs = True
        if self._features is None or word in self._features:
            return [word]
        found = [name for name in self._features if fnmatch.fnmatchcase(name, word)]
        if not found:
            message, hint = f"no feature is called like {word!r}", f"there are {first_of(map(repr, self._features), 8)}"
            if part := as_part(word):
                message, hint = f"{word!r} is no layer or feature", f"one tensor of several is written {part!r}"
            self._problems.append(Problem(message, path=format_path(path), hint=hint, rule="unknown-name"))
        return found or [word]

    def rounds(self, item: LayerItem, path: Path, graph: Drafts, scope: Scope) -> list[Round]:
        """The copies of an item."""
        if item.for_ is None:
            return [Round({})] * item.repeat
        lists = {name: values for name, values in item.for_.items() if name != "inputs"}
        count = max(map(len, lists.values()), default=0)
        inputs = self._loop_inputs(item.for_, path, graph, scope) if "inputs" in item.for_ else None
        if inputs is not None and lists and len(inputs) != count:
            if len(inputs) == 1:
                inputs *= count
            else:
                message = f"`for` has {len(inputs)} inputs, and {', '.join(f'{count} of {name}' for name in lists)}"
                hint = "the lists of `for` run side by side: as many values as features that the glob fits"
                place = format_path((*path, "for"))
                self._problems.append(Problem(message, path=place, hint=hint, rule="wrong-inputs"))
        count = min(count, len(inputs)) if inputs is not None and lists else count or len(inputs or ())
        arguments = [name for name in lists if name != "name"]
        return [
            Round(
                {name: lists[name][number] for name in arguments},
                inputs[number] if inputs is not None else None,
                lists["name"][number] if "name" in lists else None,
            )
            for _ in range(item.repeat)
            for number in range(count)
        ]

    def _loop_inputs(
        self, loop: Mapping[str, list[Any]], path: Path, graph: Drafts, scope: Scope
    ) -> list[tuple[Inputs | str | Draft, Path]]:
        """What each copy takes, and where it is written."""
        place: Path = (*path, "for", "inputs")
        found: list[tuple[Inputs | str | Draft, Path]] = []
        for number, inputs in enumerate(loop["inputs"]):
            here = (*place, number) if len(loop["inputs"]) > 1 else place
            copies = graph.group(inputs, scope) if isinstance(inputs, str) else ()
            if copies:
                found += [(copy, here) for copy in copies]
            elif isinstance(inputs, str):
                found += [(word, here) for word in self._fitting(inputs, here, graph)]
            else:
                found.append((inputs, here))
        return found


def in_place_of_first(slots: tuple[Slot, ...], made: tuple[Draft, ...]) -> tuple[Slot, ...]:
    """What the next copy of a chain takes."""
    first = dataclasses.replace(slots[0], sources=(*made, *slots[0].sources[1:]))
    return (first, *slots[1:])


def only_first(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """What the next item takes after a chain."""
    return positional(*slots[0].sources[:1])


def without_arguments(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """The same tensors in order."""
    return positional(*(source for slot in slots for source in slot.sources))


def in_order(slots: tuple[Slot, ...], names: Sequence[str]) -> tuple[Source, ...]:
    """What comes into a block, in the order of the names that it gives its inputs."""
    by_name = {slot.argument: slot for slot in slots}
    ordered = [by_name[name] for name in names] if names and None not in by_name else slots
    return tuple(source for slot in ordered for source in slot.sources)


def misfit(block: str, names: Sequence[str], slots: tuple[Slot, ...], path: Path) -> Problem | None:
    """The fault of inputs that are not those of a block."""
    given = [slot.argument for slot in slots if slot.argument is not None]
    count = sum(len(slot.sources) for slot in slots)
    if given and not names:
        message = f"the block {block!r} does not name its inputs, and takes them in order"
        hint = f"write `inputs: [a, b]`; or the block as {{inputs: [{', '.join(given)}], layers: [...]}}"
    elif given and (sorted(given) != sorted(names) or count != len(names)):
        message = f"the block {block!r} takes {', '.join(names)}, a tensor each; here are {', '.join(given)}"
        hint = f"write `inputs: {{{', '.join(f'{name}: ...' for name in names)}}}`"
    elif names and count != len(names):
        message = f"the block {block!r} takes {_counted(names)}, and {count} come in"
        hint = f"write `inputs: [{', '.join(names)}]`, with a name of a layer or feature for each"
    else:
        return None
    return Problem(message, path=format_path((*path, "inputs")), hint=hint, rule="wrong-inputs")


def _counted(names: Sequence[str]) -> str:
    """`1 input (x)`, `2 inputs (x, skip)`"""
    return f"{len(names)} input{'s' if len(names) > 1 else ''} ({', '.join(names)})"
