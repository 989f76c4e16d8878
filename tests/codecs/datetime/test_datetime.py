"""Instants: reading them and taking them apart."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.codecs.datetime.codec import CYCLES, LINEAR, DatetimeCodec
from dlcli.data.columns.codec import Column
from dlcli.data.columns.instants import instants
from dlcli.errors import DataError

MOMENTS = st.datetimes(datetime.datetime(1600, 1, 1), datetime.datetime(2400, 1, 1))
UTC = datetime.UTC
EPOCH = datetime.datetime(1970, 1, 1)


def _microseconds(moment: datetime.datetime) -> int:
    return (moment - EPOCH) // datetime.timedelta(microseconds=1)


def _fit(codec: DatetimeCodec, column: Column) -> DatetimeCodec:
    codec.fit([column])
    codec.finish()
    return codec


@given(st.lists(MOMENTS, min_size=1, max_size=10), st.sampled_from(["T", " "]))
def test_reads_iso_8601(moments: list[datetime.datetime], separator: str) -> None:
    read = instants(pa.array([moment.isoformat(separator) for moment in moments]))
    assert not read.unreadable.any()
    assert read.microseconds.tolist() == [_microseconds(moment) for moment in moments]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2024-01-31", "2024-01-31T00:00:00"),
        (" 2024-01-31 ", "2024-01-31T00:00:00"),
        ("2024-01-31T10:30", "2024-01-31T10:30:00"),
        ("2024-01-31T10:30:00Z", "2024-01-31T10:30:00"),
        ("2024-01-31 10:30+02:00", "2024-01-31T08:30:00"),
        ("2024-01-31T10:30:00-0530", "2024-01-31T16:00:00"),
        ("2024-01-31T10:30:00.123456789", "2024-01-31T10:30:00.123456"),
        ("0001-01-01", "0001-01-01T00:00:00"),
        ("9999-12-31", "9999-12-31T00:00:00"),
    ],
)
def test_forms_of_iso_8601(text: str, wanted: str) -> None:
    # With and without an unreadable neighbour: that takes another way.
    for column in (pa.array([text]), pa.array([text, "x"])):
        assert instants(column).microseconds[0] == _microseconds(datetime.datetime.fromisoformat(wanted))


@pytest.mark.parametrize(
    "column",
    [
        pa.array([datetime.datetime(2024, 1, 31, 12), None]),
        pa.array([datetime.datetime(2024, 1, 31, 12), None], pa.timestamp("s")),
        pa.array([datetime.datetime(2024, 1, 31, 12, tzinfo=UTC), None], pa.timestamp("ns", "Asia/Tokyo")),
        np.array(["2024-01-31T12", "NaT"], "datetime64[ms]"),
        pa.array(["2024-01-31 12:00", None]),
    ],
    ids=lambda column: str(getattr(column, "type", getattr(column, "dtype", ""))),
)
def test_reads_typed_columns(column: Column) -> None:
    read = instants(column)
    assert read.microseconds[0] == _microseconds(datetime.datetime(2024, 1, 31, 12))
    assert read.missing.tolist() == [False, True]
    assert not read.unreadable.any()


def test_reads_dates_and_integers() -> None:
    wanted = _microseconds(datetime.datetime(2024, 1, 31))
    assert instants(pa.array([datetime.date(2024, 1, 31)])).microseconds.tolist() == [wanted]
    assert instants(pa.array([20240131.0]), format="%Y%m%d").microseconds.tolist() == [wanted]
    assert instants(pa.array(["31.01.2024 02:00 +0200"]), format="%d.%m.%Y %H:%M %z").microseconds.tolist() == [wanted]


@pytest.mark.parametrize("text", ["31.02.2024", "1.1.24 x", "2024-01-31", ""])
def test_a_format_is_exact(text: str) -> None:
    assert instants(pa.array([text]), format="%d.%m.%Y").unreadable.tolist() == [True]


@given(st.lists(MOMENTS, min_size=1, max_size=20))
def test_parts_are_pythons(moments: list[datetime.datetime]) -> None:
    parts = (*LINEAR, *CYCLES)
    column = pa.array(moments, pa.timestamp("us"))
    encoded = _fit(DatetimeCodec(["t"], parts=parts), column).encode([column])
    for row, moment in zip(encoded, moments, strict=True):
        wanted = {
            "month": moment.month - 1,
            "day": moment.day - 1,
            "weekday": moment.weekday(),
            "day_of_year": moment.timetuple().tm_yday - 1,
            "hour": moment.hour,
            "minute": moment.minute,
            "second": moment.second,
        }
        for place, (part, value) in enumerate(wanted.items()):
            angle = 2 * math.pi * value / CYCLES[part]
            sine, cosine = row[2 + 2 * place : 4 + 2 * place].tolist()
            assert (sine, cosine) == pytest.approx((math.sin(angle), math.cos(angle)), abs=1e-6)
    seconds = np.array([_microseconds(moment) / 1e6 for moment in moments])
    years = np.array([float(moment.year) for moment in moments])
    for place, values in enumerate((seconds, years)):
        spread = values.std() if len(set(values)) > 1 else 1.0
        np.testing.assert_allclose(encoded[:, place], (values - values.mean()) / spread, atol=1e-3)


def test_names_and_order_of_parts() -> None:
    codec = DatetimeCodec(["t"], parts=["month", "year"])
    assert codec.names() == ("t.month.sin", "t.month.cos", "t.year")
    assert codec.shape == (3,)


def test_the_median_instant_fills_in() -> None:
    column = pa.array(["2024-01-01", "2024-01-03", "2029-01-01", None])
    codec = _fit(DatetimeCodec(["t"], parts=["timestamp", "weekday"], missing="median"), column)
    encoded = codec.encode([column])
    np.testing.assert_array_equal(encoded[3], encoded[1])


def test_faults_are_reported_together() -> None:
    codec = _fit(DatetimeCodec(["t"]), pa.array(["2024-01-31"]))
    with pytest.raises(DataError) as error:
        codec.encode([pa.array(["2024-02-30", None, "soon", "2024-01-01"])], start=1)
    read, missing = error.value.problems
    assert "'2024-02-30' (row 2), 'soon' (row 4)" in read.message
    assert missing.message == "column 't' has a missing value (row 3)"
    assert (read.rule, missing.rule) == ("not-a-datetime", "missing-value")
    assert "ISO 8601" in read.hint
