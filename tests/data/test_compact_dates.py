"""Numbers that are dates, such as 20150314, and numbers that only look alike."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.codecs.datetime.schema import DatetimeFeature
from dlcli.config.schema import DataConfig
from dlcli.data.columns.chunk import ColumnInfo
from dlcli.data.columns.compact_dates import CompactDates
from dlcli.data.columns.instants import instants
from dlcli.data.prepare import prepare
from dlcli.data.types.inference import infer_feature

FORMATS = ["%Y%m", "%Y%m%d", "%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S"]
moments = st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2099, 12, 31))


def form_of(*chunks: list[Any]) -> str:
    dates = CompactDates()
    for chunk in chunks:
        dates.add(pa.array(chunk))
    form = dates.form()
    return "" if form is None else form.format


@given(st.lists(moments, min_size=12, max_size=40), st.sampled_from(FORMATS), st.integers(0, 40))
def test_the_format_reads_every_value(days: list[datetime.datetime], form: str, cut: int) -> None:
    numbers = [int(day.strftime(form)) for day in days]
    found = form_of(numbers[:cut], numbers[cut:]) if 0 < cut < len(numbers) else form_of(numbers)
    assert found == (form if len(set(numbers)) >= (12 if form == "%Y%m" else 3) else "")
    for values in (pa.array(numbers), pa.array(numbers).cast(pa.float64())):
        read = instants(values, format=form)
        assert not read.unreadable.any()
        expected = [datetime.datetime.strptime(str(number), form).replace(tzinfo=datetime.UTC) for number in numbers]
        assert read.microseconds.tolist() == [int(each.timestamp()) * 1_000_000 for each in expected]


@pytest.mark.parametrize(
    "values",
    [
        [20150101, 20150131, 20150132],
        [20150101, 20150229, 20150301],
        [20150101, 20150131],
        [20150101.5, 20150131, 20150102],
        [-20150101, -20150131, -20150102],
        [201501, 201502, 201503],
        [*range(200000, 200400, 7)],
        [*range(20150000, 20159999, 101)],
        [195000, 201000, 210000, 189900],
        [1426334400, 1426420800, 1426507200, 1426593600],
        [2015551234, 2015551235, 2125550000],
        [1, 20150101, 20150131, 20150102],
        [18991231, 20150131, 20150102],
        [1990, 2000, 2015, 2020],
        [1e20, 1e19, 2015.0, float("inf")],
    ],
)
def test_what_is_no_date(values: list[Any]) -> None:
    assert form_of(values) == ""
    assert form_of(*([value] for value in values)) == ""


DAYS = [20150300 + day for day in range(1, 31)]


@pytest.mark.parametrize(
    "column",
    [
        pa.chunked_array([DAYS[:7], DAYS[7:]]),
        pa.chunked_array([[*DAYS[:7], None], DAYS[7:]]),
        pa.chunked_array([pa.array([float(day) for day in DAYS])]),
        pa.chunked_array([[str(day) for day in DAYS]]),
        np.array(DAYS),
    ],
)
def test_a_column_of_them_is_a_number_with_a_doubt(column: Any) -> None:
    guess = infer_feature(column, ColumnInfo("when", "number"))
    assert guess.feature is not None
    assert guess.feature.type == "number"
    (doubt,) = guess.doubts
    assert (doubt.rule, doubt.path) == ("doubtful-type", "data.features.when")
    assert "20150301" in doubt.message
    assert doubt.hint.startswith("{type: datetime, format: '%Y%m%d'}")


@pytest.mark.parametrize("column", [["20150301", "x", "20150302", "20150303"], ["020150301", "20150302", "20150303"]])
def test_texts_among_them_are_no_date(column: list[str]) -> None:
    guess = infer_feature(pa.chunked_array([column]), ColumnInfo("when", "text"))
    assert not any("%Y" in doubt.hint for doubt in guess.doubts)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
@pytest.mark.parametrize("gap", [False, True])
def test_what_the_hint_says_is_read_from_every_format(tmp_path: Path, suffix: str, gap: bool) -> None:

    table = pd.DataFrame({"when": DAYS, "y": ["a", "b"] * 15})
    if gap:
        table.loc[3, "when"] = None
    file = tmp_path / f"t{suffix}"
    match suffix:
        case ".csv":
            table.to_csv(file, index=False)
        case ".parquet":
            table.to_parquet(file)
        case _:
            table.to_json(file, orient="records", lines=True)
    feature = DatetimeFeature(format="%Y%m%d", parts=["timestamp"])
    config = DataConfig.model_validate({"train": str(file), "target": "y", "features": {"when": feature}})
    prepared = prepare(config, seed=0, classification=True, units=2)
    assert not [doubt for doubt in prepared.doubts if doubt.rule == "doubtful-type"]
    values = np.concatenate([part.take(slice(None)).inputs["features"][:, 0] for part in prepared.splits.values()])
    assert len(np.unique(values)) >= 29
