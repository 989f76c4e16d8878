"""Two configs held against each other: what is the same is not told, and what is told makes the one of the other."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dlcli.runs.survey.alignment import Alignment, align

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["relu", "tanh", ""])
LAYERS = st.fixed_dictionaries({}, optional={"Dense": SCALARS, "name": SCALARS}) | st.sampled_from(["Flatten", "ReLU"])
VALUES = st.recursive(
    SCALARS | LAYERS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("abAB"), inner, max_size=3),
    max_leaves=12,
)


def told(one: Any, other: Any) -> list[tuple[str, Any, Any]]:
    return [(change.path, change.old, change.new) for change in align(one, other).changes]


def layers(*units: int) -> dict[str, Any]:
    return {"layers": [{"Dense": {"units": each}} for each in units]}


def test_a_layer_that_is_put_in_changes_no_other() -> None:
    assert told(layers(8, 3), layers(16, 8, 3)) == [("layers[0]", None, {"Dense": {"units": 16}})]
    assert told(layers(16, 8, 3), layers(16, 3)) == [("layers[1]", {"Dense": {"units": 8}}, None)]


def test_a_layer_of_the_same_name_between_others_is_changed() -> None:
    assert told(layers(8, 3), layers(9, 3)) == [("layers[0].Dense.units", 8, 9)]
    before, after = layers(1, 8, 3), layers(1, 5, 9, 3)
    after["layers"][1] = {"Dropout": {"rate": 0.1}}
    assert told(before, after) == [
        ("layers[1]", None, {"Dropout": {"rate": 0.1}}),
        ("layers[1].Dense.units → layers[2].Dense.units", 8, 9),
    ]


def test_another_component_is_one_change() -> None:
    assert told({"optimizer": {"Adam": {"beta_1": 0.9}}}, {"optimizer": {"SGD": {"momentum": 0.9}}}) == [
        ("optimizer", {"Adam": {"beta_1": 0.9}}, {"SGD": {"momentum": 0.9}})
    ]
    assert told({"loss": "mse"}, {"loss": {"Huber": {}}}) == [("loss", "mse", {"Huber": {}})]
    assert told({"metrics": ["mae"]}, {"metrics": ["mae", "mse"]}) == [("metrics[1]", None, "mse")]


def test_kinds_of_numbers_are_told_apart() -> None:
    assert told({"a": 1, "b": True, "c": float("nan")}, {"a": 1.0, "b": 1, "c": float("nan")}) == [
        ("a", 1, 1.0),
        ("b", True, 1),
    ]


@given(VALUES)
def test_what_is_the_same_has_no_changes(value: Any) -> None:
    found = align(value, copy.deepcopy(value))
    assert found.changes == []
    assert found.counterparts[()] == value


@given(VALUES, VALUES)
def test_the_other_way_round_the_same_places_differ(one: Any, other: Any) -> None:
    assert bool(align(one, other).changes) == bool(align(other, one).changes)


@given(st.lists(LAYERS, max_size=7), st.lists(LAYERS, max_size=7))
def test_every_item_of_both_lists_is_accounted_for_once(one: list[Any], other: list[Any]) -> None:
    found = align({"layers": one}, {"layers": other})
    for items, places in ((one, kept(found, before=True)), (other, kept(found, before=False))):
        assert len(places) <= len(items)
    removed = [
        (change.before or ())[1] for change in found.changes if change.after is None and len(change.before or ()) == 2
    ]
    added = [
        (change.after or ())[1] for change in found.changes if change.before is None and len(change.after or ()) == 2
    ]
    paired = [path[1] for path in found.counterparts if len(path) == 2]
    assert sorted([*removed, *paired]) == list(range(len(one)))
    assert len(added) + len(paired) == len(other)
    assert sorted(added) == sorted(set(added))


def kept(found: Alignment, *, before: bool) -> set[Any]:
    paths = (change.before if before else change.after for change in found.changes)
    return {path[:2] for path in paths if path is not None}
