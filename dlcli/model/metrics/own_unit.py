"""Metrics of scaled targets in the target's own unit: in the history, in tables and in evaluations alike.

Each number's unit is an object of the model's, so that programs may read it: each fold of the rows has another one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from dlcli.backend import startup
from dlcli.config.outputs.output_plan import OutputPlan

__all__ = ["OwnUnit", "measure_in_own_units", "units_of"]

UNITS = "_units_of_dlcli"


@dataclasses.dataclass(eq=False)
class OwnUnit:
    """The unit of a number.

    Args:
        offset: Its own value where the scaled one is 0.
        scale: What a scaled 1 is more.
    """

    offset: float
    scale: float


def units_of(model: Any) -> Mapping[str, Sequence[OwnUnit]]:
    """The units of a model that measures in them, by the output: of each of its numbers, or none."""
    found: Mapping[str, Sequence[OwnUnit]] = vars(model).get(UNITS, {})
    return found


def measure_in_own_units(model: Any, outputs: Sequence[OutputPlan]) -> None:
    """Let the metrics of a compiled model see targets and outputs in their own unit; the loss sees them scaled.

    A multiplication and an addition a batch, whatever the metrics: those of the user's own code included.

    Args:
        model: A compiled `keras.Model`, its metrics not built yet.
        outputs: What each of its outputs learns.
    """
    plans = {output.name: output for output in outputs}
    units = {output.name: [OwnUnit(*pair) for pair in output.unit] for output in outputs}
    vars(model)[UNITS] = units  # Keras would track what is set as an attribute
    if not any(output.unit for output in outputs) or model._compile_metrics is None:
        return
    compiled = model._compile_metrics
    build = compiled.build

    def build_for_own_units(y_true: Any, y_pred: Any) -> None:
        build(y_true, y_pred)
        for metrics in (compiled._flat_metrics, compiled._flat_weighted_metrics):
            for name, each in zip(model.output_names, metrics, strict=True):
                if each is not None and plans[name].unit:
                    each.update_state = _in_own_unit(each.update_state, plans[name], units[name])

    compiled.build = build_for_own_units


def _in_own_unit(update: Callable[..., None], output: OutputPlan, units: Sequence[OwnUnit]) -> Callable[..., None]:
    """The same update, of numbers that are brought back into their unit."""
    ops = startup.load().ops
    given = [unit for unit in units for _ in range(len(output.given_unit) // len(units))]

    def vector(numbers: Iterable[Any]) -> Any:
        numbers = [*numbers]
        if all(isinstance(number, (int, float)) for number in numbers):
            return np.array(numbers, np.float32)
        return ops.stack([ops.convert_to_tensor(number, "float32") for number in numbers])

    def own(values: Any, units: Sequence[OwnUnit], *, deep: bool = False) -> Any:
        offset, scale = vector(unit.offset for unit in units), vector(unit.scale for unit in units)
        values, count = ops.cast(values, "float32"), len(units)  # float16 ends at 65,504
        if deep:
            return values * scale[:, None] + offset[:, None]
        if (values.shape[-1] or 0) < count:
            # A vector that is given as steps of one number each.
            steps = values.shape[-1] == 1 and len(values.shape) > 2 and values.shape[-2] == count
            return values * scale[:, None] + offset[:, None] if steps else values
        first = values[..., :count] * scale + offset
        # What comes after the prediction is for a loss of the user's own alone.
        return first if values.shape[-1] == count else ops.concatenate([first, values[..., count:]], axis=-1)

    def update_state(y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        predicted = own(y_pred, given, deep=output.is_deep)
        update(own(y_true, units), predicted, sample_weight=sample_weight)

    return update_state
