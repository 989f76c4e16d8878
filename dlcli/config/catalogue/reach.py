"""What a component would open, write, call or run by a name in its arguments.

A config may come from anybody, so a name in it is never more than a name: Keras opens no file, no address and no
program for it. The catalogue says which arguments do (`Argument.reach`); `code:` is the one door to what is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dlcli.config.catalogue.entries import Argument, Entry, singular
from dlcli.config.document.file_names import leaves, name_problem
from dlcli.config.document.places import ConfigPath, format_path
from dlcli.errors import Problem

__all__ = ["reach_of_entry", "reach_of_value"]

_WHY = {
    "program": "runs a program that lies in a file, which may do anything",
    "network": "sends data over the network to an address",
}

_SERIALIZED = "class_name"
"""The key by which Keras knows a mapping for an object that it is to make: of any class, of any module."""


def reach_of_entry(entry: Entry, path: ConfigPath) -> Iterator[Problem]:
    """The problem of a component that a config cannot have, whatever its arguments are.

    Args:
        entry: The component.
        path: Where it stands.
    """
    why = next((_WHY[argument.reach] for argument in entry.arguments.values() if argument.reach in _WHY), None)
    if why is not None:
        yield Problem(
            f"{entry.name} {why}, and a config names none",
            path=format_path(path),
            hint=f"write {singular(entry.kind)} class of your own in a Python file and name the file under `code`",
            rule="reaches-out",
        )


def reach_of_value(entry: Entry, argument: Argument, value: Any, path: ConfigPath) -> Iterator[Problem]:
    """The problems of a value by which Keras would reach outside of the config and of the run.

    Args:
        entry: The component.
        argument: One of its arguments.
        value: As the config writes it.
        path: Where it stands.
    """
    what = f"{argument.name} of {entry.name}"
    if argument.takes is None and _is_serialized(value):
        yield Problem(
            f"{what} is an object in Keras's serialized form, which can name any Python class or function",
            path=format_path(path),
            hint="write the plain value, or a class of your own in a Python file that is named under `code`",
            rule="reaches-out",
        )
    elif argument.reach == "file" and isinstance(value, str):
        yield Problem(
            f"{what} is the name of a file, {value!r}, and a config is read without the files that it names there",
            path=format_path(path),
            hint=f"write the values themselves: {argument.name}: [..., ...]; "
            "or let a feature do it: {type: category} or {type: text}",
            rule="reaches-out",
        )
    elif argument.reach == "run":
        for name in _texts(value):
            fault = name_problem(name, path=format_path(path))
            if fault is not None:
                yield fault
            elif leaves(name):
                yield Problem(
                    f"{name!r} leaves the run directory, where all files of a run are kept",
                    path=format_path(path),
                    hint="give a relative name",
                    rule="outside-run",
                )


def _is_serialized(value: Any) -> bool:
    """Whether there is an object in Keras's form anywhere in a value, whose depth the reader of the config bounds."""
    if isinstance(value, Mapping):
        return _SERIALIZED in value or any(map(_is_serialized, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_is_serialized, value))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
