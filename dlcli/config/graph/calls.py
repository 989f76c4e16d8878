"""The arguments of a layer's call: which of them take tensors, and by what names Keras has called the first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.catalogue.entries import Entry
from dlcli.config.document.places import ConfigPath, format_path
from dlcli.config.schema.model import CALL_FLAGS
from dlcli.errors import Problem, did_you_mean

__all__ = ["QUERY_VALUE_KEY", "call_faults", "called", "first_names", "keras_layer"]

QUERY_VALUE_KEY = ("query", "value", "key")
"""What attention takes in one list, in its order."""

_FIRST = ("inputs", "input", "sequences", "sequence", "data", "x")
"""What the first argument is called by Keras's layers, of today and of before."""

_OF_LISTS = ("AdditiveAttention", "Attention")


def keras_layer(name: str, own: Collection[str] = ()) -> Entry | None:
    """Keras's layer of this name, unless the user has one."""
    return None if name in own else catalogue.load().get("layers", name)


def first_names(entry: Entry) -> tuple[str, ...]:
    """The names that a layer's first argument can be written by.

    Example:
        >>> "sequence" in first_names(catalogue.load().get("layers", "LSTM"))
        True
        >>> first_names(catalogue.load().get("layers", "MultiHeadAttention"))
        ('query',)
    """
    first = entry.call[0]
    if entry.name in _OF_LISTS:
        return ("query", "inputs")
    return (first,) if first not in _FIRST else (first, *(name for name in _FIRST if name != first))


def called(entry: Entry) -> tuple[str, ...]:
    """The arguments that take tensors, as they are told to people."""
    names = QUERY_VALUE_KEY if entry.name in _OF_LISTS else entry.call[:1]
    return (*names, *(name for name in entry.call[1:] if name not in CALL_FLAGS))


def call_faults(
    entry: Entry | None, name: str, *, inputs: Any, call: Any, path: ConfigPath, inputs_path: ConfigPath
) -> Iterator[Problem]:
    """What a layer's call does not take.

    Args:
        entry: Keras's layer; None for a nested model, whose inputs have names of their own.
        name: What the layer is called in messages.
        inputs: `inputs` as it is written.
        call: `call` as it is written.
        path: Where the layer stands.
        inputs_path: Where `inputs` stands.
    """
    if entry is not None and isinstance(inputs, Mapping):
        yield from _input_faults(entry, name, inputs, inputs_path)
    flags = tuple(one for one in entry.call if one in CALL_FLAGS) if entry is not None else ("training",)
    for argument, value in call.items() if isinstance(call, Mapping) else ():
        place = format_path((*path, "call", argument))
        if entry is not None and argument in (*entry.call, *called(entry)) and argument not in flags:
            hint = f"it takes a tensor: write `inputs: {{{argument}: ...}}`"
            yield Problem(f"{argument} of {name} is no plain value", path=place, hint=hint, rule="wrong-inputs")
        elif argument not in flags:
            near = did_you_mean(str(argument), flags)
            if entry is not None and argument in entry.arguments:
                near = f"write it among the arguments: `{name}: {{{argument}: ...}}`"
            hint = near or (f"it takes {', '.join(flags)}" if flags else "it takes none but its tensors")
            message = f"the call of {name} takes no argument {argument!r}"
            yield Problem(message, path=place, hint=hint, rule="unknown-argument")
        elif not isinstance(value, bool):
            message = f"{argument} of the call of {name} is true or false, got {value!r}"
            yield Problem(message, path=place, rule="argument-value")


def _input_faults(entry: Entry, name: str, inputs: Mapping[Any, Any], path: ConfigPath) -> Iterator[Problem]:
    known = called(entry)
    first = [argument for argument in inputs if argument in first_names(entry)]
    if "value" in (*known, *entry.call) and not {"value", "inputs"} & set(inputs):
        message, hint = f"{name} needs the value that it looks at", "write `inputs: {query: a, value: b}`"
        yield Problem(message, path=format_path(path), hint=hint, rule="wrong-inputs")
    if len(first) > 1:
        message = f"{' and '.join(first)} are the same argument of {name}"
        yield Problem(message, path=format_path(path), hint=f"write {entry.call[0]} once", rule="wrong-inputs")
    for argument in inputs:
        if argument in known or argument in first_names(entry):
            continue
        place = format_path((*path, argument))
        if argument in entry.call:
            hint = f"it takes no tensor: write `call: {{{argument}: true}}`"
            yield Problem(f"{argument} of {name} is true or false", path=place, hint=hint, rule="wrong-inputs")
            continue
        hint = did_you_mean(str(argument), known) or f"its call takes {', '.join(known)}"
        message = f"the call of {name} takes no argument {argument!r}"
        yield Problem(message, path=place, hint=hint, rule="unknown-argument")
