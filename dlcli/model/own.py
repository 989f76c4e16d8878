"""The components that Keras has not, by the names of the catalogue; a module is imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["OWN", "own_component", "register"]

OWN: Mapping[str, str] = {
    "AdamOfSchedules": "optimizers.adam_of_schedules",
    "CosineLog": "schedules.cosine_log",
    "EnsembleAffine": "layers.ensembles",
    "EnsembleDense": "layers.ensembles",
    "FlatCosine": "schedules.flat_cosine",
    "KeepBest": "callbacks.keep_best",
    "ParametricActivation": "layers.parametric_activation",
    "Patches": "layers.patches",
    "PeriodicEmbedding": "layers.number_embeddings",
    "PiecewiseLinearEmbedding": "layers.number_embeddings",
    "Pinball": "losses.pinball",
    "PositionEmbedding": "layers.positions",
    "RangeClip": "layers.range_clip",
    "Scaling": "layers.scaling",
    "ScheduledDropout": "layers.scheduled_dropout",
    "SinePositionEncoding": "layers.positions",
    "TangentDense": "layers.tangent_dense",
    "TransformerEncoder": "layers.transformer_encoder",
}
"""The module of each, in this room."""

_BY_FUNCTION = {"Pinball": "pinball"}


def own_component(name: str) -> Callable[..., Any]:
    """What makes the component of a name.

    Example:
        >>> own_component("Scaling").__name__  # doctest: +SKIP
        'Scaling'
    """
    module = importlib.import_module(f"dlcli.model.{OWN[name]}")
    made: Callable[..., Any] = getattr(module, _BY_FUNCTION.get(name, name))
    return made


def register() -> None:
    """Tell Keras of the layers, so that it can read them in a `.keras` file."""
    for name, module in OWN.items():
        if module.startswith("layers."):
            own_component(name)
