"""Weights that are drawn to fit the training rows: what comes to a layer is known when all before it have been drawn.

The model is applied to rows once, eagerly, before training; a layer that asks for it draws its weights from what comes
to it there. So weights are a function of the seed and the rows, and whatever the layer stands in makes no difference.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

__all__ = ["draw_from_rows", "drawing", "draws_from_rows"]

_RANDOM: contextvars.ContextVar[np.random.Generator | None] = contextvars.ContextVar("drawing", default=None)


def drawing() -> np.random.Generator | None:
    """Where a layer that is called draws its weights from; None when it is not to draw any."""
    return _RANDOM.get()


def draws_from_rows(model: Any) -> bool:
    """Whether a layer of a model, at any depth, draws its weights so."""
    return any(getattr(layer, "draws_from_rows", False) for layer in model._flatten_layers(include_self=False))


def draw_from_rows(model: Any, inputs: Mapping[str, Any], *, seed: int) -> None:
    """Draw the weights of the layers that are to fit what comes to them, in place.

    Args:
        model: A built `keras.Model`.
        inputs: Rows by the names of the inputs.
        seed: Of the draws.
    """
    with _from(np.random.Generator(np.random.Philox(key=[seed, _STREAM]))):
        model({name: np.asarray(values) for name, values in inputs.items()}, training=False)


_STREAM = 0x64726177
"""Tells these numbers from those that other parts of the program draw from the same seed."""


@contextlib.contextmanager
def _from(random: np.random.Generator) -> Iterator[None]:
    token = _RANDOM.set(random)
    try:
        yield
    finally:
        _RANDOM.reset(token)
