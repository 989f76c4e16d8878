"""Arguments that are set from outside a layer: by `for`, and by a block's `with`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.document.places import format_path
from dlcli.config.schema.component import Component
from dlcli.errors import Problem, did_you_mean

__all__ = ["Setting", "apply_settings", "own_arguments"]


@dataclasses.dataclass
class Setting:
    """Values for arguments, and which of them some layer took.

    Args:
        values: The values by argument.
        path: Where they stand in the config.
        used: The arguments that a layer took.
        offered: All arguments of the layers that were asked.
    """

    values: Mapping[str, Any]
    path: tuple[str | int, ...]
    used: set[str] = dataclasses.field(default_factory=set)
    offered: set[str] = dataclasses.field(default_factory=set)

    def unused(self) -> list[Problem]:
        """A problem for each argument that no layer took."""
        return [
            Problem(
                f"no layer here takes the argument {name!r}",
                path=format_path((*self.path, name)),
                hint=did_you_mean(name, self.offered)
                or "a layer of your own takes the arguments that are written beside it",
                rule="unknown-argument",
            )
            for name in self.values
            if name not in self.used
        ]


def own_arguments(component: Component) -> dict[str, Any]:
    """A layer's arguments without `name`, which is the node's."""
    return {name: value for name, value in component.arguments.items() if name != "name"}


def apply_settings(component: Component, settings: Iterable[Setting]) -> Component:
    """Set arguments on a layer that takes them, and on the layers that it wraps; the outermost setting wins.

    A Keras layer takes what the catalogue says; a layer of the user's own, which only running its code would tell,
    takes the arguments that are written beside it.
    """
    for setting in settings:
        component = _apply(component, setting)
    return component


def _apply(component: Component, setting: Setting) -> Component:
    entry = catalogue.load().get("layers", component.name)
    known = set(component.arguments) if entry is None else set(entry.arguments)
    if entry is not None and entry.kind == "applications":
        known.discard("weights")  # a file, which stands beside the network that it is for
    setting.offered.update(known - {"name"})
    arguments = dict(component.arguments)
    for name, value in setting.values.items():
        if name in known and name != "name":
            arguments[name] = value
            setting.used.add(name)
    for name, value in component.arguments.items():
        argument = entry.arguments.get(name) if entry is not None else None
        if argument is not None and argument.takes == "layers" and isinstance(value, (str, Mapping, Component)):
            arguments[name] = _wrapped(value, setting)
    return Component(component.name, arguments)


def _wrapped(value: Any, setting: Setting) -> Any:
    """The layer inside a wrapper such as Bidirectional."""
    if isinstance(value, Mapping) and len(value) != 1:
        return value  # no component; check_components reports it
    return _apply(Component.parse(value), setting).notation()
