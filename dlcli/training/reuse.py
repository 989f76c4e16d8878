"""One compiled model for several trainings: what it is before the first, it is before each, and its programs are kept.

A training builds its model, which draws the weights that its seed gives, and then traces and compiles what trains it:
seconds, where the training itself may take less. Where another model of this process does the very same on numbers of
the same shapes, that one is made what it was before it learnt, and learns again. With the same seed it needs no other
model to be built for that; else it is given the new one's numbers (weights, random states, optimizer).

Numbers of the config that programs read may differ (`dlcli.model.adjustable`), and so may the learning rate.
"""

from __future__ import annotations

import dataclasses
import json
from collections import OrderedDict
from typing import Any

import numpy as np

from dlcli.backend import engine
from dlcli.backend.numbers import adjust, held_of
from dlcli.backend.random_state import begin_again, random_state
from dlcli.backend.runtime import configure
from dlcli.config.graph.graph import Graph
from dlcli.config.schema import Config
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.model.adjustable import adjustable, without, without_units
from dlcli.model.assembly import Assembly, planned_outputs

__all__ = ["Models"]

MOST, MOST_SMALL = 4, 64
"""Models that are kept, and as many of small ones."""

SMALL = 2**24
"""Weights of all models that are kept together, so that these count as small."""

MOST_SEEDS = 8
"""Beginnings of one model that are kept."""

MOST_BYTES = 2**28
"""Of all beginnings that are kept."""

ELSEWHERE = {"name", "seed", "data", "fit", "callbacks", "checkpoint", "lint", "report", "ensemble", "sweep", "code"}
"""Sections that decide nothing of a model's programs: of `data` the specs of inputs and targets tell."""


@dataclasses.dataclass
class _Kept:
    """A model that may learn again.

    Args:
        assembly: It.
        begun: By the seed, what it begins with: the values of its variables, and where random numbers stand.
    """

    assembly: Assembly
    begun: OrderedDict[int, tuple[list[Any], dict[str, Any]]] = dataclasses.field(default_factory=OrderedDict)

    def remember(self, seed: int) -> None:
        values = [np.array(variable.numpy()) for variable in _variables(self.assembly.model)]
        self.begun[seed] = values, random_state()
        while len(self.begun) > MOST_SEEDS:
            self.begun.popitem(last=False)

    @property
    def bytes(self) -> int:
        """What its beginnings take in memory."""
        return sum(array.nbytes for values, _ in self.begun.values() for array in values)

    def begin(self, seed: int) -> None:
        values, state = self.begun[seed]
        engine.give_values(_variables(self.assembly.model), values)
        begin_again(state)

    def adjust(self, assembly: Assembly) -> None:
        """Let it have the numbers of a config, and of what its outputs learn."""
        model = self.assembly.model
        if adjust(model, adjustable(assembly.config, assembly.graph, assembly.outputs)):
            engine.forget_numbers(model)
        rate = assembly.config.compile.optimizer.arguments.get("learning_rate")
        if isinstance(rate, (int, float)):
            model.optimizer.learning_rate = rate


