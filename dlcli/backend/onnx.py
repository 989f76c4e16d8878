"""A Keras model traced by TensorFlow, frozen with its weights, and converted to ONNX by tf2onnx.

A model that has learnt something else since, as that of the next fold has, is the same graph with other weights. Where
it is certain which numbers of the converted graph come of which weights, and that all others come of none, the new ones
are put in their places, and nothing is traced and converted again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dlcli.backend.failures import culprit
from dlcli.backend.numbers import read_as_numbers
from dlcli.backend.refilling import Parts, places
from dlcli.backend.runtime import as_written
from dlcli.backend.startup import imported_later

__all__ = ["convert", "counted", "foreign_operations", "forget", "traced"]

TABLES = "ai.onnx.ml"
"""The domain of the operation that looks texts up in a table."""

MOST_BYTES = 2**24
"""Of a converted model that is kept for other weights."""

LATER = {
    "requests": (),
    "requests.adapters": ("HTTPAdapter",),
    "urllib3.util.retry": ("Retry",),
    "tf2onnx.tfjs_utils": ("graphs_from_tfjs",),
}
"""What tf2onnx imports to fetch models and to read those of TensorFlow.js, and what is taken from it by name: a quarter
of a second for what is never used here."""


def convert(model: Any, outputs: tuple[str, ...], *, opset: int, logits: str = "") -> Any:
    """Convert a model of float32, in silence.

    Args:
        model: A functional `keras.Model` that takes a dict of arrays.
        outputs: A name for each of its outputs, in order.
        opset: The version of ONNX's operators.
        logits: Give also what a sigmoid or softmax at an output was given, under the output's name and this.

    Returns:
        The `onnx.ModelProto`.

    Raises:
        Exception: An operation of it has no counterpart in ONNX; one of `dlcli.model.faults.model_faults`.
    """
    asked = outputs, opset, logits
    known = _CONVERTED.get(model)
    if known is not None and known.asked == asked:
        return known.filled()
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the converter says of itself; the result is proved instead
            logger.setLevel(logging.CRITICAL + 1)
            proto, function = _convert(model, outputs, opset=opset, logits=logits)
    finally:
        logger.setLevel(level)
    if proto.ByteSize() <= MOST_BYTES and len(function.variables) == len(function.graph.captures):
        parts = Parts(function)
        if (found := places(proto, function, parts)) is not None:
            _CONVERTED[model] = _Converted(asked, _copied(proto), found, parts, function)
    return proto


def forget(model: Any) -> bool:
    """Convert a model from its beginning when it is converted next; whether it was not the last time."""
    known = _CONVERTED.pop(model, None)
    return known is not None and known.used


def traced(model: Any) -> Callable[[Mapping[str, NDArray[Any]]], Sequence[NDArray[Any]]] | None:
    """What gives the outputs that were converted, with the weights of now: operation by operation, to the bit as the
    model does when it is called, and without the time that Keras takes for each.

    Args:
        model: A model. None of one that was converted from its beginning, or computes on a GPU: it is to be asked.
    """
    known = _CONVERTED.get(model)
    if known is None or not known.used or tf.config.get_visible_devices("GPU"):
        return None
    function = known.function

    def outputs(inputs: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        with as_written():
            given = [tf.cast(inputs[tensor.name], tensor.dtype) for tensor in model.inputs]
            return [each.numpy() for each in function(*given)]

    return outputs


@dataclasses.dataclass
class _Converted:
    """A model that was converted.

    Args:
        asked: How.
        proto: What came of it.
        places: The numbers in it that come of weights: which part, and the order of its axes there.
        parts: What the function takes of the weights.
        function: What was converted: the traced function, which reads the variables.
        used: It has been given other weights since.
    """

    asked: tuple[tuple[str, ...], int, str]
    proto: Any
    places: Mapping[int, tuple[int, tuple[int, ...]]]
    parts: Parts
    function: Any
    used: bool = False

    def filled(self) -> Any:
        """With the weights that the model has now."""
        self.used = True
        proto, values = _copied(self.proto), self.parts.values()
        for number, (place, axes) in self.places.items():
            proto.graph.initializer[number].raw_data = values[place].transpose(axes).tobytes()
        return proto


_CONVERTED: MutableMapping[Any, _Converted] = weakref.WeakKeyDictionary()


def _copied(proto: Any) -> Any:
    copy = type(proto)()
    copy.CopyFrom(proto)
    return copy


def _convert(model: Any, outputs: tuple[str, ...], *, opset: int, logits: str) -> tuple[Any, Any]:
    import onnx

    with imported_later(LATER):
        from tf2onnx import optimizer, tf_loader, tfonnx

    names = [tensor.name for tensor in model.inputs]
    # TensorFlow's names allow fewer letters than columns do; the true names come back below.
    signature = [
        tf.TensorSpec(tensor.shape, tensor.dtype, name=f"input_{place}") for place, tensor in enumerate(model.inputs)
    ]

    given = list(outputs)

    def call(*tensors: Any) -> list[Any]:
        with read_as_numbers(model):
            values = model(dict(zip(names, tensors, strict=True)), training=False)
        listed = list(values) if isinstance(values, (list, tuple)) else [values]
        for name, value in zip(outputs, tuple(listed), strict=True):
            # Where Keras's own losses look for it.
            scores = getattr(value, "_keras_logits", None)
            if logits and scores is not None and scores.shape.rank == value.shape.rank:
                given.append(name + logits)
                listed.append(scores)
        return [tf.identity(value) for value in listed]

    with tf.device("/cpu:0"):
        with _inlined():
            function = tf.function(call, jit_compile=False, autograph=False).get_concrete_function(*signature)
        tables = _tables(model, function)
        inner = [f"input_{place}:0" for place in range(len(names))]
        outer = [tensor.name for tensor in function.outputs]
        frozen = tf_loader.from_function(function, inner, outer)
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(frozen, name="")
            converted = tfonnx.process_tf_graph(
                graph,
                continue_on_error=False,
                opset=opset,
                extra_opset=[onnx.helper.make_opsetid(TABLES, 2)] if tables else None,
                custom_op_handlers={
                    "LookupTableFindV2": (functools.partial(_lookup, tables), []),
                    "Erfc": (_erfc, []),
                    "RFFT": (_left, []),
                    "Real": (_half_of_spectrum, []),
                    "Imag": (_half_of_spectrum, []),
                },
                input_names=inner,
                output_names=outer,
                tensors_to_rename=dict(zip((*inner, *outer), (*names, *given), strict=True)),
            )
        _say_groups(converted)
        return optimizer.optimize_graph(converted, catch_errors=False).make_model("dlcli"), function


def _say_groups(converted: Any) -> None:
    """TensorFlow sees the groups of a convolution in its shapes; tf2onnx says them of flat ones alone, not of 3D."""
    for node in converted.get_nodes():
        if node.type != "Conv" or node.get_attr_value("group", 1) != 1:
            continue
        channels, kernel = (converted.get_shape(name)[1] for name in node.input[:2])
        if channels > kernel > 0:
            node.set_attr("group", channels // kernel)


def foreign_operations(model: Any, proto: Any) -> list[tuple[str, str]]:
    """The operations of a converted model that are none of ONNX's, which the converter leaves as they were.

    Args:
        model: The Keras model.
        proto: What `convert` made of it.

    Returns:
        Each once, with what of the model it belongs to, as far as its name tells.
    """
    from onnx import defs

    found: dict[str, str] = {}
    for node in proto.graph.node:
        if not defs.has(node.op_type, node.domain):
            found.setdefault(node.op_type, culprit(model, [node.name]) or "the model")
    return list(found.items())


def counted(places: Any, size: int) -> Any:
    """How often each place is in each row, in memory of the size of the result, as Keras's own operations do not.

    Args:
        places: `(batch, any)` int32, a Keras tensor.
        size: Of places.

    Returns:
        `(batch, size)` float32.
    """
    import keras

    class Counted(keras.Operation):  # type: ignore[misc]
        def call(self, given: Any) -> Any:
            given = tf.ensure_shape(given, (None, None))
            count = tf.shape(given)[0]
            rows = tf.zeros_like(given) + tf.range(count)[:, tf.newaxis]
            where = tf.reshape(tf.stack([rows, given], axis=-1), (-1, 2))
            none = tf.tile(tf.zeros((1, size)), tf.stack([count, 1]))
            return tf.tensor_scatter_nd_add(none, where, tf.ones_like(where[:, 0], tf.float32))

        def compute_output_spec(self, given: Any) -> Any:
            return keras.KerasTensor((given.shape[0], size), "float32")

    return Counted()(places)


@contextlib.contextmanager
def _inlined() -> Iterator[None]:
    """Trace without functions inside: Keras compiles a grouped convolution with XLA in a function of its own, which
    TensorFlow would leave as it is and ONNX does not know."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def _tables(model: Any, function: Any) -> dict[str, tuple[list[bytes], list[int]]]:
    """The tables that the layers of a model look texts up in, by the placeholder that stands for each in its graph."""
    import keras

    layers = [each for each in model._flatten_layers() if isinstance(each, keras.layers.StringLookup)]
    tables = {id(each.lookup_table.resource_handle): each.lookup_table for each in layers}
    found = {}
    for outside, inside in function.graph.captures:
        if (table := tables.get(id(outside))) is not None:
            keys, values = (each.numpy().tolist() for each in table.export())
            found[inside.op.name] = keys, values
    return found


