"""How many samples may be in flight at once when a model is only applied, not trained."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dlcli.model.summary import summarize

__all__ = ["bytes_of_file", "rows_at_once"]

BYTES = 128 * 2**20
"""What the layers' outputs of one slice may take together."""

MOST = 8192
"""More samples at once than this gain no speed on a CPU."""


BYTES_BESIDE = 8192
"""What the file of a model takes for each variable beside its numbers, about."""


def bytes_of_file(model: Any) -> int:
    """About what the file of a compiled model takes, its optimizer included; rather more than less."""
    variables = [*model.variables, *(model.optimizer.variables if model.optimizer is not None else ())]
    return sum(math.prod(each.shape) * np.dtype(each.dtype).itemsize + BYTES_BESIDE for each in variables)


def rows_at_once(model: Any) -> int:
    """The number of samples to apply a model to at once: many for small models, few for large images.

    Counts every layer's output at four bytes a number, as if all were kept; sizes that the model leaves free count
    as 1. Always at least 1; a function of the model alone, so that results are reproducible.
    """
    numbers = sum(math.prod(size or 1 for size in shape) for row in summarize(model).rows for shape in row.shapes)
    return max(1, min(MOST, BYTES // (4 * max(numbers, 1))))
