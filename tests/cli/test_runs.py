"""`dlcli runs`: what people and programs get to see of the runs that they have."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import typer.main

from dlcli.cli.display.lines import Lines
from dlcli.cli.main import app

Dlcli = Callable[..., CompletedProcess[str]]

COMMANDS = typer.main.get_command(app).commands["runs"].commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_documents_every_parameter(command: str, dlcli: Dlcli, project: Path) -> None:
    done = dlcli("runs", command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    page = (project / "docs" / "commands.md").read_text()
    for parameter in COMMANDS[command].params:
        assert parameter.help, parameter.name
        if parameter.param_type_name == "option":
            assert parameter.opts[0] in done.stdout
            assert parameter.opts[0] in page


def test_a_real_run_is_listed_shown_compared_and_removed(dlcli: Dlcli, original: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        shutil.copytree(original / "run", tmp_path / "runs" / name)
    listed = json.loads(dlcli("runs", "list", "--sort", "loss", "--json").stdout)
    assert [each["status"] for each in listed["runs"]] == ["completed", "completed"]
    assert "test.loss" in listed["runs"][0]["values"]
    table = dlcli("runs", "list")
    assert [line.split()[0] for line in table.stdout.splitlines()] == ["run", "runs/a", "runs/b"]
    shown = json.loads(dlcli("runs", "show", "runs/a", "--json").stdout)
    assert shown["rows"]["train"] == 14
    assert "dlcli predict runs/a INPUT" in dlcli("runs", "show", "runs/a").stdout
    assert "the configs are the same" in dlcli("runs", "compare", "runs/a", "runs/b").stdout
    assert "are the same" in dlcli("runs", "diff", "runs/a", "runs/b").stdout
    refused = dlcli("runs", "clean", "--keep", "1")
    assert (refused.returncode, len(list((tmp_path / "runs").iterdir()))) == (1, 2)
    assert "--yes" in refused.stderr
    assert dlcli("runs", "clean", "--keep", "1", "--dry-run").returncode == 0
    done = dlcli("runs", "clean", "--keep", "1", "--yes", "--json")
    assert (done.returncode, len(json.loads(done.stdout)["runs"])) == (0, 1)
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_who_has_no_runs_is_told_so(dlcli: Dlcli) -> None:
    done = dlcli("runs", "list")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no runs" in done.stderr
    assert json.loads(dlcli("runs", "list", "--json").stdout)["runs"] == []


@pytest.mark.parametrize("arguments", [["--by", "loss"], ["--status", "runing"], ["--older-than", "soon"]])
def test_wrong_usage_of_clean(dlcli: Dlcli, arguments: list[str]) -> None:
    assert dlcli("runs", "clean", *arguments).returncode == 2


def test_columns_are_left_out_where_there_is_no_room() -> None:
    lines = Lines(["run", "started", "loss"], [["runs/äö", "2026-11-29", "0.5"]], left=2, spare=[1, 2])
    assert lines.text(30).splitlines()[1] == "runs/äö  2026-11-29   0.5"
    assert lines.text(15).splitlines() == ["run      loss", "runs/äö   0.5"]
    assert lines.text(5).splitlines() == ["run", "runs/äö"]


def test_a_sweep_in_the_list_tells_its_best(dlcli: Dlcli, tmp_path: Path) -> None:
    record = {"format": 1, "status": "completed", "kind": "sweep", "members": [], "metric": "val_f1"}
    for name, best in (("a", {"member": "trial-0007", "value": 0.93}), ("b", None), ("c", {"member": 3, "value": "x"})):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "run.json").write_text(json.dumps({**record, "best": best}))
    lines = dlcli("runs", "list").stdout.splitlines()
    assert [line.rstrip().endswith("best val_f1 0.9300, trial-0007") for line in lines] == [False, True, False, False]
