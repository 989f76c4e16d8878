"""Light commands stay light: what a fresh process has imported when it ends.

`make check` holds the arrows between our modules; this holds that the heavy libraries are imported late.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HEAVY = {"keras", "pandas", "sklearn", "tensorflow"}
ARRAYS = {"numpy", "pyarrow"}

# Runs the command line as the `dlcli` script does, then tells on standard error what was imported.
PROBE = """
import json, sys
from dlcli.cli.main import main
try:
    code = main()
except SystemExit as stop:
    code = stop.code
sys.stdout.flush()
print("\\n" + json.dumps({"code": code or 0, "modules": sorted({name.partition(".")[0] for name in sys.modules})}),
      file=sys.stderr)
"""

FAULTY = """\
data:
  train: table.csv
  target: label
  batch_sise: 32
model:
  layers:
    - Dens: {units: 3}
fit: {epochs: many}
"""


def dlcli(*arguments: str, directory: Path, before: str = "") -> tuple[int, set[str], str]:
    """Run a command in a fresh process: its exit code, the top-level modules imported, its output."""
    done = subprocess.run(
        [sys.executable, "-c", before + PROBE, *arguments],
        cwd=directory,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    *output, last = done.stderr.strip().splitlines()
    report = json.loads(last)
    return int(report["code"]), set(report["modules"]), done.stdout + "\n".join(output)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["train", "--help"],
        ["evaluate", "--help"],
        ["predict", "--help"],
        ["check", "--help"],
        ["schema"],
    ],
    ids=" ".join,
)
def test_commands_that_need_no_model_load_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    code, modules, output = dlcli(*arguments, directory=tmp_path)
    assert code == 0, output
    assert not modules & (HEAVY | ARRAYS)


def test_faults_of_a_config_are_told_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "faulty.yaml").write_text(FAULTY)
    code, modules, output = dlcli("check", "faulty.yaml", directory=tmp_path)
    assert code == 1, output
    assert not modules & HEAVY
    for line, word in ((4, "batch_sise"), (7, "Dens"), (8, "many")):
        assert f"faulty.yaml:{line}" in output, output
        assert word in output, output


def test_a_fault_stops_training_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "faulty.yaml").write_text(FAULTY)
    code, modules, output = dlcli("train", "faulty.yaml", directory=tmp_path)
    assert code == 1, output
    assert not modules & HEAVY
    assert [path.name for path in tmp_path.iterdir()] == ["faulty.yaml"]


def test_the_probe_sees_what_is_imported(tmp_path: Path) -> None:
    _, modules, _ = dlcli("--help", directory=tmp_path, before="import pandas")
    assert "pandas" in modules & HEAVY


def test_the_package_needs_no_scikit_learn(project: Path) -> None:
    """An installed scikit-learn slows every import of Keras: it stays in the environment of `make data`."""
    described = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    extras = described["optional-dependencies"].values()
    everything = [*described["dependencies"], *(name for extra in extras for name in extra)]
    assert not [name for name in everything if name.startswith("scikit")]


# Ends with 10 when TensorFlow is the first of them to be imported, with 20 when it is another.
ORDER = """
import os, sys
import dlcli, dlcli.api
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name in ("tensorflow", "keras", "pandas", "pyarrow"):
            os._exit(10 if name == "tensorflow" else 20)
assert not {"pandas", "pyarrow"} & sys.modules.keys()
sys.meta_path.insert(0, Finder())
sys.platform = "darwin"
"""


@pytest.mark.parametrize(
    "call",
    [
        "dlcli.train('good.yaml')",
        "dlcli.check('good.yaml')",
        "dlcli.evaluate('run', runtime='keras')",
        "dlcli.predict_file('run', 'table.csv', runtime='keras')",
        "dlcli.predict('run', None, runtime='keras')",
        "dlcli.export('run', 'model.keras', format='keras')",
    ],
)
def test_on_macos_tensorflow_comes_before_the_tables(call: str, tmp_path: Path) -> None:
    text = "data: {train: table.csv, target: label}\nmodel: {layers: [{Dense: {units: 1, activation: sigmoid}}]}\n"
    (tmp_path / "good.yaml").write_text(text)
    (tmp_path / "table.csv").write_text("x,label\n1,a\n2,b\n")
    done = subprocess.run(
        [sys.executable, "-c", ORDER + call], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 10, done.stderr
