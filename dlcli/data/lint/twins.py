"""Columns that say what another one says: the same values, in other words, or in another unit."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dlcli.data.lint.cells import Cells

__all__ = ["Twin", "rounded_to", "twins"]

_ROWS_A_VALUE = 20
"""Rows a value from which on it is no chance that two columns change together."""

_FEWEST = 30
"""Rows from which on two columns of numbers may be told to be one in two units."""

_EXPLAINED = 1 - 1e-6
"""The part of a number's variance that a twin explains: all, but for what rounding leaves."""

_NEARLY = 0.998
"""The same from which on it is looked at whether rounding explains what is left."""

_FINE = 20
"""Different numbers that a column has which is rounded, and not coarse."""

_OTHER_UNIT = 0.01
"""How far from 1 a factor between units is: of numbers in one unit, such as the first and the last day of something,
what lies between them tells something."""

_SLACK = 1.1
"""How far beyond rounding a line through all rows may be: it is not quite that of the two units."""

_DECIMALS = 6
"""After the point, that are taken for rounding."""

_ROWS = 2_000
"""Rows that numbers are compared on, and at once."""


@dataclasses.dataclass(frozen=True)
class Twin:
    """What a column is beside another.

    Args:
        of: The other, which stands before it.
        how: The same values, the same in other words, or the same numbers in another unit.
    """

    of: str
    how: Literal["same", "words", "unit"]

    @property
    def in_words(self) -> str:
        """Such as `the same as 'width' in every row`."""
        other = self.of if len(self.of) <= 40 else f"{self.of[:37]}..."
        match self.how:
            case "same":
                return f"the same as {other!r} in every row"
            case "words":
                return f"the same as {other!r} in every row, in other words"
            case "unit":
                return f"{other!r} in another unit"


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
            found[name] = Twin(twin, "same" if _are_equal(single[twin], cells) else "words")
    return found | _of_units({name: cells for name, cells in single.items() if name not in found})


def _fingerprint(cells: Cells) -> bytes:
    """Equal for columns of the same values; of few values that repeat, in other words too: `no` and `yes`, 0 and 1."""
    numbers = cells.numbers
    digest = hashlib.blake2b(cells.codes.tobytes(), digest_size=16)
    if len(cells.different) > len(cells.codes) / _ROWS_A_VALUE:
        values = "\0".join(cells.named.to_pylist()).encode() if numbers is None else np.nan_to_num(numbers).tobytes()
        digest.update(values)
    elif numbers is not None and not _are_codes(numbers, len(cells.different)):
        digest.update(_spacing(numbers, cells.codes))
    return digest.digest()


def _are_codes(numbers: NDArray[np.float64], different: int) -> bool:
    """Whether numbers stand for words: two of them, or 1, 2, 3, ... Others measure something, as the size of a store
    does of which there is a name too: a network that has the name alone would have to learn it."""
    if different <= 2:
        return True
    least, most = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    return most - least == different - 1 and bool(np.all(np.isnan(numbers) | (numbers == np.floor(numbers))))


def _spacing(numbers: NDArray[np.float64], codes: NDArray[np.int64]) -> bytes:
    """How numbers lie to each other: equal for those that are others times a constant, and one more added."""
    places, rows = np.unique(codes, return_index=True)
    values = numbers[rows[places >= 0]]
    step = values[1] - values[0] or 1.0  # `1` and `1.0` are two texts
    spaced: NDArray[np.float64] = np.round((values - values[0]) / step, 9) + 0.0  # 0 for -0
    return spaced.tobytes()


def _are_equal(first: Cells, second: Cells) -> bool:
    """Whether what repeats in the same rows is the same, too."""
    one, other = first.numbers, second.numbers
    if one is None or other is None:
        return bool(first.named.equals(second.named))
    return bool(np.array_equal(one, other, equal_nan=True))


def _of_units(columns: Mapping[str, Cells]) -> dict[str, Twin]:
    """The numbers that are others times a constant, and one more added."""
    told = {name: scaled for name, cells in columns.items() if (scaled := _scaled(cells)) is not None}
    names = list(told)
    if len(names) < 2:
        return {}
    table = np.array([told[name] for name in names])
    alike = (table @ table.T) ** 2 >= _NEARLY
    found: dict[str, Twin] = {}
    for place, name in enumerate(names):
        firsts = [names[each] for each in np.flatnonzero(alike[place, :place]) if names[each] not in found]
        first = next((each for each in firsts if _is_exact(columns[each], columns[name])), None)
        if first is not None:
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
    """Whether one is the other in another unit in all rows that were looked at, but for what rounding leaves."""
    one, other = first.numbers, second.numbers
    assert one is not None
    assert other is not None
    steps = rounded_to(one), rounded_to(other)
    one, other = one - one.mean(), other - other.mean()
    sizes = np.abs(one).max() or 1.0, np.abs(other).max() or 1.0
    one, other = one / sizes[0], other / sizes[1]
    spread = float((one**2).sum() * (other**2).sum())
    if spread <= 0:
        return False
    if float((one * other).sum()) ** 2 / spread >= _EXPLAINED:
        return True
    factor = float((one * other).sum() / (one**2).sum())
    if min(len(first.different), len(second.different)) < _FINE or _is_one(factor * sizes[1] / sizes[0]):
        return False
    rounding = _SLACK * (steps[1] / sizes[1] + abs(factor) * steps[0] / sizes[0]) / 2
    return bool(np.abs(other - factor * one).max() <= rounding)


def _is_one(factor: float) -> bool:
    return abs(abs(factor) - 1) < _OTHER_UNIT


def rounded_to(numbers: NDArray[np.float64]) -> float:
    """What numbers are rounded to: 0.1 of 36.6 and 37.2; 0 of those of many decimals."""
    for decimals in range(_DECIMALS + 1):
        if np.array_equal(np.round(numbers, decimals), numbers):
            return float(10.0**-decimals)
    return 0.0
