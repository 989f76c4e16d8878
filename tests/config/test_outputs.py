"""Outputs that do not fit their targets are found, with the way out."""

from __future__ import annotations

from typing import Any

import pytest

from dlcli.config.outputs.conventions import Head
from dlcli.config.outputs.metric_faults import check_metrics_of
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.outputs.outputs import plan_outputs
from dlcli.config.schema import Config
from dlcli.config.schema.component import Component
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
        config({"units": 3, "activation": "softmax"}), outputs={"dense": (3,)}, targets=[CLASSES]
    )
    assert plans[0].form == "index"
    assert compile_.loss == Component("sparse_categorical_crossentropy")
    assert compile_.metrics == [Component("accuracy")]


def test_several_numbers_share_an_output() -> None:
    plans, _ = plan_outputs(
        config({"units": 2}), outputs={"dense": (2,)}, targets=[NUMBER, TargetSpec("size", "number")]
    )
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
        plan_outputs(config(layer, compile_), outputs={"dense": (units,)}, targets=[target])
    (problem,) = error.value.problems
    assert says in problem.hint
    assert problem.path in ("model.layers[0]", "compile.loss")


def test_outputs_and_targets_of_different_number() -> None:
    with pytest.raises(ModelError, match="one output and 2 targets"):
        plan_outputs(config({"units": 3}), outputs={"dense": (3,)}, targets=[NUMBER, CLASSES])
    with pytest.raises(ModelError, match="2 outputs"):
        plan_outputs(config({"units": 3}), outputs={"a": (3,), "b": (1,)}, targets=[CLASSES])


def test_a_loss_for_an_output_that_is_none() -> None:
    with pytest.raises(ConfigError, match="'other' is no output"):
        plan_outputs(config({"units": 1}, {"loss": {"other": "mse"}}), outputs={"dense": (1,)}, targets=[NUMBER])


def test_every_name_that_is_no_output_is_told_with_the_nearest_that_is() -> None:
    wrong = {"loss": {"dens": "mse"}, "loss_weights": {"b": 1.0}, "metrics": {"Dense": ["mae"]}}
    with pytest.raises(ConfigError) as raised:
        plan_outputs(config({"units": 1}, wrong), outputs={"dense": (1,)}, targets=[NUMBER])
    assert [(problem.path, problem.hint) for problem in raised.value.problems] == [
        ("compile.loss.dens", "did you mean 'dense'?"),
        ("compile.metrics.Dense", "did you mean 'dense'?"),
        ("compile.loss_weights.b", ""),
    ]


def output(head: Head, loss: Any, classes: tuple[str, ...] = ("no", "yes")) -> OutputPlan:
    target = TargetSpec("label", "category", classes=classes)
    return OutputPlan("out", (target,), "column" if head.units == 1 else "index", Component.parse(loss), head)


LOGITS = {"from_logits": True}


@pytest.mark.parametrize(
    ("head", "loss", "scores", "link"),
    [
        (Head(1, "sigmoid"), "binary_crossentropy", "probabilities", None),
        (Head(1, "linear"), {"BinaryCrossentropy": LOGITS}, "logits", "sigmoid"),
        # Keras's loss looks behind the activation and learns what was meant.
        (Head(1, "sigmoid"), {"BinaryCrossentropy": LOGITS}, "probabilities", None),
        (Head(3, "softmax"), {"SparseCategoricalCrossentropy": LOGITS}, "probabilities", None),
        (Head(3, "linear"), {"SparseCategoricalCrossentropy": LOGITS}, "logits", "softmax"),
        (Head(3, "linear"), {"BinaryCrossentropy": LOGITS}, "logits", "sigmoid"),
        (Head(1, "linear"), "hinge", "signed", "sigmoid"),
        (Head(1, None), "hinge", "signed", "sigmoid"),
        (Head(1, "linear"), "mse", "scores", None),
        (Head(3, "linear"), "mse", "scores", None),
        (Head(3, None), "my_loss", "probabilities", None),
    ],
)
def test_what_the_numbers_of_an_output_are(head: Head, loss: Any, scores: str, link: str | None) -> None:
    found = output(head, loss)
    assert (found.scores, found.link) == (scores, link)


CIRCLE = {"loss": "Circle"}


