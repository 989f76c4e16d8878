"""Regression with a penalty on the weights, linear and logistic: what is lost in rows that were not learnt.

The curvature of a logistic loss never exceeds a part of that of the squared loss (Boehning and Lindsay, 1988), which is
the same wherever the weights are: one inverse of it serves all steps, and with momentum they lead to the bottom soon.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Predicted", "cross_validate", "losses"]

Numbers = NDArray[np.float64]

_STEPS = 40
"""Of a logistic regression: more change nothing that is compared here."""

_LARGEST = 30.0
"""Logits beyond are certain, and overflow soon."""

_LEAST_PROBABILITY = 1e-6


@dataclasses.dataclass(frozen=True)
class Predicted:
    """What is said of each row by a regression that has learnt the other folds.

    Args:
        values: (rows, 1) numbers, or (rows, classes) probabilities.
        penalty: Of the regression, as Keras's `L2` has it: this times the sum of the squared weights, beside the mean
            of the losses.
    """

    values: Numbers
    penalty: float = 0.0


def losses(values: Numbers, targets: Numbers, *, classes: bool) -> Numbers:
    """The loss of each row: squared, or the negative logarithm of the probability of what it is.

    Example:
        >>> losses(np.array([[0.5, 0.5]]), np.array([[0.0, 1.0]]), classes=True).round(3).tolist()
        [0.693]
    """
    if not classes:
        squared: Numbers = ((values - targets) ** 2).sum(1)
        return squared
    surprise: Numbers = -np.log(np.maximum((values * targets).sum(1), _LEAST_PROBABILITY))
    return surprise


def cross_validate(
    inputs: Numbers, targets: Numbers, folds: NDArray[np.int64], penalties: Sequence[float], *, classes: bool
) -> Predicted:
    """Learn all folds but one, for each, and each penalty; that of the least loss.

    Args:
        inputs: (rows, inputs), in units of their spread.
        targets: (rows, 1), in units of their spread, or (rows, classes) of 0 and 1.
        folds: The fold of each row.
        penalties: What is tried.
        classes: Whether the targets are classes.

    Example:
        >>> x = np.linspace(-1, 1, 20)[:, np.newaxis]
        >>> found = cross_validate(x, 2 * x, np.arange(20) % 5, [1e-9, 1.0], classes=False)
        >>> found.penalty, bool(np.allclose(found.values, 2 * x))
        (1e-09, True)
    """
    predicted = np.zeros((len(penalties), *targets.shape))
    learn = _logistic if classes else _linear
    for fold in np.unique(folds):
        out = folds == fold
        middle = inputs[~out].mean(0)
        weights, shift = learn(inputs[~out] - middle, targets[~out], np.array(penalties))
        values = weights @ (inputs[out] - middle).T + shift
        told = _probabilities(values) if classes else values
        predicted[:, out] = (_of_both(told) if told.shape[1] < targets.shape[1] else told).transpose(0, 2, 1)
    found = [Predicted(values, penalty) for penalty, values in zip(penalties, predicted, strict=True)]
    return min(found, key=lambda each: float(losses(each.values, targets, classes=classes).mean()))


def _linear(inputs: Numbers, targets: Numbers, penalties: Numbers) -> tuple[Numbers, Numbers]:
    """The weights of each penalty (penalties, 1, inputs) and the shift (1, 1, 1)."""
    products, slopes = inputs.T @ inputs / len(inputs), inputs.T @ targets / len(inputs)
    weights = np.linalg.solve(products + _on_diagonals(penalties, len(products)), slopes[np.newaxis])
    return np.asarray(weights, np.float64).transpose(0, 2, 1), targets.mean(0).reshape(1, -1, 1)


def _logistic(inputs: Numbers, targets: Numbers, penalties: Numbers) -> tuple[Numbers, Numbers]:
    """The same of classes, (penalties, logits, inputs) and (penalties, logits, 1), by Nesterov's accelerated descent.

    Of two classes there is one logit, that of the second, as in a network that ends in one sigmoid.
    """
    rows, width = targets.shape
    bound = 0.25 if width == 2 else 0.5
    wanted = targets.T[1:] if width == 2 else targets.T
    products = inputs.T @ inputs / rows
    ridge = 2 * penalties[:, np.newaxis, np.newaxis]
    inverse = np.linalg.inv(bound * products + _on_diagonals(2 * penalties, len(products)))
    weights = last_weights = np.zeros((len(penalties), len(wanted), inputs.shape[1]))
    shift = last_shift = np.zeros((len(penalties), len(wanted), 1))
    for step in range(_STEPS):
        pace = step / (step + 3)
        ahead, shift_ahead = weights + pace * (weights - last_weights), shift + pace * (shift - last_shift)
        wrong = _probabilities(ahead @ inputs.T + shift_ahead) - wanted
        slopes = wrong @ inputs / rows + ridge * ahead
        last_weights, weights = weights, ahead - slopes @ inverse
        last_shift, shift = shift, shift_ahead - wrong.mean(2, keepdims=True) / bound
    return weights, shift


def _on_diagonals(values: Numbers, size: int) -> Numbers:
    """A matrix for each, which has it on its diagonal."""
    return values[:, np.newaxis, np.newaxis] * np.eye(size)


def _probabilities(logits: Numbers) -> Numbers:
    """Of the classes, along the axis before the last: of one logit that of the second of two."""
    if logits.shape[-2] == 1:
        lone: Numbers = 1 / (1 + np.exp(np.clip(-logits, -_LARGEST, _LARGEST)))
        return lone
    raised = np.exp(np.clip(logits - logits.max(-2, keepdims=True), -_LARGEST, 0))
    together: Numbers = raised / raised.sum(-2, keepdims=True)
    return together


def _of_both(second: Numbers) -> Numbers:
    """The probabilities of two classes, of those of the second."""
    return np.concatenate([1 - second, second], axis=1)
