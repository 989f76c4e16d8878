"""A model of windows is exported as what it is: one that takes the windows, as the arrays that they are."""

from __future__ import annotations

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


def test_windows_go_in_as_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    days = pd.date_range("2024-01-01", periods=40).strftime("%Y-%m-%d")
    generator = np.random.default_rng(0)
    shops = [
        pd.DataFrame({"day": days, "shop": shop, "sales": generator.normal(size=40), "plan": 1.0, "trust": 2.0})
        for shop in ("north", "south")
    ]
    pd.concat(shops).to_csv("sales.csv", index=False)
    run = dlcli.train(CONFIG, run_dir="run")
    export = dlcli.export(run, "model.onnx", format="onnx")
    assert export.parity.agrees
    given = {each.name: tuple(each.shape[1:]) for each in onnxruntime.InferenceSession("model.onnx").get_inputs()}
    assert given == {"features": (4, 2), "future": (2, 1), "static": (3,)}
    with pytest.raises(dlcli.ModelError, match="takes them as arrays"):
        dlcli.export(run, "whole.onnx", format="onnx", with_preprocessing=True)
