"""A loss that compares the rows of a batch by their classes: it teaches where rows stand, and predicts no class."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.errors import ModelError
from dlcli.evaluation.report import EmbeddingReport

pytestmark = pytest.mark.tensorflow

ROWS = 90
LAYERS = [{"Dense": {"units": 8, "activation": "tanh"}}, {"Dense": {"units": 3}}, "UnitNormalization"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows of six kinds."""
    random = np.random.default_rng(4)
    kind = np.arange(ROWS) % 6
    x = np.stack([np.cos(kind), np.sin(kind), kind / 3], axis=1) + random.normal(scale=0.15, size=(ROWS, 3))
    file = tmp_path_factory.mktemp("kinds") / "rows.csv"
    table = pd.DataFrame(x, columns=["a", "b", "c"]).assign(kind=[f"kind {one}" for one in kind], w=1 + kind / 10)
    table.to_csv(file, index=False)
    return file


def config(file: Path, **keys: Any) -> dict[str, Any]:
    more = keys.pop("data", {})
    return {
        "data": {"train": str(file), "target": "kind", "features": ["a", "b", "c"], "validation": 0.2, "test": 0.2,
                 "batch_size": 16, **more},
        "model": {"layers": LAYERS},
        "compile": {"loss": {"Circle": {"gamma": 16}}, "optimizer": {"Adam": {"learning_rate": 0.01}}},
        "fit": {"epochs": 12},
        **keys,
    }  # fmt: skip


@pytest.mark.parametrize(
    "loss",
    ["Circle", pytest.param({"Circle": {"remove_diagonal": False, "margin": 0.3}}, marks=pytest.mark.soak)],
    ids=str,
)
@pytest.mark.parametrize("execution", ["graph", pytest.param("xla", marks=pytest.mark.soak)])
def test_it_trains_as_in_keras(loss: Any, execution: str, train: Any) -> None:
    random = np.random.default_rng(2)

    def spec(rows: int) -> dict[str, Any]:
        return {
            "layers": [{"Dense": {"units": 6, "activation": "tanh"}}, {"Dense": {"units": 2}}, "UnitNormalization"],
            "inputs": {"x": random.normal(size=(rows, 4)).astype(np.float32)},
            "targets": {"unit_normalization": (np.arange(rows) % 4).astype(np.int32)},
            "weights": {"unit_normalization": random.uniform(0.5, 2, rows).astype(np.float32)},
            "compile": {"loss": loss, "optimizer": {"SGD": {"learning_rate": 0.001}}},
        }

    whole, held = spec(29), spec(21)
    keras = train(whole, "step", validation=held)
    ours = train(whole, execution, validation=held)
    for name, values in keras.history.items():
        np.testing.assert_allclose(ours.history[name], values, rtol=1e-4, err_msg=name)
    for one, other in zip(ours.weights, keras.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dlcli.Run:
    return dlcli.train(config(data), run_dir=tmp_path_factory.mktemp("runs") / "kinds")


def test_it_predicts_where_a_row_stands(run: dlcli.Run, data: Path) -> None:
    """Fewer numbers than classes, each vector of length 1, in both runtimes."""
    assert len(run.history["loss"]) == 12
    assert "accuracy" not in run.history
    one, other = (dlcli.predict(run, pd.read_csv(data), runtime=runtime) for runtime in ("portable", "keras"))
    names = ["embedding_0", "embedding_1", "embedding_2"]
    assert [name for name in one.columns if name.startswith(("embedding", "prediction", "probability"))] == names
    np.testing.assert_allclose(np.linalg.norm(one[names], axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(one[names], other[names], rtol=1e-4, atol=1e-5)
    with pytest.raises(ModelError, match="embeddings"):
        dlcli.predict(run, pd.read_csv(data), top=2)


def test_it_is_evaluated_by_the_nearest_row(run: dlcli.Run, data: Path) -> None:
    evaluation = dlcli.evaluate(run, data)
    table, names = pd.read_csv(data), ["embedding_0", "embedding_1", "embedding_2"]
    vectors = dlcli.predict(run, pd.read_csv(data))[names].to_numpy()
    likeness = vectors @ vectors.T - 9 * np.eye(ROWS)
    expected = (table["kind"].to_numpy()[likeness.argmax(axis=1)] == table["kind"]).mean()
    assert evaluation.reports["kind"] == {"nearest_accuracy": pytest.approx(expected, abs=0.03), "compared": ROWS}
    assert expected > 0.6, "a guess is right once in six times"
    document = json.loads((run.path / "evaluations" / "validation.json").read_text())
    assert document["metrics"]["loss"] == pytest.approx(run.history["val_loss"][-1], rel=1e-4)


def test_the_nearest_row_is_another_one() -> None:
    report = EmbeddingReport()
    assert report.result() == {"nearest_accuracy": None, "compared": 0}
    report.add(np.array([0, 0, 1]), np.array([[5.0, 0.0], [0.1, 0.01], [np.nan, 0.0]]))
    report.add(np.array([1, 1]), np.array([[0.0, 2.0], [3.0, 0.1]]))
    # The long vector and the short one point the same way; (3, 0.1) lies between them, (0, 2) is alone.
    assert report.result() == {"nearest_accuracy": 0.0, "compared": 4}
