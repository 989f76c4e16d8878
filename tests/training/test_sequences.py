"""Sequences of several lengths in training: what was filled up has no influence, by either runtime."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.runs.layout import RunDirectory
from dlcli.trained.keras_predictor import KerasPredictor, load_keras
from dlcli.trained.own_code import GRANTED
from dlcli.training.events import Notice

pytestmark = pytest.mark.tensorflow

ROWS = 60


@pytest.fixture(scope="module")
def lists() -> list[list[float]]:
    random = np.random.default_rng(4)
    return [random.normal(5, 2, random.integers(1, 7)).round(3).tolist() for _ in range(ROWS)]


@pytest.fixture(scope="module")
def file(lists: list[list[float]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("".join(json.dumps({"x": row, "y": sum(row)}) + "\n" for row in lists))
    return path


def config(file: Path, pad: Any, layers: list[Any], **data: Any) -> dict[str, Any]:
    feature = {"type": "number", **({} if pad is None else {"pad": pad})}
    return {
        "seed": 2,
        "data": {"train": str(file), "test": 0.25, "target": "y", "features": {"x": feature}, **data},
        "model": {"layers": layers},
        "compile": {"loss": "mse"},
        "report": False,
        "fit": {"epochs": 2},
    }


LAYERS = [{"LSTM": {"units": 3}}, {"Dense": {"units": 1}}]


@pytest.fixture(scope="module")
def run(file: Path, tmp_path_factory: pytest.TempPathFactory) -> dlcli.Run:
    return dlcli.train(config(file, {"length": 9, "side": "start"}, LAYERS), run_dir=tmp_path_factory.mktemp("r") / "r")


@pytest.mark.parametrize("runtime", ["keras", "portable"])
def test_a_padded_row_is_predicted_as_without_padding(run: dlcli.Run, lists: list[list[float]], runtime: Any) -> None:
    found = dlcli.predict(run, pd.DataFrame({"x": lists}), runtime=runtime)["prediction"]
    trained = load_keras(RunDirectory.open(run.path), leave=GRANTED)
    assert isinstance(trained.predictor, KerasPredictor)
    codec = trained.preprocessing.features["x"]
    weights = {layer.name: layer.get_weights() for layer in trained.predictor.assembly.model.layers}
    alone = keras.Sequential([keras.layers.LSTM(3), keras.layers.Dense(1)])
    alone.build((None, None, 1))
    for layer, kind in zip(alone.layers, ("lstm", "dense"), strict=True):
        layer.set_weights(next(values for name, values in weights.items() if name.startswith(kind)))
    offset, scale = codec.offset, codec.scale  # type: ignore[attr-defined]
    for row, predicted in zip(lists[:12], found, strict=False):
        steps = ((np.array(row, np.float64) - offset) / scale).astype(np.float32)[None, :, None]
        value = trained.preprocessing.targets["y"].decode(np.asarray(alone(steps)))
        assert predicted == pytest.approx(np.asarray(value).item(), rel=1e-4)


def test_the_length_is_kept_and_longer_rows_are_told_of(run: dlcli.Run) -> None:
    assert "length: 9" in (run.path / "config.yaml").read_text()
    with pytest.warns(UserWarning, match="1 of the 2 sequences in column 'x' have more than 9 steps"):
        found = dlcli.predict(run, pd.DataFrame({"x": [[1.0] * 20, [2.0]]}))
    assert found["prediction"].notna().all()


def test_cut_rows_are_counted_by_split(file: Path) -> None:
    said: list[str] = []

    def listen(event: object) -> None:
        if isinstance(event, Notice):
            said.append(event.problem.message)

    dlcli.check(config(file, 3, LAYERS), listener=listen)
    assert any(line.startswith("sequences of x cut to 3 steps: train ") for line in said)


@pytest.mark.parametrize("features", [{"x": "number"}, ["x"]])
def test_several_lengths_without_being_asked_are_refused_with_the_option(features: Any, file: Path) -> None:
    job = config(file, None, LAYERS, features=features)
    with pytest.raises(dlcli.DlcliError, match="several lengths") as error:
        dlcli.check(job)
    (problem,) = error.value.problems
    assert "pad: auto" in problem.hint + problem.message


def test_an_average_of_nothing_is_warned_of(file: Path) -> None:
    layers = ["GlobalAveragePooling1D", {"Dense": {"units": 1}}]
    rules = [one.rule for one in dlcli.check(config(file, "auto", layers)).warnings]
    assert rules == ["masked-average-of-nothing"]
    job = config(file, {"mask": False}, layers)
    assert [one.rule for one in dlcli.check(job).warnings] == []


def test_preprocessing_does_not_go_into_a_graph(run: dlcli.Run, tmp_path: Path) -> None:
    with pytest.raises(dlcli.ModelError, match="takes no sequences of several lengths"):
        dlcli.export(run, format="keras", output=tmp_path / "m.keras", with_preprocessing=True)