class Models:
    """The models of this process that may learn again."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def again(self, config: Config, graph: Graph, preprocessing: Preprocessing) -> Assembly | None:
        """The model of a config as it is before its training, if it is there and has begun with the same seed.

        Weights that are drawn to fit the training rows are those of other rows, and to be drawn again.

        Args:
            config: The config, its types known and nothing left open.
            graph: Its layers, written out.
            preprocessing: Of the features and targets.
        """
        kept = self._kept.get(_key(config, graph, preprocessing)) if _can_be_kept(config) else None
        if kept is None or config.seed not in kept.begun:
            return None
        self._kept.move_to_end(_key(config, graph, preprocessing))
        runtime = configure(config.runtime, config.seed, again=True)
        kept.begin(config.seed)
        outputs, filled = planned_outputs(kept.assembly.model, config, graph, preprocessing.target_specs)
        config = config.model_copy(update={"compile": filled})
        again = dataclasses.replace(
            kept.assembly, config=config, graph=graph, outputs=outputs, runtime=runtime, again=True
        )
        kept.adjust(again)
        return again

    def take(self, assembly: Assembly, preprocessing: Preprocessing, *, of: Config) -> Assembly:
        """The assembly with a model that is compiled already, if there is one; else itself, which is kept.

        Args:
            assembly: Built and compiled, its weights those that the training is to begin with.
            preprocessing: Of the features and targets.
            of: The config that it was built of.
        """
        if (
            not _can_be_kept(of)
            or assembly.begun
            or held_of(assembly.model) != adjustable(of, assembly.graph, assembly.outputs)
        ):
            return assembly
        key = _key(of, assembly.graph, preprocessing)
        kept = self._kept.pop(key, None)
        if kept is None or not _give(assembly.model, kept.assembly.model):
            kept = _Kept(assembly)
        else:
            kept.assembly = dataclasses.replace(assembly, model=kept.assembly.model)
            kept.adjust(dataclasses.replace(assembly, config=of))
        self._kept[key] = kept
        while self._are_too_many():
            self._kept.popitem(last=False)
        return dataclasses.replace(assembly, model=kept.assembly.model)

    def remember(self, assembly: Assembly) -> None:
        """Keep what a model begins with; to be called when nothing of its state is still to be made.

        Args:
            assembly: As it was taken.
        """
        kept = next((each for each in self._kept.values() if each.assembly.model is assembly.model), None)
        if kept is not None and assembly.config.seed not in kept.begun:
            kept.remember(assembly.config.seed)
            self._forget_beginnings()

    def clear(self) -> None:
        """Let go of all."""
        self._kept.clear()

    def _forget_beginnings(self) -> None:
        """Let go of those that were not wanted for longest; of a large model of all, which is built again."""
        held = sum(each.bytes for each in self._kept.values())
        for kept in self._kept.values():
            while kept.begun and held > MOST_BYTES:
                held -= kept.bytes
                kept.begun.popitem(last=False)
                held += kept.bytes

    def _are_too_many(self) -> bool:
        count = len(self._kept)
        if count <= MOST:
            return False
        return count > MOST_SMALL or sum(each.assembly.model.count_params() for each in self._kept.values()) > SMALL


def _can_be_kept(config: Config) -> bool:
    """Whether nothing of a model but its variables tells one training from another."""
    features = (config.data.features or {}).values()
    changed = config.data.augment or any(getattr(feature, "augment", None) for feature in features)
    return not (config.code or config.fit.phases or changed or config.runtime.precision != "float32")


def _key(config: Config, graph: Graph, preprocessing: Preprocessing) -> str:
    """What decides the model's programs."""
    said = {name: value for name, value in config.notation().items() if name not in {*ELSEWHERE, "model"}}
    optimizer, layers = without(config, graph)
    said["compile"] = {**said["compile"], "optimizer": optimizer.notation()}
    of_model = config.model.model_dump(mode="json", exclude={"layers", "blocks", "preset"})
    inputs, targets = preprocessing.inputs(graph.features), without_units(preprocessing.target_specs)
    moved = [options.moved_with for options in config.data.target.values() if options is not None]
    return json.dumps([said, of_model, repr(layers), repr(inputs), repr(targets), moved], default=str)


def _variables(model: Any) -> list[Any]:
    optimizer = [] if model.optimizer is None else model.optimizer.variables
    return [*model.variables, *optimizer, *model.metrics_variables]


def _give(model: Any, kept: Any) -> bool:
    """Make a kept model what a new one is: its weights, the states of its random layers, its optimizer's. Whether that
    can be done."""
    if "train_step" in vars(kept) or model.optimizer is None or not kept.optimizer.built:
        return False
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    pairs = [*zip(kept.variables, model.variables, strict=False)]
    states = [*zip(kept.optimizer.variables, model.optimizer.variables, strict=False)]
    alike = all(
        old.path == new.path and old.shape == new.shape and old.dtype == new.dtype for old, new in pairs + states
    )
    same = len(kept.variables) == len(model.variables)
    if not (alike and same and len(kept.optimizer.variables) == len(model.optimizer.variables)):
        return False
    for old, new in pairs + states:
        old.assign(new.value)
    kept.reset_metrics()
    return True
