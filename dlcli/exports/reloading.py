"""An exported model in its own runtime, in a process of its own that knows nothing of dlcli's config and of the run.

    python -m dlcli.exports.reloading FORMAT MODEL INPUTS OUTPUTS SINGLES [CODE ...]

reads the inputs from the `.npz` file INPUTS, an array `=<name>` for each, runs MODEL on all rows and then on each of
the first SINGLES rows alone, and writes the `.npz` file OUTPUTS: arrays `<batch>=<name>`, batch 0 being all rows. An
output goes by its name, and for Keras, which returns a list, by its place. CODE are the user's own Python files, which
Keras needs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["main"]

Arrays = Mapping[str, NDArray[Any]]
Loaded = Callable[[Arrays], Arrays]


def main(arguments: Sequence[str]) -> None:
    """Run the program."""
    format, model, inputs, outputs, singles, *code = arguments
    with np.load(inputs) as archive:
        arrays = {name.removeprefix("="): archive[name] for name in archive.files}
    match format:
        case "onnx":
            run = _onnx(model)
        case "litert":
            run = _litert(model)
        case "saved_model":
            run = _saved_model(model)
        case _:
            run = _keras(model, code)
    batches = [arrays, *({key: all[row : row + 1] for key, all in arrays.items()} for row in range(int(singles)))]
    values = {f"{place}={name}": value for place, each in enumerate(batches) for name, value in run(each).items()}
    np.savez(outputs, **values)  # type: ignore[arg-type]


def _onnx(model: str) -> Loaded:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]

    def run(arrays: Arrays) -> Arrays:
        values = session.run(names, {each.name: arrays[each.name] for each in session.get_inputs()})
        return dict(zip(names, values, strict=True))

    return run


def _litert(model: str) -> Loaded:
    from ai_edge_litert.interpreter import Interpreter

    from dlcli.exports.formats import tensor_names

    runner = Interpreter(model).get_signature_runner("serving_default")
    wanted = set(runner.get_input_details())

    def run(arrays: Arrays) -> Arrays:
        legal = tensor_names(list(arrays))
        given = {legal[name]: value for name, value in arrays.items() if legal[name] in wanted}
        return {name: np.array(value) for name, value in runner(**given).items()}

    return run


def _saved_model(model: str) -> Loaded:
    import tensorflow as tf

    from dlcli.exports.formats import tensor_names

    served = tf.saved_model.load(model).signatures["serving_default"]
    wanted = set(served.structured_input_signature[1])

    def run(arrays: Arrays) -> Arrays:
        legal = tensor_names(list(arrays))
        given = {legal[name]: tf.constant(value) for name, value in arrays.items() if legal[name] in wanted}
        return {name: value.numpy() for name, value in served(**given).items()}

    return run


def _keras(model: str, code: Sequence[str]) -> Loaded:
    import keras

    own: Mapping[str, object] = {}
    if code:
        from dlcli.model.code import load_code

        own = load_code(code)
    with keras.saving.custom_object_scope(dict(own)):
        loaded = keras.models.load_model(Path(model), compile=False)

    def run(arrays: Arrays) -> Arrays:
        values = loaded({name: keras.ops.convert_to_tensor(value) for name, value in arrays.items()}, training=False)
        listed = values if isinstance(values, (list, tuple)) else [values]
        return {str(place): np.asarray(value) for place, value in enumerate(listed)}

    return run


if __name__ == "__main__":
    main(sys.argv[1:])
