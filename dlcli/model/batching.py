"""Whether the metrics of a model depend on how rows are divided into batches."""

from __future__ import annotations

from typing import Any

from dlcli.config.component import Component, normal_name
from dlcli.model.assembly import Assembly

__all__ = ["division_matters"]

A_VALUE_A_ROW = frozenset(
    {
        "binarycrossentropy",
        "binaryfocalcrossentropy",
        "categoricalcrossentropy",
        "categoricalfocalcrossentropy",
        "categoricalhinge",
        "cosinesimilarity",
        "hinge",
        "huber",
        "kldivergence",
        "logcosh",
        "meanabsoluteerror",
        "meanabsolutepercentageerror",
        "meansquarederror",
        "meansquaredlogarithmicerror",
        "poisson",
        "sparsecategoricalcrossentropy",
        "squaredhinge",
    }
)
"""Keras's losses that are a value for each row; Dice and Tversky, for example, are one for a whole batch."""

INDEPENDENT = frozenset({"sum_over_batch_size", "mean"})
"""Reductions whose mean over batches, weighed by their rows, is that of all rows."""


def division_matters(assembly: Assembly) -> bool:
    """Whether loss and metrics over larger batches may be others than over the config's; when in doubt, they may.

    Keras averages the batches' losses by their rows. That is the average of the rows' losses if each row has one of
    its own: not for a sum, a mean over what a mask leaves, a loss of a whole batch, or code of the user's. All of
    Keras's metrics count rows, or what they find in them, whatever the batches.

    Args:
        assembly: A built model, compiled or not.
    """
    if assembly.code or any(_adds_loss(layer) for layer in assembly.model._flatten_layers(include_self=False)):
        return True
    if any(getattr(output, "_keras_mask", None) is not None for output in assembly.model.outputs):
        return True
    return any(not _a_value_a_row(output.loss) for output in assembly.outputs)


def _a_value_a_row(loss: Component) -> bool:
    return (
        normal_name(loss) in A_VALUE_A_ROW
        and loss.arguments.get("reduction", "sum_over_batch_size") in INDEPENDENT
        and loss.arguments.get("axis", -1) == -1
    )


def _adds_loss(layer: Any) -> bool:
    """Whether a layer adds a loss that is a sum over the rows of a batch."""
    return getattr(layer, "activity_regularizer", None) is not None or type(layer).__name__ == "ActivityRegularization"
