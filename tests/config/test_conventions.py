"""The output conventions of row 4: what goes with what."""

from __future__ import annotations

import pytest

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.catalogue.facts import LOSSES, loss_facts
from dlcli.config.outputs.conventions import (
    Head,
    default_loss,
    default_metrics,
    default_targets,
    from_logits,
    model_head,
    says_classification,
    target_form,
)
from dlcli.config.outputs.target_scale import unscalable_targets
from dlcli.config.schema import Config, ModelConfig
from dlcli.config.schema.component import Component, normal_name
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


def test_every_keras_loss_has_its_facts() -> None:
    for entry in catalogue.load().entries("losses"):
        for name in (entry.name, *entry.aliases):
            facts = loss_facts(Component(name))
            if entry.shorthand:  # `crossentropy` is whichever fits the shapes
                assert facts.family == "other"
                continue
            assert facts == LOSSES[normal_name(Component(entry.name))]
            assert facts.family != "other"
            assert set(facts.own_unit) <= set(entry.arguments)
            assert facts.probabilities or not facts.sum_to_one
            assert not facts.scales or facts.family == "number"
            # A loss that can be told of raw scores is made for probabilities.
            assert facts.probabilities or "from_logits" not in entry.arguments


def test_the_loss_of_a_single_output_is_found_by_any_name() -> None:
    layers = [{"Dense": {"units": 1}, "name": "visits"}]
    config = {"data": {"train": ["a.csv"], "target": {"n": "number"}}, "model": {"layers": layers}}
    for loss in ("poisson", {"visits": "poisson"}):
        assert set(unscalable_targets(Config.model_validate({**config, "compile": {"loss": loss}}))) == {"n"}


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
