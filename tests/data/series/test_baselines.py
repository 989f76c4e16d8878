"""What repeats the past of a series, as reports set it beside a model of windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlcli.config.schema import DataConfig
from dlcli.data.prepare import Prepared, prepare
from dlcli.data.samples.windows import WindowSamples
from dlcli.evaluation.compared import RowsOf


def prepared_on(file: Path, table: pd.DataFrame, windows: dict[str, Any], target: Any, **keys: Any) -> Prepared:
    table.to_csv(file, index=False)
    data = {"train": str(file), "target": {"y": target}, "features": {"x": {"type": "number", "scale": "none"}}}
    given = {**data, "windows": {"time": "t", "series": "s", **windows}, **keys}
    return prepare(DataConfig.model_validate(given), seed=0)


def guesses(prepared: Prepared, target: str = "y") -> dict[str, Any]:
    samples = prepared.splits["train"]
    indices = slice(0, len(samples))
    rows = RowsOf(samples, indices, samples.take(indices))
    return {each.name: each.guess(rows) for each in prepared.preprocessing.baselines(target)}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    length=st.integers(1, 4),
    horizon=st.integers(1, 4),
    delay=st.integers(0, 3),
    season=st.integers(2, 6),
    sizes=st.lists(st.integers(12, 20), min_size=1, max_size=3),
)
def test_numbers_are_those_of_a_loop_over_the_whole_past(
    tmp_path: Path, length: int, horizon: int, delay: int, season: int, sizes: list[int]
) -> None:
    frames = [
        pd.DataFrame({"t": range(size), "s": f"s{number}", "y": 100.0 * number + np.arange(size) ** 1.5, "x": 0.5})
        for number, size in enumerate(sizes)
    ]
    form = {"length": length, "horizon": horizon, "delay": delay, "season": season}
    scaled = {"type": "number", "scale": "standard"}
    prepared = prepared_on(tmp_path / "a.csv", pd.concat(frames), form, scaled)
    wanted: dict[str, list[list[float]]] = {"seasonal_naive": [], "naive": []}
    for frame in frames:
        values = frame["y"].tolist()
        for end in range(length - 1, len(values) - delay - horizon):
            wanted["naive"].append([values[end]] * horizon)
            told = []
            for step in range(end + 1 + delay, end + 1 + delay + horizon):
                back = step
                while back > end:
                    back -= season
                told.append(values[back] if back >= 0 else values[end])
            wanted["seasonal_naive"].append(told)
    found = guesses(prepared)
    assert list(found)[:2] == ["seasonal_naive", "naive"]
    for name, rows in wanted.items():
        np.testing.assert_allclose(found[name].numbers, rows, rtol=1e-4, atol=1e-3)


def test_the_last_class_is_told_again(tmp_path: Path) -> None:
    table = pd.DataFrame({"t": range(8), "s": "a", "y": list("uvuvvuuv"), "x": 0.5})
    prepared = prepared_on(tmp_path / "a.csv", table, {"length": 2, "horizon": 2}, "category")
    probabilities = guesses(prepared)["naive"].probabilities
    classes = prepared.preprocessing.target_specs[0].classes
    assert ["".join(classes[each] for each in row.argmax(axis=-1)) for row in probabilities] == [
        letter * 2 for letter in "vuvvu"
    ]


def test_none_tells_the_answer_where_nothing_lies_ahead(tmp_path: Path) -> None:
    table = pd.DataFrame({"t": range(8), "s": "a", "y": list("uvuvvuuv"), "x": 0.5})
    prepared = prepared_on(tmp_path / "a.csv", table, {"length": 2, "horizon": 0}, "category")
    assert "naive" not in guesses(prepared)


def test_the_season_is_that_of_the_frequency(tmp_path: Path) -> None:
    months = pd.date_range("2020-01-01", periods=30, freq="MS").strftime("%Y-%m")
    table = pd.DataFrame({"t": months, "s": "a", "y": np.arange(30.0), "x": 0.5})
    number = {"type": "number", "scale": "none"}
    prepared = prepared_on(tmp_path / "a.csv", table, {"length": 3, "horizon": 2}, number)
    assert prepared.preprocessing.windows is not None
    pace = prepared.preprocessing.windows.pace
    assert (pace.frequency, pace.season, pace.errors) == ("month", 12, {"y": 12.0})
    first = guesses(prepared)["seasonal_naive"].numbers[-1]
    assert first.tolist() == [28 - 12, 29 - 12]


def test_windows_know_their_past(tmp_path: Path) -> None:
    table = pd.DataFrame({"t": [0, 1, 2, 0, 1, 2], "s": list("aaabbb"), "y": np.arange(6.0), "x": 0.5})
    number = {"type": "number", "scale": "none"}
    samples = prepared_on(tmp_path / "a.csv", table, {"length": 1}, number).splits["train"]
    assert isinstance(samples, WindowSamples)
    past = samples.past(slice(0, 4), "y", 2)[..., 0]
    np.testing.assert_array_equal(past, [[np.nan, 0], [0, 1], [np.nan, 3], [3, 4]])


def test_the_past_of_rows_in_any_order(tmp_path: Path) -> None:
    table = pd.DataFrame({"t": [0, 1, 2, 0, 1, 2], "s": list("aaabbb"), "y": np.arange(6.0), "x": 0.5})
    number = {"type": "number", "scale": "none"}
    shuffled = table.sample(frac=1, random_state=3)
    samples = prepared_on(tmp_path / "a.csv", shuffled, {"length": 1}, number).splits["train"]
    assert isinstance(samples, WindowSamples)
    past = samples.past(np.arange(4), "y", 1)[:, 0, 0]
    assert sorted(past.tolist()) == [0, 1, 3, 4]


def test_no_season_is_counted_across_a_gap(tmp_path: Path) -> None:
    days = [str(day) for day in np.arange("2024-01-01", "2024-01-25", dtype="M8[D]")]
    table = pd.DataFrame({"t": days, "s": "a", "y": np.arange(24.0), "x": 0.5}).drop(index=[10])
    number = {"type": "number", "scale": "none"}
    prepared = prepared_on(tmp_path / "a.csv", table, {"length": 2, "horizon": 1, "season": 7}, number)
    samples = prepared.splits["train"]
    true = samples.take(slice(0, len(samples))).targets["y"].ravel()
    told = guesses(prepared)["seasonal_naive"].numbers.ravel()
    apart = dict(zip(true.tolist(), (true - told).tolist(), strict=True))
    other = {day: gone for day, gone in apart.items() if gone != 7}
    assert other == dict.fromkeys((2.0, 3.0, 4.0, 5.0, 6.0, 13.0, 14.0, 15.0, 16.0, 17.0), 1.0)
    assert prepared.preprocessing.windows is not None
    assert prepared.preprocessing.windows.pace.errors == {"y": 7.0}
