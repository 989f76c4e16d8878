"""Presets from the config to the portable model: what is open is filled in, and every execution learns the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.config.document.reader import read

pytestmark = pytest.mark.tensorflow

ROWS = 90


@pytest.fixture(autouse=True)
def _table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / "cache"))
    random = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "a": random.normal(size=ROWS),
            "side": random.choice(["left", "right"], ROWS),
            "town": [f"t{each}" for each in random.integers(0, 12, ROWS)],
            "b": random.lognormal(size=ROWS) * 1000,
        }
    )
    frame["price"] = frame.a * 20 + np.log(frame.b) + (frame.side == "left") * 10 + 100
    frame["dear"] = np.where(frame.price > frame.price.median(), "yes", "no")
    frame.to_csv("t.csv", index=False)


def config(preset: Any, target: dict[str, str], **more: Any) -> dict[str, Any]:
    other = "dear" if "price" in target else "price"
    data = {"train": "t.csv", "target": target, "exclude": [other], "test": 0.2, "batch_size": 16}
    runtime = {"execution": "graph"}  # which needs no time to compile
    return {
        "data": data,
        "model": {"preset": preset},
        "fit": {"epochs": 4},
        "runtime": runtime,
        "report": False,
        **more,
    }


def history(run: dlcli.Run) -> pd.DataFrame:
    return pd.read_csv(run.path / "history.csv").drop(columns=["seconds", "rows_per_second"])


SMALL = {"realmlp": {"hidden": [8, 8]}}


def test_realmlp_of_numbers_and_of_classes() -> None:
    # 54 rows are trained on, in 3 full batches.
    run = dlcli.train(config(SMALL, {"price": "number"}), run_dir="price")
    written = read(run.path / "config.yaml").value
    first, _, _, last, clip = written["model"]["layers"]
    assert first["PeriodicEmbedding"]["places"] == [0, 2]  # a, side, b, and town, whose vector is at the end
    assert last["TangentDense"]["units"] == 1
    assert "activation" not in last["TangentDense"]
    assert -5 < clip["RangeClip"]["minimum"] < -1 < 1 < clip["RangeClip"]["maximum"] < 5
    schedules = written["compile"]["optimizer"]["AdamOfSchedules"]
    assert schedules["learning_rate"]["CosineLog"]["steps"] == 12
    assert schedules["weight_decay"]["FlatCosine"]["steps"] == 12
    assert written["model"]["blocks"]["hidden"][2]["ScheduledDropout"]["steps"] == 12
    frame = pd.read_csv("t.csv")
    portable = dlcli.predict(run, frame, runtime="portable")["prediction"]
    keras = dlcli.predict(run, frame, runtime="keras")["prediction"]
    np.testing.assert_allclose(portable, keras, rtol=1e-4)
    assert frame.price.min() - 1e-3 <= portable.min() <= portable.max() <= frame.price.max() + 1e-3
    classes = dlcli.train(config(SMALL, {"dear": "category"}), run_dir="dear")
    head = read(classes.path / "config.yaml").value["model"]["layers"][-1]["TangentDense"]
    assert (head["units"], head["activation"]) == (2, "softmax")
    assert history(classes)["val_accuracy"].notna().all()


@pytest.mark.soak
def test_a_taken_up_training_of_realmlp_is_the_whole_one() -> None:
    whole = dlcli.train(config(SMALL, {"dear": "category"}), run_dir="whole")
    run = dlcli.train(whole.path / "config.yaml", overrides={"fit.epochs": 2, "name": "part"}, run_dir="part")
    run = dlcli.train(resume=run, overrides={"fit.epochs": 4})
    assert history(run).equals(history(whole))
    assert run.record["model_epoch"] == whole.record["model_epoch"]


def test_an_ensemble_learns_its_bins_from_the_rows() -> None:
    whole = config({"tabm-mini": {"members": 3, "hidden": [8]}}, {"dear": "category"})
    run = dlcli.train(whole, run_dir="ensemble", overrides={"fit.epochs": 2})
    embedding, _, _, head = read(run.path / "config.yaml").value["model"]["layers"]
    assert [len(each) for each in embedding["PiecewiseLinearEmbedding"]["boundaries"]] == [49, 49]  # a and b
    assert head["EnsembleDense"] == {"units": 2, "activation": "softmax"}
    frame = pd.read_csv("t.csv")
    portable = dlcli.predict(run, frame, runtime="portable")["probability_yes"]
    np.testing.assert_allclose(portable, dlcli.predict(run, frame, runtime="keras")["probability_yes"], rtol=1e-4)


@pytest.mark.soak
@pytest.mark.parametrize("preset", [SMALL, "realmlp-s", {"tabm-mini": {"members": 3, "hidden": [8]}}])
def test_every_execution_learns_the_same(preset: Any) -> None:
    runs = {}
    for mode in ("step", "graph", "xla"):
        whole = config(preset, {"price": "number"}, runtime={"execution": mode})
        runs[mode] = dlcli.train(whole, run_dir=mode, overrides=["fit.epochs=3"])
    for mode in ("graph", "xla"):
        pd.testing.assert_frame_equal(history(runs[mode]), history(runs["step"]), rtol=1e-3)


def test_what_cannot_be_told() -> None:
    layers = [
        {"Dense": {"units": "auto"}},
        {"PeriodicEmbedding": {"places": "auto"}},
        {"layers": [{"ScheduledDropout": {"rate": 0.1, "steps": "auto"}}]},
        {"Dense": {"units": 1}},
    ]
    whole = config("mlp", {"price": "number"})
    with pytest.raises(dlcli.ModelError) as caught:
        dlcli.check({**whole, "model": {"preset": "mlp", "layers": layers}})
    found = {problem.path: problem.message for problem in caught.value.problems}
    assert set(found) == {
        "model.layers[0].Dense.units",
        "model.layers[1].PeriodicEmbedding.places",
        "model.layers[2].layers[0].ScheduledDropout.steps",
    }
    assert {problem.rule for problem in caught.value.problems} == {"left-open"}


def test_bounds_are_those_of_each_step_ahead(tmp_path: Path) -> None:
    pd.DataFrame({"y": np.sin(np.arange(60.0))}).to_csv(tmp_path / "waves.csv", index=False)
    data = {
        "train": str(tmp_path / "waves.csv"),
        "target": {"y": {"type": "number", "scale": "standard"}},
        "features": {"y": "number"},
        "windows": {"length": 4, "horizon": 3},
    }
    clip = {"RangeClip": {"minimum": "auto", "maximum": "auto"}}
    report = dlcli.check({"data": data, "model": {"layers": [{"Flatten": {}}, {"Dense": {"units": 3}}, clip]}})
    assert report.planned is not None
