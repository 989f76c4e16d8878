"""A model written in a format that other programs read: Keras, TensorFlow's SavedModel, ONNX, LiteRT."""

from __future__ import annotations

import json
import re
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from dlcli.backend import startup
from dlcli.errors import ModelError, Problem
from dlcli.exports.to_onnx import to_onnx
from dlcli.model.faults import model_faults, reason

__all__ = ["FORMATS", "ExportFormat", "metadata_file", "tensor_names", "write_model"]

ExportFormat = Literal["keras", "saved_model", "onnx", "litert"]

FORMATS: dict[ExportFormat, str] = {"keras": ".keras", "saved_model": "", "onnx": ".onnx", "litert": ".tflite"}
"""The suffix of each format; a SavedModel is a directory."""

_ILLEGAL = re.compile(r"[^A-Za-z0-9_.\-]")


def tensor_names(names: Sequence[str]) -> dict[str, str]:
    """What TensorFlow, whose names allow fewer letters, calls each input or output.

    Example:
        >>> tensor_names(["sepal length", "sepal_length"])
        {'sepal length': 'sepal_length', 'sepal_length': 'sepal_length_1'}
    """
    taken: dict[str, str] = {}
    for name in names:
        base = legal = _ILLEGAL.sub("_", name)
        number = 0
        while legal in taken.values():
            number += 1
            legal = f"{base}_{number}"
        taken[name] = legal
    return taken


def metadata_file(path: Path, format: ExportFormat) -> Path | None:
    """Where the description lies: beside the file, or in the SavedModel; None for ONNX, which has it inside."""
    match format:
        case "onnx":
            return None
        case "saved_model":
            return path / "assets.extra" / "dlcli.json"
        case _:
            return path.with_name(path.name + ".json")


def write_model(
    model: Any, path: Path, *, format: ExportFormat, outputs: tuple[str, ...], metadata: Mapping[str, Any]
) -> None:
    """Write the model, and its description where `metadata_file` says.

    Args:
        model: A functional `keras.Model` that takes a dict.
        path: The file, or the directory of a SavedModel, which does not exist yet.
        format: The format.
        outputs: A name for each output.
        metadata: The description, JSON values.

    Raises:
        ModelError: The format cannot hold the model.
    """
    faults = model_faults()
    if format == "onnx":
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
        path.write_bytes(to_onnx(model, outputs, metadata=texts))
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            match format:
                case "keras":
                    model.save(path)
                case "saved_model":
                    _save(model, path, outputs)
                case "litert":
                    path.write_bytes(_litert(model, outputs))
    except faults as error:
        raise _refusal(format, reason(error)) from error
    place = metadata_file(path, format)
    if place is not None:
        place.parent.mkdir(exist_ok=True)
        place.write_text(json.dumps(metadata, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _save(model: Any, path: Path, outputs: tuple[str, ...], *, frozen: bool = False) -> None:
    """A SavedModel whose one signature takes and gives tensors by name.

    Args:
        model: The model.
        path: The directory.
        outputs: A name for each output.
        frozen: The weights are constants, not variables.
    """
    import tensorflow as tf

    inputs = tensor_names([tensor.name for tensor in model.inputs])
    named = tensor_names(outputs)
    specs = {
        inputs[tensor.name]: tf.TensorSpec(tensor.shape, tensor.dtype, name=inputs[tensor.name])
        for tensor in model.inputs
    }

    def call(tensors: dict[str, Any]) -> list[Any]:
        values = model({name: tensors[legal] for name, legal in inputs.items()}, training=False)
        return list(values) if isinstance(values, (list, tuple)) else [values]

    run = _frozen(call, specs) if frozen else call

    def serve(tensors: dict[str, Any]) -> dict[str, Any]:
        return {name: tf.identity(value) for name, value in zip(named.values(), run(tensors), strict=True)}

    module = tf.Module()
    if not frozen:
        module.model = model
    module.serve = tf.function(serve, input_signature=[specs], autograph=False)
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.serve.get_concrete_function()})


def _frozen(call: Any, specs: Mapping[str, Any]) -> Any:
    """The function with its variables as constants."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    function = tf.function(call, input_signature=[specs], autograph=False).get_concrete_function()
    constant = convert_variables_to_constants_v2(function, lower_control_flow=False, aggressive_inlining=True)
    graph = constant.graph.as_graph_def()
    for node in graph.node:
        # A gradient of its own, such as silu's, would hold on to the graph with variables.
        node.attr.pop("_gradient_op_type", None)
    inputs, outputs = [tensor.name for tensor in constant.inputs], [tensor.name for tensor in constant.outputs]

    def run(tensors: dict[str, Any]) -> list[Any]:
        given = {name: tensors[name.partition(":")[0]] for name in inputs}
        values: list[Any] = tf.graph_util.import_graph_def(graph, input_map=given, return_elements=outputs, name="")
        return values

    return run


def _litert(model: Any, outputs: tuple[str, ...]) -> bytes:
    import tensorflow as tf
    from tensorflow.lite.python.convert_phase import ConverterError

    with tempfile.TemporaryDirectory(prefix="dlcli-") as directory:
        saved = Path(directory) / "saved"
        # The converter of TensorFlow 2.21 writes Keras 3's variables without their values, and says nothing of it.
        _save(model, saved, outputs, frozen=True)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
        try:
            with startup.silence():  # the converter's C++ side says all that it cannot do
                return bytes(converter.convert())
        except ConverterError as error:
            why = "LiteRT has not all of its operations without TensorFlow's own; recurrent layers need such"
            raise _refusal("litert", why, hint="use --format onnx") from error


def _refusal(format: ExportFormat, why: str, *, hint: str = "") -> ModelError:
    return ModelError(Problem(f"the model cannot be written as {format}: {why}", hint=hint, rule="not-portable"))
