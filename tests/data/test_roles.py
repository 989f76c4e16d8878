"""Which column is what, from the names alone."""

from __future__ import annotations

from typing import Any

from dlcli.config.schema import DataConfig
from dlcli.data.table.roles import Roles, assign_roles

NAMES = ["", "id", "px2", "px10", "age", "weight", "shop", "y"]


def roles(**keys: Any) -> Roles:
    return assign_roles(DataConfig.model_validate({"train": "a.csv", "target": "y", **keys}), NAMES)


def test_every_other_column_is_a_feature() -> None:
    found = roles(exclude="i*", sample_weight="weight", split={"group": "shop"})
    assert found.problems == ()
    assert list(found.features) == ["px2", "px10", "age"]
    assert found.columns == ("px2", "px10", "age", "y", "weight", "shop")
    assert found.left_out == ("", "id")


def test_features_take_columns_by_name_and_glob() -> None:
    found = roles(features={"pixels": {"type": "number", "columns": "px*"}, "age": None})
    assert found.features == {"pixels": ("px2", "px10"), "age": ("age",)}


def test_nothing_left() -> None:
    (problem,) = roles(exclude="*[!y]*", sample_weight="age").problems
    assert problem.rule == "no-features"


def test_every_problem_has_its_path() -> None:
    found = roles(target=["z", "y"], features=["y", "agee"], sample_weight="w", exclude="nothing*")
    assert [(problem.rule, problem.path) for problem in found.problems] == [
        ("missing-column", "data.target.z"),
        ("missing-column", "data.sample_weight"),
        ("missing-column", "data.features.agee"),
        ("target-is-feature", "data.features.y"),
    ]
