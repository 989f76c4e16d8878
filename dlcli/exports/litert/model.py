"""Models of LiteRT."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.backend import startup
from dlcli.exports.litert import FORMAT
from dlcli.exports.reload import Arrays, Loaded
from dlcli.exports.saved_model import tensor_names

__all__ = ["load", "write"]


def write(model: Any, path: Path, outputs: Sequence[str], metadata: Mapping[str, Any]) -> None:
    """See `ExportFormat`."""
    import tensorflow as tf
    from tensorflow.lite.python.convert_phase import ConverterError

    from dlcli.exports.draft import refusal
    from dlcli.exports.saved_model.model import save

    with tempfile.TemporaryDirectory(prefix="dlcli-") as directory:
        saved = Path(directory) / "saved"
        # The converter of TensorFlow 2.21 writes Keras 3's variables without their values, and says nothing of it.
        save(model, saved, outputs, frozen=True)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
        try:
            with startup.silence():  # the converter's C++ side says all that it cannot do
                path.write_bytes(converter.convert())
        except ConverterError as error:
            why = "LiteRT has not all of its operations without TensorFlow's own; recurrent layers need such"
            raise refusal(FORMAT, why, hint="use --format onnx") from error


def load(path: Path, outputs: Sequence[str], code: Sequence[str]) -> Loaded:
    """See `ExportFormat`."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(path)).get_signature_runner("serving_default")
    wanted = set(runner.get_input_details())

    def run(arrays: Arrays) -> list[NDArray[Any]]:
        legal = tensor_names(list(arrays))
        values = runner(**{legal[name]: value for name, value in arrays.items() if legal[name] in wanted})
        return [np.array(values[name]) for name in tensor_names(outputs).values()]

    return run
