"""A model converted to LiteRT."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.lite.python.convert_phase import ConverterError

from dlcli.backend import startup
from dlcli.exports.draft import refusal
from dlcli.exports.litert.format import FORMAT
from dlcli.exports.saved_model.writer import save

__all__ = ["write"]


def write(model: Any, path: Path, outputs: Sequence[str], metadata: Mapping[str, Any]) -> None:
    """See `ExportFormat`."""
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
