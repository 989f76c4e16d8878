"""Outputs that do not fit their targets are found, with the way out."""

from __future__ import annotations

from typing import Any

import pytest

from dlcli.config.component import Component
from dlcli.config.outputs import plan_outputs
from dlcli.config.schema import Config
from dlcli.config.signature import TargetSpec
from dlcli.errors import ConfigError, ModelError

NUMBER = TargetSpec("price", "number")
BINARY = TargetSpec("label", "category", classes=("no", "yes"))
CLASSES = TargetSpec("species", "category", classes=("a", "b", "c"))


def config(layer: dict[str, Any], compile_: dict[str, Any] | None = None, **model: Any) -> Config:
    return Config.model_validate(
        {
            "data": {"train": "x.csv", "target": "y"},
            "model": {"layers": [{"Dense": layer}], **model},
            "compile": compile_ or {},
        }
    )


def test_the_gaps_of_compile_are_filled() -> None:
    plans, compile_ = plan_outputs(
        config({"units": 3, "activation": "softmax"}), outputs={"dense": 3}, targets=[CLASSES]
    )
    assert plans[0].form == "index"
    assert compile_.loss == Component("sparse_categorical_crossentropy")
    assert compile_.metrics == [Component("accuracy")]


def test_several_numbers_share_an_output() -> None:
    plans, _ = plan_outputs(config({"units": 2}), outputs={"dense": 2}, targets=[NUMBER, TargetSpec("size", "number")])
    assert [target.name for target in plans[0].targets] == ["price", "size"]


@pytest.mark.parametrize(
    ("layer", "compile_", "units", "target", "says"),
    [
        ({"units": 2, "activation": "softmax"}, {}, 2, CLASSES, "units: 3"),
        ({"units": 4, "activation": "softmax"}, {"loss": "categorical_crossentropy"}, 4, CLASSES, "units: 3"),
        ({"units": 1, "activation": "sigmoid"}, {}, 1, CLASSES, "softmax"),
        ({"units": 3}, {}, 3, NUMBER, "units: 1"),
        ({"units": 1}, {"loss": "sparse_categorical_crossentropy"}, 1, BINARY, "binary_crossentropy"),
        ({"units": 1}, {"loss": "sparse_categorical_crossentropy"}, 1, NUMBER, "mean_squared_error"),
    ],
)
def test_misfits_say_the_way_out(
    layer: dict[str, Any], compile_: dict[str, Any], units: int, target: TargetSpec, says: str
) -> None:
    with pytest.raises(ModelError) as error:
        plan_outputs(config(layer, compile_), outputs={"dense": units}, targets=[target])
    (problem,) = error.value.problems
    assert says in problem.hint
    assert problem.path in ("model.layers[0]", "compile.loss")


def test_outputs_and_targets_of_different_number() -> None:
    with pytest.raises(ModelError, match="one output and 2 targets"):
        plan_outputs(config({"units": 3}), outputs={"dense": 3}, targets=[NUMBER, CLASSES])
    with pytest.raises(ModelError, match="2 outputs"):
        plan_outputs(config({"units": 3}), outputs={"a": 3, "b": 1}, targets=[CLASSES])


def test_a_loss_for_an_output_that_is_none() -> None:
    with pytest.raises(ConfigError, match="'other' is no output"):
        plan_outputs(config({"units": 1}, {"loss": {"other": "mse"}}), outputs={"dense": 1}, targets=[NUMBER])


def test_the_accuracy_of_a_raw_score_has_its_threshold_at_zero() -> None:
    _, compile_ = plan_outputs(
        config({"units": 1}, {"metrics": ["accuracy", "AUC"]}), outputs={"d": 1}, targets=[BINARY]
    )
    assert compile_.metrics == [Component("BinaryAccuracy", {"name": "accuracy", "threshold": 0.0}), Component("AUC")]
    # Whoever writes from_logits gets Keras's own accuracy.
    loss = {"BinaryCrossentropy": {"from_logits": True}}
    _, compile_ = plan_outputs(
        config({"units": 1}, {"loss": loss, "metrics": ["accuracy"]}), outputs={"d": 1}, targets=[BINARY]
    )
    assert compile_.metrics == [Component("accuracy")]
