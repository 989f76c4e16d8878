"""Columns that say what another one says: the same values, in other words, or in another unit."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dlcli.data.lint.cells import Cells

__all__ = ["Twin", "twins"]

_ROWS_A_VALUE = 20
"""Rows a value from which on it is no chance that two columns change together."""

_FEWEST = 30
"""Rows from which on two columns of numbers may be told to be one in two units."""

_EXPLAINED = 1 - 1e-6
"""The part of a number's variance that a twin explains: all, but for what rounding leaves."""

_ROWS = 2_000
"""Rows that numbers are compared on, and at once."""


@dataclasses.dataclass(frozen=True)
class Twin:
    """What a column is beside another.

    Args:
        of: The other, which stands before it.
        how: The same values, or the same numbers in another unit.
    """

    of: str
    how: Literal["same", "unit"]

    @property
    def in_words(self) -> str:
        """Such as `the same as 'width' in every row`."""
        other = self.of if len(self.of) <= 40 else f"{self.of[:37]}..."
        return f"the same as {other!r} in every row" if self.how == "same" else f"{other!r} in another unit"


def twins(columns: Mapping[str, Cells]) -> dict[str, Twin]:
    """The columns that another one before them makes needless.

    Args:
        columns: Of the same rows, by name.
    """
    found: dict[str, Twin] = {}
    before: dict[bytes, str] = {}
    single = {name: cells for name, cells in columns.items() if not cells.is_array and len(cells.different) > 1}
    for name, cells in single.items():
        if (twin := before.setdefault(_fingerprint(cells), name)) != name:
            found[name] = Twin(twin, "same")
    return found | _of_units({name: cells for name, cells in single.items() if name not in found})


def _fingerprint(cells: Cells) -> bytes:
    """Equal for columns of the same values; of few values that repeat, in other words too: `no` and `yes`, 0 and 1."""
    numbers = cells.numbers
    digest = hashlib.blake2b(cells.codes.tobytes(), digest_size=16)
    if len(cells.different) > len(cells.codes) / _ROWS_A_VALUE:
        values = "\0".join(cells.names).encode() if numbers is None else np.nan_to_num(numbers).tobytes()
        digest.update(values)
    return digest.digest()


def _of_units(columns: Mapping[str, Cells]) -> dict[str, Twin]:
    """The numbers that are others times a constant, and one more added."""
    told = {name: scaled for name, cells in columns.items() if (scaled := _scaled(cells)) is not None}
    names = list(told)
    if len(names) < 2:
        return {}
    table = np.array([told[name] for name in names])
    alike = (table @ table.T) ** 2 >= _EXPLAINED
    found: dict[str, Twin] = {}
    for place, name in enumerate(names):
        firsts = np.flatnonzero(alike[place, :place])
        first = next((names[each] for each in firsts if names[each] not in found), None)
        if first is not None and _is_exact(columns[first], columns[name]):
            found[name] = Twin(first, "unit")
    return found


def _scaled(cells: Cells) -> NDArray[np.float64] | None:
    """Numbers as a vector of length 1 around their mean; None of those that have gaps or hardly vary."""
    numbers = cells.numbers
    if numbers is None or len(numbers) < _FEWEST or not np.isfinite(numbers).all() or len(cells.different) < 5:
        return None
    part = numbers[:_ROWS]
    around = part - part.mean()
    around = around / (np.abs(around).max() or 1.0)
    length = float(np.linalg.norm(around))
    return around / length if length > 0 else None


def _is_exact(first: Cells, second: Cells) -> bool:
    """Whether one is the other in another unit in all rows that were looked at, not only in the first."""
    one, other = first.numbers, second.numbers
    assert one is not None
    assert other is not None
    one, other = one - one.mean(), other - other.mean()
    one, other = one / (np.abs(one).max() or 1.0), other / (np.abs(other).max() or 1.0)
    spread = float((one**2).sum() * (other**2).sum())
    return spread > 0 and float((one * other).sum()) ** 2 / spread >= _EXPLAINED
