"""Started in a folder of somebody else's, the program runs nothing that lies there but what `code` names."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dlcli

pytestmark = pytest.mark.tensorflow

PACKAGES = ("numpy", "yaml", "typer", "rich", "pydantic", "pandas", "pyarrow", "keras", "tensorflow", "h5py", "onnx",
            "onnxruntime", "tf2onnx", "absl", "google", "scipy", "psutil", "tensorboard")  # fmt: skip

CONFIG = """\
data: {train: table.csv, validation: 0.25, target: y}
code: [own.py]
model:
  layers:
    - Doubled: {units: 1}
compile: {loss: mse}
fit: {epochs: 2}
callbacks: [Log]
"""

OWN = """\
import keras
from beside import FACTOR

class Doubled(keras.layers.Dense):
    def call(self, inputs):
        return FACTOR * super().call(inputs)

file = None

class Log(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        global file
        file = file or open("log.txt", "w")
        file.write(f"epoch {epoch}")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a module of every name that the program imports from elsewhere; each would leave `ran-<name>`."""
    early = {"types", "threading", "contextlib", "functools", "collections", "warnings", "os", "io", "abc", "sys"}
    # Python itself imports these before any package of ours is looked at; nobody can shield them.
    standard = {
        name for name in sys.stdlib_module_names
        if name in sys.modules and not name.startswith("_") and name not in sys.builtin_module_names
    }  # fmt: skip
    for name in {*PACKAGES, *standard} - early - _before_packages():
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / f'ran-{name}')!r}, 'w').close()\n")
    return tmp_path


def _before_packages() -> set[str]:
    """What `python -m` has imported before it looks at the package."""
    code = "import runpy, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def ran(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("ran-*"))


def scripts() -> list[list[str]]:
    found = shutil.which("dlcli", path=str(Path(sys.executable).parent))
    return [[sys.executable, "-m", "dlcli"], [sys.executable, "-mdlcli"], *([[found]] if found else [])]


def start(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [["--version"], ["check", "config.yaml"]])
def test_no_module_of_the_folder_is_imported(arguments: list[str], folder: Path) -> None:
    (folder / "config.yaml").write_text("data: {train: no.csv}\nmodel: {layers: [Dense]}\n")
    for command in scripts():
        done = start([*command, *arguments], folder)
        assert done.returncode in (0, 1), done.stderr
        assert ran(folder) == []


def test_a_whole_job_runs_what_code_names_and_its_neighbours_alone(folder: Path) -> None:
    (folder / "table.csv").write_text("x,y\n" + "".join(f"{i},{2 * i}\n" for i in range(20)))
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "own.py").write_text(OWN)
    (folder / "beside.py").write_text("FACTOR = 2\n")
    done = start([sys.executable, "-m", "dlcli", "train", "config.yaml", "--run-dir", "run"], folder)
    assert done.returncode == 0, done.stderr
    assert ran(folder) == []
    # What code has left open is flushed: it runs when most objects are frozen, and is looked for among the others.
    assert (folder / "log.txt").read_text() == "epoch 0epoch 1"


def test_the_process_that_proves_an_export_imports_nothing_of_the_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "table.csv").write_text("x,y\n" + "".join(f"{i},{2 * i}\n" for i in range(20)))
    config = {"data": {"train": "table.csv", "target": "y"}, "model": {"layers": [{"Dense": {"units": 1}}]}}
    run = dlcli.train({**config, "compile": {"loss": "mse"}, "fit": {"epochs": 1}}, run_dir=folder / "run")
    dlcli.export(run, "model.onnx", format="onnx")
    assert ran(folder) == []


def test_the_folder_stays_on_the_path_of_who_imports_the_package(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import dlcli, beside, sys\nprint(beside.VALUE)\n")
    (tmp_path / "beside.py").write_text("VALUE = 7\n")
    for command in ([sys.executable, "-m", "mine"], [sys.executable, "mine.py"], [sys.executable, "-c", "import mine"]):
        assert start(command, tmp_path).stdout == "7\n"


def test_the_version_is_that_of_the_installed_program(folder: Path) -> None:
    done = start([sys.executable, "-m", "dlcli", "--version"], folder)
    assert done.stdout == f"dlcli {importlib.metadata.version('dlcli')}\n"
