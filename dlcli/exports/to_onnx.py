"""A Keras model as ONNX: the graph that inference needs, frozen with its weights, for a runtime of a few megabytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlcli.backend import startup
from dlcli.config.signature import InputSpec
from dlcli.errors import ModelError, Problem
from dlcli.model.assembly import Assembly
from dlcli.model.faults import model_faults, reason
from dlcli.model.functional import build

__all__ = ["LOGITS", "OPSET", "as_converted", "convert_anew", "float32_copy", "to_onnx"]

LOGITS = "/logits"
"""What the name of an output ends in that holds what a sigmoid or softmax was given; no layer's name has a `/`."""

OPSET = 17
"""The version of ONNX's operators: of 2022, so that runtimes of every age read the file."""

DRAWS = "let the layer draw only when `training` is true, and give its mean else"
"""The way out for layers that draw at prediction."""

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
    startup.load()
    from dlcli.backend.onnx import convert, foreign_operations

    try:
        proto = convert(model, outputs, opset=OPSET, logits=LOGITS if with_logits else "")
    except model_faults() as error:
        raise _refusal(reason(error)) from error
    if foreign := foreign_operations(model, proto):
        raise _foreign(foreign)
    for key, value in metadata.items():
        proto.metadata_props.add(key=key, value=value)
    return bytes(proto.SerializeToString())


def convert_anew(model: Any) -> bool:
    """Let a model be converted from its beginning the next time; whether the last time it was not, but had been before
    with other weights."""
    from dlcli.backend.onnx import forget

    return forget(model)


def as_converted(model: Any) -> Callable[[Mapping[str, Any]], Sequence[Any]] | None:
    """What computes the outputs of a model that has been converted before, with other weights, as it does itself, by
    the graph of then; None of others."""
    from dlcli.backend.onnx import traced

    return traced(model)


def float32_copy(assembly: Assembly, inputs: Sequence[InputSpec]) -> Any:
    """The trained model in float32 throughout; the model itself when it computes in nothing else.

    A mixed precision keeps its weights in float32 and rounds on the way; the copy does not round.

    Args:
        assembly: The trained model.
        inputs: The inputs that it was built for.
    """
    if assembly.config.runtime.precision == "float32":
        return assembly.model
    keras = startup.load()
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


def _refusal(why: str, hint: str = "") -> ModelError:
    return ModelError(Problem(f"the model cannot be converted to ONNX: {why}", hint=hint, rule="not-portable"))


def _foreign(operations: Sequence[tuple[str, str]]) -> ModelError:
    drawing = [(name, where) for name, where in operations if "Random" in name]
    name, where = (drawing or operations)[0]
    if drawing:
        why = f"{where} draws random numbers when it predicts, which no file can prove to be the same"
        return _refusal(why, f"{DRAWS}; prediction goes through Keras, and differs each time")
    return _refusal(f"ONNX has no operation {name}, which {where} computes")
