"""Graphs of every kind, trained, taken from their run again, and predicted without TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.training.events import Planned

ROWS = 48


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short texts of signs, two places, a number; an urgency and a department to learn."""
    generator = np.random.default_rng(0)
    columns: dict[str, Any] = {f"a{place}": generator.integers(0, 9, ROWS) for place in range(1, 5)}
    columns |= {f"b{place}": generator.integers(0, 6, ROWS) for place in range(1, 4)}
    columns |= {"place_from": generator.choice(list("wxyz"), ROWS), "place_to": generator.choice(list("wx"), ROWS)}
    columns |= {"size": generator.normal(0, 1, ROWS), "urgency": generator.normal(0, 1, ROWS)}
    columns["department"] = generator.choice(["sales", "repair", "other"], ROWS)
    file = tmp_path_factory.mktemp("data") / "tickets.csv"
    pd.DataFrame(columns).to_csv(file, index=False)
    return file


def config(table: Path) -> dict[str, Any]:
    """Embeddings of several features, states handed on, attention, a residual block, heads on one trunk."""
    signs: dict[str, Any] = {"type": "number", "scale": "none"}
    places = {name: {"type": "category", "encode": "index"} for name in ("place_from", "place_to")}
    residual = [{"Dense": {"units": 8}, "name": "change"}, {"Add": None, "inputs": ["x", "change"]}, "ReLU"]
    layers: list[Any] = [
        {"block": "embed", "name": "place", "for": {"inputs": "place_*"}},
        {
            "Embedding": {"input_dim": "auto", "output_dim": 4},
            "for": {"inputs": ["title", "body"], "name": ["title_words", "body_words"]},
        },
        {"LSTM": {"units": 4, "return_state": True}, "inputs": "title_words", "name": "encoder"},
        {
            "LSTM": {"units": 4, "return_sequences": True},
            "inputs": {"sequence": "body_words", "initial_state": ["encoder.1", "encoder.2"]},
        },
        {"PositionEmbedding": None, "name": "positions"},
        {"Add": None, "inputs": ["lstm", "positions"]},
        {
            "MultiHeadAttention": {"num_heads": 1, "key_dim": 4},
            "inputs": {"value": "title_words"},
            "call": {"use_causal_mask": False},
        },
        {"Flatten": None, "name": "read"},
        {"Concatenate": None, "inputs": ["read", "place", "size"]},
        {"Dense": {"units": 8}},
        {"block": "residual", "repeat": 2, "name": "trunk"},
        {"Dense": None, "for": {"inputs": "trunk", "units": [1, 3], "name": ["urgency", "department"]}},
    ]
    return {
        "name": "tickets",
        "data": {
            "train": str(table),
            "validation": 0.25,
            "target": ["urgency", "department"],
            "features": {
                "title": {**signs, "columns": "a{1..4}"},
                "body": {**signs, "columns": "b*"},
                **places,
                "size": "number",
            },
            "batch_size": 8,
        },
        "model": {
            "layers": layers,
            "blocks": {
                "embed": [{"Embedding": {"input_dim": "auto", "output_dim": 2}}, "Flatten"],
                "residual": {"inputs": "x", "layers": residual},
            },
        },
        "compile": {
            "loss": {
                "urgency": "mean_squared_error",
                "department": {"SparseCategoricalCrossentropy": {"from_logits": True}},
            },
            "loss_weights": {"urgency": 0.5, "department": 1},
            "metrics": {"urgency": ["mae"], "department": ["accuracy"]},
        },
        "fit": {"epochs": 2},
    }


@pytest.mark.soak
def test_a_graph_is_trained_taken_again_and_predicted(table: Path, tmp_path: Path) -> None:
    events: list[object] = []
    run = dlcli.train(config(table), run_dir=tmp_path / "run", listener=events.append)
    assert {"val_urgency_mae", "val_department_accuracy", "department_loss"} <= set(run.history)
    assert (tmp_path / "run" / "model.onnx").is_file()
    again = dlcli.evaluate(run, split="validation").metrics  # built anew, from the config of the run
    assert again["department_loss"] == pytest.approx(run.history["val_department_loss"][-1], rel=1e-4)
    predicted = dlcli.predict(run, pd.read_csv(table).head(5))
    assert {"urgency_prediction", "department_prediction", "department_probability_sales"} <= set(predicted.columns)
    (planned,) = [event for event in events if isinstance(event, Planned)]
    names = [row.name for row in planned.summary.rows]
    rows = {row.name: row for row in planned.summary.rows}
    assert rows["positions"].type == "PositionEmbedding"
    assert rows["positions"].inputs == ("lstm",)
    assert rows["title_words"].shapes == ((4, 4),)
    assert names.index("place_1") < names.index("place_to") < names.index("place_2") < names.index("title")


@pytest.mark.soak
def test_a_nested_model_takes_what_is_masked(table: Path) -> None:
    layers = [
        {"Embedding": {"input_dim": "auto", "output_dim": 2, "mask_zero": True}, "inputs": "title"},
        {"layers": [{"LSTM": {"units": 2}}, {"Dense": {"units": 1}}]},
    ]
    signs = {"type": "number", "scale": "none", "columns": "a*"}
    data = {"train": str(table), "target": "urgency", "features": {"title": signs}}
    assert dlcli.check({"data": data, "model": {"layers": layers}, "fit": {"epochs": 1}}).planned is not None
