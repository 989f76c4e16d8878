"""Targets of any shape against outputs, and which output learns which, without Keras."""

from __future__ import annotations

from typing import Any

import pytest

from dlcli.config.outputs.conventions import pair_targets
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.outputs.outputs import plan_outputs
from dlcli.config.schema import Config, DataConfig
from dlcli.config.schema.component import Component
from dlcli.config.signature import TargetSpec
from dlcli.errors import ConfigError, ModelError

NUMBER = TargetSpec("y", "number")
STEPS = TargetSpec("y", "category", classes=("a", "b", "c"), axes=(4,))
GAPS = TargetSpec("y", "category", classes=("a", "b", "c"), axes=(4,), gaps=True)
IMAGE = TargetSpec("y", "number", width=3, axes=(8, 8))
TAGS = TargetSpec("y", "categories", width=3, classes=("a", "b", "c"))


def config(compile_: dict[str, Any] | None = None, activation: str = "linear", **model: Any) -> Config:
    return Config.model_validate(
        {
            "data": {"train": "rows.csv", "target": "y"},
            "model": {"layers": [{"Dense": {"units": 1, "activation": activation}}], **model},
            "compile": compile_ or {},
        }
    )


def plan(shape: tuple[int | None, ...], target: TargetSpec, **compile_: Any) -> OutputPlan:
    activation = compile_.pop("activation", "linear")
    ((found,), _) = plan_outputs(config(compile_, activation), outputs={"out": shape}, targets=[target])
    return found


@pytest.mark.parametrize(
    ("shape", "target", "form"),
    [
        ((4, 3), STEPS, "index"),
        ((None, 3), STEPS, "index"),
        ((8, 8, 3), IMAGE, "number"),
        ((3,), TAGS, "multi_hot"),
        ((4, 1), TargetSpec("y", "number", width=4), "number"),
        ((4, 1), TargetSpec("y", "category", classes=("a", "b"), axes=(4,)), "column"),
    ],
)
def test_shapes_that_fit(shape: tuple[int | None, ...], target: TargetSpec, form: str) -> None:
    found = plan(shape, target)
    assert found.form == form
    assert found.fits


@pytest.mark.parametrize(
    ("shape", "target", "rule"),
    [
        ((3,), STEPS, "shape-target"),
        ((5, 3), STEPS, "shape-target"),
        ((4, 4, 3), STEPS, "shape-target"),
        ((4, 2), STEPS, "units-target"),
        ((8, 8, 1), IMAGE, "units-target"),
        ((6, 8, 3), IMAGE, "shape-target"),
        ((192,), IMAGE, "shape-target"),
        ((4, 1), NUMBER, "shape-target"),
        ((4, 3), TAGS, "shape-target"),
        ((2,), TAGS, "units-target"),
    ],
)
def test_shapes_that_do_not(shape: tuple[int | None, ...], target: TargetSpec, rule: str) -> None:
    with pytest.raises(ModelError) as error:
        plan(shape, target)
    assert [problem.rule for problem in error.value.problems] == [rule]


def test_a_loss_is_told_of_places_without_a_class() -> None:
    assert plan((4, 3), GAPS, activation="softmax").loss.arguments == {"ignore_class": -1}
    one_hot = plan((4, 3), GAPS, loss="categorical_crossentropy", activation="softmax")
    assert (one_hot.form, one_hot.loss.name) == ("one_hot", "categorical_crossentropy")
    two = TargetSpec("y", "category", classes=("a", "b"), axes=(4,), gaps=True)
    with pytest.raises(ModelError, match="cannot pass over them"):
        plan((4, 1), two, activation="sigmoid")


@pytest.mark.parametrize(
    ("outputs", "loss", "learners"),
    [
        (["a", "b"], {"b": Component("mse")}, ["b"]),
        (["a", "b"], Component("mse"), ["a", "b"]),
        (["a", "b"], {"a": Component("mse"), "b": Component("mae")}, ["a", "b"]),
        (["a"], None, ["a"]),
    ],
)
def test_one_target_is_learnt_by_the_outputs_with_a_loss(outputs: list[str], loss: Any, learners: list[str]) -> None:
    paired = pair_targets(outputs, [NUMBER], loss)
    assert paired is not None
    assert [name for name, targets in paired.items() if targets] == learners


def test_outputs_that_nobody_speaks_of_are_no_guess() -> None:
    assert pair_targets(["a", "b"], [NUMBER], None) is None
    assert pair_targets(["a", "b"], [NUMBER], None, own_model=True) == {"a": (NUMBER,), "b": ()}
    assert pair_targets(["a", "y"], [NUMBER], None, own_model=True) == {"a": (), "y": (NUMBER,)}
    assert pair_targets(["a", "b"], [], None) == {"a": (), "b": ()}


def test_an_output_without_a_target_has_no_loss_and_no_metrics() -> None:
    loss = {"loss": {"b": "mse"}, "metrics": ["mae"]}
    plans, compile_ = plan_outputs(config(loss, outputs=["a", "b"]), outputs={"a": (2,), "b": (1,)}, targets=[NUMBER])
    assert [len(one.targets) for one in plans] == [0, 1]
    assert compile_.loss == {"b": Component("mse")}
    assert compile_.metrics == {"b": [Component("mae")]}
    ((nothing,), empty) = plan_outputs(config(), outputs={"a": (2,)}, targets=[])
    assert not nothing.fits
    assert (empty.loss, empty.metrics) == (None, [])


def test_from_says_the_type_and_none_that_there_is_no_target() -> None:
    def target(value: Any) -> Any:
        return DataConfig.model_validate({"train": "rows.csv", "target": value}).target

    again = target({"again": {"from": "x"}})["again"]
    assert (again.type, again.of_features) == ("input", ("x",))
    assert target({"again": {"from": ["x", "z*"]}})["again"].of_features == ("x", "z*")
    assert target("none") == target({}) == {}
    assert list(target(["none"])) == ["none"]


def test_two_plans_of_one_target_are_called_by_their_outputs() -> None:
    plans, _ = plan_outputs(
        config({"loss": "mse"}, outputs=["a", "b"]), outputs={"a": (1,), "b": (1,)}, targets=[NUMBER]
    )
    assert [one.called("y") for one in plans] == ["a", "b"]


def test_nothing_speaks_for_outputs_that_nobody_pairs() -> None:
    with pytest.raises((ConfigError, ModelError)) as error:
        plan_outputs(config(outputs=["a", "b"]), outputs={"a": (1,), "b": (1,)}, targets=[NUMBER])
    assert error.value.problems[0].rule == "outputs-targets"
