"""Whether a value can be a component's argument, in words that a person can act on.

Only what Keras's own docstrings state beyond doubt is held against a value: a config that Keras accepts is not refused.
"""

from __future__ import annotations

from typing import Any

from dlcli.config.catalogue.entries import Argument
from dlcli.errors import did_you_mean

__all__ = ["AUTO", "describe", "expected", "hint", "is_plain_fit"]

AUTO = "auto"
"""What the data decides, where an argument says that it can."""

_WORDS = {
    "positive_integer": "a whole number of at least 1",
    "integer": "a whole number",
    "number": "a number",
    "fraction": "a number from 0 to 1",
    "fractions": "a list of numbers from 0 to 1",
    "boolean": "true or false",
    "string": "text",
    "callable": "a Python function",
}

_LONGEST = 60


def is_plain_fit(argument: Argument, value: Any) -> bool:
    """Whether a plain value fits the argument's type and choices; any value fits where the catalogue is not sure."""
    if argument.auto and value == AUTO:
        return True
    if value is None:
        return argument.none or (argument.type is None and not argument.required)
    if argument.choices:
        return isinstance(value, str) and value.lower() in {choice.lower() for choice in argument.choices if choice}
    return _fits(argument.type, value)


def expected(argument: Argument) -> str:
    """What the argument takes, in words: `a whole number of at least 1`, `'valid' or 'same'`."""
    if argument.choices:
        words = ["null" if choice is None else f"'{choice}'" for choice in argument.choices]
        return ", ".join(words[:-1]) + f" or {words[-1]}"
    words_of_type = _WORDS.get(argument.type or "", "a plain value")
    if argument.auto:
        words_of_type += f", or `{AUTO}`"
    return f"{words_of_type} or null" if argument.none and argument.type not in (None, "callable") else words_of_type


def hint(argument: Argument, value: Any) -> str:
    """The way out: a near miss among the choices, or what Keras says about the argument."""
    near = did_you_mean(value, [choice for choice in argument.choices if choice]) if isinstance(value, str) else ""
    return near or (f"{argument.name}: {argument.doc}" if argument.doc and not argument.choices else "")


def describe(value: Any) -> str:
    """The value received, short enough for a message, as YAML writes it where that is one word."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _fits(kind: str | None, value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    match kind:
        case "positive_integer":
            return isinstance(value, int) and is_number and value > 0
        case "integer":
            return is_number and (isinstance(value, int) or value.is_integer())
        case "number":
            return is_number
        case "fraction":
            return is_number and 0 <= value <= 1
        case "fractions":
            return isinstance(value, list) and bool(value) and all(_fits("fraction", one) for one in value)
        case "boolean":
            return isinstance(value, bool) or (is_number and value in (0, 1))
        case "string":
            return isinstance(value, str)
        case "callable":
            return False
        case _:
            return True
