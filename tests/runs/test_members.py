"""Folders of several runs: their record, their members, and what is said of one that cannot be used."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from dlcli.errors import RunError
from dlcli.runs.contents import foreign_files
from dlcli.runs.layout import RunDirectory
from dlcli.runs.members import kind_of, member_facts, member_names, numbered_names, open_several
from dlcli.runs.record import RunRecord
from dlcli.runs.run import Run


def folder(place: Path, names: tuple[str, ...] = ("fold-1", "fold-2"), **changes: Any) -> Path:
    place.mkdir()
    facts = {**member_facts("cross_validation", names), "versions": {"dlcli": "1"}, **changes}
    record = RunRecord(RunDirectory(place), facts=facts, started=time.perf_counter())
    record.begin()
    (place / "config.yaml").write_text("name: x\n")
    for name in names:
        (place / name).mkdir()
        for file in ("config.yaml", "preprocessing.json", "model.keras"):
            (place / name / file).write_text("{}")
        (place / name / "run.json").write_text('{"format": 1, "status": "completed"}')
    record.finish("completed", metrics={"validation": {"loss": 0.5}})
    return place


def test_its_members_in_their_order(tmp_path: Path) -> None:
    several = open_several(folder(tmp_path / "cv"))
    assert several is not None
    assert several.kind == "cross_validation"
    assert [each.path.name for each in several.trained()] == ["fold-1", "fold-2"] == list(several.names)
    run = Run(tmp_path / "cv")
    assert run.history == {}
    assert run.final_metrics() == {"validation": {"loss": 0.5}}
    assert run.status == "completed"


def test_a_training_is_no_folder(tmp_path: Path) -> None:
    assert open_several(folder(tmp_path / "cv") / "fold-1") is None


def test_one_run_is_wanted_and_a_folder_given(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="folder of several runs") as refusal:
        RunDirectory.open(folder(tmp_path / "cv"))
    assert refusal.value.problems[0].rule == "several-runs"
    assert str(tmp_path / "cv" / "fold-1") in refusal.value.problems[0].hint


@pytest.mark.parametrize("harm", ["gone", "damaged", "no model"])
def test_each_member_that_cannot_be_used_is_named(harm: str, tmp_path: Path) -> None:
    place = folder(tmp_path / "cv", numbered_names("fold", 3))
    for name in ("fold-1", "fold-3"):
        if harm == "gone":
            (place / name).rename(tmp_path / name)
        elif harm == "damaged":
            (place / name / "run.json").write_text("{")
        else:
            (place / name / "model.keras").unlink()
    several = open_several(place)
    assert several is not None
    with pytest.raises(RunError) as refusal:
        several.trained()
    said = [problem.message for problem in refusal.value.problems]
    assert len(said) == 2
    assert "fold-1" in said[0]
    assert "fold-3" in said[1]


@pytest.mark.parametrize("names", [None, "fold-1", ["../x"], ["a/b"], [".."], ["/tmp"], [3], ["a", "a"], [""]])
def test_members_that_lead_elsewhere(names: Any, tmp_path: Path) -> None:
    place = folder(tmp_path / "cv")
    record = json.loads((place / "run.json").read_text())
    (place / "run.json").write_text(json.dumps({**record, "members": names}))
    with pytest.raises(RunError) as refusal:
        open_several(place)
    assert refusal.value.problems[0].rule == "run-damaged"


def test_a_member_that_is_a_link(tmp_path: Path) -> None:
    place = folder(tmp_path / "cv")
    (place / "fold-2").rename(tmp_path / "elsewhere")
    (place / "fold-2").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="fold-2"):
        open_several(place)


@pytest.mark.parametrize("kind", ["other", 3, []])
def test_a_kind_that_is_none(kind: Any) -> None:
    with pytest.raises(RunError):
        kind_of({"kind": kind})


def test_what_is_of_its_members_and_what_is_not(tmp_path: Path) -> None:
    place = folder(tmp_path / "cv", writes=["predictions.csv"])
    (place / "predictions.csv").write_text("row\n")
    (place / "fold-1" / "history.csv").write_text("epoch\n")
    assert foreign_files(RunDirectory(place)) == []
    (place / "fold-1" / "notes.txt").write_text("mine")
    (place / "notes.txt").write_text("mine")
    assert foreign_files(RunDirectory(place)) == ["fold-1/notes.txt", "notes.txt"]


def test_names_are_sorted_as_they_are_numbered() -> None:
    assert list(numbered_names("trial", 12)) == sorted(numbered_names("trial", 12))
    assert member_names({"members": list(numbered_names("member", 3))}) == ("member-1", "member-2", "member-3")
