"""A run's History is that of the script that a person would write: model, data set and `fit` by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import dlcli

ROWS, HELD, BATCH = 100, 41, 8

LAYERS = [
    {"Dense": {"units": 6, "activation": "relu"}},
    {"Dropout": {"rate": 0.2}},
    {"Dense": {"units": 1, "activation": "sigmoid"}},
]


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Rows to train on and to validate with, as arrays and as files."""
    random = np.random.default_rng(0)
    found: dict[str, Any] = {}
    for name, rows in (("train", ROWS), ("validation", HELD)):
        x = random.normal(size=(rows, 3)).astype(np.float32)
        y = (x[:, 0] + 0.3 * random.normal(size=rows) > 0).astype(np.float32)
        found[name] = x, y
        file = tmp_path_factory.getbasetemp() / f"{name}.npz"
        np.savez(file, x=x, y=y)
        found[f"{name} file"] = str(file)
    return found


def by_hand(
    arrays: dict[str, Any], loss: Any, metrics: list[str], *, regularized: bool, batch: int, drop_last: bool
) -> dict[str, list[float]]:
    """The script."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(6, activation="relu", activity_regularizer="l2" if regularized else None),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    measures = [getattr(keras.metrics, name)() if name[0].isupper() else name for name in metrics]
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss=loss, metrics=measures)

    def batches(name: str) -> Any:
        x, y = arrays[name]
        rows = tf.data.Dataset.from_tensor_slices((x, y.reshape(-1, 1)))
        return rows.batch(batch, drop_remainder=drop_last and name == "train")

    history: dict[str, list[float]] = model.fit(
        batches("train"), validation_data=batches("validation"), epochs=2, shuffle=False, verbose=0
    ).history
    return history


KINDS: dict[str, tuple[Any, Any, list[str], bool]] = {
    "mean": ("binary_crossentropy", "binary_crossentropy", ["accuracy", "AUC"], False),
    "sum": ({"MeanSquaredError": {"reduction": "sum"}}, keras.losses.MeanSquaredError(reduction="sum"), [], False),
    "full batches alone": ("binary_crossentropy", "binary_crossentropy", ["accuracy"], False),
    "a loss of the batch": ({"Dice": {}}, keras.losses.Dice(), ["mse", "R2Score"], False),
    "a sum over all rows": (
        {"MeanSquaredError": {"reduction": "sum"}},
        keras.losses.MeanSquaredError(reduction="sum"),
        [],
        False,
    ),
    "a loss of a layer": ("mse", "mse", [], True),
}


@pytest.mark.parametrize(
    "execution", ["graph", *(pytest.param(each, marks=pytest.mark.soak) for each in ("xla", "step"))]
)
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.soak] * (kind in ("sum", "a loss of a layer"))) for kind in KINDS]
)
def test_history_is_that_of_the_script(kind: str, execution: str, arrays: dict[str, Any], tmp_path: Path) -> None:
    ours, theirs, metrics, regularized = KINDS[kind]
    full = kind == "a sum over all rows"
    first = {"units": 6, "activation": "relu", **({"activity_regularizer": "L2"} if regularized else {})}
    run = dlcli.train(
        {
            "seed": 7,
            "data": {
                "train": arrays["train file"],
                "validation": arrays["validation file"],
                "target": {"y": {"type": "category", "classes": ["0", "1"]}},
                "features": {"x": {"type": "number", "scale": "none"}},
                "batch_size": "full" if full else BATCH,
                "drop_last": kind == "full batches alone",
                "shuffle": False,
            },
            "model": {"layers": [{"Dense": first}, *LAYERS[1:]]},
            "compile": {"optimizer": {"SGD": {"learning_rate": 0.01}}, "loss": ours, "metrics": metrics},
            "report": False,
            "fit": {"epochs": 2},
            "runtime": {"execution": execution},
        },
        run_dir=tmp_path / "run",
    )
    assert run.metrics("validation")["loss"] == pytest.approx(run.history["val_loss"][-1], rel=1e-5)
    expected = by_hand(
        arrays,
        theirs,
        metrics,
        regularized=regularized,
        batch=ROWS if full else BATCH,
        drop_last=kind == "full batches alone",
    )
    assert set(run.history) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(run.history[name], values, rtol=1e-5, atol=1e-6, err_msg=name)
