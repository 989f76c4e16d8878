"""How far apart the steps of series are: found, counted, carried on, and said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dlcli.config.options.frequency import Frequency, parse_frequency
from dlcli.data.series.frequency import infer_frequency, next_times, steps_between, usual_days
from dlcli.errors import ConfigError

CASES = {
    "s": ("second", "every second", None),
    "15min": ("15 minutes", "every 15 minutes", 96),
    "h": ("hour", "hourly", 24),
    "6h": ("6 hours", "every 6 hours", 4),
    "D": ("day", "daily", 7),
    "10D": ("10 days", "every 10 days", None),
    "B": ("business_day", "business days", 5),
    "W-SUN": ("week", "weekly", 52),
    "28D": ("4 weeks", "every 4 weeks", None),
    "MS": ("month", "monthly", 12),
    "ME": ("month_end", "monthly, at month ends", 12),
    "2MS": ("2 months", "every 2 months", 6),
    "QS": ("quarter", "quarterly", 4),
    "QE": ("quarter_end", "quarterly, at month ends", 4),
    "YS": ("year", "yearly", None),
    "YE-JUN": ("year_end", "yearly, at month ends", None),
}


def moments(*args: Any, **kwargs: Any) -> NDArray[np.int64]:
    return np.asarray(pd.date_range(*args, **kwargs).as_unit("us").asi8)


def read(*texts: str) -> NDArray[np.int64]:
    return np.array(texts, "M8[us]").astype(np.int64)


@pytest.mark.parametrize("freq", CASES)
def test_a_calendar_is_found_counted_carried_on_and_said(freq: str) -> None:
    times = moments("2019-01-31" if freq != "B" else "2019-01-30", periods=60, freq=freq)
    found = infer_frequency(times[:40])
    assert found is not None
    assert (found.text, found.words, found.season) == CASES[freq]
    assert parse_frequency(found.text) == found
    assert (steps_between(found, times[:-1], times[1:]) == 1).all()
    assert next_times(found, times[39:40], 20).tolist() == [times[40:].tolist()]


@pytest.mark.parametrize("freq", CASES)
def test_missing_steps_do_not_hide_it_and_are_counted(freq: str) -> None:
    times = moments("2019-01-31" if freq != "B" else "2019-01-30", periods=60, freq=freq)
    kept = np.delete(times, [7, 20, 21, 22])
    found = infer_frequency(kept)
    assert found == infer_frequency(times)
    assert found is not None
    steps = steps_between(found, kept[:-1], kept[1:])
    assert {int(place): int(steps[place]) for place in np.flatnonzero(steps != 1)} == {6: 2, 18: 4}


@pytest.mark.parametrize("freq", CASES)
def test_two_times_say_it(freq: str) -> None:
    if freq in ("B", "28D"):  # which nothing tells from days yet
        return
    found = infer_frequency(moments("2018-12-31", periods=2, freq=freq))
    assert found == infer_frequency(moments("2018-12-31", periods=40, freq=freq))


def test_several_series_of_unequal_beginnings_say_it_together() -> None:
    one, other = moments("2020-01-01", periods=3, freq="MS"), moments("1990-05-01", periods=2, freq="MS")
    assert infer_frequency(np.concatenate([one, other]), np.array([0, 3])) == Frequency("month", 1)
    assert infer_frequency(np.concatenate([one[:1], other[:1]]), np.array([0, 1])) is None


@pytest.mark.parametrize(
    "times",
    [
        read("2024-01-01"),
        read("2024-01-01", "2024-01-03", "2024-01-04", "2024-01-09", "2024-01-16", "2024-01-18"),
        np.cumsum(np.random.default_rng(0).integers(1, 10**9, 200)),
    ],
)
def test_what_is_irregular_has_none(times: NDArray[np.int64]) -> None:
    assert infer_frequency(times) is None


def test_days_and_months_that_begin_an_hour_earlier_in_summer_are_regular() -> None:
    for freq, words in (("D", "daily"), ("W-MON", "weekly"), ("MS", "monthly, at month ends")):
        times = moments("2022-01-01", periods=30 if freq == "MS" else 500, freq=freq, tz="Europe/Berlin")
        found = infer_frequency(times)
        assert found is not None
        assert found.words == words
        assert (steps_between(found, times[:-1], times[1:]) == 1).all()


def test_the_middle_of_a_month_and_its_thirtieth() -> None:
    found = infer_frequency(read("2024-01-15T06", "2024-02-15T06", "2024-03-15T06"))
    assert found == Frequency("month", 1)
    assert next_times(found, read("2024-03-15T06"), 2).tolist() == [read("2024-04-15T06", "2024-05-15T06").tolist()]
    assert infer_frequency(read("2023-12-30", "2024-01-30", "2024-02-29", "2024-03-30")) == Frequency("month", 1)
    assert next_times(Frequency("month", 1), read("2024-01-30"), 2).tolist() == [
        read("2024-02-29", "2024-03-30").tolist()
    ]


def test_the_thirtieth_comes_again_after_february() -> None:
    times = read("2023-11-30", "2023-12-30", "2024-01-30", "2024-02-29", "2024-01-05", "2024-02-05")
    days = usual_days(times, np.array([0, 4]))
    assert days.tolist() == [30, 30, 30, 30, 5, 5]
    ahead = next_times(Frequency("month", 1), times[[3, 5]], 2, days=days[[3, 5]])
    assert ahead.tolist() == [read("2024-03-30", "2024-04-30").tolist(), read("2024-03-05", "2024-04-05").tolist()]


@given(
    st.integers(-10_000, 10_000) | st.sampled_from([0.25, 0.1, 1e-3, -7.5]),
    st.sampled_from([1, 2, 60, 0.1, 0.25, 1 / 3]),
    st.integers(2, 50),
)
def test_plain_numbers(first: float, step: float, size: int) -> None:
    times = np.asarray(first + step * np.arange(size))
    found = infer_frequency(times, numbers=True)
    assert found is not None
    assert found.count == pytest.approx(step, rel=1e-5)
    assert (steps_between(found, times[:-1], times[1:]) == 1).all()
    assert next_times(found, times[-1:], 2)[0] == pytest.approx([first + step * size, first + step * (size + 1)])


@given(st.sampled_from(list(CASES)), st.integers(0, 2**31), st.integers(0, 60), st.integers(0, 300))
def test_what_is_counted_is_what_was_gone(freq: str, seed: int, first: int, steps: int) -> None:
    frequency = parse_frequency(CASES[freq][0])
    start = moments("1999-12-31" if freq != "B" else "1999-12-30", periods=1 + first, freq=freq)[-1:]
    there = next_times(frequency, start, steps + 1)[0, -1:]
    assert steps_between(frequency, start, there).tolist() == [steps + 1]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("hour", "hour"),
        ("1 hour", "hour"),
        ("every 15 minutes", "15 minutes"),
        ("15min", "15 minutes"),
        ("15T", "15 minutes"),
        ("60 min", "hour"),
        ("24h", "day"),
        ("7 days", "week"),
        ("Monthly", "month"),
        ("MS", "month"),
        ("ME", "month_end"),
        ("month end", "month_end"),
        ("3 months", "quarter"),
        ("12 months", "year"),
        ("quarter-end", "quarter_end"),
        ("annual", "year"),
        ("business days", "business_day"),
        ("B", "business_day"),
        ("250 ms", "250 milliseconds"),
        (1, "1"),
        (0.5, "0.5"),
        ("0.5", "0.5"),
    ],
)
def test_what_people_write(said: str | float, meant: str) -> None:
    assert parse_frequency(said).text == meant


@pytest.mark.parametrize("said", ["fortnight", "0 days", "", "-1", 0, "month of May", "1.5 h", "nan"])
def test_what_is_none(said: str | float) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_frequency(said)
    (problem,) = caught.value.problems
    assert problem.rule == "invalid-frequency"
    assert problem.hint


def test_a_near_miss_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_frequency("quater")
    assert "quarter" in caught.value.problems[0].hint