def _lookup(tables: Mapping[str, tuple[list[bytes], list[int]]], context: Any, node: Any, *rest: Any) -> None:
    """A table of texts and their numbers. Where a text must be one of them, another makes the runtime report a place
    that is outside of the table: Keras's own check has no counterpart."""
    handle, _, default = node.inputs
    if handle.name not in tables:
        raise ValueError("a table that is none of a StringLookup's has no counterpart in ONNX")
    keys, values = tables[handle.name]
    other = int(default.get_tensor_value())
    attributes = {"keys_strings": keys, "values_int64s": values, "default_int64": len(keys) if other < 0 else other}
    output = {"shapes": [context.get_shape(node.output[0])], "dtypes": [context.get_dtype(node.output[0])]}
    context.remove_node(node.name)
    last = {"name": node.name, "outputs": list(node.output), **output}
    if other >= 0:
        context.make_node("LabelEncoder", [node.input[1]], attr=attributes, domain=TABLES, **last)
        return
    found = context.make_node("LabelEncoder", [node.input[1]], attr=attributes, domain=TABLES, **output)
    numbers = context.make_const(f"{node.name}_numbers", np.arange(len(keys), dtype=np.int64))
    context.make_node("Gather", [numbers.output[0], found.output[0]], **last)


def _erfc(context: Any, node: Any, *_: Any) -> None:
    """The one operation of Keras's `gelu` that tf2onnx does not know: erfc(x) = 1 - erf(x)."""
    output = {"shapes": [context.get_shape(node.output[0])], "dtypes": [context.get_dtype(node.output[0])]}
    one = context.make_const(f"{node.name}_one", np.array(1, np.float32))
    erf = context.make_node("Erf", list(node.input), **output)
    context.remove_node(node.name)
    context.make_node("Sub", [one.output[0], erf.output[0]], name=node.name, outputs=list(node.output), **output)


