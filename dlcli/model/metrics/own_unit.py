"""Metrics of scaled targets in the target's own unit: in the history, in tables and in evaluations alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dlcli.backend import startup

__all__ = ["measure_in_own_units"]

Unit = Sequence[tuple[float, float]]
"""`(offset, scale)` of each of an output's numbers."""


def measure_in_own_units(model: Any, units: Mapping[str, Unit]) -> None:
    """Let the metrics of a compiled model see targets and outputs in their own unit; the loss sees them scaled.

    A multiplication and an addition a batch, whatever the metrics: those of the user's own code included.

    Args:
        model: A compiled `keras.Model`, its metrics not built yet.
        units: Of every output; empty for those that learn numbers as they are, or classes.
    """
    if not any(units.values()) or model._compile_metrics is None:
        return
    compiled = model._compile_metrics
    build = compiled.build

    def build_for_own_units(y_true: Any, y_pred: Any) -> None:
        build(y_true, y_pred)
        for metrics in (compiled._flat_metrics, compiled._flat_weighted_metrics):
            for name, each in zip(model.output_names, metrics, strict=True):
                if each is not None and units.get(name):
                    each.update_state = _in_own_unit(each.update_state, units[name])

    compiled.build = build_for_own_units


def _in_own_unit(update: Callable[..., None], unit: Unit) -> Callable[..., None]:
    """The same update, of numbers that are brought back into their unit."""
    offset, scale = np.array(unit, np.float32).T
    ops = startup.load().ops

    def own(values: Any) -> Any:
        values, count = ops.cast(values, "float32"), len(scale)  # float16 ends at 65,504
        if (values.shape[-1] or 0) < count:
            # A vector that is given as steps of one number each.
            steps = values.shape[-1] == 1 and len(values.shape) > 2 and values.shape[-2] == count
            return values * scale[:, None] + offset[:, None] if steps else values
        first = values[..., :count] * scale + offset
        # What comes after the prediction is for a loss of the user's own alone.
        return first if values.shape[-1] == count else ops.concatenate([first, values[..., count:]], axis=-1)

    def update_state(y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        update(own(y_true), own(y_pred), sample_weight=sample_weight)

    return update_state
