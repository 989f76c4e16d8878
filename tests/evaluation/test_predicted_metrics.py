"""Losses and metrics from predictions are Keras's, each of them, also where probabilities have become 0 or 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dlcli
from dlcli.config.schema.component import Component, normal_name
from dlcli.evaluation.measures import MEASURES, find_mean

pytestmark = pytest.mark.tensorflow

ROWS = 300

HEADS: dict[str, dict[str, Any]] = {
    "binary": {"Dense": {"units": 1, "activation": "sigmoid"}},
    "scores": {"Dense": {"units": 1}},
    "classes": {"Dense": {"units": 3, "activation": "softmax"}},
    "class scores": {"Dense": {"units": 3}},
    "numbers": {"Dense": {"units": 2}},
    "quantiles": {"Dense": {"units": 6}},
}

LOGITS = {"from_logits": True}

CASES: dict[str, tuple[str, str, Any, list[Any]]] = {
    "binary": ("label", "binary", "binary_crossentropy", ["accuracy", "acc", "BinaryAccuracy", "Precision", "Recall"]),
    "threshold": ("label", "binary", "bce", [{"BinaryAccuracy": {"threshold": 0.2, "name": "low"}}, "mse", "mae"]),
    "raw scores": (
        "label",
        "scores",
        {"BinaryCrossentropy": LOGITS},
        [{"BinaryAccuracy": {"threshold": 0.0}}, "accuracy", "Precision", "Recall", "mse"],
    ),
    "sparse": (
        "kind",
        "classes",
        "sparse_categorical_crossentropy",
        ["accuracy", "CategoricalAccuracy", "sparse_categorical_accuracy", "Recall", "mae"],
    ),
    "one hot": (
        "kind",
        "classes",
        "categorical_crossentropy",
        ["accuracy", "CategoricalAccuracy", "mse", "BinaryAccuracy", "Precision", "Recall"],
    ),
    "class scores": ("kind", "class scores", {"SparseCategoricalCrossentropy": LOGITS}, ["accuracy"]),
    "class scores one hot": ("kind", "class scores", {"CategoricalCrossentropy": LOGITS}, ["accuracy"]),
    "squares": ("both", "numbers", "mse", ["mse", "mae", "mape", "RootMeanSquaredError", "MeanSquaredError"]),
    "absolute": ("both", "numbers", "mean_absolute_error", ["mean_absolute_error", "MeanAbsoluteError"]),
    "percentage": ("both", "numbers", "mape", ["mean_squared_logarithmic_error", "msle"]),
    "logarithmic": ("both", "numbers", "msle", ["RootMeanSquaredError"]),
    "quantiles": ("spread", "quantiles", "pinball", ["mse", "mae", "RootMeanSquaredError"]),
    "huber": ("both", "numbers", {"Huber": {"delta": 0.3}}, []),
}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows with a target of each kind; `x` is large, so that probabilities saturate."""
    random = np.random.default_rng(3)
    x = random.normal(size=(ROWS, 2)) * 40
    kind = np.array(["a", "b", "c"])[random.integers(0, 3, ROWS)]
    label = np.where(random.random(ROWS) > 0.4, "yes", "no")
    numbers = random.normal(size=(ROWS, 2)) + 1
    weight = random.random(ROWS)
    lines = ["x1,x2,kind,label,y1,y2,weight"]
    lines += [
        f"{x[i, 0]},{x[i, 1]},{kind[i]},{label[i]},{numbers[i, 0]},{numbers[i, 1]},{weight[i]}" for i in range(ROWS)
    ]
    file = tmp_path_factory.mktemp("rows") / "table.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def targets(*names: str) -> dict[str, Any]:
    """The targets of the table, by name."""
    known = {
        "label": {"type": "category"},
        "kind": {"type": "category"},
        "both": {"type": "number", "columns": ["y1", "y2"]},
        "spread": {"type": "number", "columns": ["y1", "y2"], "quantiles": [0.1, 0.5, 0.9], "scale": "standard"},
    }
    return {name: known[name] for name in names}


def config(table: Path, *, target: dict[str, Any], layers: list[Any], compile_: Any, **more: Any) -> dict[str, Any]:
    features = {name: {"type": "number", "scale": "none"} for name in ("x1", "x2")}
    data = {"train": str(table), "target": target, "features": features, "test": 0.5, **more.pop("data", {})}
    return {
        "data": data,
        "model": {"layers": layers, **more.pop("model", {})},
        "compile": compile_,
        "fit": {"epochs": 1},
        "report": False,
        **more,
    }


def both_ways(run: dlcli.Run) -> tuple[dict[str, float], dict[str, float]]:
    """The metrics by Keras and by the portable model alone."""
    return dlcli.evaluate(run, runtime="keras").metrics, dlcli.evaluate(run, runtime="portable").metrics


