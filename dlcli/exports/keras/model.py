"""Models of Keras's format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.exports.reload import Arrays, Loaded

__all__ = ["load", "write"]


def write(model: Any, path: Path, outputs: Sequence[str], metadata: Mapping[str, Any]) -> None:
    """See `ExportFormat`."""
    model.save(path)


def load(path: Path, outputs: Sequence[str], code: Sequence[str]) -> Loaded:
    """See `ExportFormat`."""
    import keras

    from dlcli.model.own import register

    register()
    own: Mapping[str, object] = {}
    if code:
        from dlcli.model.code import load_code

        own = load_code(code)
    with keras.saving.custom_object_scope(dict(own)):
        model = keras.models.load_model(path, compile=False)

    def run(arrays: Arrays) -> list[NDArray[Any]]:
        tensors = {name: keras.ops.convert_to_tensor(value) for name, value in arrays.items()}
        values = model(tensors, training=False)
        return [np.asarray(value) for value in (values if isinstance(values, (list, tuple)) else [values])]

    return run
