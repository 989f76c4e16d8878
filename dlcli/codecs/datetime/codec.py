"""A date or a time, taken apart into numbers."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from dlcli.data.columns.cell_faults import faulty_values, missing_values, no_values, unreadable_column
from dlcli.data.columns.cells import labels
from dlcli.data.columns.codec import Codec, Column, Encoded
from dlcli.data.columns.date_formats import fitting_formats
from dlcli.data.columns.instants import Instants, instants
from dlcli.data.columns.median import Median
from dlcli.data.columns.moments import Moments
from dlcli.errors import ConfigError, DataError, Problem

if TYPE_CHECKING:
    from dlcli.codecs.datetime.schema import DatetimeFeature

__all__ = ["CODEC", "CYCLES", "LINEAR", "DatetimeCodec", "build"]

LINEAR = ("timestamp", "year")
"""The parts that are standardised: seconds since 1970, and the year."""

CYCLES = {"month": 12, "day": 31, "weekday": 7, "day_of_year": 366, "hour": 24, "minute": 60, "second": 60}
"""The parts that come round again, with the length of their cycle. Each counts from 0; the week starts on Monday."""

MONTHS = ("year", "month")
DAYS = ("year", "month", "day", "weekday")
_PARTS = (MONTHS, DAYS, (*DAYS, "hour"))
"""The parts when none are given: of months, of days, of times."""

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND


class DatetimeCodec:
    """Encodes instants, in UTC, as a vector of their parts.

    `timestamp` and `year` become one number each, of zero mean and unit variance in the training split. The other
    parts become a sine and a cosine, so that December stands beside January.

    Args:
        columns: The one column.
        format: A strptime format; ISO 8601 when None.
        parts: The parts, in order; when None `year` and `month`, with `day` and `weekday` unless all are the first of a
            month, and with `hour` where there are times.
        missing: An empty cell is an `error`, or the `median` instant of the training split.
        seed: Of the sample that the median of more than 1,000,000 instants is taken from.

    Example:
        >>> codec = DatetimeCodec(("day",), parts=("month",))
        >>> codec.fit([pa.array(["2024-01-31"])])
        >>> codec.finish()
        >>> codec.encode([pa.array(["2024-01-31", "2024-04-01"])]).round(3)
        array([[0., 1.],
               [1., 0.]], dtype=float32)
    """

    type: ClassVar[str] = "datetime"
    reads: ClassVar[Literal["number", "text"]] = "text"
    dtype: Literal["float32"] = "float32"
    vocabulary: None = None
    embedding: None = None

    def __init__(
        self,
        columns: Sequence[str],
        *,
        format: str | None = None,
        parts: Sequence[str] | None = None,
        missing: Literal["error", "median"] = "error",
        seed: int = 0,
    ) -> None:
        self.columns = tuple(columns)
        self._format = format
        self._parts = DAYS if parts is None else tuple(parts)
        self._parts_known = parts is not None
        self._coarsest = 0  # what the training rows tell apart: months, days or times
        self._missing = missing
        self._linear = [part for part in self._parts if part in LINEAR]
        # The instant itself is the first channel: its least and greatest are good to know whatever the parts.
        self._moments = Moments(1 + len(self._linear))
        self._sample = Median(seed)
        self._median: int | None = None
        self._unreadable: list[str] = []  # a few values that cannot be read, for the message when none can
        self._complete = True
        self.gaps = 0

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts, in order. Those that were not given are known after `finish`."""
        return self._parts

    @property
    def stand_in(self) -> str:
        """What an empty cell becomes."""
        return "the median of the training rows"

    @property
    def shape(self) -> tuple[int, ...]:
        """`(numbers,)`: one for `timestamp` and `year`, two for other parts."""
        return (len(self.names()),)

    def fit(self, values: Sequence[Column]) -> None:
        """Take in a chunk of training rows."""
        (column,) = values
        read = instants(column, format=self._format)
        if not self._unreadable and (unreadable := np.flatnonzero(read.unreadable)).size:
            cells = labels(column, as_written=True)
            self._unreadable = [cells.names[code] for code in dict.fromkeys(cells.codes[unreadable].tolist())][:5]
        moments = read.microseconds[~(read.missing | read.unreadable)]
        self._complete = self._complete and not read.missing.any()
        if not self._parts_known:
            self._coarsest = max(self._coarsest, _resolution(moments))
        self._moments.update(
            np.stack([_part("timestamp", moments), *(_part(part, moments) for part in self._linear)], axis=1)
        )
        if self._missing == "median":
            self._sample.update(moments.astype(np.float64))

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: There is no value, or none that is an instant.
        """
        if not self._moments.count[0] and self._unreadable:
            raise unreadable_column(
                self.columns[0], self._unreadable, what="a date or time", hint=self._hint, rule="not-a-datetime"
            )
        if not self._moments.count[0]:
            raise no_values(self.columns)
        if not self._parts_known:
            self._parts, self._parts_known = _PARTS[self._coarsest], True
        if self._missing == "median":
            self._median = round(self._sample.value())

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows as `(rows, numbers)` float32.

        Raises:
            DataError: Cells that are missing (with `missing: error`) or not an instant.
        """
        (column,) = values
        read = instants(column, format=self._format)
        self._check(column, read, start)
        if self._complete:
            self.gaps += int(read.missing.sum())
        moments = read.microseconds if self._median is None else np.where(read.missing, self._median, read.microseconds)
        target = np.empty((len(moments), *self.shape), dtype=np.float32) if out is None else out
        place = 0
        channel = 1
        for part in self._parts:
            value = _part(part, moments)
            if part in LINEAR:
                scale = np.sqrt(self._moments.variance[channel]) or 1.0
                target[:, place] = (value - self._moments.mean[channel]) / scale
                place, channel = place + 1, channel + 1
            else:
                angle = value * (2 * np.pi / CYCLES[part])
                target[:, place], target[:, place + 1] = np.sin(angle), np.cos(angle)
                place += 2
        return target

    def names(self) -> tuple[str, ...]:
        """`day.year`, and `day.month.sin`, `day.month.cos`."""
        (column,) = self.columns
        return tuple(
            f"{column}.{part}{suffix}"
            for part in self._parts
            for suffix in (("",) if part in LINEAR else (".sin", ".cos"))
        )

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {
            "type": self.type,
            "columns": list(self.columns),
            "format": self._format,
            "parts": list(self._parts),
            "missing": self._missing,
            "statistics": self._moments.state(),
            "median": self._median,
            "complete": self._complete,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        options = {key: state[key] for key in ("format", "parts", "missing")}
        codec = cls(state["columns"], **options)
        codec._moments = Moments.from_state(state["statistics"])
        codec._median = state["median"]
        codec._complete = state.get("complete", False)
        return codec

    @property
    def _hint(self) -> str:
        if formats := fitting_formats(self._unreadable):
            return f"expected {self._format or 'ISO 8601'}; they are read by format: {' or '.join(map(repr, formats))}"
        wanted = "ISO 8601, such as 2024-01-31 or 2024-01-31T10:30:00" if self._format is None else self._format
        return f"expected {wanted}; `format` takes another strptime format"

    def _check(self, column: Column, read: Instants, start: int) -> None:
        (name,) = self.columns
        problems = []
        if read.unreadable.any():
            self._unreadable = list(labels(column).names)
            problems.append(
                faulty_values(
                    name,
                    column,
                    read.unreadable,
                    start=start,
                    what="are not dates or times as expected",
                    hint=self._hint,
                    rule="not-a-datetime",
                )
            )
        if self._missing == "error" and read.missing.any():
            hint = "`missing: error` refuses them; `missing: median` fills in the median instant of the training split"
            problems.append(missing_values(name, read.missing, start=start, hint=hint))
        if problems:
            raise DataError(problems)


def _resolution(moments: NDArray[np.int64]) -> int:
    """The place in `_PARTS` of what instants tell apart."""
    if (moments % _DAY).any():
        return 2
    return int(bool(_part("day", moments).any()))


def _part(part: str, moments: NDArray[np.int64]) -> NDArray[np.float64]:
    """A part of each instant, `(rows,)`: cyclic ones count from 0."""
    stamps = moments.astype("datetime64[us]")
    value: NDArray[Any]
    match part:
        case "timestamp":
            return moments / _SECOND
        case "year":
            value = stamps.astype("datetime64[Y]").astype(np.int64) + 1970
        case "month":
            value = stamps.astype("datetime64[M]").astype(np.int64) % 12
        case "day":
            value = (stamps.astype("datetime64[D]") - stamps.astype("datetime64[M]")).astype(np.int64)
        case "day_of_year":
            value = (stamps.astype("datetime64[D]") - stamps.astype("datetime64[Y]")).astype(np.int64)
        case "weekday":
            value = (moments // _DAY + 3) % 7  # 1970-01-01 was a Thursday
        case "hour":
            value = moments // (3600 * _SECOND) % 24
        case "minute":
            value = moments // (60 * _SECOND) % 60
        case "second":
            value = moments // _SECOND % 60
        case _:
            raise ValueError(f"no part of an instant is called {part!r}")
    return value.astype(np.float64)


def build(feature: DatetimeFeature, columns: Sequence[str], *, seed: int) -> DatetimeCodec:
    """The codec that a config asks for.

    Raises:
        ConfigError: The format is none that strptime knows.
    """
    if feature.format is not None:
        _check_format(feature.format)
    return DatetimeCodec(columns, format=feature.format, parts=feature.parts, missing=feature.missing, seed=seed)


def _check_format(format: str) -> None:
    """Whether strptime knows the format, tried on an instant written in it."""
    moment = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
    try:
        datetime.datetime.strptime(moment.strftime(format), format)
    except ValueError as error:
        raise ConfigError(
            Problem(
                f"{format!r} is not a strptime format: {error}",
                hint="such as %d.%m.%Y or %Y-%m-%d %H:%M:%S",
                rule="invalid-format",
            )
        ) from None


CODEC: type[Codec] = DatetimeCodec
