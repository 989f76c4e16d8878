"""Cells that hold several values: the same arrays from whatever file they come."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dlcli.config.schema import DataConfig
from dlcli.data.inputs import labelled_parts
from dlcli.data.prepare import prepare
from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.samples import Samples
from dlcli.errors import DlcliError

X = np.arange(24).reshape(6, 4) / 2
GRID = np.arange(36).reshape(6, 3, 2)
STEPS = [["a", "b"], ["b"], ["a", "b", "c"], ["c", "a"], ["b", "a", "a"], ["c"]]
WANTED = np.array([[0, 1, -1], [1, -1, -1], [0, 1, 2], [2, 0, -1], [1, 0, 0], [2, -1, -1]])


def as_json(directory: Path) -> Path:
    rows = zip(X.tolist(), GRID.tolist(), STEPS, strict=True)
    lines = [json.dumps({"x": x, "grid": grid, "steps": steps}) for x, grid, steps in rows]
    (directory / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return directory / "rows.jsonl"


def as_parquet(directory: Path) -> Path:
    table = pa.table({"x": pa.array(X.tolist()), "grid": pa.array(GRID.tolist()), "steps": pa.array(STEPS)})
    pq.write_table(table, directory / "rows.parquet")
    return directory / "rows.parquet"


def as_fixed(directory: Path) -> Path:
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(X.reshape(-1), pa.float32()), 4)
    table = pa.table(
        {"x": fixed, "grid": pa.array(GRID.tolist()), "steps": pa.array(STEPS, pa.large_list(pa.string()))}
    )
    pq.write_table(table, directory / "rows.parquet")
    return directory / "rows.parquet"


def as_texts(directory: Path) -> Path:
    """Lists in CSV, as JSON and as Python prints them."""
    frame = {
        "x": [json.dumps(x) for x in X.tolist()],
        "grid": [str(grid) for grid in GRID.tolist()],
        "steps": [json.dumps(steps) for steps in STEPS],
    }
    pd.DataFrame(frame).to_csv(directory / "rows.csv", index=False)
    return directory / "rows.csv"


def with_blanks(directory: Path) -> Path:
    frame = {
        "x": [" ".join(map(str, x)) for x in X],
        "grid": [", ".join(map(str, grid.reshape(-1))) for grid in GRID],
        "steps": [" ".join(steps) for steps in STEPS],
    }
    pd.DataFrame(frame).to_csv(directory / "rows.csv", index=False)
    return directory / "rows.csv"


def config(file: Path, **target: Any) -> DataConfig:
    targets = {"grid": {"type": "number", "shape": [3, 2], "scale": "none"}, **target}
    features = {"x": {"type": "number", "shape": [4], "scale": "none"}}
    return DataConfig.model_validate({"train": str(file), "target": targets, "features": features})


def held(samples: Samples) -> ArraySamples:
    assert isinstance(samples, ArraySamples)
    return samples


@pytest.mark.parametrize("write", [as_json, as_parquet, as_fixed, as_texts, with_blanks])
def test_lists_are_arrays(write: Callable[[Path], Path], tmp_path: Path) -> None:
    file = write(tmp_path)
    data = config(file, steps={"type": "category", "shape": [3]})
    prepared = prepare(data, seed=1, named=["x"])
    arrays = held(prepared.splits["train"]).held
    assert np.array_equal(arrays.inputs["x"], X)
    assert np.array_equal(arrays.targets["grid"], GRID)
    assert np.array_equal(arrays.targets["steps"], WANTED)
    assert prepared.preprocessing.targets["steps"].spec.gaps
    (part,) = labelled_parts([file], prepared.config, prepared.preprocessing, named=["x"])
    assert np.array_equal(part.held.inputs["x"], X)
    assert np.array_equal(part.held.targets["steps"], WANTED)


@pytest.mark.parametrize("write", [as_json, as_parquet, as_fixed])
def test_lists_of_typed_files_need_no_shape(write: Callable[[Path], Path], tmp_path: Path) -> None:
    data = DataConfig.model_validate({"train": str(write(tmp_path)), "target": ["grid", "steps"]})
    prepared = prepare(data, seed=1)
    assert [spec.kind for spec in prepared.preprocessing.target_specs] == ["number", "categories"]
    assert held(prepared.splits["train"]).held.targets["grid"].shape == (6, 3, 2)
    sets = held(prepared.splits["train"]).held.targets["steps"]
    assert sets.tolist() == [[float(one in steps) for one in "abc"] for steps in STEPS]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1 2 3", "4 5"], "row 2 of column 'x' has a list of 2 values, expected 3"),
        (["1 2 3", "4 b 6"], "'x'"),
        (["1 2 3 4", "1 2 3 4"], "has a list of 4 values, expected 3"),
    ],
)
def test_lists_that_are_not_alike(cells: list[str], said: str, tmp_path: Path) -> None:
    pd.DataFrame({"x": cells * 3, "y": [0.5, 1.5] * 3}).to_csv(tmp_path / "rows.csv", index=False)
    features = {"x": {"type": "number", "shape": [3]}}
    data = DataConfig.model_validate({"train": str(tmp_path / "rows.csv"), "target": "y", "features": features})
    with pytest.raises(DlcliError) as error:
        prepare(data, seed=1)
    assert said in error.value.problems[0].message


def test_a_list_of_classes_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(DlcliError, match="row 3 of column 'steps' has a list of 3 values, expected 2"):
        prepare(config(as_json(tmp_path), steps={"type": "category", "shape": [2]}), seed=1)
