"""Regression with a penalty on the weights, linear and logistic: what is lost in rows that were not learnt.

The curvature of a logistic loss never exceeds a part of that of the squared loss (Boehning and Lindsay, 1988), which is
the same wherever the weights are: one inverse of it serves all steps, and with momentum they lead to the bottom soon.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Predicted", "cross_validate", "losses"]

Numbers = NDArray[np.float64]

_STEPS = 30
"""Of each penalty; it is begun where the stronger one has ended."""

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
    tried = sorted(penalties, reverse=True)
    predicted = np.zeros((len(tried), *targets.shape))
    learn = _logistic if classes else _linear
    for fold in np.unique(folds):
        out = folds == fold
        middle = inputs[~out].mean(0)
        learnt = inputs[~out] - middle
        for place, (weights, shift) in enumerate(learn(learnt, targets[~out], tried)):
            values = (inputs[out] - middle) @ weights + shift
            predicted[place, out] = _probabilities(values) if classes else values
    found = [Predicted(values, penalty) for penalty, values in zip(tried, predicted, strict=True)]
    return min(found, key=lambda each: float(losses(each.values, targets, classes=classes).mean()))


def _linear(inputs: Numbers, targets: Numbers, penalties: Sequence[float]) -> Iterator[tuple[Numbers, Numbers]]:
    """The weights and the shift of each penalty."""
    products, slopes = inputs.T @ inputs / len(inputs), inputs.T @ targets / len(inputs)
    for penalty in penalties:
        weights = np.linalg.solve(products + penalty * np.eye(len(products)), slopes)
        yield np.asarray(weights, np.float64), targets.mean(0)


def _logistic(inputs: Numbers, targets: Numbers, penalties: Sequence[float]) -> Iterator[tuple[Numbers, Numbers]]:
    """The same of classes, by Nesterov's accelerated descent.

    Of two classes the second alone has weights, as in a network that ends in one sigmoid.
    """
    width = targets.shape[1]
    two = width == 2
    bound = 0.25 if two else 0.5
    learnt = np.array([[0.0, 1.0]]) if two else np.ones((1, width))
    products = inputs.T @ inputs / len(inputs)
    weights, shift = np.zeros((inputs.shape[1], width)), np.zeros((1, width))
    for penalty in penalties:
        inverse = np.linalg.inv(bound * products + 2 * penalty * np.eye(len(products)))
        last_weights, last_shift = weights, shift
        for step in range(_STEPS):
            pace = step / (step + 3)
            ahead, shift_ahead = weights + pace * (weights - last_weights), shift + pace * (shift - last_shift)
            wrong = (_probabilities(inputs @ ahead + shift_ahead) - targets) * learnt
            slopes = inputs.T @ wrong / len(inputs) + 2 * penalty * ahead
            last_weights, weights = weights, ahead - inverse @ slopes
            last_shift, shift = shift, shift_ahead - wrong.mean(0, keepdims=True) / bound
        yield weights, shift


def _probabilities(logits: Numbers) -> Numbers:
    raised = np.exp(np.clip(logits - logits.max(1, keepdims=True), -_LARGEST, 0))
    together: Numbers = raised / raised.sum(1, keepdims=True)
    return together
