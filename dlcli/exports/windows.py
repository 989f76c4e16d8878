"""A model of windows that takes columns: each step of a window as the table has it, encoded in the model."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.backend import startup
from dlcli.config.schema.windows import future_of
from dlcli.config.signature import DEFAULT_INPUT
from dlcli.data.columns.codec import Codec
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.series.form import Part, View, WindowForm
from dlcli.data.window_inputs import LabelledWindows
from dlcli.errors import ModelError, Problem
from dlcli.exports.columns import ColumnInput, column_inputs, column_values, encoded_tensor
from dlcli.exports.formats import ExportFormat
from dlcli.exports.parity import MOST_ROWS

__all__ = ["StepsInput", "encoded_windows", "steps_inputs", "steps_values"]


@dataclasses.dataclass(frozen=True)
class StepsInput:
    """An input: some steps of a window of a column.

    Args:
        column: The column.
        part: Which steps.
        step: How the column goes in at one step.
        shape: Of a sample.
    """

    column: str
    part: Part
    step: ColumnInput
    shape: tuple[int | None, ...]


def steps_inputs(preprocessing: Preprocessing, named: Collection[str], format: ExportFormat) -> dict[str, StepsInput]:
    """The inputs by their names: a column's own, and `future_<column>` of the steps that are predicted.

    Args:
        preprocessing: Of windows.
        named: What layers take by name.
        format: What it is for.

    Raises:
        ModelError: A column cannot go in, or two inputs would have one name.
    """
    form, views = preprocessing.windows, preprocessing.views(named)
    assert form is not None
    assert views is not None
    known = column_inputs(preprocessing.features, format)
    found: dict[str, StepsInput] = {}
    problems = []
    for view in views.inputs.values():
        for feature in _features_of(view, form, preprocessing, named):
            for column in preprocessing.features[feature].columns:
                step, name = known[column], _name(column, view.part)
                shape = step.shape if (steps := form.steps(view.part)) is None else (steps[1], *step.shape)
                made = StepsInput(column, view.part, step, shape)
                if step.kind == "words":
                    message = f"the feature {feature!r} has a text for each step of a window, and no graph takes those"
                    problems.append(Problem(message, hint=_WAY_OUT, rule="not-portable"))
                elif found.setdefault(name, made) != made:
                    message = f"two inputs would be called {name!r}: of {column!r} and of {found[name].column!r}"
                    problems.append(Problem(message, hint=_WAY_OUT, rule="not-portable"))
    if problems:
        raise ModelError(dict.fromkeys(problems))
    return found


_WAY_OUT = "export without --with-preprocessing"


def steps_values(
    inputs: Mapping[str, StepsInput], found: LabelledWindows, codecs: Mapping[str, Codec], format: ExportFormat
) -> dict[str, NDArray[Any]]:
    """Some windows as the model takes them.

    Args:
        inputs: See `steps_inputs`.
        found: The windows.
        codecs: The features.
        format: What it is for.
    """
    parts = [column_values(codecs, chunk, format) for chunk in found.chunks]
    rows = {column: np.concatenate([part[column] for part in parts]) for column in parts[0]}
    some = slice(0, MOST_ROWS)
    return {name: rows[each.column][found.samples.places(some, each.part)] for name, each in inputs.items()}


def encoded_windows(
    preprocessing: Preprocessing, named: Collection[str], columns: Mapping[str, Any], format: ExportFormat
) -> dict[str, Any]:
    """What the trained model takes, computed by Keras layers from the columns.

    Args:
        preprocessing: Of windows.
        named: What layers take by name.
        columns: The tensor of each of `steps_inputs`.
        format: What it is for.
    """
    keras, form, views = startup.load(), preprocessing.windows, preprocessing.views(named)
    assert form is not None
    assert views is not None
    inputs = {}
    for name, view in views.inputs.items():
        tensors = [
            _encoded(keras, preprocessing.features[feature], view.part, form, columns, format)
            for feature in _features_of(view, form, preprocessing, named)
        ]
        inputs[name] = tensors[0] if len(tensors) == 1 else keras.layers.Concatenate()(tensors)
    return inputs


def _encoded(
    keras: Any, codec: Codec, part: Part, form: WindowForm, columns: Mapping[str, Any], format: ExportFormat
) -> Any:
    """A feature at the steps of a part: all steps of all windows are rows, and windows again."""
    given = [columns[_name(column, part)] for column in codec.columns]
    if (steps := form.steps(part)) is None:
        return encoded_tensor(codec, given, format)
    flat = [keras.ops.reshape(each, (-1, *each.shape[2:])) for each in given]
    return keras.ops.reshape(encoded_tensor(codec, flat, format), (-1, steps[1], *codec.shape))


def _features_of(view: View, form: WindowForm, preprocessing: Preprocessing, named: Collection[str]) -> Sequence[str]:
    """The features that an input of a model of windows joins, in their order."""
    own = {spec.name for spec in preprocessing.row_inputs(named) if spec.name != DEFAULT_INPUT}
    if view.name in own:
        return [view.name]
    joined = [name for name in preprocessing.features if name not in own]
    return list(_in_part(joined, view.part, form))


def _in_part(joined: Sequence[str], part: Part, form: WindowForm) -> Iterator[str]:
    for name in joined:
        static = name in form.static
        if (part == "ahead" and name in form.known) or (part == "last" and static) or (part == "past" and not static):
            yield name


def _name(column: str, part: Part) -> str:
    return future_of(column) if part == "ahead" else column
