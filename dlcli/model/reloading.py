"""An exported model in its own runtime, in a process of its own that knows nothing of dlcli's config and of the run.

    python -m dlcli.model.reloading FORMAT MODEL INPUTS OUTPUTS [CODE ...]

reads the inputs, an array for each, from the `.npz` file INPUTS, runs MODEL on all rows, and writes the `.npz` file
OUTPUTS with an array for each output: by its name, and for Keras, which returns a list, by its place. CODE are the
user's own Python files, which Keras needs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["main"]

Arrays = Mapping[str, NDArray[Any]]


def main(arguments: Sequence[str]) -> None:
    """Run the program."""
    format, model, inputs, outputs, *code = arguments
    with np.load(inputs) as archive:
        arrays = {name: archive[name] for name in archive.files}
    match format:
        case "onnx":
            values = _onnx(model, arrays)
        case "litert":
            values = _litert(model, arrays)
        case "saved_model":
            values = _saved_model(model, arrays)
        case _:
            values = _keras(model, arrays, code)
    np.savez(outputs, **values)  # type: ignore[arg-type]


def _onnx(model: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    values = session.run(None, {each.name: arrays[each.name] for each in session.get_inputs()})
    return {each.name: value for each, value in zip(session.get_outputs(), values, strict=True)}


def _litert(model: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    from ai_edge_litert.interpreter import Interpreter

    from dlcli.model.formats import tensor_names

    runner = Interpreter(model).get_signature_runner("serving_default")
    legal = tensor_names(list(arrays))
    wanted = set(runner.get_input_details())
    return dict(runner(**{legal[name]: value for name, value in arrays.items() if legal[name] in wanted}))


def _saved_model(model: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    import tensorflow as tf

    from dlcli.model.formats import tensor_names

    served = tf.saved_model.load(model).signatures["serving_default"]
    legal = tensor_names(list(arrays))
    wanted = set(served.structured_input_signature[1])
    given = {legal[name]: tf.constant(value) for name, value in arrays.items() if legal[name] in wanted}
    return {name: value.numpy() for name, value in served(**given).items()}


def _keras(model: str, arrays: Arrays, code: Sequence[str]) -> dict[str, NDArray[Any]]:
    import keras
    import tensorflow as tf

    own: Mapping[str, object] = {}
    if code:
        from dlcli.model.code import load_code

        own = load_code(code)
    with keras.saving.custom_object_scope(dict(own)):
        loaded = keras.models.load_model(Path(model), compile=False)
    values = loaded({name: tf.constant(value) for name, value in arrays.items()}, training=False)
    listed = values if isinstance(values, (list, tuple)) else [values]
    return {str(place): np.asarray(value) for place, value in enumerate(listed)}


if __name__ == "__main__":
    main(sys.argv[1:])
