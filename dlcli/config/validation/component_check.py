"""Checks one component against the catalogue, with all components among its arguments."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

from dlcli.config.catalogue.entries import Argument, Catalogue, Entry, load, singular
from dlcli.config.catalogue.reach import reach_of_entry, reach_of_value
from dlcli.config.catalogue.values import AUTO, describe, expected, hint, is_plain_fit
from dlcli.config.document.places import ConfigPath, format_path
from dlcli.config.habits.advice import way_out
from dlcli.config.habits.notations import rewrite
from dlcli.config.habits.words import find_habit
from dlcli.config.schema import LAYER_KEYS
from dlcli.config.schema.component import Component
from dlcli.config.schema.model import CALL_FLAGS
from dlcli.config.validation.layer_faults import layer_fault
from dlcli.errors import Problem, did_you_mean, same_word

__all__ = ["INPUT_LAYERS", "ComponentCheck", "UserClass"]

INPUT_LAYERS = ("Input", "InputLayer")
"""What Keras code begins with and a config does not need: inputs follow from the data."""

_MODELS = ("Sequential", "Model", "Functional")
_PLACES = {
    "layers": "layers stand in `model.layers`",
    "optimizers": "the optimizer stands in `compile.optimizer`",
    "losses": "losses stand in `compile.loss`",
    "metrics": "metrics stand in `compile.metrics`",
    "callbacks": "callbacks stand in `callbacks`",
    "activations": "an activation is an argument of a layer, `Dense: {units: 8, activation: relu}`, or a layer of its "
    "own, `Activation: {activation: relu}`",
    "schedules": "a schedule stands in the optimizer: `{Adam: {learning_rate: {CosineDecay: {...}}}}`",
    "regularizers": "a regularizer is an argument of a layer: `Dense: {units: 8, kernel_regularizer: L2}`",
    "initializers": "an initializer is an argument of a layer: `Dense: {units: 8, kernel_initializer: HeNormal}`",
    "constraints": "a constraint is an argument of a layer: `Dense: {units: 8, kernel_constraint: NonNeg}`",
    "samplers": "a sampler stands in `sweep.sampler`",
    "pruners": "a pruner stands in `sweep.pruner`",
}
_OF_OTHERS = ("samplers", "pruners")
"""Kinds of which a config names only those that there are."""


class UserClass(Protocol):
    """A class or function in the user's own Python files, as far as reading the file tells."""

    @property
    def kind(self) -> Literal["class", "function"]:
        """Which of the two it is."""

    @property
    def arguments(self) -> Sequence[str]:
        """The names of its constructor's arguments."""

    @property
    def required(self) -> Sequence[str]:
        """Those without a default."""

    @property
    def extra(self) -> bool:
        """It takes further keyword arguments."""


