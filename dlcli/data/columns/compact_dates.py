"""Dates that are written as whole numbers, such as 20150314: what tells them from prices and ids."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.data.columns.arrays import plain_numbers

__all__ = ["CompactDates", "DateForm"]

_FORMS = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""The format of `strptime` by the number of digits."""

_ENOUGH = {6: 12}
_FEWEST = 3
"""Different values from which on it is no chance that all are dates: one of eight numbers of six digits, and one of
twenty-seven of eight, would be one."""

_YEARS = (1900, 2099)
_LIMITS = (24, 60, 60)
"""Hours, minutes, seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class DateForm:
    """How whole numbers are dates.

    Args:
        format: Of `strptime`, which reads all of them.
        example: One of them.
    """

    format: str
    example: int


class CompactDates:
    """Takes in a column of numbers, chunk by chunk, for as long as all are dates of one form.

    Example:
        >>> dates = CompactDates()
        >>> dates.add(pa.array([20150314, 20150228, 20141231]))
        >>> dates.form()
        DateForm(format='%Y%m%d', example=20141231)
    """

    def __init__(self) -> None:
        self._digits: int | None = None
        self._possible = True
        self._different: set[int] = set()

    def add(self, column: pa.Array) -> None:
        """Take in a chunk of numbers without gaps. Of most columns the range alone tells that they are no dates."""
        if not self._possible or not len(column):
            return
        ends = pc.min_max(column).as_py()
        least, most = float(ends["min"]), float(ends["max"])
        digits = _digits(least)
        self._possible = digits == _digits(most) and self._digits in (None, digits) and digits in _FORMS
        if self._possible:
            self._digits = digits
            values = np.unique(plain_numbers(column.cast(pa.float64(), safe=False)))
            self._possible = _are_dates(values, digits)
            wanted = _ENOUGH.get(digits, _FEWEST)
            if len(self._different) < wanted:
                self._different.update(int(value) for value in values[:wanted])

    def end(self) -> None:
        """Something else than a number was among the values."""
        self._possible = False

    def form(self) -> DateForm | None:
        """The form of all values; None for what is no date."""
        digits = self._digits
        if not self._possible or digits is None or len(self._different) < _ENOUGH.get(digits, _FEWEST):
            return None
        return DateForm(_FORMS[digits], min(self._different))


def _digits(number: float) -> int:
    return len(str(int(number))) if np.isfinite(number) and 0 < number < 1e15 else 0


def _are_dates(values: NDArray[np.float64], digits: int) -> bool:
    """Whether all numbers of so many digits are dates of plausible years."""
    if (values != np.floor(values)).any():
        return False
    whole = values.astype(np.int64)
    for place, limit in zip(range(8, digits, 2), _LIMITS, strict=False):
        if (whole // 10 ** (digits - place - 2) % 100 >= limit).any():
            return False
    days = whole // 10 ** (digits - 8) if digits > 6 else whole * 100 + 1
    year, month, day = days // 10_000, days // 100 % 100, days % 100
    if ((year < _YEARS[0]) | (year > _YEARS[1]) | (month < 1) | (month > 12) | (day < 1)).any():
        return False
    first = ((year - 1970) * 12 + month - 1).astype("M8[M]")
    length = (first + np.timedelta64(1, "M")).astype("M8[D]") - first.astype("M8[D]")
    return bool((day <= length.astype(np.int64)).all())
