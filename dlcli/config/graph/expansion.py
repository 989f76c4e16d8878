"""Layer items become drafts of layers: `repeat`, `for`, `with` and blocks are written out, names are given.

The rules:

- An item without `inputs` takes the item before it; the first takes what comes into the list.
- Copies (`repeat`, `for`) form a chain: each takes the output of the copy before it in place of its first input.
  Copies of an item called `x` are `x_1`, `x_2`, ...; the last one is `x`, so that others can take the chain's result.
- Copies of a `for` over `inputs` stand side by side, each with inputs of its own. `x` is all of them, and so is what
  the next item takes.
- A block is written out where it is used. Its named layers are called `use.name`, and a named use's last layer has
  the use's own name. Inside, `input` (`input_2`, ...) is what comes in, also by the names that the block gives its
  inputs; then the block's own names count, then those of the list around it.
- A nested `layers:` is a graph of its own. Inside, `input` (`input_2`, ...) is what comes in, also by the names that
  its own `inputs` give; nothing else from outside is visible.
- `x.1` is the second tensor of a layer `x` that gives several.
- A glob in `inputs` is every feature that it fits.
- Layers without a name are numbered as Keras does: `dense`, `dense_1`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from dlcli.config.document.places import format_path
from dlcli.config.graph.drafts import (
    Draft,
    Drafts,
    Path,
    Reference,
    Scope,
    Slot,
    input_name,
    input_number,
    positional,
)
from dlcli.config.graph.outer_arguments import Setting, apply_settings, own_arguments
from dlcli.config.graph.taking import Taking, in_order, in_place_of_first, misfit, only_first, without_arguments
from dlcli.config.schema import LayerItem, ModelConfig
from dlcli.config.schema.component import Component
from dlcli.config.schema.model import BlockConfig, layers_of
from dlcli.config.signature import DEFAULT_INPUT
from dlcli.errors import Problem, did_you_mean

__all__ = ["MAX_LAYERS", "Expansion"]

MAX_LAYERS = 10_000
"""A config that expands to more layers than this is refused."""

MAX_DEPTH = 50
"""Blocks within blocks and models within models."""


class Expansion:
    """Writes out a `model` section; `problems` holds what is wrong with it.

    Args:
        model: The section.
        features: The names of the features; None when they are not known.
        own: The names of the user's own layers.
    """

    def __init__(self, model: ModelConfig, features: Collection[str] | None, own: Collection[str] = ()) -> None:
        self.problems: list[Problem] = []
        self._model = model
        self._features = features
        self.taking = Taking(features, own, self.problems)
        self._count = 0
        self._uses: dict[str, int] = {}
        self._given = set(_names(model))

    def run(self) -> Drafts:
        """The drafts of the whole model, all named, those without a name of their own not as the features are."""
        graph = Drafts(nested=None, path=("model",), outputs=self._model.outputs)
        incoming = positional(Reference(DEFAULT_INPUT, Scope(), ("model", "layers", 0)))
        graph.ends = self._items(self._model.layers, ("model", "layers"), graph, Scope(), incoming, (), ())
        graph.number(self._features or ())
        return graph

    def _items(
        self,
        items: Sequence[LayerItem],
        path: Path,
        graph: Drafts,
        scope: Scope,
        incoming: tuple[Slot, ...],
        settings: tuple[Setting, ...],
        trail: tuple[str, ...],
    ) -> tuple[Draft, ...]:
        """Write out a list; returns its last layer, or copies side by side; nothing when none could be written out."""
        ends: tuple[Draft, ...] = ()
        for index, item in enumerate(items):
            here = (*path, index)
            before = incoming
            if item.inputs is not None:
                incoming = self.taking.taken(item, item.inputs, (*here, "inputs"), graph, scope, before)
            name = self._item_name(item, here)
            rounds = self.taking.rounds(item, here, graph, scope)
            beside: list[Draft] = []
            for number, one in enumerate(rounds, start=1):
                if self._count >= MAX_LAYERS:
                    self._too_many(here)
                    return ends
                if one.inputs is not None:
                    incoming = self.taking.taken(item, *one.inputs, graph, scope, before)
                final = number == len(rounds) and (one.inputs is None or number == 1)
                called = one.name or (name if name is None or final else f"{name}_{number}")
                made = self._copy(item, one.values, here, graph, scope, incoming, settings, trail, called)
                if not made:
                    continue
                if called is not None:
                    full = scope.prefix + called
                    if len(made) == 1:  # a block may end in several layers, which keep their own names
                        made[0].name = full
                    self._register(graph, made, full, here)
                    if final and number > 1 and one.name is None:
                        self._register(graph, made, f"{full}_{number}", here)
                beside += made
                ends, incoming = made, in_place_of_first(incoming, made)
            if item.for_ is not None and "inputs" in item.for_ and beside:
                ends = tuple(beside)
                if name is not None and len(rounds) > 1:
                    self._register(graph, ends, scope.prefix + name, here)
                incoming = positional(*ends, several=True)
            else:
                incoming = only_first(incoming)
        return ends

    def _copy(
        self,
        item: LayerItem,
        values: dict[str, Any],
        path: Path,
        graph: Drafts,
        scope: Scope,
        incoming: tuple[Slot, ...],
        settings: tuple[Setting, ...],
        trail: tuple[str, ...],
        name: str | None,
    ) -> tuple[Draft, ...]:
        call = item.call or {}
        trainable = scope.trainable if item.trainable is None else item.trainable
        if item.component is not None:
            self._count += 1
            component = Component(item.component.name, {**own_arguments(item.component), **values})
            self.problems += _component_faults(component, path)
            draft = Draft(path, incoming, component=apply_settings(component, settings), call=call)
            draft.trainable, draft.vectors = trainable, item.vectors
            graph.add(draft, scope, named=name is not None)
            return (draft,)
        if item.shared is not None:
            self._count += 1
            draft = Draft(path, incoming, shared=Reference(item.shared, scope, (*path, "shared")), call=call)
            self.problems += _shared_faults(values, path)
            graph.add(draft, scope, named=name is not None)
            return (draft,)
        if item.run is not None and item.layers is None:
            return ()  # it cannot be read, which is told where it is looked for
        if len(trail) >= MAX_DEPTH:
            self.problems.append(
                Problem(
                    f"blocks and models are nested deeper than {MAX_DEPTH} levels",
                    path=format_path(path),
                    rule="too-large",
                )
            )
            return ()
        own = [Setting(values, (*path, "for"))] if values else []
        if item.with_:
            own.append(Setting(item.with_, (*path, "with")))
        if item.block is not None:
            made = self._use(item.block, path, graph, scope, incoming, (*own, *settings), trail, name, trainable)
        else:
            made = (self._nest(item, path, incoming, (*own, *settings), trail),)
            made[0].trainable = trainable
            graph.add(made[0], scope, named=name is not None)
        for setting in own:
            self.problems += setting.unused()
        return made

    def _use(
        self,
        block: str,
        path: Path,
        graph: Drafts,
        scope: Scope,
        incoming: tuple[Slot, ...],
        settings: tuple[Setting, ...],
        trail: tuple[str, ...],
        name: str | None,
        trainable: bool | None,
    ) -> tuple[Draft, ...]:
        """Write out a block where it is used."""
        blocks = self._model.blocks or {}
        found = self._block_fault(block, path, incoming, trail)
        if found is not None:
            self.problems.append(found)
            for setting in settings:
                setting.used.update(setting.values)
            return ()
        known = blocks[block]
        names = tuple(known.inputs) if isinstance(known, BlockConfig) else ()
        sources = in_order(incoming, names)
        inside = Scope(f"{scope.prefix}{name or self._use_name(block)}.", sources, scope, names, trainable)
        place: Path = ("model", "blocks", block, *(("layers",) if isinstance(known, BlockConfig) else ()))
        taken = positional(*sources)
        return self._items(layers_of(known), place, graph, inside, taken, settings, (*trail, block))

    def _block_fault(
        self, block: str, path: Path, incoming: tuple[Slot, ...], trail: tuple[str, ...]
    ) -> Problem | None:
        blocks = self._model.blocks or {}
        if block not in blocks:
            known = f"there are {', '.join(map(repr, blocks))}" if blocks else "`model.blocks` names none"
            hint = did_you_mean(block, blocks) or known
            where = format_path((*path, "block"))
            return Problem(f"unknown block {block!r}", path=where, hint=hint, rule="unknown-block")
        if block in trail:
            circle = " -> ".join([*trail[trail.index(block) :], block])
            message, hint = f"the block {block!r} uses itself: {circle}", "a block can hold other blocks, not itself"
            return Problem(message, path=format_path((*path, "block")), hint=hint, rule="cycle")
        used = blocks[block]
        return misfit(block, used.inputs if isinstance(used, BlockConfig) else [], incoming, path)

    def _use_name(self, block: str) -> str:
        """What the layers of an unnamed use are prefixed with: `conv`, `conv_1`, ..."""
        while True:
            number = self._uses.get(block, 0)
            self._uses[block] = number + 1
            name = f"{block}_{number}" if number else block
            if name not in self._given:
                return name

    def _nest(
        self,
        item: LayerItem,
        path: Path,
        incoming: tuple[Slot, ...],
        settings: tuple[Setting, ...],
        trail: tuple[str, ...],
    ) -> Draft:
        """A nested model: a graph of its own."""
        self._count += 1
        outside: dict[str, str] = {}
        in_order = item.inputs if isinstance(item.inputs, list) else []
        for slot in incoming:
            if slot.listed and len(slot.sources) > 1:
                message = f"{slot.argument!r} is one input of the nested model, and takes one tensor"
                hint = "give each tensor an input of its own, or join them with Concatenate before it"
                self.problems.append(
                    Problem(message, path=format_path((*path, "inputs")), hint=hint, rule="wrong-inputs")
                )
            for number, _ in enumerate(slot.sources):
                word = slot.argument or (in_order[number] if len(in_order) == len(slot.sources) else "")
                outside[input_name(len(outside))] = word if word not in outside.values() else ""
        inner = Drafts(nested=outside, path=path, outputs=item.outputs)
        inputs = positional(*(Reference(name, Scope(), path) for name in outside))
        assert item.layers is not None  # the schema: an item holds a layer, a block, `shared` or `layers`
        inner.ends = self._items(item.layers, (*path, "layers"), inner, Scope(), inputs, settings, (*trail, ""))
        inner.number()
        return Draft(path, without_arguments(incoming), inner=inner, call=item.call or {}, run=item.run)

    def _item_name(self, item: LayerItem, path: Path) -> str | None:
        """The name beside the layer, or Keras's own argument `name`."""
        argument = item.component.arguments.get("name") if item.component is not None else None
        if argument is None or item.name == argument:
            return item.name
        if item.name is not None or not isinstance(argument, str) or not re.fullmatch(r"[\w.][\w.\-]*", argument):
            message = (
                f"the layer has two names, {item.name!r} and {argument!r}"
                if item.name is not None
                else f"a layer's name is letters, digits, `_`, `.` and `-`, got {argument!r}"
            )
            self.problems.append(
                Problem(
                    message, path=format_path(path), hint="write `name` once, beside the layer", rule="duplicate-name"
                )
            )
            return item.name
        return argument

    def _register(self, graph: Drafts, made: tuple[Draft, ...], name: str, path: Path) -> None:
        last = name.rpartition(".")[2]
        inside = graph.nested or "." in name
        taken = graph.names.get(name)
        if name == DEFAULT_INPUT or (inside and input_number(last) is not None):
            what = "the vector of all features" if name == DEFAULT_INPUT else "what comes into a block or nested model"
            problem = Problem(f"a layer cannot be called {last!r}: that is {what}", rule="duplicate-name")
        elif name in graph.outside.values():
            problem = Problem(
                f"{name!r} is the name of an input of the nested model and of a layer", rule="duplicate-name"
            )
        elif name in graph.groups or (taken is not None and made != (taken,)):
            first = format_path(taken.path if taken is not None else graph.given[name])
            problem = Problem(f"the name {name!r} is taken by {first}", rule="duplicate-name")
        else:
            if len(made) == 1:
                graph.names[name] = made[0]
            else:
                graph.groups[name] = made
            graph.given[name] = path
            return
        place = dataclasses.replace(problem, path=format_path(path), hint="names of layers and features must differ")
        self.problems.append(place)

    def _too_many(self, path: Path) -> None:
        if not any(problem.rule == "too-large" for problem in self.problems):
            self.problems.append(
                Problem(
                    f"the model has more than {MAX_LAYERS:,} layers once `repeat`, `for` and blocks are written out",
                    path=format_path(path),
                    rule="too-large",
                )
            )


def _component_faults(component: Component, path: Path) -> list[Problem]:
    if component.name not in ("Input", "InputLayer"):
        return []
    return [
        Problem(
            f"{component.name} is not needed: the model's inputs are made from the features",
            path=format_path(path),
            hint="remove it; to take features apart, name them in a layer's `inputs`",
            rule="input-layer",
        )
    ]


def _shared_faults(values: Mapping[str, Any], path: Path) -> list[Problem]:
    if not values:
        return []
    return [
        Problem(
            "`for` sets arguments, and a shared layer has those of its first use",
            path=format_path((*path, "for")),
            hint="use `repeat` to apply the layer several times, or `for` over `inputs`",
            rule="unknown-argument",
        )
    ]


def _names(model: ModelConfig) -> Iterator[str]:
    """Every name that the user gives to an item."""
    lists = [model.layers, *map(layers_of, (model.blocks or {}).values())]
    while lists:
        for item in lists.pop():
            if item.name is not None:
                yield item.name
            yield from (item.for_ or {}).get("name", ())
            if item.layers is not None:
                lists.append(item.layers)
