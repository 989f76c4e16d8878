"""What Keras says when it refuses something, made short enough to read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dlcli.backend import startup
from dlcli.backend.memory import is_out_of_memory, memory_problem

__all__ = ["KERAS_FAULTS", "model_faults", "named_argument", "reason"]

KERAS_FAULTS: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What Keras, TensorFlow and the user's layers raise for an argument, a shape or a value that does not fit.

What the backend raises of itself derives from `Exception` alone; `model_faults` has it too."""

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_CALLING = re.compile(r"^Exception encountered when calling .+?\(\)\.\s*", re.DOTALL)
_ARGUMENTS = re.compile(r"\n\s*\nArguments received by .*", re.DOTALL)
_INFER = re.compile(r"^Could not automatically infer the output shape.*?Error encountered:\s*", re.DOTALL)
_DESERIALIZE = re.compile(r"^<class '.*?'> could not be deserialized properly\..*Exception encountered: ", re.DOTALL)
_INPUT = re.compile(r"Input (\d+)(?: with name '[^']*')? of layer '?[^']*?'? is incompatible with the layer: ")
_FULL_SHAPE = re.compile(r"\.? ?Full shape received: (\([^)]*\)).*", re.DOTALL)
_MISSING = re.compile(r"(?:(\w+)\.__init__\(\) )?missing \d+ required (?:positional|keyword-only) arguments?: (.+)")
_UNBOUND = re.compile(r"missing a required argument: ('\w+')")
_UNEXPECTED = re.compile(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'")
_UNRECOGNIZED = re.compile(r"Unrecognized keyword arguments passed to (\w+): \{(.*)\}", re.DOTALL)
_TENSOR = re.compile(r"<KerasTensor shape=(\([^)]*\))[^>]*>")
_NODE = re.compile(r" for '\{\{node .*?(?=with input shapes|$)", re.DOTALL)

_FUNCTION = re.compile(r"\{\{function_node [^}]*\}\}\s*|\s*\[Op:\w+\]")


def model_faults() -> tuple[type[Exception], ...]:
    """All that a model raises that cannot be called, converted or saved. Loads Keras."""
    startup.load()
    from dlcli.backend.failures import BackendError

    return (*KERAS_FAULTS, BackendError)


def reason(error: BaseException) -> str:
    """Keras's message as one plain sentence without full stop.

    Example:
        >>> reason(TypeError("Dense.__init__() missing 1 required positional argument: 'units'"))
        "the argument 'units' is missing"
    """
    if is_out_of_memory(error):
        return memory_problem(error).message
    text = _ESCAPES.sub("", str(error)).strip()
    text = _CALLING.sub("", text)
    text = _ARGUMENTS.sub("", text).strip()
    text = _INFER.sub("", text).strip()
    text = _DESERIALIZE.sub("", text)
    text = _INPUT.sub("", text)
    text = _FULL_SHAPE.sub(r" in the shape \1", text)
    text = _TENSOR.sub(r"a tensor of shape \1", text)
    text = _NODE.sub(" ", text)
    text = _FUNCTION.sub("", text)
    if match := _MISSING.search(text):
        many = "arguments" if "," in match[2] or " and " in match[2] else "argument"
        text = f"the {many} {match[2]} {'are' if many == 'arguments' else 'is'} missing"
    elif match := _UNBOUND.search(text):
        text = f"the argument {match[1]} is missing"
    elif match := _UNEXPECTED.search(text):
        text = f"{match[1]} takes no argument {match[2]!r}"
    elif match := _UNRECOGNIZED.search(text):
        names = re.findall(r"'(\w+)':", match[2])
        text = f"{match[1]} takes no argument {', '.join(map(repr, names))}"
    text = " ".join(text.split()).rstrip(".")
    kind = type(error).__name__
    if isinstance(error, (ValueError, TypeError)) and text:
        return text
    return f"{kind}: {text}" if text else kind


def named_argument(message: str, arguments: Mapping[str, Any]) -> str | None:
    """The one argument of a component that a message speaks of; None when there is none or more than one.

    Example:
        >>> named_argument("expected a positive integer. Received: units=-3", {"units": -3, "activation": "relu"})
        'units'
    """
    quoted = [
        name
        for name in arguments
        if re.search(rf"`{re.escape(name)}`|'{re.escape(name)}'|\b{re.escape(name)}=", message)
    ]
    found = quoted or [name for name in arguments if re.search(rf"\b{re.escape(name)}\b", message)]
    return found[0] if len(found) == 1 else None
