"""Components become Keras objects, through the public Keras namespaces.

The catalogue says what a name means and which arguments take components; Keras's own deserialisation, which can be
made to run code, is never used. Names defined under `code:` come first.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from dlcli.backend import startup
from dlcli.config.catalogue import entries as catalogue
from dlcli.config.catalogue.entries import Argument, Entry, singular
from dlcli.config.catalogue.reach import reach_of_entry, reach_of_value
from dlcli.config.document.places import format_path
from dlcli.config.graph.drafts import snake_case
from dlcli.config.schema.component import Component
from dlcli.errors import ModelError, Problem, did_you_mean
from dlcli.model.faults import model_faults, named_argument, reason
from dlcli.model.own import own_component
from dlcli.model.repairs import keep_arguments, mended_arguments

__all__ = ["make", "make_arguments"]

Path = tuple[str | int, ...]

_PASSED_BY_NAME = ("losses", "metrics", "activations")
"""Kinds whose identifiers (`mse`, `accuracy`, `relu`) Keras is handed as they are: history shows them by that name."""

_TAKEN_BY_NAME = ("initializers", "regularizers", "constraints", "optimizers")
"""Kinds whose names the user's own class is handed as they are written, as from Python: of a class without `get_config`
Keras can save arguments that are texts and numbers, and no objects."""

_FUNCTIONS = ("losses", "metrics", "activations", "initializers", "regularizers", "constraints", "schedules")
"""Kinds for which a function of the user's own will do."""

_KIND_OF_ARGUMENT = {
    "activation": "activations",
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
    "layer": "layers",
    "layers": "layers",
    "cell": "layers",
    "cells": "layers",
    "loss": "losses",
    "metric": "metrics",
    "metrics": "metrics",
    "optimizer": "optimizers",
    "learning_rate": "schedules",
    "schedule": "schedules",
}
"""What an argument of the user's own class takes, by the last word of its name, after Keras's habits."""


def make(kind: str, component: Component, *, code: Mapping[str, object], path: Path) -> Any:
    """The Keras object that a component stands for.

    Args:
        kind: A kind of the catalogue: `layers`, `optimizers`, ...
        component: Its name and arguments; arguments may hold components in the notation, at any depth.
        code: The user's own classes and functions by name.
        path: Where the component stands in the config, such as `("model", "layers", 2)`.

    Returns:
        The object. For losses, metrics and activations given by a Keras identifier such as `mse`, the identifier
        or the function of that name; for a schedule inside LearningRateScheduler, a function from epoch to rate.

    Raises:
        ModelError: An argument, or several, at any depth, are refused.

    Example:
        >>> make("layers", Component("Dense", {"units": 8}), code={}, path=("model", "layers", 0)).units
        8
    """
    maker = _Maker(code)
    made = maker.make(kind, component, path)
    if maker.problems:
        raise ModelError(maker.problems)
    return made


def make_arguments(kind: str, component: Component, *, code: Mapping[str, object], path: Path) -> dict[str, Any]:
    """The arguments of a component of Keras's, components among them made; for what is made otherwise.

    Raises:
        ModelError: As `make`.
    """
    maker = _Maker(code)
    arguments = maker.arguments(kind, component, path)
    if maker.problems:
        raise ModelError(maker.problems)
    return arguments


