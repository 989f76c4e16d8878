"""A model run by LiteRT."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from dlcli.exports.reload import Arrays, Loaded
from dlcli.exports.saved_model.names import tensor_names

__all__ = ["load"]


def load(path: Path, outputs: Sequence[str], code: Sequence[str]) -> Loaded:
    """See `ExportFormat`."""
    runner = Interpreter(str(path)).get_signature_runner("serving_default")
    wanted = set(runner.get_input_details())

    def run(arrays: Arrays) -> list[NDArray[Any]]:
        legal = tensor_names(list(arrays))
        values = runner(**{legal[name]: value for name, value in arrays.items() if legal[name] in wanted})
        return [np.array(values[name]) for name in tensor_names(outputs).values()]

    return run