def test_every_measure_is_held_to_keras() -> None:
    cases = [case[2:] for case in CASES.values()]
    losses = {normal_name(as_component(loss)) for loss, _ in cases}
    metrics = {normal_name(as_component(metric)) for _, metrics in cases for metric in metrics}
    for name, measure in MEASURES.items():
        assert name in losses or measure.role == "metric"
        assert name in metrics or measure.role == "loss"


def as_component(value: Any) -> Component:
    ((name, arguments),) = value.items() if isinstance(value, dict) else [(value, {})]
    return Component(name, arguments)


PLAIN = ("binary", "squares")
"""A case of a class and one of numbers: how rows are weighed is the same for all measures."""

ANOTHER_S_WAY = ("threshold", "class scores one hot", "absolute", "logarithmic")
"""Cases all of whose measures another case has, with other arguments or labels."""


@pytest.mark.parametrize(
    ("case", "weighted"),
    [
        *(
            pytest.param(case, False, id=f"{case}-plain", marks=[pytest.mark.soak] * (case not in PLAIN))
            for case in CASES
        ),
        *(
            pytest.param(case, True, id=f"{case}-weighted", marks=[pytest.mark.soak] * (case in ANOTHER_S_WAY))
            for case in CASES
        ),
    ],
)
def test_one_output(case: str, weighted: bool, table: Path, tmp_path: Path) -> None:
    target, head, loss, metrics = CASES[case]
    data = {"sample_weight": "weight"} if weighted else {}
    job = config(
        table, target=targets(target), layers=[HEADS[head]], compile_={"loss": loss, "metrics": metrics}, data=data
    )
    keras, portable = both_ways(dlcli.train(job, run_dir=tmp_path / "run"))
    assert list(keras) == list(portable)
    assert portable == pytest.approx(keras, rel=2e-5, abs=1e-6)


def test_several_outputs(table: Path, tmp_path: Path) -> None:
    layers = [
        {"Dense": {"units": 4}, "name": "trunk"},
        {**HEADS["classes"], "name": "kind", "inputs": ["trunk"]},
        {**HEADS["numbers"], "name": "both", "inputs": ["trunk"]},
        {**HEADS["quantiles"], "name": "spread", "inputs": ["trunk"]},
    ]
    compile_ = {
        "loss": {"kind": "sparse_categorical_crossentropy", "both": "mse", "spread": "pinball"},
        "loss_weights": {"both": 0.25},
        "metrics": {"kind": ["accuracy"], "both": ["mae", "mse"]},
    }
    job = config(
        table,
        target=targets("kind", "both", "spread"),
        layers=layers,
        compile_=compile_,
        model={"outputs": ["kind", "both", "spread"]},
    )
    keras, portable = both_ways(dlcli.train(job, run_dir=tmp_path / "run"))
    assert list(keras) == list(portable)
    assert portable == pytest.approx(keras, rel=2e-5, abs=1e-6)


def test_a_part_of_the_loss_is_a_mean_over_all_places() -> None:
    for shape in ((4, 2), (4, 3, 2), (4, 5, 3, 2)):
        loss = find_mean(Component("mean_squared_error"), "loss", units=2, index=False)
        assert loss is not None
        assert loss.add(np.zeros(shape), np.full(shape, 2.0)) == 4.0


@pytest.mark.parametrize(
    ("layers", "compile_", "reason"),
    [
        ([HEADS["binary"]], {"loss": "bce", "metrics": ["AUC"]}, "the metric AUC"),
        pytest.param(
            [HEADS["binary"]],
            {"loss": "binary_focal_crossentropy"},
            "the loss binary_focal_crossentropy",
            marks=pytest.mark.soak,
        ),
        ([HEADS["binary"]], {"loss": {"BinaryCrossentropy": {"label_smoothing": 0.1}}}, "the loss BinaryCrossentropy"),
        ([HEADS["binary"]], {"loss": "bce", "weighted_metrics": ["accuracy"]}, "weighted metrics"),
        (
            [{"Dense": {"units": 1, "activation": "sigmoid", "kernel_regularizer": "l2"}}],
            {"loss": "bce"},
            "the losses of regularizers",
        ),
        pytest.param(
            ["ActivityRegularization", HEADS["binary"]],
            {"loss": "bce"},
            "the losses of regularizers",
            marks=pytest.mark.soak,
        ),
    ],
)
def test_what_is_left_to_keras(layers: list[Any], compile_: Any, reason: str, table: Path, tmp_path: Path) -> None:
    job = config(table, target=targets("label"), layers=layers, compile_=compile_)
    run = dlcli.train(job, run_dir=tmp_path / "run")
    with pytest.raises(dlcli.ModelError, match=f"only Keras computes {reason}"):
        dlcli.evaluate(run, runtime="portable")
    assert dlcli.evaluate(run).metrics == dlcli.evaluate(run, runtime="keras").metrics
