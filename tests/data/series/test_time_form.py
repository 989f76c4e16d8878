"""Times are written as those before them were."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.series.frequency import infer_frequency, next_times
from dlcli.data.series.time_form import find_form

UTC = datetime.UTC


def following(cells: pa.Array, steps: int, format: str | None = None) -> list[Any]:
    """The cells after those of a column."""
    form = find_form([cells.slice(0, 1), cells.slice(1)], format)
    times = form.read(cells)
    frequency = infer_frequency(times, numbers=form.numbers)
    assert frequency is not None
    written = form.write(next_times(frequency, times[-1:], steps)[0])
    assert written.type == cells.type
    return list(written.to_pylist())


@pytest.mark.parametrize(
    ("cells", "format", "after"),
    [
        (["2023-10", "2023-11"], None, ["2023-12", "2024-01"]),
        (["2023-11-30", "2023-12-31"], None, ["2024-01-31", "2024-02-29"]),
        (["2024-02-27", "2024-02-28"], None, ["2024-02-29", "2024-03-01"]),
        (["2024-01-01 22:00", "2024-01-01 23:00"], None, ["2024-01-02 00:00", "2024-01-02 01:00"]),
        (["2024-01-01T23:30:00", "2024-01-01T23:45:00"], None, ["2024-01-02T00:00:00", "2024-01-02T00:15:00"]),
        (["2024-01-01T23:00:00Z", "2024-01-01T23:30:00Z"], None, ["2024-01-02T00:00:00Z", "2024-01-02T00:30:00Z"]),
        (
            ["2024-01-01 23:00+02:00", "2024-01-02 00:00+02:00"],
            None,
            ["2024-01-02 01:00+02:00", "2024-01-02 02:00+02:00"],
        ),
        (
            ["2024-01-01T23:00:00-0530", "2024-01-02T00:00:00-0530"],
            None,
            ["2024-01-02T01:00:00-0530", "2024-01-02T02:00:00-0530"],
        ),
        (
            ["2024-01-01 00:00:00.000", "2024-01-01 00:00:00.250"],
            None,
            ["2024-01-01 00:00:00.500", "2024-01-01 00:00:00.750"],
        ),
        (["31.12.2023", "01.01.2024"], "%d.%m.%Y", ["02.01.2024", "03.01.2024"]),
        (["12/31/2023", "1/1/2024"], "%m/%d/%Y", ["1/2/2024", "1/3/2024"]),
        (["Nov 2023", "Dec 2023"], "%b %Y", ["Jan 2024", "Feb 2024"]),
        (["20231229", "20231230", "20231231"], None, ["20240101", "20240102"]),
        (["1", "2", "3"], None, ["4", "5"]),
        (["0.5", "1.0", "1.5"], None, ["2", "2.5"]),
    ],
)
def test_texts(cells: list[str], format: str | None, after: list[str]) -> None:
    assert following(pa.array(cells), 2, format) == after


@pytest.mark.parametrize(
    ("cells", "format", "after"),
    [
        (pa.array([2001.0, 2002.0]), None, [2003.0, 2004.0]),
        (pa.array([7, 8], pa.int32()), None, [9, 10]),
        (pa.array([20231229.0, 20231230.0, 20231231.0]), None, [20240101.0, 20240102.0]),
        (pa.array([202311, 202312]), "%Y%m", [202401, 202402]),
        (
            pa.array([datetime.date(2023, 11, 1), datetime.date(2023, 12, 1)]),
            None,
            [datetime.date(2024, 1, 1), datetime.date(2024, 2, 1)],
        ),
        (
            pa.array([datetime.datetime(2023, 12, 30), datetime.datetime(2023, 12, 31)], pa.timestamp("ms")),
            None,
            [datetime.datetime(2024, 1, 1), datetime.datetime(2024, 1, 2)],
        ),
    ],
)
def test_typed_cells(cells: pa.Array, format: str | None, after: list[Any]) -> None:
    assert following(cells, 2, format) == after


def test_a_time_zone_stays() -> None:
    cells = pa.array([datetime.datetime(2024, 6, 1, hour, tzinfo=UTC) for hour in (21, 22)])
    assert following(cells, 1) == [datetime.datetime(2024, 6, 1, 23, tzinfo=UTC)]


def test_what_the_form_cannot_say_is_written_finer() -> None:
    form = find_form([pa.array(["2024-01", "2024-02"])])
    assert form.write(np.array(["2024-03-05T06:07"], "M8[us]").astype(np.int64)).to_pylist() == ["2024-03-05T06:07"]


@given(
    st.lists(st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2100, 1, 1)), min_size=1, max_size=5),
    st.sampled_from([" ", "T"]),
    st.sampled_from(["", "Z", "+01:00", "-0330", "+14"]),
    st.sampled_from(["minutes", "seconds", "milliseconds", "microseconds"]),
)
def test_what_was_read_is_written(moments: list[datetime.datetime], between: str, zone: str, spec: str) -> None:
    cells = pa.array([moment.isoformat(between, spec) + zone for moment in moments])
    form = find_form([cells])
    assert form.write(form.read(cells)).to_pylist() == cells.to_pylist()
