"""SavedModels, with one signature that takes and gives tensors by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from dlcli.exports.reload import Arrays, Loaded
from dlcli.exports.saved_model import tensor_names

__all__ = ["load", "save", "write"]

Call = Callable[[Mapping[str, Any]], list[Any]]


def write(model: Any, path: Path, outputs: Sequence[str], metadata: Mapping[str, Any]) -> None:
    """See `ExportFormat`."""
    save(model, path, outputs)


def save(model: Any, path: Path, outputs: Sequence[str], *, frozen: bool = False) -> None:
    """Write a SavedModel.

    Args:
        model: A functional `keras.Model` that takes a dict.
        path: The directory.
        outputs: A name for each output.
        frozen: The weights are constants, not variables.
    """
    inputs = tensor_names([tensor.name for tensor in model.inputs])
    named = tensor_names(outputs)
    specs = {
        inputs[tensor.name]: tf.TensorSpec(tensor.shape, tensor.dtype, name=inputs[tensor.name])
        for tensor in model.inputs
    }

    def call(tensors: Mapping[str, Any]) -> list[Any]:
        values = model({name: tensors[legal] for name, legal in inputs.items()}, training=False)
        return list(values) if isinstance(values, (list, tuple)) else [values]

    run = _frozen(call, specs) if frozen else call

    def serve(tensors: Mapping[str, Any]) -> dict[str, Any]:
        return {name: tf.identity(value) for name, value in zip(named.values(), run(tensors), strict=True)}

    module = tf.Module()
    if not frozen:
        module.model = model
    module.serve = tf.function(serve, input_signature=[specs], autograph=False)
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.serve.get_concrete_function()})


def _frozen(call: Call, specs: Mapping[str, Any]) -> Call:
    """The function with its variables as constants."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    function = tf.function(call, input_signature=[specs], autograph=False).get_concrete_function()
    constant = convert_variables_to_constants_v2(function, lower_control_flow=False, aggressive_inlining=True)
    graph = constant.graph.as_graph_def()
    for node in graph.node:
        # A gradient of its own, such as silu's, would hold on to the graph with variables.
        node.attr.pop("_gradient_op_type", None)
    inputs, outputs = [tensor.name for tensor in constant.inputs], [tensor.name for tensor in constant.outputs]

    def run(tensors: Mapping[str, Any]) -> list[Any]:
        given = {name: tensors[name.partition(":")[0]] for name in inputs}
        values: list[Any] = tf.graph_util.import_graph_def(graph, input_map=given, return_elements=outputs, name="")
        return values

    return run


def load(path: Path, outputs: Sequence[str], code: Sequence[str]) -> Loaded:
    """See `ExportFormat`."""
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    wanted = set(served.structured_input_signature[1])

    def run(arrays: Arrays) -> list[NDArray[Any]]:
        legal = tensor_names(list(arrays))
        values = served(**{legal[name]: tf.constant(value) for name, value in arrays.items() if legal[name] in wanted})
        return [values[name].numpy() for name in tensor_names(outputs).values()]

    return run
