"""The output conventions of row 4: what goes with what."""

from __future__ import annotations

import pytest

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.outputs.conventions import (
    Head,
    default_loss,
    default_metrics,
    default_targets,
    from_logits,
    loss_family,
    model_head,
    says_classification,
    target_form,
)
from dlcli.config.schema import ModelConfig
from dlcli.config.schema.component import Component
from dlcli.config.signature import TargetSpec

NUMBER = TargetSpec("price", "number")
BINARY = TargetSpec("label", "category", classes=("no", "yes"))
CLASSES = TargetSpec("species", "category", classes=("a", "b", "c"))


@pytest.mark.parametrize(
    ("target", "head", "loss", "metric"),
    [
        (NUMBER, Head(1, "linear"), "mean_squared_error", "mae"),
        (BINARY, Head(1, "sigmoid"), "binary_crossentropy", "accuracy"),
        (BINARY, Head(2, "softmax"), "sparse_categorical_crossentropy", "accuracy"),
        (CLASSES, Head(3, "softmax"), "sparse_categorical_crossentropy", "accuracy"),
    ],
)
def test_the_table_of_defaults(target: TargetSpec, head: Head, loss: str, metric: str) -> None:
    chosen = default_loss(target, head)
    assert chosen == Component(loss)
    assert default_metrics(target, chosen) == [Component(metric)]


@pytest.mark.parametrize(("target", "head"), [(BINARY, Head(1, "linear")), (CLASSES, Head(3, "linear"))])
def test_raw_scores_get_a_loss_that_takes_them(target: TargetSpec, head: Head) -> None:
    assert from_logits(default_loss(target, head))


def test_one_hot_targets_get_the_loss_for_them() -> None:
    target = TargetSpec("species", "category", classes=("a", "b", "c"), encode="one_hot")
    assert default_loss(target, Head(3, "softmax")) == Component("categorical_crossentropy")


def test_every_keras_loss_has_a_family_or_is_known_to_have_none() -> None:
    unknown = {name for name in catalogue.load().names("losses") if loss_family(Component(name)) == "other"}
    # `crossentropy` is whichever fits the shapes.
    assert {name.lower() for name in unknown} <= {"crossentropy"}


@pytest.mark.parametrize(
    ("loss", "units", "form"),
    [
        ("sparse_categorical_crossentropy", 3, "index"),
        ("CategoricalCrossentropy", 3, "one_hot"),
        ("categorical_crossentropy", 3, "one_hot"),
        ("KLDivergence", 3, "one_hot"),
        ("CosineSimilarity", 3, "one_hot"),
        ("mean_squared_error", 3, "one_hot"),
        ("binary_crossentropy", 3, "one_hot"),
        ("binary_crossentropy", 1, "column"),
        ("mean_squared_error", 1, "column"),
        ("hinge", 1, "column"),
    ],
)
def test_the_target_follows_the_loss(loss: str, units: int, form: str) -> None:
    assert target_form(BINARY if units == 1 else CLASSES, Component(loss), units) == form


def test_the_config_has_the_last_word_on_the_form() -> None:
    target = TargetSpec("species", "category", classes=("a", "b", "c"), encode="one_hot")
    assert target_form(target, Component("MyLoss"), 3) == "one_hot"


@pytest.mark.parametrize(
    ("layers", "head"),
    [
        ([{"Dense": {"units": 3, "activation": "softmax"}}], Head(3, "softmax")),
        ([{"Dense": {"units": 3}}], Head(3, "linear")),
        ([{"Dense": {"units": 3}}, "Softmax"], Head(3, "softmax")),
        ([{"Dense": {"units": 1}}, {"Activation": {"activation": "sigmoid"}}], Head(1, "sigmoid")),
        ([{"Dense": {"units": 8}, "for": {"units": [8, 2]}}], Head(2, "linear")),
        ([{"layers": [{"Dense": {"units": 4, "activation": "tanh"}}]}], Head(4, "tanh")),
        ([{"Dense": {"units": 3}}, "MyLayer"], Head(None, None)),
    ],
)
def test_the_head_is_read_from_the_layers(layers: list[object], head: Head) -> None:
    assert model_head(ModelConfig.model_validate({"layers": layers})) == head


def test_what_the_config_says_of_the_target() -> None:
    assert says_classification(Component("binary_crossentropy"), Head()) is True
    assert says_classification(Component("mse"), Head(1, "linear")) is False
    assert says_classification(Component("mse"), Head(1, "sigmoid")) is True
    assert says_classification(None, Head(1, "linear")) is None


def test_outputs_and_targets_are_paired_by_name_else_in_order() -> None:
    assert default_targets(["species", "price"], [NUMBER, CLASSES]) == {"species": (CLASSES,), "price": (NUMBER,)}
    assert default_targets(["x", "y"], [NUMBER, CLASSES]) == {"x": (NUMBER,), "y": (CLASSES,)}
    assert default_targets(["species", "y"], [NUMBER, CLASSES]) == {"species": (CLASSES,), "y": (NUMBER,)}
    assert default_targets(["x"], [NUMBER, NUMBER]) == {"x": (NUMBER, NUMBER)}
    assert default_targets(["x"], [NUMBER, CLASSES]) is None
