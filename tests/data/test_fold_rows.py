"""What `dlcli check --folds` says of folds, without TensorFlow; and what is refused before anything is trained."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.errors import DlcliError

ROWS = 60
TABLE = pd.DataFrame({"at": np.arange(ROWS), "a": np.random.default_rng(0).normal(size=ROWS)})
TABLE["kind"] = np.where(TABLE["at"] % 3 == 0, "x", "y")
TABLE["late"] = np.where(TABLE["at"] >= 40, "new", TABLE["kind"])
TABLE["who"] = TABLE["at"] // 5


def job(place: Path, target: Any = "kind", **data: Any) -> dict[str, Any]:
    TABLE.to_csv(place / "table.csv", index=False)
    return {
        "data": {"train": str(place / "table.csv"), "target": target, "features": ["a"], **data},
        "model": {"layers": [{"Dense": {"units": 3, "activation": "softmax"}}]},
    }


@pytest.mark.parametrize("split", ["random", "stratified", {"group": "who"}, {"ordered": "at"}])
def test_each_fold_is_told(split: Any, tmp_path: Path) -> None:
    found = dlcli.check(job(tmp_path, split=split, test=0.2), fast=True, folds=4).folds
    assert [fold.name for fold in found] == [f"fold-{number}" for number in (1, 2, 3, 4)]
    for fold in found:
        for part, count in fold.samples.items():
            assert sum(of[part] for of in fold.classes["kind"].values()) == count
        assert fold.samples["test"] == found[0].samples["test"]
        if split == {"group": "who"}:
            assert fold.groups is not None
            assert sum(fold.groups.values()) == 12
        else:
            assert fold.groups is None
    if split != {"ordered": "at"}:
        assert (
            sum(fold.samples["validation"] for fold in found)
            == found[0].samples["train"] + found[0].samples["validation"]
        )


def test_rows_of_an_instant_are_in_one_fold(tmp_path: Path) -> None:
    """Five rows each, of which the same share would have cut some in two."""
    found = dlcli.check(job(tmp_path, split={"ordered": "who"}), fast=True, folds=4).folds
    assert [(fold.samples["train"], fold.samples["validation"]) for fold in found] == [
        (10, 10),
        (20, 15),
        (35, 10),
        (45, 15),
    ]


@pytest.mark.parametrize(
    ("target", "data", "folds", "rule"),
    [
        ("late", {"split": {"ordered": "at"}}, 5, "unknown-class"),
        ("kind", {"split": {"group": "who"}}, 13, "too-few-groups"),
        ("kind", {"split": "stratified"}, 30, "rare-class"),
        ("kind", {"fold": {"number": 1, "of": 3}}, 3, "nested-folds"),
        ("kind", {}, 61, "too-few-rows"),
    ],
)
def test_refused(target: str, data: dict[str, Any], folds: int, rule: str, tmp_path: Path) -> None:
    config = job(tmp_path, target, **data)
    for ask in (
        lambda: dlcli.check(config, fast=True, folds=folds),
        lambda: dlcli.cross_validate(config, folds=folds, run_dir=tmp_path / "cv"),
    ):
        with pytest.raises(DlcliError) as refusal:
            ask()
        assert {problem.rule for problem in refusal.value.problems} == {rule}
    assert not (tmp_path / "cv").exists()


def test_classes_that_are_named_are_learnt_by_all(tmp_path: Path) -> None:
    target = {"late": {"type": "category", "classes": ["x", "y", "new"]}}
    report = dlcli.check(job(tmp_path, target, split={"ordered": "at"}), fast=True, folds=5)
    assert [fold.classes["late"]["new"]["train"] for fold in report.folds] == [0, 0, 0, 0, 10]
    assert [warning.rule for warning in report.warnings if warning.path == "data.split"] == ["fold-lacks-class"]


def test_the_command_needs_no_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(json.dumps(job(tmp_path)))
    code = "import sys\ntry:\n    from dlcli.cli.main import main\n    main()\nfinally:\n"
    code += "    assert 'tensorflow' not in sys.modules"
    arguments = ["check", str(tmp_path / "job.yaml"), "--fast", "--folds", "3"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split() == ["fold-1", "40", "20", *done.stdout.splitlines()[1].split()[3:]]
