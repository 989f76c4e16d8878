"""A Keras model as ONNX: the graph that inference needs, frozen with its weights, for a runtime of a few megabytes."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dlcli.config.signature import InputSpec
from dlcli.errors import ModelError, Problem
from dlcli.model import backend
from dlcli.model.assembly import Assembly
from dlcli.model.building import build
from dlcli.model.faults import KERAS_FAULTS, reason

__all__ = ["LOGITS", "OPSET", "float32_copy", "to_onnx"]

LOGITS = "/logits"
"""What the name of an output ends in that holds what a sigmoid or softmax was given; no layer's name has a `/`."""

OPSET = 17
"""The version of ONNX's operators: of 2022, so that runtimes of every age read the file."""

LARGEST = 2**31 - 2**20
"""Bytes: a protocol buffer cannot hold more than 2 GiB."""


def to_onnx(model: Any, outputs: tuple[str, ...], *, metadata: Mapping[str, str], with_logits: bool = False) -> bytes:
    """Convert a model of float32.

    Args:
        model: A functional `keras.Model` that takes a dict of arrays.
        outputs: A name for each of its outputs, in order.
        metadata: What is written into the file beside the graph (`metadata_props`).
        with_logits: Give also what a sigmoid or softmax at an output was given, as `<output>/logits`. Keras computes
            crossentropies from it, for a probability that has become 1 or 0 tells nothing more.

    Returns:
        The file. Its inputs have the names, shapes and types of the model's, its outputs the names given; the batch
        dimension is free.

    Raises:
        ModelError: The model is too large, or an operation of it has no counterpart in ONNX.
    """
    if 4 * model.count_params() > LARGEST:
        raise _refusal(f"its {model.count_params():,} parameters do not fit into a file of 2 GiB")
    modules = backend.load()
    faults = (*KERAS_FAULTS, modules.tensorflow.errors.OpError)
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the converter says of itself; the result is proved instead
            logger.setLevel(logging.CRITICAL + 1)
            proto = _convert(modules.tensorflow, model, outputs, with_logits=with_logits)
    except faults as error:
        raise _refusal(reason(error)) from error
    finally:
        logger.setLevel(level)
    for key, value in metadata.items():
        proto.metadata_props.add(key=key, value=value)
    return bytes(proto.SerializeToString())


def float32_copy(assembly: Assembly, inputs: Sequence[InputSpec]) -> Any:
    """The trained model in float32 throughout; the model itself when it computes in nothing else.

    A mixed precision keeps its weights in float32 and rounds on the way; the copy does not round.

    Args:
        assembly: The trained model.
        inputs: The inputs that it was built for.
    """
    if assembly.config.runtime.precision == "float32":
        return assembly.model
    keras = backend.load().keras
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        copy = build(
            assembly.graph,
            inputs,
            code=assembly.code,
            name=assembly.config.name,
            model_class=assembly.config.model.class_,
        )
    finally:
        keras.config.set_dtype_policy(policy)
    copy.set_weights(assembly.model.get_weights())
    return copy


def _convert(tf: Any, model: Any, outputs: tuple[str, ...], *, with_logits: bool) -> Any:
    from tf2onnx import optimizer, tf_loader, tfonnx

    names = [tensor.name for tensor in model.inputs]
    # TensorFlow's names allow fewer letters than columns do; the true names come back below.
    signature = [
        tf.TensorSpec(tensor.shape, tensor.dtype, name=f"input_{place}") for place, tensor in enumerate(model.inputs)
    ]

    given = list(outputs)

    def call(*tensors: Any) -> list[Any]:
        values = model(dict(zip(names, tensors, strict=True)), training=False)
        listed = list(values) if isinstance(values, (list, tuple)) else [values]
        for name, value in zip(outputs, tuple(listed), strict=True):
            # Where Keras's own losses look for it.
            logits = getattr(value, "_keras_logits", None)
            if with_logits and logits is not None and logits.shape.rank == value.shape.rank:
                given.append(name + LOGITS)
                listed.append(logits)
        return [tf.identity(value) for value in listed]

    with tf.device("/cpu:0"):
        with _inlined(tf):
            function = tf.function(call, jit_compile=False, autograph=False).get_concrete_function(*signature)
        inner = [f"input_{place}:0" for place in range(len(names))]
        outer = [tensor.name for tensor in function.outputs]
        frozen = tf_loader.from_function(function, inner, outer)
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(frozen, name="")
            converted = tfonnx.process_tf_graph(
                graph,
                continue_on_error=False,
                opset=OPSET,
                custom_op_handlers={"Erfc": (_erfc, [])},
                input_names=inner,
                output_names=outer,
                tensors_to_rename=dict(zip((*inner, *outer), (*names, *given), strict=True)),
            )
        _say_groups(converted)
        return optimizer.optimize_graph(converted, catch_errors=False).make_model("dlcli")


def _say_groups(converted: Any) -> None:
    """TensorFlow sees the groups of a convolution in its shapes; tf2onnx says them of flat ones alone, not of 3D."""
    for node in converted.get_nodes():
        if node.type != "Conv" or node.get_attr_value("group", 1) != 1:
            continue
        channels, kernel = (converted.get_shape(name)[1] for name in node.input[:2])
        if channels > kernel > 0:
            node.set_attr("group", channels // kernel)


@contextlib.contextmanager
def _inlined(tf: Any) -> Iterator[None]:
    """Trace without functions inside: Keras compiles a grouped convolution with XLA in a function of its own, which
    TensorFlow would leave as it is and ONNX does not know."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def _erfc(context: Any, node: Any, *_: Any) -> None:
    """The one operation of Keras's `gelu` that tf2onnx does not know: erfc(x) = 1 - erf(x)."""
    import numpy as np

    output = {"shapes": [context.get_shape(node.output[0])], "dtypes": [context.get_dtype(node.output[0])]}
    one = context.make_const(f"{node.name}_one", np.array(1, np.float32))
    erf = context.make_node("Erf", list(node.input), **output)
    context.remove_node(node.name)
    context.make_node("Sub", [one.output[0], erf.output[0]], name=node.name, outputs=list(node.output), **output)


def _refusal(why: str) -> ModelError:
    return ModelError(Problem(f"the model cannot be converted to ONNX: {why}", rule="not-portable"))
