"""Instants, taken apart by Keras: the calendar as arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.datetime.codec import CYCLES, LINEAR, DatetimeCodec
from dlcli.codecs.keras_layers import KerasLayer
from dlcli.data.columns.codec import Column
from dlcli.data.columns.instants import instants

__all__ = ["LAYER"]

DAY = 86_400.0
"""Seconds."""


def _values(codec: DatetimeCodec, cells: Column) -> NDArray[np.float64]:
    moments = instants(cells, format=codec.state()["format"])
    seconds = np.where(moments.missing | moments.unreadable, np.nan, moments.microseconds / 1e6)
    return seconds[:, np.newaxis]


def _tensor(keras: Any, codec: DatetimeCodec, inputs: Sequence[Any]) -> Any:
    ops, (seconds,) = keras.ops, inputs
    state = codec.state()
    if state["median"] is not None:
        seconds = ops.where(ops.isnan(seconds), state["median"] / 1e6, seconds)
    statistics = state["statistics"]
    parts = []
    channel = 1
    for part in state["parts"]:
        value = _PARTS[part](ops, seconds)
        if part in LINEAR:
            constant = statistics["min"][channel] == statistics["max"][channel]
            variance = 0.0 if constant else statistics["squared_deviations"][channel] / statistics["count"][channel]
            parts.append((value - statistics["mean"][channel]) / (variance**0.5 or 1.0))
            channel += 1
        else:
            angle = value * (2 * np.pi / CYCLES[part])
            parts += [ops.sin(angle), ops.cos(angle)]
    joined = parts[0] if len(parts) == 1 else keras.layers.Concatenate(dtype="float64")(parts)
    return ops.cast(joined, "float32")


def _civil(ops: Any, seconds: Any) -> tuple[Any, Any, Any]:
    """Year, month and day from 0 of the Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms")."""
    shifted = ops.floor(seconds / DAY) + 719_468.0
    era = ops.floor(shifted / 146_097.0)
    day_of_era = shifted - era * 146_097.0
    leap_days = ops.floor(day_of_era / 1460.0) - ops.floor(day_of_era / 36_524.0) + ops.floor(day_of_era / 146_096.0)
    year_of_era = ops.floor((day_of_era - leap_days) / 365.0)
    day_of_year = day_of_era - (
        365.0 * year_of_era + ops.floor(year_of_era / 4.0) - ops.floor(year_of_era / 100.0)
    )  # from the 1st of March
    shifted_month = ops.floor((5.0 * day_of_year + 2.0) / 153.0)
    day = day_of_year - ops.floor((153.0 * shifted_month + 2.0) / 5.0)
    month = shifted_month + 2.0 - 12.0 * ops.floor((shifted_month + 2.0) / 12.0)
    year = year_of_era + era * 400.0 + ops.floor((shifted_month + 2.0) / 12.0)
    return year, month, day


def _day_of_year(ops: Any, seconds: Any) -> Any:
    before = _civil(ops, seconds)[0] - 1.0
    leap_days = ops.floor(before / 4.0) - ops.floor(before / 100.0) + ops.floor(before / 400.0)
    return ops.floor(seconds / DAY) - (365.0 * before + leap_days - 719_162.0)


def _cycle(ops: Any, value: Any, length: float) -> Any:
    return value - length * ops.floor(value / length)


_PARTS: dict[str, Callable[[Any, Any], Any]] = {
    "timestamp": lambda ops, seconds: seconds,
    "year": lambda ops, seconds: _civil(ops, seconds)[0],
    "month": lambda ops, seconds: _civil(ops, seconds)[1],
    "day": lambda ops, seconds: _civil(ops, seconds)[2],
    "day_of_year": _day_of_year,
    "weekday": lambda ops, seconds: _cycle(ops, ops.floor(seconds / DAY) + 3.0, 7.0),
    "hour": lambda ops, seconds: _cycle(ops, ops.floor(seconds / 3600.0), 24.0),
    "minute": lambda ops, seconds: _cycle(ops, ops.floor(seconds / 60.0), 60.0),
    "second": lambda ops, seconds: _cycle(ops, ops.floor(seconds), 60.0),
}


LAYER = KerasLayer("datetime", _values, _tensor, need="float64")
