"""Rows without a target, splits in the order of a column, and marks of empty cells that are nowhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dlcli.config.schema import DataConfig
from dlcli.data.cache.cache import Cache
from dlcli.data.inputs import labelled_parts
from dlcli.data.prepare import Prepared, prepare, read_split
from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.samples import Samples
from dlcli.errors import DataError, Problem

ROWS = 60


def held(samples: Samples) -> ArraySamples:
    """Samples of whose arrays all can be seen."""
    assert isinstance(samples, ArraySamples)
    return samples


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "x": np.arange(ROWS) * 1.5,
            "day": [f"2024-{1 + place * 7 % 12:02d}-{1 + place % 28:02d}" for place in range(ROWS)],
            "label": ["a" if place % 3 else "b" for place in range(ROWS)],
            "size": np.arange(ROWS) % 7 + 0.5,
        }
    )


def prepared(file: Path, notify: Callable[[Problem], None] = lambda problem: None, **keys: Any) -> Prepared:
    return prepare(DataConfig.model_validate({"train": [str(file)], "exclude": "size", **keys}), seed=1, notify=notify)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(("target", "type"), [("label", "category"), ("size", "number")])
@pytest.mark.parametrize("split", ["random", "stratified", "ordered", {"group": "day"}, {"ordered": "day"}])
def test_rows_without_a_target_are_in_no_split(tmp_path: Path, suffix: str, target: str, type: str, split: Any) -> None:
    if split == "stratified" and type == "number":
        return
    frame = table()
    empty = [0, 5, 6, ROWS - 1]
    frame.loc[empty, target] = None
    file = tmp_path / f"t.{suffix}"
    frame.to_csv(file, index=False) if suffix == "csv" else frame.to_parquet(file)
    keys: dict[str, Any] = {
        "features": ["x"],
        "exclude": None,
        "target": {target: {"type": type, "missing": "drop"}},
        "split": split,
        "test": 0.25,
    }
    with_gaps = prepared(file, **keys)
    rows = np.sort(np.concatenate([held(each).rows for each in with_gaps.splits.values()]))
    assert rows.tolist() == [place for place in range(ROWS) if place not in empty]
    assert any("rows of train: 4 without a target" in note for note in with_gaps.notes)
    # The same as when they had never been there.
    frame = frame.drop(index=empty)
    frame.to_csv(file, index=False) if suffix == "csv" else frame.to_parquet(file)
    without = prepared(file, **keys)
    for name, expected in without.splits.items():
        found, wanted = held(with_gaps.splits[name]).held, held(expected).held
        assert np.array_equal(found.inputs["features"], wanted.inputs["features"])
        assert np.array_equal(found.targets[target], wanted.targets[target])
    again = read_split(without.config, without.preprocessing, "test", seed=1)
    assert np.array_equal(held(again).held.targets[target], held(without.splits["test"]).held.targets[target])


def test_new_rows_without_a_target_are_left_out_and_counted(tmp_path: Path) -> None:
    frame = table()
    frame.to_csv(tmp_path / "t.csv", index=False)
    found = prepared(tmp_path / "t.csv", target={"label": {"type": "category", "missing": "drop"}}, exclude=["size"])
    new = frame.copy()
    new.loc[[3, 4], "label"] = None
    said: list[Problem] = []
    parts = list(labelled_parts(new, found.config, found.preprocessing, warn=said.append))
    assert np.concatenate([part.rows for part in parts]).tolist() == [row for row in range(ROWS) if row not in (3, 4)]
    assert [problem.message for problem in said] == ["2 of 60 rows are without a target, and are left out"]


def test_no_target_at_all_is_a_fault(tmp_path: Path) -> None:
    frame = table()
    frame["size"] = None
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError) as caught:
        prepared(
            tmp_path / "t.csv", exclude=None, features=["x"], target={"size": {"type": "number", "missing": "drop"}}
        )
    assert caught.value.problems[0].rule == "missing-target"


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("form", ["iso", "number", "german", "stamp"])
def test_the_last_in_the_order_of_a_column_are_the_test_split(tmp_path: Path, suffix: str, form: str) -> None:
    frame = table().sample(frac=1, random_state=1).reset_index(drop=True)
    times = pd.to_datetime(frame["day"])
    features: dict[str, Any] = {"x": "number"}
    if form == "number":
        frame["day"] = times.astype("int64") // 10**9
    elif form == "german":
        frame["day"] = times.dt.strftime("%d.%m.%Y")
        features["day"] = {"type": "datetime", "format": "%d.%m.%Y"}
    elif form == "stamp":
        frame["day"] = times
    file = tmp_path / f"t.{suffix}"
    frame.to_csv(file, index=False) if suffix == "csv" else frame.to_parquet(file)
    found = prepared(
        file, target="label", features=features, exclude=None, split={"ordered": "day"}, validation=0.2, test=0.2
    )
    last = times.iloc[held(found.splits["test"]).rows].min()
    assert times.iloc[held(found.splits["validation"]).rows].max() <= last
    assert times.iloc[held(found.splits["train"]).rows].max() <= times.iloc[held(found.splits["validation"]).rows].min()
    assert len(held(found.splits["test"]).rows) == 12


@pytest.mark.parametrize(
    ("value", "words"), [(None, "empty cells (1)"), ("soon", "cells that are neither numbers nor times (1)")]
)
def test_a_column_that_cannot_order(tmp_path: Path, value: str | None, words: str) -> None:
    frame = table()
    frame.loc[7, "day"] = value
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError) as caught:
        prepared(tmp_path / "t.csv", target="label", features=["x"], exclude=None, split={"ordered": "day"}, test=0.2)
    (problem,) = caught.value.problems
    assert (problem.rule, problem.path) == ("unordered-column", "data.split.ordered")
    assert words in problem.message
    assert "row 8" in problem.message


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_marks_that_are_nowhere_are_said_and_said_again(tmp_path: Path, suffix: str) -> None:
    frame = table()
    frame["x"] = frame["x"].astype(str).where(frame.index % 4 != 0, "?")
    file = tmp_path / f"t.{suffix}"
    if suffix == "csv":
        file.write_text(frame.to_csv(index=False).replace("?,", " ? ,"))
    elif suffix == "jsonl":
        frame.to_json(file, orient="records", lines=True)
    else:
        frame.to_parquet(file)
    cache = Cache(tmp_path / "cache")
    config = DataConfig.model_validate(
        {"train": [str(file)], "target": "label", "exclude": "size", "missing_values": ["?", "nowhere", "-9"]}
    )
    for _ in range(2):
        said: list[Problem] = []
        found = prepare(config, seed=1, cache=cache, notify=said.append)
        (problem,) = [each for each in said if each.rule == "missing-values"]
        assert "'nowhere', '-9'" in problem.message
        assert "'?'" not in problem.message
        assert any("15 missing" in note for note in found.notes)


def test_marks_add_to_the_usual_ones_or_are_all(tmp_path: Path) -> None:
    def marks(value: Any) -> tuple[str, ...]:
        return DataConfig.model_validate({"train": "t.csv", "target": "y", "missing_values": value}).empty_cells

    usual = DataConfig.model_validate({"train": "t.csv", "target": "y"}).empty_cells
    assert marks([]) == usual
    assert marks(list(usual)) == usual  # as runs of earlier versions have it
    assert marks(" ?") == (*usual, " ?", "?")
    assert marks({"only": ["", "?"]}) == ("", "?")
