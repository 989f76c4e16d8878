"""How far apart the steps of a series are: what a config says of it, and how people say it."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Literal

from dlcli.errors import ConfigError, Problem, did_you_mean

__all__ = ["Frequency", "parse_frequency"]

Unit = Literal["number", "time", "business_day", "month"]

_MILLISECOND = 1_000
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_WEEK = 7 * _DAY
_TIMES = (
    (_WEEK, "week"),
    (_DAY, "day"),
    (_HOUR, "hour"),
    (_MINUTE, "minute"),
    (_SECOND, "second"),
    (_MILLISECOND, "millisecond"),
    (1, "microsecond"),
)
_ADVERBS = {"week": "weekly", "day": "daily", "hour": "hourly"}
_MONTHS = {1: ("month", "monthly"), 3: ("quarter", "quarterly"), 12: ("year", "yearly")}


@dataclasses.dataclass(frozen=True, slots=True)
class Frequency:
    """The step from one row of a series to the next.

    Args:
        unit: Of `count`: plain numbers, microseconds (`time`), days from Monday to Friday, or months of the calendar.
        count: How many of them a step is.
        at_end: Of months: the times are the last days of them, not any other.

    Example:
        >>> Frequency("month", 3).words, Frequency("month", 3).season
        ('quarterly', 4)
    """

    unit: Unit
    count: int | float
    at_end: bool = False

    @property
    def words(self) -> str:
        """As people say it: `monthly`, `every 15 minutes`, `business days`."""
        match self.unit:
            case "number":
                return f"in steps of {self.count:g}"
            case "business_day":
                return "business days" if self.count == 1 else f"every {self.count} business days"
            case "month":
                known = _MONTHS.get(int(self.count))
                said = known[1] if known else f"every {self.count} months"
                return said + ", at month ends" * self.at_end
        count, name = self._in_largest_unit
        if count > 1:
            return f"every {count} {name}s"
        return _ADVERBS.get(name, f"every {name}")

    @property
    def text(self) -> str:
        """As a config says it; `parse_frequency` reads it back."""
        match self.unit:
            case "number":
                return repr(self.count)
            case "business_day":
                return "business_day" if self.count == 1 else f"{self.count} business_days"
            case "month":
                known = _MONTHS.get(int(self.count))
                end = "_end" * self.at_end
                return known[0] + end if known else f"{self.count} month{end}s"
        count, name = self._in_largest_unit
        return name if count == 1 else f"{count} {name}s"

    @property
    def by_calendar(self) -> bool:
        """Whether a step is of whole days, so that it is counted by the clock on the wall and not by hours passed."""
        return self.unit in ("month", "business_day") or (self.unit == "time" and self.count % _DAY == 0)

    @property
    def season(self) -> int | None:
        """How many steps the usual season of such series has: a year of months, quarters and weeks, a week of days,
        a day of hours and minutes; None where there is no usual one."""
        match self.unit:
            case "number":
                return None
            case "business_day":
                return 5 if self.count == 1 else None
            case "month":
                return _whole(12, self.count)
        if self.count < _MINUTE:
            return None
        if self.count < _DAY:
            return _whole(_DAY, self.count)
        return {_DAY: 7, _WEEK: 52}.get(int(self.count))

    @property
    def _in_largest_unit(self) -> tuple[int, str]:
        """A step of time in the largest unit of which it is a whole number."""
        size, name = next((size, name) for size, name in _TIMES if self.count % size == 0)
        return int(self.count) // size, name


def _whole(whole: int, part: float) -> int | None:
    """How often a part goes into a whole: more than once, and without a rest."""
    return int(whole // part) if whole % part == 0 and whole > part else None


_NAMES: dict[str, tuple[Unit, int, bool]] = {
    **{
        name: ("time", size, False)
        for size, names in (
            (1, "us microsecond microseconds"),
            (_MILLISECOND, "ms millisecond milliseconds L"),
            (_SECOND, "s sec secs second seconds S"),
            (_MINUTE, "min mins minute minutes T"),
            (_HOUR, "h hr hrs hour hours hourly H"),
            (_DAY, "d day days daily D"),
            (_WEEK, "w week weeks weekly W"),
        )
        for name in names.split()
    },
    **dict.fromkeys(
        ("business_day", "business_days", "workday", "workdays", "weekday", "weekdays", "B"), ("business_day", 1, False)
    ),
    **{
        name: ("month", months, end)
        for months, end, names in (
            (1, False, "month months monthly month_start month_starts mo MS"),
            (1, True, "month_end month_ends M ME"),
            (3, False, "quarter quarters quarterly quarter_start quarter_starts QS"),
            (3, True, "quarter_end quarter_ends Q QE"),
            (12, False, "year years yearly annual annually year_start year_starts y YS AS"),
            (12, True, "year_end year_ends Y YE A"),
        )
        for name in names.split()
    },
}
_FULL = [name for name in _NAMES if len(name) > 3]
_WRITTEN = re.compile(r"(?:every\s+)?([0-9]+)?\s*([A-Za-z][A-Za-z _-]*)")


def parse_frequency(said: str | float) -> Frequency:
    """What a config says: a unit, a number of them, or a plain number for times that are numbers.

    Args:
        said: Such as `day`, `month_end`, `15 min`, `2h` or `0.5`.

    Raises:
        ConfigError: It is none.

    Example:
        >>> parse_frequency("15 min").words, parse_frequency("quarter_end").words
        ('every 15 minutes', 'quarterly, at month ends')
    """
    number = _number(said)
    if number is not None and number > 0:
        return Frequency("number", number)
    found = _WRITTEN.fullmatch(str(said).strip())
    if number is None and found is not None and int(found[1] or 1) > 0:
        name = re.sub(r"[ -]+", "_", found[2].strip())
        unit = _NAMES.get(name) or _NAMES.get(name.lower())
        if unit is not None:
            return Frequency(unit[0], int(found[1] or 1) * unit[1], unit[2])
    word = found[2].strip() if found else ""
    raise ConfigError(
        Problem(
            f"{said!r} is no frequency",
            hint=did_you_mean(word.replace(" ", "_"), _FULL)
            or "such as hour, 15 min, day, business_day, week, month, month_end, quarter or year; a number above 0 "
            "where the times are numbers; auto finds it in the data",
            rule="invalid-frequency",
        )
    )


def _number(said: str | float) -> int | float | None:
    """What is a plain number, whole where it is."""
    try:
        number = float(said)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number
