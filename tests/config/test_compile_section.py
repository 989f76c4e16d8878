"""One key under `loss` or `metrics` is a component or an output, and what it holds tells which."""

from __future__ import annotations

from typing import Any

import pytest

from dlcli.config.schema import CompileConfig
from dlcli.config.schema.component import Component

MSE = Component("MeanSquaredError")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("mse", Component("mse")),
        ({"MeanSquaredError": {}}, MSE),
        ({"Huber": {"delta": 2.0}}, Component("Huber", {"delta": 2.0})),
        ({"binary_crossentropy": None}, Component("binary_crossentropy")),
        ({"price": "mse"}, {"price": Component("mse")}),
        ({"price": {"MeanSquaredError": {}}}, {"price": MSE}),
        ({"price": {"Huber": {"delta": 2.0}}}, {"price": Component("Huber", {"delta": 2.0})}),
        ({"price": "mse", "kind": {"MeanSquaredError": {}}}, {"price": Component("mse"), "kind": MSE}),
    ],
)
def test_losses(value: Any, read: Any) -> None:
    assert CompileConfig.model_validate({"loss": value}).loss == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("accuracy", [Component("accuracy")]),
        ({"AUC": {"curve": "PR"}}, [Component("AUC", {"curve": "PR"})]),
        ({"price": {"AUC": {"curve": "PR"}}}, {"price": [Component("AUC", {"curve": "PR"})]}),
        ({"price": ["mae"], "kind": "accuracy"}, {"price": [Component("mae")], "kind": [Component("accuracy")]}),
    ],
)
def test_metrics(value: Any, read: Any) -> None:
    config = CompileConfig.model_validate({"metrics": value})
    assert config.metrics == read
    assert CompileConfig.model_validate(config.model_dump()) == config