def _left(context: Any, node: Any, *_: Any) -> None:
    """What takes its results goes another way, and then nothing is left that does."""


def _half_of_spectrum(context: Any, node: Any, *_: Any) -> None:
    """The real or the imaginary part of a Fourier transform, as the product with a matrix of waves: tf2onnx knows
    neither."""
    transform = node.inputs[0]
    if transform.type != "RFFT" or not transform.inputs[1].is_const():
        raise ValueError(f"{node.type} of {transform.type} has no counterpart in ONNX")
    (length,) = transform.inputs[1].get_tensor_value()
    if context.get_shape(transform.input[0])[-1] != length:
        raise ValueError("a Fourier transform that fills up its input has no counterpart in ONNX")
    angles = np.outer(np.arange(length), np.arange(length // 2 + 1)) % length * (2 * np.pi / length)
    waves = np.cos(angles) if node.type == "Real" else -np.sin(angles)
    matrix = context.make_const(f"{node.name}_waves", waves.astype(np.float32))
    output = {"shapes": [context.get_shape(node.output[0])], "dtypes": [context.get_dtype(node.output[0])]}
    context.remove_node(node.name)
    product = [transform.input[0], matrix.output[0]]
    context.make_node("MatMul", product, name=node.name, outputs=list(node.output), **output)
