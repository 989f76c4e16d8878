"""What TensorFlow says when training fails, in words and with the layer that it is about."""

from __future__ import annotations

import re
from typing import Any

import tensorflow as tf

from dlcli.errors import Problem

__all__ = ["not_compiled", "training_failure"]


def not_compiled(model: Any, error: tf.errors.OpError) -> Problem | None:
    """The problem of a model that XLA cannot compile; None when the error is another."""
    text = str(error)
    if not re.search("xla|compil", text, re.IGNORECASE):
        return None
    operations = sorted(set(re.findall(r"(\w+) \(No registered", text)))
    reason = f"it knows no {' or '.join(operations)}" if operations else text.strip().splitlines()[0][:200]
    return Problem(
        f"XLA cannot compile {_culprit(model, text)}: {reason}",
        path="runtime.execution",
        hint="use execution: auto or graph",
        rule="xla",
    )


def training_failure(model: Any, error: tf.errors.OpError, *, device: str) -> Problem:
    """The problem of a training step that failed: no memory, a value that a layer cannot take, a check of its own.

    Args:
        model: The model.
        error: What TensorFlow raised.
        device: Where it ran.
    """
    lines = [line.strip() for line in str(error.message).splitlines() if line.strip()]
    said = [
        line
        for line in lines
        if not line.startswith(("Graph execution error", "Detected at", "<stack traces", "File "))
    ]
    reason = re.sub(r"\s*\[\[.*", "", said[0]) if said else type(error).__name__
    if isinstance(error, tf.errors.ResourceExhaustedError):
        return Problem(
            f"out of memory on {device}: {reason}",
            path="data.batch_size",
            hint="use a smaller batch_size or a smaller model",
            rule="out-of-memory",
        )
    return Problem(
        f"TensorFlow fails in {_culprit(model, str(error))}: {reason}",
        path="model",
        hint="see what the data holds there; runtime: {execution: step} looks at every batch",
        rule="training",
    )


def _culprit(model: Any, text: str) -> str:
    """What in the model an error is about: TensorFlow names its nodes by the scopes that they are in, outermost first.

    Keras's scopes are the names of the layers, with a number when a name comes again.
    """
    layers = {layer.name for layer in model._flatten_layers(include_self=False)}
    for node in re.findall(r"node ([\w./-]+)", text):
        scopes = node.split("/")[:-1]
        for scope in reversed(scopes):
            for name in (scope, re.sub(r"_\d+$", "", scope)):
                if name in layers:
                    return f"the layer {name!r}"
        if "compile_loss" in scopes:
            return f"the loss {scopes[-1]!r}"
    return "the model"
