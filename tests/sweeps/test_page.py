"""The commands of the page on sweeps, as far as one machine can: tasks of an array and pods of a Job are processes."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def page(project: Path) -> str:
    """The page."""
    return (project / "docs" / "sweeps.md").read_text(encoding="utf-8")


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder that all see, with a small config under the name that the page has."""
    (tmp_path / "configs").mkdir()
    rows = "".join(f"{n},{'no' if n % 3 else 'yes'}\n" for n in range(30))
    (tmp_path / "configs" / "table.csv").write_text(f"a,label\n{rows}")
    config = {
        "name": "sweep",
        "data": {"train": "table.csv", "validation": 0.3, "target": "label", "features": {"a": {"type": "number"}}},
        "model": {"layers": [{"Dense": {"units": 1, "activation": "sigmoid"}}]},
        "compile": {"optimizer": {"Adam": {"learning_rate": 0.01}}, "loss": "binary_crossentropy"},
        "fit": {"epochs": 1},
        "runtime": {"execution": "graph"},
        "report": False,
        "checkpoint": False,
        "sweep": {"trials": 4, "space": {"compile.optimizer.Adam.learning_rate": {"log": [1e-3, 1e-1]}}},
    }
    (tmp_path / "configs" / "sweep.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def start(words: list[str], shared: Path, **variables: str) -> subprocess.Popen[str]:
    place = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        words,
        cwd=shared,
        env={**os.environ, **variables, "PATH": place},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def require_all(processes: list[subprocess.Popen[str]]) -> None:
    said = [process.communicate(timeout=580) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), said


def trials(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "trials.csv").read_text().splitlines()))


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


@pytest.mark.soak
def test_an_array_of_slurm_and_an_indexed_job_share_a_folder(page: str, shared: Path) -> None:
    (script,) = [each for each in blocks(page, "bash") if "#SBATCH" in each]
    (shared / "job.sh").write_text(script.replace("/shared", str(shared)))
    require_all([start(["bash", "job.sh"], shared, SLURM_ARRAY_TASK_ID=str(task)) for task in (0, 1)])
    found = trials(shared / "sweep")
    assert [(row["trial"], row["state"]) for row in found] == [(str(n), "complete") for n in (1, 2, 3, 4)]
    assert json.loads((shared / "sweep" / "run.json").read_text())["status"] == "completed"
    (job,) = [each for each in map(yaml.safe_load, blocks(page, "yaml")) if each.get("kind") == "Job"]
    assert job["spec"]["completionMode"] == "Indexed"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    words = [each.replace("/shared", str(shared)) for each in container["command"]]
    require_all([start([*words, "--trials", "5"], shared, JOB_COMPLETION_INDEX=str(pod)) for pod in (0, 1)])
    assert trials(shared / "sweep")[:4] == found
    assert len(trials(shared / "sweep")) == 5


@pytest.mark.soak
def test_each_other_command_of_the_page(page: str, shared: Path) -> None:
    shown = re.findall(r"^ {4}(dlcli .*?)(?: +#.*)?$", page, re.MULTILINE)
    assert len(shown) >= 10
    searched: dict[str, Any] = yaml.safe_load((shared / "configs" / "sweep.yaml").read_text())
    searched["sweep"]["trials"] = 8
    (shared / "configs" / "sweep.yaml").write_text(yaml.safe_dump(searched))
    for command in shown:
        address = re.sub(r"postgresql://\S+", "sqlite:///sweeps.db", command)
        words = address.replace("/shared", str(shared)).replace("--workers 4", "--workers 2").split()
        if "sqlite" in address:  # another machine's folder
            words += ["--run-dir", f"runs/far-{len(words)}"]
        if words[1] != "predict":  # which is of folds, that this sweep has not: see test_folds
            require_all([start(words, shared)])
    assert [len(trials(each)) for each in sorted((shared / "runs").glob("far-*"))] == [8, 8]
    assert len(trials(shared / "runs" / "sweep-sweep")) == 8