@pytest.mark.parametrize("units", [2, 3, 7, None])
def test_embeddings_have_any_number_of_units(units: int | None) -> None:
    plans, compile_ = plan_outputs(config({"units": 2}, CIRCLE), outputs={"dense": (units,)}, targets=[CLASSES])
    assert (plans[0].form, plans[0].scores, plans[0].link) == ("index", "embedding", None)
    assert compile_.metrics == []
    assert check_metrics_of(compile_, plans) == []
    told = compile_.model_copy(update={"metrics": [Component("accuracy")]})
    (problem,) = check_metrics_of(told, plans)
    assert (problem.path, problem.rule) == ("compile.metrics[0].accuracy", "metric-fit")


ONE_HOT = TargetSpec("species", "category", classes=("a", "b", "c"), encode="one_hot")


@pytest.mark.parametrize(
    ("loss", "units", "target", "rule"),
    [
        ("Circle", 4, NUMBER, "loss-target"),
        ("circle", 4, ONE_HOT, "loss-target"),
        ("Circle", 1, CLASSES, "units-target"),
        ("CTC", 4, NUMBER, "loss-target"),
        ("ctc", 4, CLASSES, "loss-target"),
        ("CTC", None, CLASSES, "loss-target"),
    ],
)
def test_what_cannot_learn_embeddings_or_sequences(loss: str, units: int | None, target: TargetSpec, rule: str) -> None:
    with pytest.raises(ModelError) as error:
        plan_outputs(config({"units": units or 1}, {"loss": loss}), outputs={"dense": (units,)}, targets=[target])
    (problem,) = error.value.problems
    assert problem.rule == rule
    assert problem.hint


def test_a_loss_of_ones_own_may_want_more_numbers_than_the_target_has() -> None:
    loss = "MyLoss"
    plans, _ = plan_outputs(config({"units": 2}, {"loss": loss}), outputs={"dense": (2,)}, targets=[NUMBER])
    assert plans[0].head.units == 2
    own = config({"units": 5}, {"loss": "mse"}, **{"class": "Own"})
    assert plan_outputs(own, outputs={"dense": (5,)}, targets=[NUMBER])[0][0].head.units == 5
    assert plan_outputs(config({"units": 5}, {"loss": loss}), outputs={"dense": (5,)}, targets=[CLASSES])
    two = [NUMBER, TargetSpec("size", "number")]
    ((fewer,), _) = plan_outputs(config({"units": 1}, {"loss": loss}), outputs={"dense": (1,)}, targets=two)
    assert not fewer.fits  # a batch tells whether the loss takes it


def test_a_number_that_a_sigmoid_made_a_class_of() -> None:
    years = TargetSpec("year", "category", classes=tuple(map(str, range(1990, 2020))))
    with pytest.raises(ModelError) as error:
        plan_outputs(config({"units": 1, "activation": "sigmoid"}), outputs={"dense": (1,)}, targets=[years])
    assert "declare data.target: {year: {type: number, scale: min_max}}" in error.value.problems[0].hint


@pytest.mark.parametrize(
    ("metric", "units", "target", "rule"),
    [
        ("PearsonCorrelation", 1, NUMBER, "metric-fit"),
        ("CosineSimilarity", 1, NUMBER, "metric-fit"),
        ("CosineSimilarity", 1, BINARY, None),
        ("ConcordanceCorrelation", 1, BINARY, "metric-fit"),
        ({"PearsonCorrelation": {"axis": 0}}, 1, NUMBER, None),
        ({"MeanIoU": {"num_classes": 2}}, 3, CLASSES, "metric-classes"),
        ({"MeanIoU": {"num_classes": 3}}, 3, CLASSES, None),
        ({"IoU": {"num_classes": 3, "target_class_ids": [3]}}, 3, CLASSES, "metric-classes"),
        ({"Recall": {"class_id": 1}}, 1, BINARY, None),
        ({"Recall": {"class_id": 2}}, 1, BINARY, "metric-classes"),
    ],
)
def test_metrics_that_would_mean_nothing(metric: Any, units: int, target: TargetSpec, rule: str | None) -> None:
    activation = "softmax" if units > 1 else "sigmoid" if target is BINARY else None
    plans, compile_ = plan_outputs(
        config({"units": units, "activation": activation}, {"metrics": [metric]}),
        outputs={"dense": (units,)},
        targets=[target],
    )
    assert [problem.rule for problem in check_metrics_of(compile_, plans)] == ([rule] if rule else [])
    assert check_metrics_of(compile_, plans, code=[Component.parse(metric).name]) == []
