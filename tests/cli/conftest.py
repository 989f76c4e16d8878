"""What the tests of the commands share: the program run in this process, where TensorFlow starts once, and a run."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import dlcli as package
from dlcli.cli.main import main

TABLE = "age,city,label\n" + "".join(
    f"{20 + min(i, 18)},{'abc'[i % 3]},{'no' if i % 2 else 'yes'}\n" for i in range(20)
)

CONFIG = """\
data:
  train: table.csv
  test: 0.3
  target: label
  features: [age, city]
model:
  layers:
    - Dense: {units: 1, activation: sigmoid}
fit: {epochs: 1}
"""


@pytest.fixture
def table() -> str:
    """A table of 20 people in CSV: a number, a category and a label of two classes; row N is in line N + 1."""
    return TABLE


@pytest.fixture
def dlcli(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., CompletedProcess[str]]:
    """Run the program in `tmp_path` as its script does: exit code, stdout and stderr, of C++ libraries too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def run(*arguments: str | Path) -> CompletedProcess[str]:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["dlcli", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capfd.readouterr()
        return CompletedProcess(arguments, code, out, err)

    return run


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `table.csv`, `config.yaml` and the finished run `run`; not to be changed."""
    directory = tmp_path_factory.mktemp("trained")
    (directory / "table.csv").write_text(TABLE)
    (directory / "config.yaml").write_text(CONFIG)
    package.train(directory / "config.yaml", run_dir=directory / "run")
    return directory


@pytest.fixture
def run_directory(original: Path, tmp_path: Path) -> Path:
    """A copy of the run for one test, `run` in its working directory; its data is where it was."""
    return Path(shutil.copytree(original / "run", tmp_path / "run"))
