"""Layers that would do nothing in silence are refused, wherever they stand, with the way out."""

from __future__ import annotations

from typing import Any

import pytest

from dlcli.config.validation.components import check_components
from dlcli.config.validation.layer_faults import ADAPTED

DENSE: dict[str, Any] = {"Dense": {"units": 1}}
VALUES = {"mean": 1.0, "variance": 2.0, "bin_boundaries": [0.5], "vocabulary": ["a"], "boundaries": [[0.0, 1.0]]}


def rules(layers: list[Any], **model: Any) -> list[str]:
    return [problem.rule for problem in check_components({"model": {"layers": [*layers, DENSE], **model}}, {})]


@pytest.mark.parametrize("name", ADAPTED)
def test_layers_that_learn_by_adapt(name: str) -> None:
    given = {argument: VALUES[argument] for argument in ADAPTED[name].arguments}
    empty = dict.fromkeys(given)
    of_texts = ["needs-adapt"] * ADAPTED[name].of_texts  # the others are adapted before training
    for layers in ([name], [{name: {"name": "x"}}], [{name: empty}]):
        assert rules(layers) == of_texts
    assert rules([{"TimeDistributed": {"layer": name}}]) == ["needs-adapt"]
    assert rules([{"layers": [name]}]) == of_texts
    assert rules([{name: given}]) == []
    assert rules([{"block": "b", "with": given}], blocks={"b": [name]}) == []
    assert rules([{"block": "b"}], blocks={"b": [name]}) == of_texts


@pytest.mark.tensorflow
def test_every_layer_with_adapt_is_known() -> None:
    import keras

    adapted = {name for name, thing in vars(keras.layers).items() if hasattr(thing, "adapt")}
    assert {name for name in adapted if not name.startswith("Experimental")} <= set(ADAPTED)


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_layers_that_mix_labels(name: str) -> None:
    assert rules([name]) == ["mixes-labels"]


def test_ones_own_layer_of_that_name_is_ones_own() -> None:
    assert check_components({"model": {"layers": ["Normalization"]}}, {"Normalization": None}) == []
