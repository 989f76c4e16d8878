"""How many samples may be in flight at once when a model is only applied, not trained."""

from __future__ import annotations

import math
from typing import Any

from dlcli.model.summary import summarize

__all__ = ["rows_at_once"]

BYTES = 128 * 2**20
"""What the layers' outputs of one slice may take together."""

MOST = 8192
"""More samples at once than this gain no speed on a CPU."""


def rows_at_once(model: Any) -> int:
    """The number of samples to apply a model to at once: many for small models, few for large images.

    Counts every layer's output at four bytes a number, as if all were kept; sizes that the model leaves free count
    as 1. Always at least 1; a function of the model alone, so that results are reproducible.
    """
    numbers = sum(math.prod(size or 1 for size in shape) for row in summarize(model).rows for shape in row.shapes)
    return max(1, min(MOST, BYTES // (4 * max(numbers, 1))))
