"""Quantiles of a target: what a config may ask for, and the loss that learns them, told before any data is read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.inspection.inspection import inspect_value
from dlcli.config.outputs.conventions import Head
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema.component import Component
from dlcli.config.signature import TargetSpec, middle


def problems(quantiles: Any, **keys: Any) -> list[tuple[str, str, str]]:
    options = {} if quantiles is None else {"quantiles": quantiles}
    target = keys.pop("target", {"y": {"type": "number", **options}})
    config = {
        "data": {"train": "x.csv", "target": target, "features": ["x"]},
        "model": {"layers": [{"Dense": {"units": 3}}]},
    }
    found = inspect_value({**config, "compile": keys}, ".").problems
    return [(each.path, each.message, each.hint) for each in found if each.rule != "file-not-found"]


@pytest.mark.parametrize("quantiles", [[0.1, 0.5, 0.9], [0.5], 0.9, [0.025, 0.975], None])
def test_what_may_be_asked_for(quantiles: Any) -> None:
    assert problems(quantiles) == []


@pytest.mark.parametrize(
    ("quantiles", "path", "says"),
    [
        ([0.1, 0.1], "data.target.y.quantiles", "0.1 is there twice"),
        ([0.9, 0.1], "data.target.y.quantiles", "write [0.1, 0.9]"),
        ([0, 0.5], "data.target.y.quantiles[0]", "between 0 and 1"),
        ([0.5, 1], "data.target.y.quantiles[1]", "between 0 and 1"),
        ([10, 50, 90], "data.target.y.quantiles[0]", "between 0 and 1"),
        ([], "data.target.y.quantiles", "ascending numbers"),
        ("all", "data.target.y.quantiles", "between 0 and 1"),
    ],
)
def test_what_may_not(quantiles: Any, path: str, says: str) -> None:
    (place, message, _), *_ = problems(quantiles)
    assert place == path
    assert says in message


def test_a_loss_of_one_number_is_refused_and_a_loss_of_quantiles_without_any() -> None:
    ((path, message, hint),) = problems([0.1, 0.9], loss="huber")
    assert (path, "huber" in message, "pinball" in hint) == ("compile.loss", True, True)
    ((path, message, hint),) = problems(None, loss="pinball")
    assert (path, "quantiles: [" in hint) == ("compile.loss", True)
    ((path, message, hint),) = problems(None, target="y", loss="Pinball")
    assert "says none" in message


def test_targets_that_share_an_output_have_the_same() -> None:
    target = {"y": {"type": "number", "quantiles": [0.5]}, "z": "number"}
    ((path, message, _),) = problems(None, target=target)
    assert (path, "y, z share an output" in message) == ("data.target", True)


@given(st.lists(st.floats(0.001, 0.999), min_size=1, max_size=9, unique=True).map(sorted))
def test_the_prediction_is_the_nearest_to_the_median(levels: list[float]) -> None:
    found = abs(levels[middle(levels)] - 0.5)
    assert all(found <= abs(level - 0.5) + 1e-9 for level in levels)


@pytest.mark.parametrize(
    ("target", "shape", "fits", "deep"),
    [
        (TargetSpec("y", "number", quantiles=(0.1, 0.9)), (2,), True, False),
        (TargetSpec("y", "number", quantiles=(0.1, 0.9)), (1, 2), True, True),
        (TargetSpec("y", "number", quantiles=(0.1, 0.9)), (3,), False, False),
        (TargetSpec("y", "number", width=6, quantiles=(0.1, 0.9)), (12,), True, False),
        (TargetSpec("y", "number", width=6, quantiles=(0.1, 0.9)), (6, 2), True, True),
        (TargetSpec("y", "number", width=2, axes=(6,), quantiles=(0.1, 0.9)), (6, 4), True, False),
        (TargetSpec("y", "number", width=2, axes=(6,), quantiles=(0.1, 0.9)), (6, 2, 2), True, True),
        (TargetSpec("y", "number", width=2, axes=(6,), quantiles=(0.1, 0.9)), (24,), False, False),
    ],
)
def test_the_shapes_of_an_output(target: TargetSpec, shape: tuple[int, ...], fits: bool, deep: bool) -> None:
    plan = OutputPlan("out", (target,), "number", Component("pinball"), Head(shape[-1], "linear"), shape)
    assert (plan.fits, plan.is_deep) == (fits, deep)
