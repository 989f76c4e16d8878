"""What TensorFlow says when training fails, in words and with the layer that it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from dlcli.backend.memory import is_out_of_memory, memory_problem
from dlcli.errors import Problem

__all__ = ["BackendError", "culprit", "not_compiled", "read_beyond", "training_failure"]

BackendError: type[Exception] = tf.errors.OpError
"""What TensorFlow raises when an operation fails; it derives from `Exception` alone."""


def not_compiled(model: Any, error: Any) -> Problem | None:
    """The problem of a model that XLA cannot compile; None when the error is another."""
    text = str(error)
    if not re.search(r"XLA|tf2xla|trying to compile|compile-time constant", text):
        return None
    operations = sorted(set(re.findall(r"(\w+) \(No registered", text)))
    reason = f"it knows no {' or '.join(operations)}" if operations else text.strip().splitlines()[0][:200]
    return Problem(
        f"XLA cannot compile {_culprit(model, text) or 'the model'}: {reason}",
        path="runtime.execution",
        hint="use execution: auto or graph",
        rule="xla",
    )


def training_failure(model: Any, error: Any, *, device: str) -> Problem | None:
    """The problem of a training step that failed: no memory, a value that a layer cannot take, a check of its own.

    None when the error is about neither memory nor the model.

    Args:
        model: The model.
        error: What TensorFlow raised, or a `MemoryError`.
        device: Where it ran.
    """
    if is_out_of_memory(error):
        return memory_problem(error, device=device)
    lines = [line.strip() for line in str(error.message).splitlines() if line.strip()]
    said = [
        line
        for line in lines
        if not line.startswith(("Graph execution error", "Detected at", "<stack traces", "File "))
    ]
    reason = re.sub(r"\s*\[\[.*", "", said[0]) if said else type(error).__name__
    culprit = _culprit(model, str(error))
    if culprit is None:
        return None
    return Problem(
        f"TensorFlow fails in {culprit}: {reason}",
        path="model",
        hint="see what the data holds there; runtime: {execution: step} looks at every batch",
        rule="training",
    )


def read_beyond(error: Exception) -> tuple[int, int] | None:
    """The row that is read, and how many rows there are, where a table is read beyond its end; None for other errors.

    On a CPU it is an error; a GPU gives zeros.
    """
    found = re.search(r"indices\[.*\] = (-?[0-9]+) is not in \[0, ([0-9]+)\)", " ".join(str(error).split()))
    return None if found is None else (int(found[1]), int(found[2]))


def culprit(model: Any, nodes: Iterable[str]) -> str | None:
    """What in the model the nodes of a graph belong to: TensorFlow names them by their scopes, outermost first.

    Keras's scopes are the names of the layers, with a number when a name comes again.
    """
    layers = {layer.name for layer in model._flatten_layers(include_self=False)}
    for node in nodes:
        scopes = node.split("/")[:-1]
        for scope in reversed(scopes):
            for name in (scope, re.sub(r"_\d+$", "", scope)):
                if name in layers:
                    return f"the layer {name!r}"
        if "compile_loss" in scopes[:-1]:
            return f"the loss {scopes[scopes.index('compile_loss') + 1]!r}"
    return None


def _culprit(model: Any, text: str) -> str | None:
    """What in the model an error is about, if TensorFlow says it."""
    return culprit(model, re.findall(r"node ([\w./-]+)", text))
