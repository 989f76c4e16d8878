"""The weights of a `.keras` or `.weights.h5` file that may come from anybody, read into a model that a config gives.

Keras reads numbers alone from it. What the model can need is known before, and nothing else is read.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from dlcli.model.pretrained.hdf5 import private_copy, size_for

__all__ = ["load_weights"]


def load_weights(model: Any, file: BinaryIO) -> None:
    """Read the weights of a model.

    Args:
        model: A built `keras.Model`.
        file: A `.keras` file, or the `.weights.h5` alone that such a file holds, open.

    Raises:
        BadZipFile, OSError: The file is damaged, or holds what no file of weights holds.
        ValueError: It holds other weights than the model's.
    """
    with private_copy(file, size_for(model)) as (weights, _):
        model.load_weights(weights)
