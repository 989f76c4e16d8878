"""Baselines: fitted on the training rows, kept in the run, and measured as the model is, whatever the target."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from dlcli.codecs.categories.target import CategoriesTargetCodec
from dlcli.codecs.category.target import CategoryTargetCodec
from dlcli.codecs.number.target import NumberTargetCodec
from dlcli.config.outputs.conventions import Head, TargetForm
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema.component import Component
from dlcli.data.baselines.baseline import Baseline, Guess, GuessedRows, baselines_of
from dlcli.data.columns.codec import Column
from dlcli.data.columns.target_codec import TargetCodec
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples.samples import ArraySpec, Indices, Taken
from dlcli.data.series.target import TargetOfSteps
from dlcli.evaluation.evaluation import report_rows
from dlcli.trained.predictor import Arrays, RuntimeName

NUMBERS = np.array([[1.0, 10.0], [2.0, 20.0], [9.0, 90.0]])
STEPS = np.array([[[1.0], [3.0]], [[5.0], [100.0]]])


def vector() -> TargetCodec:
    return NumberTargetCodec("y", ["y"], scale="standard")


def quantiles() -> TargetCodec:
    return NumberTargetCodec("y", ["y"], scale="standard", quantiles=[0.25, 0.5])


def classes() -> TargetCodec:
    return CategoryTargetCodec("y", ["y"])


TARGETS: dict[str, tuple[Callable[[], TargetCodec], Column]] = {
    "a vector": (vector, NUMBERS),
    "quantiles": (quantiles, NUMBERS),
    "a series": (vector, STEPS),
    "a class": (classes, pa.array(["b", "a", "b"])),
    "a class a step": (lambda: CategoryTargetCodec("y", ["y"], shape=[2]), pa.array([["a", "b"], ["b", "b"]])),
    "sets": (lambda: CategoriesTargetCodec("y", ["y"]), pa.array([["a"], ["a", "b"], [], ["a"]])),
}


def fitted(name: str) -> TargetCodec:
    """The codec as a run has it: fitted, written and read again."""
    make, column = TARGETS[name]
    codec = make()
    codec.fit([column])
    codec.finish()
    return type(codec).from_state(json.loads(json.dumps(codec.state())))


class Zeros:
    """A model that gives zeros."""

    runtime: ClassVar[RuntimeName] = "portable"
    named: tuple[str, ...] = ()
    rows_at_once = 2

    def __init__(self, *outputs: OutputPlan) -> None:
        self.outputs = outputs

    def __call__(self, inputs: Arrays) -> list[NDArray[Any]]:
        shapes = [tuple(size or 0 for size in plan.shape or ()) for plan in self.outputs]
        return [np.zeros((len(inputs["x"]), *shape), np.float32) for shape in shapes]


class Rows:
    """Samples of one target."""

    fingerprint = ""

    def __init__(self, target: NDArray[Any]) -> None:
        self.held = target
        self.inputs = {"x": ArraySpec((1,), np.dtype(np.float32))}
        self.targets = {"y": ArraySpec(target.shape[1:], target.dtype)}

    def __len__(self) -> int:
        return len(self.held)

    def take(self, indices: Indices, *, inputs: Collection[str] | None = None) -> Taken:
        own = self.held[indices]
        return Taken({"x": np.zeros((len(own), 1), np.float32)}, {"y": own})


def plan(codec: TargetCodec) -> OutputPlan:
    spec = codec.spec
    if spec.kind == "number":
        width = spec.width * max(len(spec.quantiles), 1)
        return OutputPlan("y", (spec,), "number", Component("mse"), Head(width, "linear"), (*spec.axes, width))
    form: TargetForm = "multi_hot" if spec.kind == "categories" else "index"
    count = len(spec.classes)
    return OutputPlan("y", (spec,), form, Component("bce"), Head(count, "sigmoid"), (*spec.axes, count))


def report(codec: TargetCodec, rows: Rows) -> dict[str, Any]:
    """What is reported of a model of zeros."""
    predictor = Zeros(plan(codec))
    return report_rows(rows, predictor=predictor, preprocessing=Preprocessing({}, {"y": codec}))["y"]


def of_training(name: str) -> dict[str, Any]:
    codec = fitted(name)
    return report(codec, Rows(np.asarray(codec.encode([TARGETS[name][1]]))))


def test_numbers_are_measured_by_hand() -> None:
    found = of_training("a vector")
    assert list(found["baselines"]) == ["mean", "median"]
    errors = NUMBERS - NUMBERS.mean(axis=0)
    assert found["baselines"]["mean"]["rmse"] == pytest.approx(np.sqrt((errors**2).mean(axis=0)).mean())
    assert found["baselines"]["mean"]["rmse"] == pytest.approx(found["rmse"], rel=1e-6), "zeros, scaled, are the mean"
    errors = NUMBERS - np.median(NUMBERS, axis=0)
    assert found["baselines"]["median"]["mae"] == pytest.approx(np.abs(errors).mean())
    assert found["worse_than"] == {"median": ["mae"]}


def test_a_series_is_guessed_alike_at_each_step() -> None:
    found = of_training("a series")["baselines"]
    assert found["median"]["mae"] == pytest.approx(np.abs(STEPS - 4.0).mean())
    assert found["mean"]["mae"] == pytest.approx(np.abs(STEPS - STEPS.mean()).mean())


def test_quantiles_are_those_of_the_training_rows() -> None:
    found = of_training("quantiles")["baselines"]["median"]
    losses = []
    for level in (0.25, 0.5):
        error = NUMBERS - np.quantile(NUMBERS, level, axis=0)
        losses.append(np.maximum(level * error, (level - 1) * error).mean())
    assert found["pinball"] == pytest.approx(np.mean(losses))


def test_the_most_frequent_class_and_the_shares() -> None:
    found = of_training("a class")["baselines"]["majority"]
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["log_loss"] == pytest.approx(-(2 * np.log(2 / 3) + np.log(1 / 3)) / 3)
    assert found["is"] == "always predicting 'b'"


def test_classes_of_steps_and_sets() -> None:
    steps = of_training("a class a step")["baselines"]["majority"]
    assert (steps["accuracy"], steps["whole"]) == (0.75, 0.5)
    sets = of_training("sets")["baselines"]["majority"]
    assert sets["accuracy"] == pytest.approx(6 / 8), "a where three of four rows have it, b nowhere"
    assert sets["whole"] == 0.5
    expected = -(3 * np.log(0.75) + np.log(0.25) + np.log(0.25) + 3 * np.log(0.75)) / 8
    assert sets["log_loss"] == pytest.approx(expected)


@pytest.mark.parametrize("name", ["a vector", "a class"])
def test_a_run_of_before_has_fewer(name: str) -> None:
    state = {key: value for key, value in fitted(name).state().items() if key != "spread"}
    codec = type(fitted(name)).from_state(state)
    assert [each.name for each in baselines_of(codec)] == (["mean"] if name == "a vector" else ["majority"])


class LastValue:
    """The latest known value, at every step to come: what a forecast is to be better than."""

    name = "last_value"
    words = "repeating the last value"
    judged_by = ("mae",)

    def __init__(self, codec: TargetCodec) -> None:
        self.codec = codec

    def guess(self, rows: GuessedRows) -> Guess:
        past = rows.past(self.codec.name, 1)
        assert past is not None
        return Guess(numbers=np.asarray(self.codec.decode(past)).reshape(len(rows), 1))


class Forecast(NumberTargetCodec):
    """A number of which the last value is known."""

    def baselines(self) -> tuple[Baseline, ...]:
        return (LastValue(self), *super().baselines())


class Windows(Rows):
    """Samples of series that know the steps before."""

    def __init__(self, steps: NDArray[Any], horizon: int) -> None:
        self.steps, self.horizon = steps, horizon
        starts = np.arange(1, len(steps) - horizon + 1)
        super().__init__(np.stack([steps[start : start + horizon] for start in starts]))

    def past(self, indices: Indices, target: str, steps: int) -> NDArray[Any]:
        assert steps == 1
        return self.steps[np.arange(len(self.held))[indices]].reshape(-1, 1, 1)


def test_a_baseline_may_look_at_the_steps_before() -> None:
    codec = Forecast("y", ["y"], scale="standard")
    codec.fit([np.arange(10.0)])
    codec.finish()
    steps = np.asarray(codec.encode([np.arange(10.0)]))[:, 0]
    found = report(TargetOfSteps(codec, 3), Windows(steps, 3))
    assert list(found["baselines"]) == ["last_value", "mean", "median"]
    assert found["baselines"]["last_value"]["mae"] == pytest.approx((1 + 2 + 3) / 3, rel=1e-5)
    assert found["mae"] < 2, "a mean over so short a series is nearer"
    assert "worse_than" not in found


def test_rows_that_are_no_steps_have_no_past() -> None:
    codec = Forecast("y", ["y"])
    codec.fit([np.arange(4.0)])
    codec.finish()
    with pytest.raises(AssertionError):
        report(codec, Rows(np.zeros((2, 1), np.float32)))
