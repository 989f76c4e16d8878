"""LiteRT, once TensorFlow Lite: a `.tflite` file for small devices. Names TensorFlow, whose converter writes it."""

from __future__ import annotations

from dlcli.exports.formats import ExportFormat
from dlcli.exports.saved_model import tensor_names

__all__ = ["FORMAT"]

FORMAT = ExportFormat(
    name="litert",
    order=4,
    title="LiteRT",
    suffix=".tflite",
    docs="`model.tflite` | LiteRT: `pip install ai-edge-litert` | with `--with-preprocessing`, of numbers and booleans "
    "| `model.tflite.json` beside it",
    tensor_names=tensor_names,
    number_dtype="float32",
    lacks={
        "words": "looks its words up in a table, and its conversion takes none of Keras's tables along",
        "tables": "looks texts up in a table, and its conversion takes none of Keras's tables along",
        "float64": "computes with seconds in float64, and LiteRT in float32, where they are two minutes apart",
    },
    holds="numbers and booleans",
    install="pip install 'dlcli[litert]'",
)
