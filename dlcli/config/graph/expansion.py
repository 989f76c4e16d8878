"""Layer items become drafts of layers: `repeat`, `for`, `with` and blocks are written out, names are given.

The rules:

- An item without `inputs` takes the item before it; the first takes what comes into the list.
- Copies (`repeat`, `for`) form a chain: each takes the output of the copy before it in place of its first input.
  Copies of an item called `x` are `x_1`, `x_2`, ...; the last one is `x`, so that others can take the chain's result.
- A block is written out where it is used. Its named layers are called `use.name`, and a named use's last layer has
  the use's own name. Inside, `input` (`input_2`, ...) is what comes in; then the block's own names count, then those
  of the list around it.
- A nested `layers:` is a graph of its own. Inside, `input` (`input_2`, ...) is what comes in, also by the names that
  its own `inputs` give; nothing else from outside is visible.
- Layers without a name are numbered as Keras does: `dense`, `dense_1`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from dlcli.config.document.places import format_path
from dlcli.config.graph.drafts import Draft, Drafts, Path, Reference, Scope, input_name, input_number
from dlcli.config.graph.outer_arguments import Setting, apply_settings, own_arguments
from dlcli.config.schema import LayerItem, ModelConfig
from dlcli.config.schema.component import Component
from dlcli.config.signature import DEFAULT_INPUT
from dlcli.errors import Problem, did_you_mean

__all__ = ["MAX_LAYERS", "Expansion"]

MAX_LAYERS = 10_000
"""A config that expands to more layers than this is refused."""

MAX_DEPTH = 50
"""Blocks within blocks and models within models."""


class Expansion:
    """Writes out a `model` section; `problems` holds what is wrong with it."""

    def __init__(self, model: ModelConfig) -> None:
        self.problems: list[Problem] = []
        self._model = model
        self._count = 0
        self._uses: dict[str, int] = {}
        self._given = set(_names(model))

    def run(self, features: Collection[str]) -> Drafts:
        """The drafts of the whole model, all named, those without a name of their own not as the features are."""
        graph = Drafts(nested=None, path=("model",))
        incoming = (Reference(DEFAULT_INPUT, Scope(), ("model", "layers", 0)),)
        graph.last = self._items(self._model.layers, ("model", "layers"), graph, Scope(), incoming, (), ())
        graph.number(features)
        return graph

    def _items(
        self,
        items: Sequence[LayerItem],
        path: Path,
        graph: Drafts,
        scope: Scope,
        incoming: tuple[Reference | Draft, ...],
        settings: tuple[Setting, ...],
        trail: tuple[str, ...],
    ) -> Draft | None:
        """Write out a list; returns its last layer, None when nothing of it could be written out."""
        last: Draft | None = None
        for index, item in enumerate(items):
            here = (*path, index)
            if item.inputs is not None:
                incoming = tuple(Reference(word, scope, (*here, "inputs", n)) for n, word in enumerate(item.inputs))
            name = self._item_name(item, here)
            rounds = list(_rounds(item))
            for number, values in enumerate(rounds, start=1):
                if self._count >= MAX_LAYERS:
                    self._too_many(here)
                    return last
                final = number == len(rounds)
                called = name if name is None or final else f"{name}_{number}"
                draft = self._copy(item, values, here, graph, scope, incoming, settings, trail, called)
                if draft is None:
                    continue
                if called is not None:
                    draft.name = scope.prefix + called
                    self._register(graph, draft, draft.name, here)
                    if final and number > 1:
                        self._register(graph, draft, f"{draft.name}_{number}", here)
                last, incoming = draft, (draft, *incoming[1:])
            incoming = incoming[:1]
        return last

    def _copy(
        self,
        item: LayerItem,
        values: dict[str, Any],
        path: Path,
        graph: Drafts,
        scope: Scope,
        incoming: tuple[Reference | Draft, ...],
        settings: tuple[Setting, ...],
        trail: tuple[str, ...],
        name: str | None,
    ) -> Draft | None:
        trainable = scope.trainable if item.trainable is None else item.trainable
        if item.component is not None:
            self._count += 1
            component = Component(item.component.name, {**own_arguments(item.component), **values})
            self.problems += _component_faults(component, path)
            draft = Draft(path, incoming, component=apply_settings(component, settings), trainable=trainable)
            graph.layers.append(draft)
            return draft
        if item.shared is not None:
            self._count += 1
            draft = Draft(path, incoming, shared=Reference(item.shared, scope, (*path, "shared")))
            self.problems += _shared_faults(item, path)
            graph.layers.append(draft)
            return draft
        if item.run is not None and item.layers is None:
            return None  # it cannot be read, which is told where it is looked for
        if len(trail) >= MAX_DEPTH:
            self.problems.append(
                Problem(
                    f"blocks and models are nested deeper than {MAX_DEPTH} levels",
                    path=format_path(path),
                    rule="too-large",
                )
            )
            return None
        own = [Setting(values, (*path, "for"))] if values else []
        if item.with_:
            own.append(Setting(item.with_, (*path, "with")))
        if item.block is not None:
            draft_ = self._use(item.block, path, graph, scope, incoming, (*own, *settings), trail, name, trainable)
        else:
            draft_ = self._nest(item, path, graph, scope, incoming, (*own, *settings), trail)
            draft_.trainable = trainable
        for setting in own:
            self.problems += setting.unused()
        return draft_

    def _use(
        self,
        block: str,
        path: Path,
        graph: Drafts,
        scope: Scope,
        incoming: tuple[Reference | Draft, ...],
        settings: tuple[Setting, ...],
        trail: tuple[str, ...],
        name: str | None,
        trainable: bool | None,
    ) -> Draft | None:
        """Write out a block where it is used."""
        blocks = self._model.blocks or {}
        if block not in blocks:
            known = f"there are {', '.join(map(repr, blocks))}" if blocks else "`model.blocks` names none"
            hint = did_you_mean(block, blocks) or known
            self.problems.append(
                Problem(f"unknown block {block!r}", path=format_path((*path, "block")), hint=hint, rule="unknown-block")
            )
            for setting in settings:
                setting.used.update(setting.values)
            return None
        if block in trail:
            circle = " -> ".join([*trail[trail.index(block) :], block])
            self.problems.append(
                Problem(
                    f"the block {block!r} uses itself: {circle}",
                    path=format_path((*path, "block")),
                    hint="a block can hold other blocks, not itself",
                    rule="cycle",
                )
            )
            for setting in settings:
                setting.used.update(setting.values)
            return None
        inside = Scope(f"{scope.prefix}{name or self._use_name(block)}.", incoming, scope, trainable)
        place: Path = ("model", "blocks", block)
        return self._items(blocks[block], place, graph, inside, incoming, settings, (*trail, block))

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
        graph: Drafts,
        scope: Scope,
        incoming: tuple[Reference | Draft, ...],
        settings: tuple[Setting, ...],
        trail: tuple[str, ...],
    ) -> Draft:
        """A nested model: a graph of its own."""
        self._count += 1
        outside = {input_name(number): "" for number in range(len(incoming))}
        for number, word in enumerate(item.inputs or ()):
            if word not in outside.values():
                outside[input_name(number)] = word
        inner = Drafts(nested=outside, path=path)
        inputs = tuple(Reference(name, Scope(), path) for name in outside)
        assert item.layers is not None  # the schema: an item holds a layer, a block, `shared` or `layers`
        inner.last = self._items(item.layers, (*path, "layers"), inner, Scope(), inputs, settings, (*trail, ""))
        inner.number()
        draft = Draft(path, incoming, inner=inner, run=item.run)
        graph.layers.append(draft)
        return draft

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

    def _register(self, graph: Drafts, draft: Draft, name: str, path: Path) -> None:
        last = name.rpartition(".")[2]
        inside = graph.nested or "." in name
        if name == DEFAULT_INPUT or (inside and input_number(last) is not None):
            what = "the vector of all features" if name == DEFAULT_INPUT else "what comes into a block or nested model"
            problem = Problem(f"a layer cannot be called {last!r}: that is {what}", rule="duplicate-name")
        elif name in graph.outside.values():
            problem = Problem(
                f"{name!r} is the name of an input of the nested model and of a layer", rule="duplicate-name"
            )
        elif graph.names.get(name, draft) is not draft:
            first = format_path(graph.names[name].path)
            problem = Problem(f"the name {name!r} is taken by {first}", rule="duplicate-name")
        else:
            graph.names[name] = draft
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


def _rounds(item: LayerItem) -> Iterator[dict[str, Any]]:
    """The arguments that each copy of an item sets."""
    for _ in range(item.repeat):
        if item.for_ is None:
            yield {}
        else:
            for values in zip(*item.for_.values(), strict=True):
                yield dict(zip(item.for_, values, strict=True))


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


def _shared_faults(item: LayerItem, path: Path) -> list[Problem]:
    if item.for_ is None:
        return []
    return [
        Problem(
            "`for` sets arguments, and a shared layer has those of its first use",
            path=format_path((*path, "for")),
            hint="use `repeat` to apply the layer several times",
            rule="unknown-argument",
        )
    ]


def _names(model: ModelConfig) -> Iterator[str]:
    """Every name that the user gives to an item."""
    lists = [model.layers, *(model.blocks or {}).values()]
    while lists:
        for item in lists.pop():
            if item.name is not None:
                yield item.name
            if item.layers is not None:
                lists.append(item.layers)
