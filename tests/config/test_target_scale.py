"""Which targets may be scaled: those whose loss and output do not speak of their unit."""

from __future__ import annotations

from typing import Any

import pytest

from dlcli.config.outputs.target_scale import thresholds_of_loss, unscalable_targets
from dlcli.config.schema import Config

DENSE: dict[str, Any] = {"Dense": {"units": 1}}


def reason(*layers: Any, loss: Any = None, **model: Any) -> str:
    config: dict[str, Any] = {
        "data": {"train": "a.csv", "target": "y"},
        "model": {"layers": list(layers), **model},
        "compile": {"loss": loss},
    }
    return unscalable_targets(Config.model_validate(config)).get("y", "")


@pytest.mark.parametrize(
    "loss", [None, "mse", "MeanSquaredError", "mae", "huber", "Huber", "log_cosh", {"Huber": {"name": "h"}}]
)
def test_losses_that_mean_the_same_of_a_scaled_target(loss: Any) -> None:
    assert not reason(DENSE, loss=loss)


@pytest.mark.parametrize(
    "loss", ["poisson", "mape", "msle", "cosine_similarity", {"Huber": {"delta": 30.0}}, "my_own_loss", "kl_divergence"]
)
def test_losses_that_depend_on_the_unit(loss: Any) -> None:
    assert "unit" in reason(DENSE, loss=loss)


@pytest.mark.parametrize(
    "layers",
    [
        [DENSE],
        [{"Dense": {"units": 1, "activation": "linear"}}],
        [{"Dense": {"units": 1, "activation": "leaky_relu"}}],
        [DENSE, {"Dropout": {"rate": 0.1}}],
        [DENSE, "LeakyReLU"],
        ["Flatten", DENSE, {"Reshape": {"target_shape": [1]}}],
        [{"LSTM": {"units": 1, "activation": "linear"}}],
        [{"layers": [DENSE]}],
        ["MyOwnLayer"],
    ],
)
def test_outputs_of_any_size(layers: list[Any]) -> None:
    assert not reason(*layers)


@pytest.mark.parametrize(
    "layers",
    [
        *(
            [{"Dense": {"units": 1, "activation": name}}]
            for name in ("sigmoid", "tanh", "relu", "softplus", "exponential")
        ),
        [DENSE, "ReLU"],
        [DENSE, {"Activation": {"activation": "sigmoid"}}],
        [DENSE, {"Activation": {"activation": "sigmoid"}}, "Flatten"],
        [DENSE, {"Rescaling": {"scale": 50.0, "offset": 300.0}}],
        [{"LSTM": {"units": 1}}],
        [{"Bidirectional": {"layer": {"GRU": {"units": 1}}}}],
        [{"Conv1D": {"filters": 1, "kernel_size": 1, "activation": "relu"}}, "Flatten"],
        [{"layers": [{"Dense": {"units": 1, "activation": "tanh"}}]}],
    ],
)
def test_outputs_that_are_bounded(layers: list[Any]) -> None:
    assert "last layer" in reason(*layers)


def test_every_output_is_judged_by_itself() -> None:
    config: dict[str, Any] = {
        "data": {"train": "a.csv", "target": ["a", "b"]},
        "model": {
            "layers": [
                {"Dense": {"units": 1}, "name": "b"},
                {"Dense": {"units": 1, "activation": "sigmoid"}, "name": "a"},
            ],
            "outputs": ["b", "a"],
        },
    }
    assert set(unscalable_targets(Config.model_validate(config))) == {"a"}
    losses = {**config, "compile": {"loss": {"b": "poisson", "a": "mse"}}}
    assert set(unscalable_targets(Config.model_validate(losses))) == {"a", "b"}


def test_thresholds_that_the_loss_of_a_scaled_target_cannot_mean() -> None:
    callbacks: list[Any] = [
        {"EarlyStopping": {"monitor": "val_loss", "min_delta": 10}},
        {"EarlyStopping": {"monitor": "val_mae", "min_delta": 10, "baseline": 300}},
        {"EarlyStopping": {"min_delta": 0.001}},
        {"ModelCheckpoint": {"filepath": "x.keras", "initial_value_threshold": 900.0}},
        "TerminateOnNaN",
    ]
    config = {"data": {"train": "a.csv", "target": "y"}, "model": {"layers": [DENSE]}, "callbacks": callbacks}
    assert [path for path, _ in thresholds_of_loss(Config.model_validate(config))] == [
        "callbacks[0].EarlyStopping.min_delta",
        "callbacks[3].ModelCheckpoint.initial_value_threshold",
    ]