class ComponentCheck:
    """The checks of components; problems are yielded in the order in which the config is written.

    Args:
        code_names: The user's own classes by name, valid wherever a component stands; None for one whose arguments
            are not known.
    """

    def __init__(self, code_names: Mapping[str, UserClass | None]) -> None:
        self._code = code_names
        self._catalogue: Catalogue = load()

    def knows(self, kind: str, name: str) -> bool:
        """Whether a name means a component of this kind, Keras's or the user's own."""
        return name in self._code or self._catalogue.get(kind, name) is not None

    def entry(self, name: str) -> Entry | None:
        """Keras's layer of this name, unless the user has a class of the same name."""
        return None if name in self._code else self._catalogue.get("layers", name)

    def check(
        self,
        kind: str,
        value: Any,
        path: ConfigPath,
        *,
        given: Collection[str] | None = (),
        whole: bool = True,
        inside: bool = False,
    ) -> Iterator[Problem]:
        """Problems of one component.

        Args:
            kind: What is expected here, such as `layers`.
            value: A name, or a one-key mapping from a name to arguments.
            path: Where it stands in the config.
            given: Arguments that are set from outside (`for`, `with`); None when they are not known, and then no
                argument is reported as missing.
            whole: Report a value that is no component at all; the schema does so for the places that it knows.
            inside: It stands among the arguments of another component.
        """
        try:
            component = Component.parse(value)
        except ValueError as error:
            name = next(iter(value)) if isinstance(value, Mapping) and len(value) == 1 else None
            if isinstance(name, str) and name not in self._code and self._catalogue.get(kind, name) is None:
                yield self._unknown(kind, name, (*path, name))
            elif whole:
                yield Problem(str(error), path=format_path(path), rule="notation")
            return
        here = path if isinstance(value, str) else (*path, component.name)
        if component.name in self._code:
            yield from self._user_class(component, here, given)
            return
        entry = self._catalogue.get(kind, component.name)
        if entry is None:
            yield self._unknown(kind, component.name, here)
        elif entry.needs_python:
            yield Problem(
                f"{entry.name} takes a Python function, which YAML cannot hold",
                path=format_path(here),
                hint=f"write {singular(kind)} class of your own in a Python file and name the file under `code`",
                rule="needs-python",
            )
        elif not entry.usable:
            yield from reach_of_entry(entry, here)
        else:
            yield from self._arguments(entry, component, here, given)
            if entry.kind == "layers" and (
                fault := layer_fault(entry.name, component.arguments, here, given, inside=inside)
            ):
                yield fault

    def value(
        self, entry: Entry, argument: Argument, value: Any, path: ConfigPath, *, given: Collection[str] | None = ()
    ) -> Iterator[Problem]:
        """Problems of the value of one argument; what is `given` to a wrapper reaches the layer that it wraps."""
        reaching = list(reach_of_value(entry, argument, value, path))
        if argument.deprecated or reaching:
            yield from reaching
            return
        inner = given if argument.takes == "layers" else ()
        if argument.takes == "layers":
            yield from self._network_inside(value, path)
        if argument.takes is None:
            yield from self._plain(entry, argument, value, path)
        elif value is None:
            if argument.required:
                yield self._wrong(entry, argument, value, path)
        elif argument.several and isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.check(argument.takes, item, (*path, index), given=inner, inside=True)
        elif isinstance(value, (str, Mapping)):
            yield from self.check(argument.takes, value, path, given=inner, inside=True)
        elif argument.type is None or not is_plain_fit(argument, value):
            yield self._wrong(entry, argument, value, path)

    def rate(self, optimizer: Any, value: Any, path: ConfigPath) -> Iterator[Problem]:
        """Problems of the learning rate that stands beside an optimizer, not in it; Adam is the default."""
        name = next(iter(optimizer), None) if isinstance(optimizer, Mapping) else optimizer or "Adam"
        entry = None if name in self._code or not isinstance(name, str) else self._catalogue.get("optimizers", name)
        argument = entry.arguments.get("learning_rate") if entry is not None else None
        if entry is not None and argument is not None and value is not None:
            yield from self.value(entry, argument, value, (*path, "learning_rate"))

    def _network_inside(self, value: Any, path: ConfigPath) -> Iterator[Problem]:
        """A network is made for the images that come in, which a layer that wraps it does not tell."""
        name = next(iter(value)) if isinstance(value, Mapping) and len(value) == 1 else value
        entry = self.entry(name) if isinstance(name, str) else None
        if entry is not None and entry.kind == "applications":
            yield Problem(
                f"{entry.name} is a whole network, and stands in the list of layers, not inside of another layer",
                path=format_path(path),
                hint="take it as a layer of its own; over the pictures of a film single layers can be taken",
                rule="network-place",
            )

    def unknown_argument(self, component: str, entry: Entry, argument: str, path: ConfigPath) -> Problem:
        """The problem of an argument that a Keras component does not have."""
        known = [name for name, its in entry.arguments.items() if not its.deprecated]
        if entry.kind in ("layers", "applications") and argument in LAYER_KEYS:
            near = f"write `{argument}` beside {component}, not among its arguments"
        elif entry.kind == "layers" and argument in entry.call[1:]:
            what = f"call: {{{argument}: true}}" if argument in CALL_FLAGS else f"inputs: {{{argument}: ...}}"
            near = f"it is an argument of the call: write `{what}` beside {component}"
        else:
            near = way_out(argument, known)
        return Problem(
            f"{component} takes no argument {argument!r}",
            path=format_path(path),
            hint=near or (f"its arguments are {', '.join(known)}" if known else "it is written without arguments"),
            rule="unknown-argument",
        )

    def _arguments(
        self, entry: Entry, component: Component, path: ConfigPath, given: Collection[str] | None
    ) -> Iterator[Problem]:
        for name, value in component.arguments.items():
            argument = entry.arguments.get(name)
            if argument is not None:
                yield from self.value(entry, argument, value, (*path, name), given=given)
            elif not entry.extra:
                yield self.unknown_argument(component.name, entry, name, (*path, name))
        if given is not None:
            yield from self._missing(component, entry.required, path, given, entry.arguments)

    def _user_class(self, component: Component, path: ConfigPath, given: Collection[str] | None) -> Iterator[Problem]:
        known = self._code[component.name]
        if known is None:
            return
        for name in component.arguments:
            if name not in known.arguments and not known.extra:
                yield Problem(
                    f"{component.name} takes no argument {name!r}",
                    path=format_path((*path, name)),
                    hint=did_you_mean(name, known.arguments)
                    or f"its arguments are {', '.join(known.arguments) or 'none'}",
                    rule="unknown-argument",
                )
        if given is not None and known.kind == "class":
            # A function is handed over itself: Keras gives it `y_true` and `y_pred`.
            yield from self._missing(component, known.required, path, given, {})

    def _missing(
        self,
        component: Component,
        required: Sequence[str],
        path: ConfigPath,
        given: Collection[str],
        arguments: Mapping[str, Argument],
    ) -> Iterator[Problem]:
        for name in required:
            if name not in component.arguments and name not in given:
                doc = arguments[name].doc if name in arguments else ""
                if name in arguments and arguments[name].auto and AUTO not in doc:
                    doc = f"`{AUTO}` takes it from the data"
                yield Problem(
                    f"{component.name} needs the argument {name!r}",
                    path=format_path(path),
                    hint=f"{name}: {doc}" if doc else f"write {{{component.name}: {{{name}: ...}}}}",
                    rule="missing-argument",
                )

    def _plain(self, entry: Entry, argument: Argument, value: Any, path: ConfigPath) -> Iterator[Problem]:
        component = self._looks_like_component(value)
        if component is not None and not (isinstance(value, str) or argument.type == "callable"):
            kind = self._catalogue.elsewhere("", component)
            what = f"the {singular(kind, article=False)} {component}" if kind else component
            yield Problem(
                f"{argument.name} of {entry.name} takes {expected(argument)}, got {what}",
                path=format_path(path),
                hint=hint(argument, value),
                rule="argument-value",
            )
        elif not is_plain_fit(argument, value):
            yield self._wrong(entry, argument, value, path)

    def _looks_like_component(self, value: Any) -> str | None:
        """The name in a one-key mapping that can be nothing but a component."""
        if not isinstance(value, Mapping) or len(value) != 1:
            return None
        (name,) = value
        if not isinstance(name, str) or not name[:1].isupper():
            return None
        return name if name in self._code or self._catalogue.elsewhere("", name) else None

    def _wrong(self, entry: Entry, argument: Argument, value: Any, path: ConfigPath) -> Problem:
        if argument.takes is None:
            wanted, way_out = expected(argument), hint(argument, value)
        else:
            wanted = singular(argument.takes) + (f" or {expected(argument)}" if argument.type else "")
            near = ", ".join(self._catalogue.names(argument.takes)[:3])
            way_out = f"a component is a name or {{Name: {{argument: value}}}}, such as {near}"
        if argument.type == "callable":
            way_out = "write it in a Python file and name the file under `code`"
        return Problem(
            f"{argument.name} of {entry.name} takes {wanted}, got {describe(value)}",
            path=format_path(path),
            hint=way_out,
            rule="argument-value",
        )

    def _near(self, kind: str, name: str) -> str:
        """What was probably meant: another notation, a habit of another tool, a slip of the pen."""
        if notation := rewrite(name):
            return f"write {notation}"
        habit = find_habit(name)
        if meant := next((each for each in habit.means if self.knows(kind, each)), None):
            return f"did you mean '{meant}'?"
        if same_word(name, self._catalogue.identifiers(kind)) or not habit.says:
            return self._catalogue.near_misses(kind, name, more=self._code)
        return habit.says

    def _listed(self, kind: str, name: str) -> str:
        """The names of a kind to which nobody adds: `TPE` means one of them."""
        if kind not in _OF_OTHERS:
            return ""
        names = self._catalogue.names(kind)
        meant = [each for each in names if name and each.lower().startswith(name.lower())]
        return did_you_mean(meant[0], meant) if meant else f"there are {', '.join(names)}"

    def _unknown(self, kind: str, name: str, path: ConfigPath) -> Problem:
        near = self._near(kind, name)
        other = self._catalogue.elsewhere(kind, name)
        if name in _MODELS and kind == "layers":
            message, near = f"{name} is a model, not a layer", "write a model within a model as `layers: [...]`"
        elif name in INPUT_LAYERS and kind == "layers":
            message, near = f"{name} is not needed: the model's inputs are made from the features", "remove it"
        elif other is not None:
            message = f"{name} is {singular(other)}, not {singular(kind)}"
            near = near if same_word(name, self._catalogue.identifiers(kind)) else _PLACES.get(other, near)
        else:
            message = f"unknown {singular(kind, article=False)} {name!r}"
        return Problem(
            message,
            path=format_path(path),
            hint=near
            or self._listed(kind, name)
            or "a class of your own stands in a Python file that is named under `code`",
            rule="unknown-component",
        )
