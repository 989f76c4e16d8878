"""Every metric of Keras's measures the same of one problem, however the last layer and the loss put it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.catalogue.facts import METRICS, metric_facts
from dlcli.config.outputs.conventions import Head, TargetForm
from dlcli.config.outputs.metric_views import metric_view
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema.component import Component, normal_name
from dlcli.config.signature import TargetSpec
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.evaluation.metric_sight import see
from dlcli.model.components import make
from dlcli.model.metrics.viewed import viewed
from dlcli.trained.decoding import decode

TWO, THREE = ("no", "yes"), ("a", "b", "c")
LOGITS = {"from_logits": True}
NAMES = [entry.name for entry in catalogue.load().entries("metrics") if entry.name not in ("Mean", "Sum")]
NAMES = [name for name in NAMES if name != "MeanMetricWrapper"]
HINGES = {"Hinge", "SquaredHinge", "CategoricalHinge"}
FILLERS: dict[str, Any] = {"target_class_ids": [1], "num_thresholds": 9}
Case = tuple[OutputPlan, NDArray[Any], NDArray[Any]]


def component(name: str, classes: int) -> Component:
    entry = catalogue.load().get("metrics", name)
    assert entry is not None
    arguments = {key: classes if key == "num_classes" else FILLERS.get(key, 0.4) for key in entry.required}
    return Component(name, arguments)


def plan(classes: tuple[str, ...], form: TargetForm, loss: Any, head: Head) -> OutputPlan:
    return OutputPlan("out", (TargetSpec("y", "category", classes=classes),), form, Component.parse(loss), head)


def value(metric: Component, case: Case) -> Any:
    output, true, predicted = case
    measure = viewed(make("metrics", metric, code={}, path=("m",)), metric, output)
    if isinstance(measure, str):  # Keras chooses by the shapes
        kind = "Binary" if output.head.units == 1 else "Sparse" * (output.form == "index") + "Categorical"
        measure = make("metrics", Component(f"{kind}Accuracy"), code={}, path=("m",))
    for start in (0, 30):
        measure.update_state(true[start : start + 30], predicted[start : start + 30])
    return np.asarray(measure.result())


def vectors(indices: NDArray[Any], count: int) -> NDArray[Any]:
    return np.asarray(np.eye(count, dtype=np.float32)[indices])


def binary() -> dict[str, Case]:
    random = np.random.default_rng(1)
    true = random.integers(0, 2, 50)
    scores = (random.normal(size=50) + true - 0.5).astype(np.float32)
    positive = (1 / (1 + np.exp(-scores))).reshape(-1, 1).astype(np.float32)
    column, both = true.reshape(-1, 1).astype(np.float32), np.concatenate([1 - positive, positive], axis=1)
    index = true.astype(np.int32)
    return {
        "sigmoid": (plan(TWO, "column", "bce", Head(1, "sigmoid")), column, positive),
        "score": (plan(TWO, "column", {"BinaryCrossentropy": LOGITS}, Head(1, "linear")), column, scores[:, None]),
        # Keras learns from what the sigmoid was given, so that the output is a probability all the same.
        "both": (plan(TWO, "column", {"BinaryCrossentropy": LOGITS}, Head(1, "sigmoid")), column, positive),
        "index": (plan(TWO, "index", "sparse_categorical_crossentropy", Head(2, "softmax")), index, both),
        "vector": (plan(TWO, "one_hot", "CategoricalCrossentropy", Head(2, "softmax")), vectors(index, 2), both),
    }


def several() -> dict[str, Case]:
    random = np.random.default_rng(2)
    index = random.integers(0, 3, 50).astype(np.int32)
    scores = (random.normal(size=(50, 3)) + vectors(index, 3)).astype(np.float32)
    powers = np.exp(scores)
    probabilities = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    one_hot = vectors(index, 3)
    sparse, dense = "SparseCategoricalCrossentropy", "CategoricalCrossentropy"
    return {
        "vector": (plan(THREE, "one_hot", dense, Head(3, "softmax")), one_hot, probabilities),
        "index": (plan(THREE, "index", sparse, Head(3, "softmax")), index, probabilities),
        "scores": (plan(THREE, "one_hot", {dense: LOGITS}, Head(3, "linear")), one_hot, scores),
        "index of scores": (plan(THREE, "index", {sparse: LOGITS}, Head(3, "linear")), index, scores),
    }


def test_every_metric_is_in_the_table() -> None:
    assert {normal_name(Component(name)) for name in NAMES} - {"accuracy"} == set(METRICS)


@pytest.mark.parametrize("name", NAMES)
def test_one_problem_has_one_value(name: str) -> None:
    metric = component(name, 3)
    cases = several()
    if name in HINGES:
        cases = {key: case for key, case in cases.items() if "scores" not in key}
    if name == "BinaryIoU":
        metric = Component(name)
    expected = value(metric, cases["vector"])
    for case in cases.values():
        assert value(metric, case) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", sorted({*NAMES} - {"PearsonCorrelation", "ConcordanceCorrelation"}))
def test_two_classes_have_one_value(name: str) -> None:
    metric = component(name, 2)
    cases = binary()
    if name in HINGES:
        del cases["score"]
    expected = value(metric, cases["sigmoid"])
    for key in ("score", "both"):
        if key in cases:
            assert value(metric, cases[key]) == pytest.approx(expected, rel=1e-4, abs=1e-5)
    of_two = value(metric, cases["vector"])
    assert value(metric, cases["index"]) == pytest.approx(of_two, rel=1e-5)
    facts = metric_facts(metric)
    if facts is None or facts.each_class or facts.predicted == "class":
        assert expected == pytest.approx(of_two, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", ["accuracy", "acc", "Accuracy", "BinaryAccuracy", "CategoricalAccuracy"])
@pytest.mark.parametrize("case", [*binary(), "hinge", "squared_hinge"])
def test_accuracy_is_that_of_the_predictions(name: str, case: str) -> None:
    cases = binary()
    _, column, scores = cases["score"]
    output, true, predicted = cases.get(
        case, (plan(TWO, "column", case, Head(1, "linear")), column, np.asarray(scores * 2))
    )
    (decoded,) = decode([predicted], [output], Preprocessing({}, {}))
    right = cases["index"][1] == decoded.indices
    assert value(Component(name), (output, true, predicted)) == pytest.approx(right.mean())
    if name == "Accuracy":  # the class of that name compares scores with labels
        assert value(Component(name, {"name": "other"}), (output, true, predicted)) == pytest.approx(right.mean())


def test_macro_averages_are_over_both_classes() -> None:
    output, true, predicted = binary()["sigmoid"]
    chosen, wanted = predicted[:, 0] > 0.5, true[:, 0] > 0.5
    f1 = [2 * (c & w).sum() / (c.sum() + w.sum()) for c, w in ((chosen, wanted), (~chosen, ~wanted))]
    macro = Component("F1Score", {"average": "macro"})
    assert value(macro, (output, true, predicted)) == pytest.approx(np.mean(f1))
    second = Component("F1Score", {"average": "macro", "threshold": 0.5})
    assert value(second, (output, true, predicted)) == pytest.approx(f1[0])


def test_a_metric_that_is_told_to_take_scores_takes_them() -> None:
    output, true, scores = binary()["score"]
    at_zero = Component("BinaryAccuracy", {"threshold": 0.0})
    assert value(at_zero, (output, true, scores)) == pytest.approx(value(Component("accuracy"), (output, true, scores)))
    for name in ("AUC", "BinaryCrossentropy"):
        told = value(Component(name, LOGITS), (output, true, scores))
        assert told == pytest.approx(value(Component(name), (output, true, scores)), rel=1e-5)


def test_metrics_of_numbers_see_those_that_are_predicted() -> None:
    """A loss of one's own may want more numbers, such as a spread beside the mean."""
    target = TargetSpec("y", "number")
    output = OutputPlan("out", (target,), "number", Component("NLL"), Head(2, "linear"))
    true, predicted = np.array([[1.0], [2.0]], np.float32), np.array([[1.5, 9.0], [2.5, 9.0]], np.float32)
    for name in ("mse", "MeanSquaredError", "RootMeanSquaredError"):
        metric = Component(name)
        assert value(metric, (output, true, predicted)) == pytest.approx(0.5 if name.startswith("Root") else 0.25)
        seen = see(metric_view(metric, output), np.asarray(true, np.float64), predicted)
        assert seen[1].shape == seen[0].shape == (2, 1)


class Watch:
    """In a metric's place: keeps what it is shown."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.shown = [np.asarray(y_true), np.asarray(y_pred)]


@pytest.mark.parametrize("name", NAMES)
def test_numpy_shows_metrics_the_same(name: str) -> None:
    """The portable evaluation turns targets and predictions as Keras's do."""
    for output, true, predicted in [*binary().values(), *several().values()]:
        metric = component(name, len(output.classes))
        view = metric_view(metric, output)
        if view is None:
            continue
        seen = see(view, np.asarray(true, np.float64), predicted)
        if normal_name(metric) == "accuracy":
            continue
        watch = Watch()
        viewed(watch, metric, output).update_state(true, predicted)
        for one, other in zip(seen, watch.shown, strict=True):
            assert one.shape == other.shape
            assert one == pytest.approx(other, rel=1e-5, abs=1e-6)
