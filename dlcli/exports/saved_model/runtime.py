"""A model run by TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from dlcli.exports.reload import Arrays, Loaded
from dlcli.exports.saved_model.names import tensor_names

__all__ = ["load"]


def load(path: Path, outputs: Sequence[str], code: Sequence[str]) -> Loaded:
    """See `ExportFormat`."""
    import tensorflow as tf

    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    wanted = set(served.structured_input_signature[1])

    def run(arrays: Arrays) -> list[NDArray[Any]]:
        legal = tensor_names(list(arrays))
        values = served(**{legal[name]: tf.constant(value) for name, value in arrays.items() if legal[name] in wanted})
        return [values[name].numpy() for name in tensor_names(outputs).values()]

    return run
