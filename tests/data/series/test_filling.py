"""Missing steps are put in when they are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.options.frequency import Frequency
from dlcli.data.columns.chunk import Chunk
from dlcli.data.series.filling import Filling, fill_gaps
from dlcli.data.series.time_form import find_form
from dlcli.data.table.rows import Rows
from dlcli.errors import DataError

MONTH = Frequency("month", 1)


def table(columns: dict[str, Any], cut: int = 0) -> Rows:
    """Rows in one chunk, or in two."""
    size = len(next(iter(columns.values())))
    chunk = Chunk(columns, size)
    parts = [chunk.cut(0, cut), chunk.cut(cut, size)] if cut else [chunk]
    offsets = np.array([0, cut][: len(parts)])
    return Rows(tuple(parts), tuple(columns), offsets, size)


def filled(rows: Rows, how: Any, frequency: Frequency = MONTH, **options: Any) -> tuple[dict[str, list[Any]], int]:
    """The new rows, by column."""
    form = find_form(rows.column("t"))
    times = np.concatenate([form.read(part) for part in rows.column("t")])
    names = [name for part in rows.column("s") for name in part.tolist()] if "s" in rows.columns else []
    series = np.unique(np.array(names), return_inverse=True)[1] if names else np.zeros(rows.num_rows, np.int64)
    order = np.lexsort((times, series))
    starts = np.flatnonzero(np.diff(series[order], prepend=-1))
    whole, before = fill_gaps(rows, order, times[order], starts, Filling(how, frequency, "t", form, **options))
    count = len(before)
    new = {name: [value for part in whole.column(name) for value in part.tolist()] for name in whole.columns}
    assert all(len(values) == whole.num_rows == rows.num_rows + count for values in new.values())
    return {name: values[rows.num_rows :] for name, values in new.items()}, count


COLUMNS: dict[str, Any] = {
    "t": pa.array(["2024-04", "2023-11", "2024-01", "2024-04", "2024-03"]),
    "s": pa.array(["a", "a", "a", "b", "b"]),
    "x": pa.array([5.0, 0.5, 2.0, 9.0, 8.0]),
    "n": pa.array([10, 1, None, 3, 4], pa.int64()),
    "word": pa.array(["z", "y", None, "w", "v"]),
    "flag": pa.array([True, False, True, False, True]),
    "v": np.array([[4, 0], [0, 0], [1, 9], [7, 7], [8, 8]], np.int32),
}


@pytest.mark.parametrize("cut", [0, 2])
@pytest.mark.parametrize(
    ("how", "x", "n", "v"),
    [
        ("previous", [0.5, 2.0, 2.0], [1, None, None], [[0, 0], [1, 9], [1, 9]]),
        ("linear", [1.25, 3.0, 4.0], [None, None, None], [[0, 4], [2, 6], [3, 3]]),
        ("zero", [0, 0, 0], [0, 0, 0], [[0, 0], [0, 0], [0, 0]]),
    ],
)
def test_each_rule(how: str, x: list[float], n: list[Any], v: list[Any], cut: int) -> None:
    new, count = filled(table(COLUMNS, cut), how)
    assert count == 3
    assert new == {
        "t": ["2023-12", "2024-02", "2024-03"],
        "s": ["a", "a", "a"],
        "x": x,
        "n": n,
        "word": ["y", None, None],
        "flag": [False, True, True],
        "v": v,
    }


def test_numbers_that_name_a_series_stay() -> None:
    rows = table({"t": pa.array([1.0, 3.0]), "store": pa.array([7.0, 7.0]), "x": pa.array([1.0, 5.0])})
    new, _ = filled(rows, "linear", Frequency("number", 1), kept=("store",))
    assert new == {"t": [2.0], "store": [7.0], "x": [3.0]}


def test_nothing_is_missing() -> None:
    rows = table({"t": pa.array(["2024-01", "2024-02"]), "x": pa.array([1.0, 5.0])})
    form = find_form(rows.column("t"))
    times = np.concatenate([form.read(part) for part in rows.column("t")])
    whole, before = fill_gaps(rows, np.arange(2), times, np.array([0]), Filling("zero", MONTH, "t", form))
    assert whole is rows
    assert len(before) == 0


def test_a_frequency_that_is_too_fine_is_refused() -> None:
    rows = table({"t": pa.array(["2024-01-01", "2024-02-01"]), "x": pa.array([1.0, 5.0])})
    with pytest.raises(DataError) as caught:
        filled(rows, "zero", Frequency("time", 60_000_000))
    assert [problem.rule for problem in caught.value.problems] == ["too-many-gaps"]


@given(st.integers(0, 2**31), st.integers(2, 40), st.floats(-1e6, 1e6), st.floats(-1e3, 1e3))
def test_a_line_is_put_back(seed: int, size: int, first: float, slope: float) -> None:
    kept = np.sort(np.random.default_rng(seed).choice(size, max(2, size // 2), replace=False))
    rows = table({"t": pa.array(kept.astype(float)), "x": pa.array(first + slope * kept)})
    if kept[-1] - kept[0] > 10 * len(kept):
        return
    new, count = filled(rows, "linear", Frequency("number", 1))
    assert sorted([*new["t"], *kept]) == list(range(kept[0], kept[-1] + 1))
    assert new["x"] == pytest.approx([first + slope * time for time in new["t"]], abs=1e-6 + abs(first) * 1e-9)
    assert count == kept[-1] - kept[0] + 1 - len(kept)


def test_the_thirtieth_is_filled_in_after_february() -> None:
    days = pa.array(["2023-12-30", "2024-01-30", "2024-02-29", "2024-05-30"])
    new, _ = filled(table({"t": days, "x": pa.array([1.0, 2.0, 3.0, 6.0])}, 0), "linear")
    assert new["t"] == ["2024-03-30", "2024-04-30"]
