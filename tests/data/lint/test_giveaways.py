"""A number that rises with the target gives it away, in all rows or not at all."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from dlcli.data.columns.chunk import ColumnInfo
from dlcli.data.lint.cells import Cells
from dlcli.data.lint.giveaways import gives_away

VALUES = np.random.default_rng(0).permutation(1000) / 7.0
LAST = np.arange(1000) == 999


def cells(name: str, values: NDArray[np.float64]) -> Cells:
    return Cells(ColumnInfo(name, "number"), (pa.array(values),))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (np.exp(VALUES / 50), "the target rises with it, in every row"),
        (-np.exp(VALUES / 50), "the target falls with it, in every row"),
        (np.where(LAST, -1.0, np.exp(VALUES / 50)), ""),
        (np.where(LAST, 1.0, -np.exp(VALUES / 50)), ""),
        (np.sin(VALUES), ""),
    ],
)
def test_a_number_that_rises_with_the_target_does_so_in_every_row(target: NDArray[np.float64], expected: str) -> None:
    assert gives_away(cells("value", VALUES), cells("target", target), classes=False) == expected
