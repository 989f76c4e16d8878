"""Forecasts are made from the last window of each series: that which training would have shown, had it known more."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dlcli.config.outputs.conventions import Head
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema import Config, DataConfig
from dlcli.config.schema.component import Component
from dlcli.data.inputs import open_input
from dlcli.data.prepare import Prepared, prepare
from dlcli.errors import DataError, Problem
from dlcli.prediction import forecast as module
from dlcli.prediction.forecast import forecast
from dlcli.trained.predictor import Arrays, RuntimeName
from dlcli.trained.run import TrainedRun


class Echo:
    """Gives what is easy to tell: for each step ahead its number, beside the sum of what the window shows."""

    runtime: ClassVar[RuntimeName] = "portable"
    rows_at_once = 7

    def __init__(self, prepared: Prepared, named: tuple[str, ...]) -> None:
        self.outputs = (
            OutputPlan(
                "out",
                prepared.preprocessing.target_specs,
                "number",
                Component("mean_squared_error"),
                Head(None, "linear"),
            ),
        )
        (target,) = prepared.preprocessing.target_specs
        self._shape = target.shape
        self.named = named
        self.seen: list[Arrays] = []

    def __call__(self, inputs: Arrays) -> list[NDArray[Any]]:
        self.seen.append(inputs)
        rows = len(next(iter(inputs.values())))
        size = int(np.prod(self._shape))
        return [np.tile(np.arange(1, size + 1, dtype=np.float32), (rows, 1)).reshape(rows, *self._shape)]

    def given(self, name: str) -> NDArray[Any]:
        return np.concatenate([inputs[name] for inputs in self.seen])


MONTHS = pd.date_range("2001-01-01", periods=400, freq="MS").strftime("%Y-%m")


def panel(lengths: list[int], *, beyond: int, seed: int) -> pd.DataFrame:
    """Series of months, in any order of rows; the last steps of each lie ahead."""
    generator = np.random.default_rng(seed)
    rows = [
        (
            f"s{number}",
            MONTHS[7 * number + step],
            float(generator.integers(0, 100)),
            float(step % 5),
            number + 0.5,
            step,
        )
        for number, length in enumerate(lengths)
        for step in range(length + beyond)
    ]
    return pd.DataFrame(rows, columns=["name", "month", "value", "plan", "size", "step"])


FEATURES = {
    "value": {"type": "number", "scale": "none"},
    "plan": {"type": "number", "scale": "none"},
    "season": {"type": "datetime", "columns": "month", "parts": ["month"]},
    "size": {"type": "number", "scale": "none"},
}


def prepared_on(file: Path, windows: dict[str, Any], **keys: Any) -> Prepared:
    data = {
        "train": str(file),
        "target": {"value": {"type": "number", "scale": "none"}},
        "features": FEATURES,
        "windows": {"series": "name", "time": "month", "known": ["plan", "season"], "static": "size", **windows},
        **keys,
    }
    return prepare(DataConfig.model_validate(data), seed=0, named=("future", "static"))


def run_of(prepared: Prepared, predictor: Echo) -> TrainedRun:
    config = dataclasses.make_dataclass("Whole", ["data"])(prepared.config)
    return TrainedRun(cast(Any, None), cast(Config, config), prepared.preprocessing, cast(Any, predictor))


def forecasts(
    prepared: Prepared, file: Path, warn: Callable[[Problem], None] = lambda problem: None, keep: tuple[str, ...] = ()
) -> tuple[pd.DataFrame, Echo]:
    echo = Echo(prepared, ("future", "static"))
    rows = open_input([str(file)], prepared.config, prepared.preprocessing, keep=keep)
    tables = list(forecast(run_of(prepared, echo), rows, warn=warn))
    return cast(pd.DataFrame, pa.concat_tables(tables).to_pandas()), echo


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=st.fixed_dictionaries(
        {
            "length": st.integers(1, 5),
            "horizon": st.integers(1, 4),
            "delay": st.integers(0, 2),
            "sampling_rate": st.integers(1, 3),
            "scale": st.sampled_from(["none", "window", "series"]),
        }
    ),
    more=st.lists(st.integers(0, 20), min_size=1, max_size=4),
    seed=st.integers(0, 9),
    most=st.sampled_from([3, 10_000]),
    at_once=st.sampled_from([1, 30, 10_000]),
)
def test_a_model_sees_what_training_would_have_shown(
    tmp_path: Path, form: dict[str, Any], more: list[int], seed: int, most: int, at_once: int
) -> None:
    beyond = form["delay"] + form["horizon"]
    past = (form["length"] - 1) * form["sampling_rate"] + 1
    lengths = [past + each for each in more]
    table = panel(lengths, beyond=beyond, seed=seed)
    whole, known = tmp_path / "whole.csv", tmp_path / "known.csv"
    table.to_csv(whole, index=False)
    prepared = prepared_on(whole, form)
    samples = prepared.splits["train"]
    last = np.cumsum([each + 1 for each in more]) - 1
    wanted = samples.take(last).inputs
    cut = pd.concat([own for _, own in table.groupby("name", sort=False)])
    ahead = np.concatenate([np.arange(length + beyond) >= length for length in lengths])
    cut["value"] = cut["value"].where(~ahead)
    cut = cut.sample(frac=1, random_state=seed).sort_values("name", kind="stable") if seed % 2 else cut
    cut.to_csv(known, index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PRUNED_FROM", most)
        patch.setattr(module, "ROWS_AT_ONCE", at_once)
        table_ahead, echo = forecasts(prepared, known)
    for name, array in wanted.items():
        np.testing.assert_allclose(echo.given(name), array, rtol=1e-5, atol=1e-5)
    expected = cut[ahead_of(cut, lengths, form)].sort_values(["name", "month"])
    assert table_ahead["name"].tolist() == expected["name"].tolist()
    assert table_ahead["month"].tolist() == expected["month"].tolist()
    if form["scale"] == "none":
        steps = np.tile(np.arange(1, form["horizon"] + 1), len(lengths))
        assert table_ahead["prediction"].tolist() == steps.tolist()


def ahead_of(table: pd.DataFrame, lengths: list[int], form: dict[str, Any]) -> pd.Series[bool]:
    number = table["name"].str[1:].astype(int)
    first = number.map(dict(enumerate(lengths))) + form["delay"]
    return cast("pd.Series[bool]", table["step"] >= first)


@functools.cache
def monthly(folder: Path) -> Prepared:
    file = folder / "train.csv"
    panel([30, 30], beyond=0, seed=0).to_csv(file, index=False)
    return prepared_on(file, {"length": 6, "horizon": 3})


@pytest.fixture
def trained(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return monthly(tmp_path_factory.getbasetemp())


def written(path: Path, table: pd.DataFrame, lengths: list[int]) -> Path:
    table = table.copy()
    table.loc[ahead_of(table, lengths, {"delay": 0}), "value"] = np.nan
    table.to_csv(path, index=False)
    return path


def test_what_is_known_must_be_told_for_each_step(trained: Prepared, tmp_path: Path) -> None:
    table = panel([8, 9], beyond=3, seed=1)
    lacking = table.drop(index=[9, 22])
    with pytest.raises(DataError) as caught:
        forecasts(trained, written(tmp_path / "x.csv", lacking, [8, 9]))
    (problem,) = caught.value.problems
    assert problem.rule == "missing-future"
    assert "s0: 2001-10; s1: 2002-07" in problem.message
    assert "'plan'" in problem.message


def test_the_past_must_be_told_from_the_steps_ahead(trained: Prepared, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    table = panel([8], beyond=3, seed=1)
    table.to_csv(file, index=False)  # all of it is the past
    with pytest.raises(DataError) as caught:
        forecasts(trained, file)
    assert [problem.rule for problem in caught.value.problems] == ["missing-future"]


def test_series_that_are_too_short_are_named(trained: Prepared, tmp_path: Path) -> None:
    lengths = [8, 5, 9]
    table = panel(lengths, beyond=3, seed=1)
    gap = table.drop(index=table[(table["name"] == "s2") & (table["step"] == 5)].index)
    said: list[Problem] = []
    found, _ = forecasts(trained, written(tmp_path / "x.csv", gap, lengths), said.append)
    assert set(found["name"]) == {"s0"}
    (problem,) = said
    assert problem.rule == "short-series"
    assert "s1 (5 steps), s2 (3 steps since the gap from 2002-07 to 2002-09)" in problem.message
    with pytest.raises(DataError) as caught:
        forecasts(trained, written(tmp_path / "x.csv", gap[gap["name"] != "s0"], lengths))
    assert [problem.rule for problem in caught.value.problems] == ["short-series"]


def test_a_table_of_another_frequency_is_refused(trained: Prepared, tmp_path: Path) -> None:
    table = panel([20], beyond=3, seed=1)
    table["month"] = pd.date_range("2024-01-01", periods=len(table), freq="D").strftime("%Y-%m-%d")
    with pytest.raises(DataError) as caught:
        forecasts(trained, written(tmp_path / "x.csv", table, [20]))
    (problem,) = caught.value.problems
    assert problem.rule == "wrong-frequency"
    assert problem.hint == "the training rows were monthly: give such"


def test_kept_columns_are_those_of_the_rows_given_ahead(trained: Prepared, tmp_path: Path) -> None:
    table = panel([8], beyond=3, seed=1)
    found, _ = forecasts(trained, written(tmp_path / "x.csv", table, [8]), keep=("plan", "size"))
    assert list(found.columns) == ["name", "month", "plan", "size", "prediction"]
    assert found["plan"].tolist() == ["3.0", "4.0", "0.0"]


def test_a_cell_that_cannot_be_used_is_named_by_its_row(trained: Prepared, tmp_path: Path) -> None:
    table = panel([8, 9], beyond=3, seed=1)
    file = written(tmp_path / "x.csv", table, [8, 9])
    lines = file.read_text().splitlines()
    cells = lines[16].split(",")
    lines[16] = ",".join([*cells[:3], "1e300", *cells[4:]])
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError) as caught:
        forecasts(trained, file)
    assert "row 16" in str(caught.value)


def test_no_rows(trained: Prepared, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    panel([8], beyond=0, seed=0).head(0).to_csv(file, index=False)
    with pytest.raises(DataError) as caught:
        forecasts(trained, file)
    assert [problem.rule for problem in caught.value.problems] == ["no-rows"]


@pytest.mark.parametrize("most", [4, 10_000])
def test_rows_are_named_as_they_stand_in_their_files(
    trained: Prepared, tmp_path: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PRUNED_FROM", most)
    table = panel([9, 9], beyond=3, seed=1)
    table.loc[ahead_of(table, [9, 9], {"delay": 0}), "value"] = np.nan
    for name, own in table.groupby("name"):
        twice = pd.concat([own, own.iloc[[8]]]) if name == "s1" else own
        twice.to_csv(tmp_path / f"{name}.csv", index=False)
    with pytest.raises(DataError) as caught:
        forecasts(trained, tmp_path / "*.csv")
    (problem,) = caught.value.problems
    assert problem.rule == "duplicate-time"
    assert "row 9 of 's1.csv', row 13 of 's1.csv'" in problem.message
