"""A model of windows is exported as what it is: one that takes the windows, as the arrays that they are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest

import dlcli

pytestmark = pytest.mark.tensorflow

CONFIG = {
    "data": {
        "train": "sales.csv",
        "test": 0.3,
        "target": "sales",
        "sample_weight": "trust",
        "windows": {
            "length": 4,
            "horizon": 2,
            "time": "day",
            "series": "shop",
            "known": ["plan"],
            "static": ["shop"],
        },
        "features": {"sales": "number", "plan": "number", "shop": "category"},
    },
    "model": {
        "layers": [
            {"Flatten": {}, "inputs": "features", "name": "past"},
            {"Flatten": {}, "inputs": "future", "name": "plans"},
            {"Concatenate": {}, "inputs": ["past", "plans", "static"]},
            {"Dense": {"units": 2}},
        ]
    },
    "compile": {"loss": "mse"},
    "fit": {"epochs": 1},
}


def test_windows_go_in_as_arrays_and_as_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    days = pd.date_range("2024-01-01", periods=40).strftime("%Y-%m-%d")
    generator = np.random.default_rng(0)
    shops = [
        pd.DataFrame(
            {"day": days, "shop": shop, "sales": 50 + 9 * generator.normal(size=40), "plan": range(40), "trust": 2.0}
        )
        for shop in ("north", "south")
    ]
    pd.concat(shops).to_csv("sales.csv", index=False)
    run = dlcli.train(CONFIG, run_dir="run")
    export = dlcli.export(run, "model.onnx", format="onnx")
    assert export.parity.agrees
    given = {each.name: tuple(each.shape[1:]) for each in onnxruntime.InferenceSession("model.onnx").get_inputs()}
    assert given == {"features": (4, 2), "future": (2, 1), "static": (3,)}
    table = pd.concat(shops)
    whole = dlcli.export(run, "whole.onnx", format="onnx", with_preprocessing=True)
    assert whole.parity.agrees
    session = onnxruntime.InferenceSession("whole.onnx")
    described = {each["name"]: each for each in json.loads(session.get_modelmeta().custom_metadata_map["inputs"])}
    assert {name: (each["column"], each["steps"], each["shape"]) for name, each in described.items()} == {
        "sales": ("sales", "past", [4, 1]),
        "plan": ("plan", "past", [4, 1]),
        "future_plan": ("plan", "ahead", [2, 1]),
        "shop": ("shop", "last", [1]),
    }
    south = table[table["shop"] == "south"].reset_index(drop=True)
    window = {
        "sales": south[["sales"]].to_numpy()[None, 34:38],
        "plan": south[["plan"]].to_numpy(np.float64)[None, 34:38],
        "future_plan": south[["plan"]].to_numpy(np.float64)[None, 38:40],
        "shop": np.array([["south"]]),
    }
    (said,) = session.run(None, window)
    (target,) = json.loads(session.get_modelmeta().custom_metadata_map["outputs"])[0]["targets"]
    south.loc[38:, "sales"] = np.nan
    expected = dlcli.predict(run, south.drop(columns="trust"))
    numbers = expected["prediction"].to_numpy()[-2:]  # a row for each step that is predicted
    assert np.allclose(said[0] * target["scale"] + target["offset"], numbers, rtol=1e-4)
