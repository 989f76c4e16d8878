"""Times as they come: out of order, twice, missing, irregular, written in any way. Nothing of it passes in silence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dlcli.config.schema import DataConfig, Windows
from dlcli.data.prepare import Prepared, prepare
from dlcli.data.series.steps import find_steps, steps_after
from dlcli.data.series.time_form import find_form
from dlcli.errors import DataError, Problem

NUMBER = {"type": "number", "scale": "none"}


def prepared(folder: Path, times: Sequence[Any], windows: dict[str, Any] | None = None, **keys: Any) -> Prepared:
    table = pd.DataFrame({"t": times, "y": np.arange(float(len(times)))})
    if "series" in (windows or {}):
        table["s"] = keys.pop("names")
    file = folder / "x.csv"
    table.to_csv(file, index=False)
    data = {"train": str(file), "target": {"y": NUMBER}, "features": {"y": NUMBER}}
    form = {"length": 2, "horizon": 1, "time": "t", **(windows or {})}
    return prepare(DataConfig.model_validate({**data, "windows": form, **keys}), seed=0)


def refused(folder: Path, times: Sequence[Any], windows: dict[str, Any] | None = None, **keys: Any) -> Problem:
    with pytest.raises(DataError) as caught:
        prepared(folder, times, windows, **keys)
    (problem,) = caught.value.problems
    assert problem.path.startswith("data.windows")
    assert problem.hint
    return problem


def dates(*args: Any, **kwargs: Any) -> list[str]:
    form = kwargs.pop("form", "%Y-%m-%d")
    return list(pd.date_range(*args, **kwargs).strftime(form))


def said(found: Prepared) -> str:
    return "\n".join(found.notes)


def ahead(found: Prepared) -> list[float]:
    samples = found.splits["train"]
    return [float(each) for each in samples.take(slice(0, len(samples))).targets["y"].ravel()]


def test_rows_out_of_order_are_put_into_it_and_it_is_said(tmp_path: Path) -> None:
    times = dates("2024-01-01", periods=6, freq="D")
    found = prepared(tmp_path, [*times[3:], *times[:3]])
    assert ahead(found) == [5.0, 0.0, 1.0, 2.0]
    assert "daily from 2024-01-01 to 2024-01-06; the rows were put into the order of their times" in said(found)
    assert "put into the order" not in said(prepared(tmp_path, times))


def test_times_that_come_twice(tmp_path: Path) -> None:
    times = dates("2024-01-01", periods=6, freq="D")
    problem = refused(tmp_path, [*times, *times])
    assert problem.rule == "duplicate-time"
    assert "6 steps" in problem.message
    assert "`series:`" in problem.hint
    inside = refused(tmp_path, [*times, *times, times[0]], {"series": "s"}, names=["a"] * 6 + ["b"] * 7)
    assert inside.rule == "duplicate-time"
    assert "of the series b" in inside.message


def test_the_hour_that_clocks_repeat_is_told_as_such(tmp_path: Path) -> None:
    hours = pd.date_range("2024-10-26", periods=60, freq="h", tz="Europe/Berlin")
    problem = refused(tmp_path, list(hours.strftime("%Y-%m-%dT%H:%M")))
    assert problem.rule == "duplicate-time"
    assert "clocks" in problem.hint
    found = prepared(tmp_path, [each.isoformat() for each in hours])
    assert "hourly from" in said(found)
    assert "missing" not in said(found)


def test_no_window_crosses_missing_steps(tmp_path: Path) -> None:
    times = dates("2024-01-01", periods=9, freq="MS", form="%Y-%m")
    found = prepared(tmp_path, times[:4] + times[5:])
    assert ahead(found) == [2.0, 3.0, 6.0, 7.0]
    assert "monthly from 2024-01 to 2024-09; 1 step missing at 1 place, which no window crosses" in said(found)


def test_missing_steps_as_the_config_says(tmp_path: Path) -> None:
    times = dates("2024-01-01", periods=9, freq="MS", form="%Y-%m")
    times = times[:4] + times[6:]
    assert len(ahead(prepared(tmp_path, times, {"gaps": "ignore"}))) == 5
    problem = refused(tmp_path, times, {"gaps": "error"})
    assert problem.rule == "missing-steps"
    assert "2 steps are missing at 1 places of the series, the first between 2024-04 and 2024-07" in problem.message
    found = prepared(tmp_path, times, {"gaps": {"fill": "linear"}})
    assert ahead(found) == pytest.approx([2.0, 3.0, 3 + 1 / 3, 5.0, 6.0])  # none as of a step that was put in
    assert "2 missing steps put in (linear)" in said(found)
    assert ahead(prepared(tmp_path, times, {"gaps": {"fill": "zero"}}))[2:4] == [0.0, 0.0]


def test_what_is_put_in_before_a_border_is_not_learnt_on_its_near_side(tmp_path: Path) -> None:
    """A step on the line to a validation step tells of it, so that it is of that split; no matter for other rules."""
    times = dates("2024-01-01", periods=21, freq="D")
    times = times[:14] + times[16:]  # 14 rows of training; two steps are put in before the first of validation
    for rule, before in (("linear", 14), ("previous", 16)):
        found = prepared(tmp_path, times, {"gaps": {"fill": rule}}, validation=5 / 21)
        learnt = found.splits["train"].take(slice(None)).targets["y"].ravel()
        # A window shows two steps, and each is learnt of but the first two.
        assert len(learnt) == before - 2, rule
        assert learnt.max() <= 14, rule


def test_irregular_times_are_doubted(tmp_path: Path) -> None:
    days = np.cumsum([1, 3, 2, 7, 1, 11, 4, 2])
    times = [str(np.datetime64("2024-01-01") + np.timedelta64(int(day), "D")) for day in days]
    found = prepared(tmp_path, times)
    assert [doubt.rule for doubt in found.doubts] == ["irregular-times"]
    assert len(ahead(found)) == len(times) - 2
    assert refused(tmp_path, times, {"gaps": "error"}).rule == "missing-steps"


def test_a_frequency_that_the_times_do_not_have(tmp_path: Path) -> None:
    hours = dates("2024-01-01", periods=30, freq="h", form="%Y-%m-%d %H:%M")
    problem = refused(tmp_path, hours, {"frequency": "day"})
    assert problem.rule == "wrong-frequency"
    assert "29 rows" in problem.message
    assert refused(tmp_path, list(range(10)), {"frequency": "day"}).rule == "wrong-frequency"
    assert refused(tmp_path, hours, {"frequency": "1"}).rule == "wrong-frequency"
    jittered = [f"2024-01-01 {hour:02d}:00:{hour % 7:02d}" for hour in range(20)]
    assert "irregular-times" in [doubt.rule for doubt in prepared(tmp_path, jittered).doubts]
    assert prepared(tmp_path, jittered, {"frequency": "hour"}).doubts == ()


def test_series_that_are_shorter_than_a_window(tmp_path: Path) -> None:
    times = dates("2024-01-01", periods=6, freq="D")
    found = prepared(tmp_path, [*times, *times[:2]], {"series": "s"}, names=["a"] * 6 + ["b"] * 2)
    assert "1 series shorter than its 3 steps give none" in said(found)
    problem = refused(tmp_path, times, {"length": 6})
    assert problem.rule == "no-windows"
    assert "the longest of 1 series has 6" in problem.message


def test_splits_without_room_for_a_window_say_how_to_make_some(tmp_path: Path) -> None:
    times = dates("2024-01-01", periods=40, freq="D")
    problem = refused(tmp_path, times, {"length": 8, "horizon": 2}, test=0.2)
    assert "no window has room in the test split" in problem.message
    assert "look_back: true" in problem.hint
    found = prepared(tmp_path, times, {"length": 8, "horizon": 2, "look_back": True}, test=0.2)
    assert {name: len(samples) for name, samples in found.splits.items()} == {"train": 23, "test": 7}


@pytest.mark.parametrize(
    ("form", "what"),
    [
        ("%d.%m.%Y", "daily from 20.01.2024 to 08.02.2024"),
        ("%m/%d/%Y", "daily from 01/20/2024 to 02/08/2024"),
        ("%Y%m%d", "daily from 20240120 to 20240208"),
        ("%Y-%m-%dT%H:%M:%SZ", "daily from 2024-01-20T00:00:00Z to 2024-02-08T00:00:00Z"),
        ("%b %d, %Y", "daily from Jan 20, 2024 to Feb 08, 2024"),
    ],
)
def test_dates_as_people_write_them(tmp_path: Path, form: str, what: str) -> None:
    assert what in said(prepared(tmp_path, dates("2024-01-20", periods=20, freq="D", form=form)))


def test_dates_that_can_be_read_in_two_ways(tmp_path: Path) -> None:
    times = dates("2024-01-01", periods=12, freq="MS", form="%d/%m/%Y")
    problem = refused(tmp_path, times)
    assert problem.rule == "ambiguous-time"
    assert "time_format: '%d/%m/%Y' or '%m/%d/%Y'" in problem.hint
    assert "monthly" in said(prepared(tmp_path, times, {"time_format": "%d/%m/%Y"}))
    assert "daily" in said(prepared(tmp_path, times, {"time_format": "%m/%d/%Y"}))


def test_cells_that_are_no_times(tmp_path: Path) -> None:
    times: list[Any] = dates("2024-01-01", periods=12, freq="D")
    empty = refused(tmp_path, [*times[:3], None, *times[4:]])
    assert "empty cells (1), the first in row 4 of 'x.csv'" in empty.message
    wrong = refused(tmp_path, [*times[:3], "soon", *times[4:]])
    assert "neither numbers nor times (1), the first in row 4" in wrong.message
    assert "time_format" in wrong.hint
    form = refused(tmp_path, [*times[:3], "2024-02-31", *times[4:]], {"time_format": "%Y-%m-%d"})
    assert "cells that are no '%Y-%m-%d' (1)" in form.message


@pytest.mark.parametrize(("freq", "words"), [("D", "daily"), ("MS", "monthly"), ("W-MON", "weekly"), ("h", "hourly")])
def test_a_time_zone_is_that_of_the_clock_on_the_wall(freq: str, words: str) -> None:
    zone = "Europe/Berlin"
    times = pd.date_range("2001-01-01", periods=300, freq=freq, tz=zone)
    cells = pa.array(times.as_unit("us").asi8).cast(pa.timestamp("us", zone))
    form = find_form([cells])
    read = form.read(cells)
    steps = find_steps(read[:200], np.array([0]), Windows(length=1), form)
    assert steps.frequency is not None
    assert steps.frequency.words == words
    assert steps.missing == 0
    after = form.write(steps_after(steps.frequency, read[199:200], 100, form)[0])
    assert after.to_pylist() == cells[200:].to_pylist()


def test_steps_of_too_fine_a_frequency_are_all_gaps(tmp_path: Path) -> None:
    times = dates("2024-01-01", periods=20, freq="D")
    problem = refused(tmp_path, times, {"frequency": "hour"})
    assert problem.rule == "no-windows"
    assert "has 1 without a gap: of hourly steps some are missing at 19 places" in problem.message
    assert "`frequency`" in problem.hint


def test_a_source_of_its_own_has_the_steps_of_the_training(tmp_path: Path) -> None:
    hours = dates("2024-01-01", periods=30, freq="h", form="%Y-%m-%d %H:%M")
    pd.DataFrame({"t": hours, "y": 1.0}).to_csv(tmp_path / "test.csv", index=False)
    days = dates("2024-01-01", periods=30, freq="D")
    assert refused(tmp_path, days, test=str(tmp_path / "test.csv")).rule == "wrong-frequency"
    assert prepared(tmp_path, hours, test=str(tmp_path / "test.csv")).doubts == ()
