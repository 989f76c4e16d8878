"""Any number of classes at once: trained, evaluated by both runtimes, predicted as a cell and a probability a class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli

pytestmark = pytest.mark.tensorflow

TAGS = {"good": "quality", "fast": "speed", "red": "colour"}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = np.random.default_rng(1)
    words = [random.choice([*TAGS, "and", "or", "with"], 3, replace=False).tolist() for _ in range(200)]
    file = tmp_path_factory.mktemp("sets") / "rows.csv"
    frame = {
        "text": map(" ".join, words),
        "tags": ["|".join(TAGS[one] for one in each if one in TAGS) for each in words],
    }
    pd.DataFrame(frame).to_csv(file, index=False)
    return file


def config(rows: Path, head: dict[str, Any], **compiled: Any) -> dict[str, Any]:
    return {
        "data": {
            "train": str(rows),
            "test": 0.25,
            "target": {"tags": {"type": "categories", "separator": "|"}},
            "features": {"text": {"type": "text", "encode": "multi_hot"}},
        },
        "model": {"layers": [{"Dense": head}]},
        "compile": {"optimizer": {"Adam": {"learning_rate": 0.1}}, **compiled},
        "fit": {"epochs": 6},
    }


@pytest.mark.parametrize(
    ("head", "compiled"),
    [
        pytest.param({"units": 3}, {"metrics": ["accuracy"]}, id="logits"),
        pytest.param({"units": 3, "activation": "sigmoid"}, {}, id="sigmoid", marks=pytest.mark.soak),
    ],
)
def test_tags_of_texts(head: dict[str, Any], compiled: dict[str, Any], rows: Path, tmp_path: Path) -> None:
    run = dlcli.train(config(rows, head, **compiled), run_dir=tmp_path / "run")
    keras, portable = (dlcli.evaluate(run, runtime=runtime) for runtime in ("keras", "portable"))
    assert portable.metrics == pytest.approx(keras.metrics, rel=2e-5, abs=1e-6)
    report = portable.reports["tags"]
    assert report["accuracy"] == pytest.approx([*keras.metrics.values()][-1])
    assert report["whole"] > 0.9
    assert report["macro_average"]["auc"] > 0.95
    dlcli.predict_file(run, str(rows), output=tmp_path / "out.csv")
    table, wanted = (pd.read_csv(file, keep_default_na=False) for file in (tmp_path / "out.csv", rows))
    sure = table[[f"probability_{name}" for name in ("colour", "quality", "speed")]]
    assert list(table) == ["prediction", *sure]
    for row, cell, probabilities in zip(wanted["tags"], table["prediction"], sure.to_numpy(), strict=True):
        chosen = [name for name, one in zip(("colour", "quality", "speed"), probabilities, strict=True) if one > 0.5]
        assert cell == "|".join(chosen)
        assert set(filter(None, row.split("|"))) == set(chosen) or report["whole"] < 1
    few = dlcli.predict(run, wanted.head(), threshold=1.0)
    assert few["prediction"].tolist() == [""] * 5


@pytest.mark.parametrize(
    ("head", "compiled", "rule"),
    [
        ({"units": 2, "activation": "sigmoid"}, {}, "units-target"),
        ({"units": 3, "activation": "softmax"}, {"loss": "sparse_categorical_crossentropy"}, "loss-target"),
        ({"units": 3, "activation": "sigmoid"}, {"metrics": ["categorical_accuracy"]}, "metric-fit"),
    ],
)
def test_what_is_made_for_one_class(
    head: dict[str, Any], compiled: dict[str, Any], rule: str, rows: Path, tmp_path: Path
) -> None:
    with pytest.raises(dlcli.DlcliError) as error:
        dlcli.train(config(rows, head, **compiled), run_dir=tmp_path / "run")
    assert [problem.rule for problem in error.value.problems] == [rule]
