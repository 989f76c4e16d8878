"""One compiled model for several trainings: what it is before the first, it is before each, and its programs are kept.

A training builds its model, which draws the weights that its seed gives, and then traces and compiles what trains it:
seconds, where the training itself may take less. Where another model of this process does the very same on numbers of
the same shapes, that one is given the new model's numbers (weights, random states, optimizer), and learns in its place.
"""

from __future__ import annotations

import dataclasses
import json
from collections import OrderedDict
from typing import Any

from dlcli.config.signature import InputSpec
from dlcli.model.assembly import Assembly

__all__ = ["Models"]

MOST, MOST_SMALL = 4, 32
"""Models that are kept, and as many of small ones."""

SMALL = 2**24
"""Weights of all models that are kept together, so that these count as small."""

ELSEWHERE = {"name", "seed", "data", "fit", "callbacks", "checkpoint", "lint", "report", "ensemble", "sweep", "code"}
"""Sections that decide nothing of a model's programs: of `data` the specs of inputs and targets tell."""


class Models:
    """The models of this process that may learn again."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Any] = OrderedDict()

    def take(self, assembly: Assembly, inputs: tuple[InputSpec, ...]) -> Assembly:
        """The assembly with a model that is compiled already, if there is one; else itself, which is kept.

        Args:
            assembly: Built and compiled, its weights those that the training is to begin with.
            inputs: What it was built for.
        """
        if not _can_be_kept(assembly):
            return assembly
        key = _key(assembly, inputs)
        kept = self._kept.pop(key, None)
        if kept is None or not _give(assembly.model, kept):
            kept = assembly.model
        self._kept[key] = kept
        while self._are_too_many():
            self._kept.popitem(last=False)
        return dataclasses.replace(assembly, model=kept)

    def clear(self) -> None:
        """Let go of all."""
        self._kept.clear()

    def _are_too_many(self) -> bool:
        count = len(self._kept)
        if count <= MOST:
            return False
        return count > MOST_SMALL or sum(model.count_params() for model in self._kept.values()) > SMALL


def _can_be_kept(assembly: Assembly) -> bool:
    """Whether nothing of a model but its variables tells one training from another."""
    config = assembly.config
    features = (config.data.features or {}).values()
    changed = config.data.augment or any(getattr(feature, "augment", None) for feature in features)
    return not (config.code or config.fit.phases or changed or assembly.begun or config.runtime.precision != "float32")


def _key(assembly: Assembly, inputs: tuple[InputSpec, ...]) -> str:
    """What decides the model's programs."""
    config = {name: value for name, value in assembly.config.notation().items() if name not in ELSEWHERE}
    config["compile"] = _without_rate(config["compile"])
    return json.dumps([config, repr(assembly.outputs), repr(inputs), repr(assembly.runtime)], default=str)


def _without_rate(compiled: dict[str, Any]) -> dict[str, Any]:
    """The section without a learning rate that is a number: the optimizer has it in a variable, which it is given."""
    optimizer = compiled.get("optimizer")
    if not isinstance(optimizer, dict) or len(optimizer) != 1:
        return compiled
    ((name, arguments),) = optimizer.items()
    if not isinstance(arguments, dict) or not isinstance(arguments.get("learning_rate", 0.0), (int, float)):
        return compiled
    kept = {key: value for key, value in arguments.items() if key != "learning_rate"}
    return {**compiled, "optimizer": {name: kept}}


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
