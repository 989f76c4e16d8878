"""The names of cached arrays: everything that decides what is in them changes the name, nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dlcli.config.schema import DataConfig
from dlcli.data.identity import Identity, KnownFile
from dlcli.data.keys import content_key, encoding_key, recipe_key

BASE: dict[str, Any] = {"train": "a.csv", "target": "y"}

CHANGES: dict[str, Any] = {
    "validation": [0.1, 0.2, "b.csv"],
    "test": [0.1, "b.csv"],
    "split": ["stratified", "ordered", {"group": "g"}, {"ordered": "g"}],
    "target": ["z", ["y", "z"], ["z", "y"], {"y": "number"}, {"y": {"type": "number", "scale": "standard"}}],
    "features": [["a", "b"], ["b", "a"], {"a": "number"}, {"a": {"type": "number", "scale": "none"}}],
    "exclude": ["a"],
    "sample_weight": ["w"],
    "columns": [["a", "y"]],
    "header": [True, False],
    "delimiter": [";", "\t", "blanks"],
    "encoding": ["latin-1"],
    "decimal": [".", ","],
    "thousands": [",", "'"],
    "comment": ["#"],
    "missing_values": [["?"], {"only": ["?"]}],
}
"""Values of every option that decides what is in the arrays."""

ORDER_ALONE: dict[str, list[Any]] = {"batch_size": [1, 64, "full"], "shuffle": [False]}
"""Values of those that do not."""

ELSEWHERE = {"train"}
"""What the content's key says."""


def recipe(config: dict[str, Any] = BASE, **keys: Any) -> str:
    defaults = {"seed": 1, "named": ["a"], "classification": None, "units": None}
    return recipe_key(DataConfig.model_validate(config), **{**defaults, **keys})


def test_every_option_is_decided_on() -> None:
    assert CHANGES.keys() | ORDER_ALONE.keys() | ELSEWHERE == DataConfig.model_fields.keys()


def test_every_option_that_matters_changes_the_recipe() -> None:
    keys = {recipe()}
    count = 1
    for name, values in CHANGES.items():
        for value in values:
            keys.add(recipe({**BASE, name: value}))
            count += 1
    arguments: list[dict[str, Any]] = [
        {"seed": 2},
        {"named": []},
        {"named": ["a", "b"]},
        {"classification": True},
        {"units": 3},
    ]
    for each in arguments:
        keys.add(recipe(**each))
        count += 1
    assert len(keys) == count


def test_what_does_not_matter_does_not() -> None:
    for name, values in ORDER_ALONE.items():
        for value in values:
            assert recipe({**BASE, name: value}) == recipe()
    assert recipe({**BASE, "train": ["other/a.csv", "b.csv"]}) == recipe()
    assert recipe(named=["b", "a"]) == recipe(named=["a", "b"])
    typed = {**BASE, "target": {"y": "number"}}
    assert recipe(typed, units=3, classification=True) == recipe(typed)


def test_the_encoding_is_what_was_found() -> None:
    asked = DataConfig.model_validate({**BASE, "validation": 0.2})
    found = DataConfig.model_validate({**BASE, "validation": 0.2, "target": {"y": "number"}, "features": ["a"]})
    keys: dict[str, Any] = {"seed": 1, "named": [], "state": {"features": [1]}}
    assert encoding_key(asked, **keys) == encoding_key(found, **keys)
    others = [
        encoding_key(DataConfig.model_validate({**BASE, "validation": 0.3}), **keys),
        encoding_key(asked, **{**keys, "seed": 2}),
        encoding_key(asked, **{**keys, "named": ["a"]}),
        encoding_key(asked, **{**keys, "state": {"features": [2]}}),
    ]
    assert len({*others, encoding_key(asked, **keys)}) == 5


def known(path: str, sha256: str = "0") -> KnownFile:
    return KnownFile(Identity(path, 1, 2, 3, 4), 5, sha256)


@pytest.mark.parametrize(
    "other",
    [
        {"train": [known("/a.csv", "1")]},
        {"train": [known("/a.csv"), known("/b.csv")]},
        {"train": [known("/a.csv")], "test": [known("/a.csv")]},
        {"train": [known("/a.tsv")]},
        {"train": [known("/a.csv.gz")]},
        {"train": [known("/a.parquet")]},
    ],
)
def test_other_content_has_another_key(other: Any) -> None:
    assert content_key({"train": [known("/a.csv")]}) != content_key(other)


def test_the_place_of_a_file_does_not_matter() -> None:
    assert content_key({"train": [known("/a.csv")]}) == content_key({"train": [known(str(Path("/b") / "c.csv"))]})
    two = [known("/a.csv", "1"), known("/b.csv", "2")]
    assert content_key({"train": two}) != content_key({"train": two[::-1]})