class _Maker:
    """Makes one component; goes on after a fault to find the others, and collects them."""

    def __init__(self, code: Mapping[str, object]) -> None:
        keras = startup.load()
        self.problems: list[Problem] = []
        self._code = code
        self._catalogue = catalogue.load()
        self._faults = model_faults()
        self._namespaces: dict[str, Any] = {
            kind: keras.optimizers.schedules if kind == "schedules" else getattr(keras, kind)
            for kind in catalogue.KERAS_KINDS
            if kind != "applications"  # see `dlcli.model.pretrained`
        }
        self._bases: dict[str, type] = {
            "layers": keras.layers.Layer,
            "optimizers": keras.optimizers.Optimizer,
            "callbacks": keras.callbacks.Callback,
            "schedules": keras.optimizers.schedules.LearningRateSchedule,
        }

    def make(self, kind: str, component: Component, path: Path) -> Any:
        """The object, or None after reporting why there is none."""
        if component.name in self._code:
            return self._own(kind, component, self._code[component.name], path)
        entry = self._catalogue.get(kind, component.name)
        if entry is None:
            self._unknown(kind, component.name, path)
            return None
        identifier = component.name != entry.name or entry.shorthand or entry.kind == "activations"
        if identifier and kind in _PASSED_BY_NAME and entry.kind == kind and not (component.arguments or entry.own):
            # A loss function is handed over itself: Keras's own list of identifiers lacks some of them.
            return (
                getattr(self._namespaces["losses"], component.name, component.name)
                if kind == "losses"
                else component.name
            )
        if kind == "metrics" and component == Component("Accuracy"):
            return "accuracy"  # Keras means the same by the bare name; the class compares labels with raw scores
        if entry.kind == "activations":
            return self._activation(entry, component, path)
        if not self._fits(entry, component, path):
            return None
        arguments = self._arguments(entry, component, path)
        if arguments is None:
            return None
        if entry.own:
            return self._call(own_component(entry.name), component, arguments, path)
        arguments = mended_arguments(entry, arguments)
        made = self._call(getattr(self._namespaces[entry.kind], entry.name), component, arguments, path)
        if made is not None:
            keep_arguments(made, arguments)
        return made

    def arguments(self, kind: str, component: Component, path: Path) -> dict[str, Any]:
        """The arguments, or nothing after reporting why there are none."""
        entry = self._catalogue.get(kind, component.name)
        assert entry is not None  # who asks has looked
        return self._arguments(entry, component, path) or {} if self._fits(entry, component, path) else {}

    def _own(self, kind: str, component: Component, value: object, path: Path) -> Any:
        """An object of the user's own class, or their function."""
        if not inspect.isclass(value):
            assert callable(value)  # load_code finds nothing but classes and functions
            if kind not in _FUNCTIONS:
                message = f"{component.name} is a function, and {singular(kind)} must be a class"
                self._report(message, path, component.name, rule="user-code")
                return None
            return _bound(value, component.arguments)
        arguments = self._arguments(None, component, path)
        if arguments is None:
            return None
        made = self._call(value, component, arguments, path)
        base = self._bases.get(kind)
        if made is not None and base is not None and not isinstance(made, base):
            self._report(
                f"{component.name} is no {singular(kind, article=False)}: it does not derive from {base.__name__}",
                path,
                component.name,
                rule="user-code",
            )
            return None
        return made

    def _activation(self, entry: Entry, component: Component, path: Path) -> Any:
        """An activation function with arguments: its layer where Keras has one, for that can be saved."""
        as_layer = next(
            (
                layer
                for layer in self._catalogue.entries("layers")
                if layer.activation and snake_case(layer.name).replace("_", "") == entry.name.replace("_", "")
            ),
            None,
        )
        if as_layer is not None and all(name in as_layer.arguments for name in component.arguments):
            return self.make("layers", Component(as_layer.name, component.arguments), path)
        if not self._fits(entry, component, path):
            return None
        return _bound(getattr(self._namespaces["activations"], entry.name), component.arguments)

    def _fits(self, entry: Entry, component: Component, path: Path) -> bool:
        """Whether Keras knows all arguments, no required one is missing, and none reaches outside."""
        here = (*path, component.name)
        reaching = list(reach_of_entry(entry, here))
        for name, value in component.arguments.items():
            # Where a callback writes has been made a place inside the run by now.
            if name in entry.arguments and entry.arguments[name].reach != "run":
                reaching += reach_of_value(entry, entry.arguments[name], value, (*here, name))
        self.problems += reaching
        unknown = [name for name in component.arguments if name not in entry.arguments and not entry.extra]
        for name in unknown:
            hint = did_you_mean(name, entry.arguments) or f"it takes {', '.join(entry.arguments)}"
            message = f"{component.name} takes no argument {name!r}"
            self._report(message, path, component.name, name, hint=hint, rule="unknown-argument")
        missing = [name for name in entry.required if name not in component.arguments]
        if missing:
            words = " and ".join(map(repr, missing))
            self._report(
                f"{component.name} needs the argument{'s' if len(missing) > 1 else ''} {words}",
                path,
                component.name,
                hint=f"write {component.name}: {{{', '.join(f'{name}: ...' for name in missing)}}}",
                rule="missing-argument",
            )
        return not (unknown or missing or reaching)

    def _arguments(self, entry: Entry | None, component: Component, path: Path) -> dict[str, Any] | None:
        """The arguments with components made; None when one of them failed."""
        before = len(self.problems)
        arguments = {}
        for name, value in component.arguments.items():
            known = entry.arguments.get(name) if entry is not None else Argument(name, takes=_guessed_kind(name))
            argument = known or Argument(name)
            made = self._value(argument, value, (*path, component.name, name), certain=entry is not None)
            if entry is not None and (entry.kind, entry.name, name) == (
                "callbacks",
                "LearningRateScheduler",
                "schedule",
            ):
                made = _by_epoch(made, self._bases["schedules"])
            arguments[name] = made
        return arguments if len(self.problems) == before else None

    def _value(self, argument: Argument, value: Any, path: Path, *, certain: bool) -> Any:
        if isinstance(value, list):
            if argument.takes is not None and (argument.several or not certain):
                return [
                    self._value(argument, item, (*path, index), certain=certain) for index, item in enumerate(value)
                ]
            return value
        if isinstance(value, str) and value in self._code and argument.name != "name":
            if argument.takes is None:
                return self._code[value]
            return self.make(argument.takes, Component(value), path)
        if argument.takes is None or not isinstance(value, (str, Mapping, Component)):
            return value
        if isinstance(value, str) and value in argument.choices:
            return value
        try:
            component = Component.parse(value)
        except ValueError as error:
            if not certain:
                return value
            self._report(str(error), path, rule="notation")
            return None
        if (
            not certain
            and component.name not in self._code
            and self._catalogue.get(argument.takes, component.name) is None
        ):
            return value
        if not certain and argument.takes in _TAKEN_BY_NAME and isinstance(value, str) and value not in self._code:
            return value
        return self.make(argument.takes, component, path)

    def _call(self, factory: Callable[..., Any], component: Component, arguments: dict[str, Any], path: Path) -> Any:
        try:
            return factory(**arguments)
        except self._faults as error:
            message = reason(error)
            name = named_argument(message, component.arguments)
            place = [component.name] if name is None else [component.name, name]
            self._report(f"Keras refuses {component.name}: {message}", path, *place, rule="refused")
            return None

    def _unknown(self, kind: str, name: str, path: Path) -> None:
        other = self._catalogue.elsewhere(kind, name)
        hint = did_you_mean(name, [*self._catalogue.names(kind), *self._code]) or self._catalogue.near_misses(
            kind, name
        )
        if other is not None:
            hint = f"it is {singular(other)}"
        self._report(
            f"unknown {singular(kind, article=False)} {name!r}", path,
            hint=hint or "define it in a Python file under `code:`", rule="unknown-component",
        )  # fmt: skip

    def _report(self, message: str, path: Path, *inside: str | int, hint: str = "", rule: str) -> None:
        self.problems.append(Problem(message, path=format_path((*path, *inside)), hint=hint, rule=rule))


def _guessed_kind(name: str) -> str | None:
    return _KIND_OF_ARGUMENT.get(name) or _KIND_OF_ARGUMENT.get(name.rpartition("_")[2])


def _bound(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Callable[..., Any]:
    """The function with arguments set; keeps its name, by which Keras shows and saves it."""
    if not arguments:
        return function

    @functools.wraps(function)
    def bound(*values: Any, **others: Any) -> Any:
        return function(*values, **{**arguments, **others})

    return bound


def _by_epoch(schedule: Any, base: type) -> Any:
    """The callback wants a function of the epoch; a Keras schedule is one of the step, and returns a tensor."""
    if not isinstance(schedule, base):
        return schedule
    step_schedule: Any = schedule

    def learning_rate(epoch: int, current: float | None = None) -> float:
        return float(step_schedule(epoch))

    return learning_rate
