"""A model class of the user's own trains by its own step, with the engine and without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.errors import ConfigError, ModelError

CODE = '''
import keras
import tensorflow as tf


class Smooth(keras.Model):
    """Small predictions are better ones."""

    def train_step(self, data):
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            prediction = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=prediction, sample_weight=weight)
            size = tf.reduce_mean(tf.square(prediction))
            total = loss + 0.1 * size
        self.optimizer.apply_gradients(
            zip(tape.gradient(total, self.trainable_variables), self.trainable_variables)
        )
        return {"loss": loss, "size": size}


class Lifted(keras.Model):
    def call(self, inputs, training=None, mask=None):
        return super().call(inputs, training=training, mask=mask) + 100.0


class Scale(keras.layers.Layer):
    pass


class Shaped(keras.Model):
    def __init__(self, units):
        super().__init__()
'''


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    """200 rows, a regression."""
    (tmp_path / "own.py").write_text(CODE)
    x = np.random.default_rng(0).normal(size=(200, 3))
    lines = ["a,b,c,y", *(",".join(f"{value:.4f}" for value in (*row, row[0] - row[1])) for row in x)]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    return {
        "data": {"train": str(tmp_path / "rows.csv"), "validation": 0.2, "test": 0.1, "target": "y"},
        "model": {
            "class": "Smooth",
            "layers": [{"Dense": {"units": 4, "activation": "tanh"}}, {"Dense": {"units": 1}}],
        },
        "fit": {"epochs": 3},
        "report": False,
        "callbacks": [{"EarlyStopping": {"monitor": "size", "patience": 5, "mode": "min"}}],
        "code": [str(tmp_path / "own.py")],
    }


@pytest.mark.parametrize("compiled", ["graph", pytest.param("xla", marks=pytest.mark.soak)])
def test_its_training_step_is_what_trains(compiled: str, config: dict[str, Any], tmp_path: Path) -> None:
    runs = {
        execution: dlcli.train(config, overrides={"runtime.execution": execution}, run_dir=tmp_path / execution)
        for execution in ("step", compiled)
    }
    assert "size" in runs["step"].history
    for run in runs.values():
        assert set(run.history) == set(runs["step"].history)
        for name, values in runs["step"].history.items():
            np.testing.assert_allclose(run.history[name], values, rtol=1e-4, err_msg=name)
    plain = dlcli.train(config, overrides={"model.class": None, "callbacks": []}, run_dir=tmp_path / "plain")
    assert plain.history["val_loss"] != runs["step"].history["val_loss"]
    again = dlcli.evaluate(runs[compiled], runtime="keras", allow_code=True).metrics
    assert again == pytest.approx(runs[compiled].metrics("test"), rel=1e-5)
    assert (runs[compiled].path / "model.onnx").exists()


@pytest.mark.parametrize("precision", ["float32", pytest.param("mixed_bfloat16", marks=pytest.mark.soak)])
def test_its_call_is_what_predicts(config: dict[str, Any], tmp_path: Path, precision: str) -> None:
    """100 is added after the layers; the portable model adds it too, or there is none."""
    run = dlcli.train(
        {**config, "callbacks": []},
        overrides={"model.class": "Lifted", "runtime.precision": precision},
        run_dir=tmp_path / "run",
    )
    rows = pd.read_csv(tmp_path / "rows.csv")
    one, other = (
        dlcli.predict(run, rows, runtime=runtime, allow_code=True)["prediction"] for runtime in ("keras", "portable")
    )
    assert one.min() > 50
    np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("Smoth", ConfigError, "no file under `code` defines 'Smoth'"),
        ("Scale", ModelError, "Scale is no keras.Model"),
        ("Shaped", ModelError, "Shaped cannot be made of inputs and outputs"),
    ],
)
def test_what_is_no_model(
    name: str, error: type[Exception], message: str, config: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(error) as caught:
        dlcli.train(config, overrides={"model.class": name}, run_dir=tmp_path / "run")
    (problem,) = caught.value.problems  # type: ignore[attr-defined]
    assert message in problem.message
    assert problem.path == "model.class"
    assert problem.hint
