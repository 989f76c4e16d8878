"""Classes that training never shows: the way out is one that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlcli.config.schema import DataConfig
from dlcli.data.prepare import Prepared, prepare
from dlcli.errors import DataError


def prepared(tmp_path: Path, classes: list[str], split: str = "random", seed: int = 0) -> Prepared:
    file = tmp_path / "t.csv"
    file.write_text("x,y\n" + "".join(f"{place},{name}\n" for place, name in enumerate(classes)))
    settings = {"train": str(file), "target": "y", "validation": 0.2, "test": 0.2, "split": split}
    return prepare(DataConfig.model_validate(settings), seed=seed, classification=True, units=None)


def hint_of(tmp_path: Path, classes: list[str]) -> str:
    """Of the classes of the last rows, which are none of training."""
    with pytest.raises(DataError) as caught:
        prepared(tmp_path, classes, "ordered")
    return caught.value.problems[-1].hint


def test_stratified_is_named_where_it_can_be(tmp_path: Path) -> None:
    classes = ["a"] * 30 + ["b"] * 30 + ["c"] * 3
    assert hint_of(tmp_path, classes) == "split: stratified keeps every class in training; or drop these rows"
    for seed in range(2):
        assert "train" in prepared(tmp_path, classes, "stratified", seed).splits


@pytest.mark.parametrize("rare", [1, 2])
def test_a_rare_class_cannot_be_stratified(tmp_path: Path, rare: int) -> None:
    classes = ["a"] * 30 + ["b"] * 30 + ["c"] * rare
    assert hint_of(tmp_path, classes).startswith("a class of fewer rows than there are splits")
    with pytest.raises(DataError, match="too few"):
        prepared(tmp_path, classes, "stratified")


def test_amounts_are_asked_about(tmp_path: Path) -> None:
    hint = hint_of(tmp_path, [str(100 + 7 * place) for place in range(60)])
    assert "stratified" not in hint
    assert "is 'y' an amount? {y: {type: number}}" in hint
