"""What a program that uses an exported model must know: what goes in, in which order, and what comes out."""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema import Config
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.exports.columns import ColumnInput, column_inputs
from dlcli.exports.formats import ExportFormat
from dlcli.exports.windows import steps_inputs

__all__ = ["Metadata", "as_texts", "describe", "describe_columns"]

TensorNames = Callable[[Sequence[str]], Mapping[str, str]]


@dataclasses.dataclass(frozen=True)
class Metadata:
    """The description of an exported model.

    Args:
        name: The config's name.
        inputs: For each input: its name, shape and dtype, and what its numbers are (`island=Biscoe`) or, with
            preprocessing inside, its column.
        outputs: For each output: its name and targets, each with its classes, or with what to multiply by and to add
            to for the target's own unit, and the quantiles that it gives of each number, side by side; and whether the
            scores are `logits`, which need a softmax or a sigmoid, or an
            `embedding`, which tells rows apart and names no class.
    """

    name: str
    inputs: tuple[dict[str, Any], ...]
    outputs: tuple[dict[str, Any], ...]

    def document(self, *, tensor_names: TensorNames | None = None) -> dict[str, Any]:
        """As JSON values, with the names of the tensors where these have others."""
        return {
            "dlcli": _version(),
            "name": self.name,
            "inputs": _with_tensors(self.inputs, tensor_names),
            "outputs": _with_tensors(self.outputs, tensor_names),
        }


@functools.cache
def _version() -> str:
    return importlib.metadata.version("dlcli")


def as_texts(document: Mapping[str, Any]) -> dict[str, str]:
    """A description as texts by key, as ONNX wants them; `inputs` and `outputs` are JSON."""
    return {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in document.items()
    }


def _with_tensors(described: Sequence[dict[str, Any]], tensor_names: TensorNames | None) -> list[dict[str, Any]]:
    if tensor_names is None:
        return list(described)
    names = tensor_names([each["name"] for each in described])
    return [{**each, "tensor": names[each["name"]]} for each in described]


def describe(
    config: Config, preprocessing: Preprocessing, outputs: Sequence[OutputPlan], named: Collection[str]
) -> Metadata:
    """Describe a model that takes encoded numbers.

    Args:
        config: Its config.
        preprocessing: Its fitted preprocessing.
        outputs: What each output learnt.
        named: The features that layers take by name.
    """
    own = preprocessing.features
    inputs = [
        {
            "name": spec.name,
            "shape": list(spec.shape),
            "dtype": spec.dtype,
            "numbers": list(own[spec.name].names() if spec.name in own else preprocessing.names(named, of=spec.name)),
        }
        for spec in preprocessing.inputs(named)
    ]
    return Metadata(config.name, tuple(inputs), describe_outputs(outputs, preprocessing))


def describe_columns(
    config: Config,
    preprocessing: Preprocessing,
    outputs: Sequence[OutputPlan],
    named: Collection[str],
    format: ExportFormat,
) -> Metadata:
    """Describe a model that takes columns and encodes them itself.

    Args:
        config: Its config.
        preprocessing: Its fitted preprocessing.
        outputs: What each output learnt.
        named: The features that layers take by name.
        format: What it is for.
    """
    if preprocessing.windows is not None:
        inputs = [
            {**_column(name, each.column, each.step), "shape": list(each.shape), "steps": each.part}
            for name, each in steps_inputs(preprocessing, named, format).items()
        ]
    else:
        known = column_inputs(preprocessing.features, format)
        inputs = [_column(column, column, each) for column, each in known.items()]
    return Metadata(config.name, tuple(inputs), describe_outputs(outputs, preprocessing))


def _column(name: str, column: str, each: ColumnInput) -> dict[str, Any]:
    words = {"words": dict(each.words)} if each.words is not None else {}
    return {
        "name": name,
        "shape": list(each.shape),
        "dtype": each.dtype,
        "column": column,
        "kind": each.kind,
        **words,
    }


def describe_outputs(outputs: Sequence[OutputPlan], preprocessing: Preprocessing) -> tuple[dict[str, Any], ...]:
    """The description of each output."""
    return tuple(
        {
            "name": output.name,
            "logits": output.scores == "logits",
            **({"embedding": True} if output.scores == "embedding" else {}),
            "targets": [_target(target.name, target.classes, preprocessing) for target in output.targets],
        }
        for output in outputs
    )


def _target(name: str, classes: tuple[str, ...], preprocessing: Preprocessing) -> dict[str, Any]:
    codec = preprocessing.targets[name]
    spec = codec.spec
    if spec.kind == "number":
        unit = spec.unit or ((0.0, 1.0),) * spec.width
        offsets, scales = ([each[place] for each in unit] for place in (0, 1))
        known: dict[str, Any] = {"name": name, "columns": list(codec.columns), "scale": scales, "offset": offsets}
        form = preprocessing.windows
        if spec.measured and form is not None:
            known["measured"] = form.scale
        return {**known, "quantiles": list(spec.quantiles)} if spec.quantiles else known
    return {"name": name, "classes": list(classes), **({"several": True} if spec.kind == "categories" else {})}
