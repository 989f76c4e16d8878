"""Configs with faults, through the program: one clear answer with all of them, exit code 1, and nothing left behind.

`tests/config` holds every word; here is what a person meets.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Dlcli = Callable[..., CompletedProcess[str]]

DATA = "data: {train: table.csv, target: label}\n"
MODEL = "model: {layers: [{Dense: {units: 1, activation: sigmoid}}]}\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

FILES: dict[str, tuple[bytes | str, tuple[str, ...]]] = {
    "empty": ("", ("config.yaml:1", "the config is empty", "→ it needs at least `data` and `model`")),
    "comments alone": ("# nothing\n", ("the config is empty",)),
    "not UTF-8": ("name: café\n".encode("latin-1"), ("config.yaml:1:10", "UTF-8", "→")),
    "binary": (b"\x7fELF\x00\x01\x02", ("config.yaml", "binary", "→")),
    "100 MB": (b"#" * 100 * 2**20, ("config.yaml", "100.0 MiB", "at most 1 MiB", "→")),
    "syntax": (DATA + MODEL + "fit: {epochs: 1\n", ("config.yaml:", "→")),
    "tab indentation": ("data:\n\ttrain: table.csv\n", ("config.yaml:2", "tab", "→")),
    "duplicate key": (DATA + MODEL + DATA, ("config.yaml:3:1", "'data' is written twice", "line 1", "→")),
    "Python tag": (DATA + MODEL + "name: !!python/name:os.system\n", ("config.yaml:3:7 name", "python/name", "→")),
    "alias bomb": (BOMB, ("config.yaml:", "100,000", "→")),
    "deep nesting": ("a: " + "[" * 100 + "]" * 100, ("config.yaml:1", "64 levels", "→")),
    "list at the top": ("- data\n- model\n", ("config.yaml:1", "mapping", "→")),
    "two documents": (DATA + MODEL + "---\na: 1\n", ("config.yaml:3", "→")),
}

FAULTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "unknown key": ("fit: {epoch: 3}", (":3:7 fit.epoch", "unknown key 'epoch'", "→ did you mean 'epochs'?")),
    "unknown section": ("epochs: 3", (":3:1 epochs", "unknown key", "→ it belongs below `fit:`")),
    "wrong type": ("fit: {epochs: many}", (":3:7 fit.epochs", 'whole number of at least 1, got "many"')),
    "zero epochs": ("fit: {epochs: 0}", (":3:7 fit.epochs", "at least 1, got 0")),
    "list for a mapping": ("fit: [epochs, 3]", (":3:1 fit", "expected a mapping")),
    "unknown optimizer": ("compile: {optimizer: adm}", (":3:11 compile.optimizer", "unknown optimizer", "'adam'")),
    "unknown loss": ("compile: {loss: mean_square_error}", (":3:11 compile.loss", "→ did you mean 'mean_squared_er")),
    "unknown metric": ("compile: {metrics: [acuracy]}", (":3:21 compile.metrics[0]", "→ did you mean 'accuracy'")),
    "unknown callback": ("callbacks: [EarlyStop]", (":3:13 callbacks[0]", "→ did you mean 'EarlyStopping'")),
    "unknown argument": (
        "compile: {optimizer: {SGD: {momentun: 0.9}}}",
        (":3:29 compile.optimizer.SGD.momentun", "SGD takes no argument 'momentun'", "→ did you mean 'momentum'"),
    ),
    "monitor without validation": (
        "callbacks: [{EarlyStopping: {monitor: val_loss}}]",
        (":3:30 callbacks[0].EarlyStopping.monitor", "no 'val_loss'", "→ set data.validation, such as"),
    ),
    "default monitor without validation": (
        "callbacks: [{EarlyStopping: {patience: 3}}]",
        (":3:14 callbacks[0].EarlyStopping", "watches 'val_loss' unless told otherwise", "→ set data.validation"),
    ),
    "misspelt monitor": (
        "compile: {metrics: [accuracy]}\ncallbacks: [{ReduceLROnPlateau: {monitor: acuracy}}]",
        (":4:34 callbacks[0].ReduceLROnPlateau.monitor", "no 'acuracy'", "→ did you mean 'accuracy'?"),
    ),
    "checkpoint outside": (
        "callbacks: [{ModelCheckpoint: {filepath: ../best.keras}}]",
        (
            ":3:32 callbacks[0].ModelCheckpoint.filepath",
            "'../best.keras' leaves the run directory",
            "→ give a rel",
        ),
    ),
    "checkpoint suffix": (
        "callbacks: [{ModelCheckpoint: {filepath: best.h5}}]",
        (":3:32 callbacks[0].ModelCheckpoint.filepath", "ends in .h5", "→ use 'best.keras'"),
    ),
    "checkpoint of an unknown value": (
        "callbacks: [{ModelCheckpoint: {filepath: '{epoch:02d}_{val_loss:.2f}'}}]",
        (":3:32 callbacks[0].ModelCheckpoint.filepath", "holds {val_loss}", "→ set data.validation"),
    ),
    "checkpoint of no pattern": (
        "callbacks: [{ModelCheckpoint: {filepath: '{epoch:zz}'}}]",
        (":3:32 callbacks[0].ModelCheckpoint.filepath", "no pattern for file names", "→ such as {epoch:02d}"),
    ),
    "Python file missing": ("code: [mine.py]", (":3:8 code[0]", "'mine.py' does not exist", "→ it is looked for as")),
    "unknown lint rule": (
        "lint: {ignore: [softmax-one-units]}",
        (":3:17 lint.ignore[0]", "no lint rule 'softmax-one-units'", "→ did you mean 'softmax-one-unit'?"),
    ),
    "base missing": ("extends: base.yaml", (":3:1 extends", "base.yaml", "→")),
}

LAYERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "unknown layer": ("[Dens: {units: 1}]", ("model.layers[0].Dens", "unknown layer", "→ did you mean 'Dense'?")),
    "unknown argument": ("[Dense: {unit: 1}]", ("model.layers[0].Dense.unit", "→ did you mean 'units'?")),
    "missing argument": ("[Dense: {}]", ("model.layers[0].Dense", "needs the argument 'units'", "→ units: Positive")),
    "negative units": ("[Dense: {units: -3}]", ("model.layers[0].Dense.units", "at least 1, or `auto`, got -3", "→")),
    "unknown activation": ("[Dense: {units: 1, activation: relo}]", ("Dense.activation", "→ did you mean 'relu'")),
    "cycle": (
        "[{Dense: {units: 2}, name: a, inputs: b}, {Dense: {units: 2}, name: b, inputs: a}]",
        ("wait for each other in a circle: a -> b -> a", "→"),
    ),
    "unknown input": (
        "[{Dense: {units: 2}, name: first}, {Dense: {units: 2}, inputs: frist}]",
        ("frist", "→ did you mean 'first'?"),
    ),
    "no layers": ("[]", ("model.layers",)),
}


def left(directory: Path) -> set[Path]:
    """Every file and directory below."""
    return set(directory.rglob("*"))


def refused(dlcli: Dlcli, directory: Path, *words: str) -> str:
    """`train` and `check` refuse `config.yaml` with the same words, all of `words` among them; nothing is left."""
    before = left(directory)
    trained, checked = dlcli("train", "config.yaml"), dlcli("check", "config.yaml")
    assert (trained.returncode, trained.stdout) == (1, ""), trained.stderr
    assert (checked.returncode, checked.stdout) == (1, ""), checked.stderr
    assert trained.stderr == checked.stderr
    assert "Traceback" not in trained.stderr
    for word in words:
        assert word in trained.stderr
    assert left(directory) == before
    return trained.stderr


@pytest.mark.parametrize("case", FILES)
def test_files_that_are_no_config(case: str, dlcli: Dlcli, tmp_path: Path) -> None:
    content, words = FILES[case]
    (tmp_path / "config.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(dlcli, tmp_path, *words)


@pytest.mark.parametrize("case", FAULTS)
def test_faults_of_a_config(case: str, dlcli: Dlcli, tmp_path: Path, table: str) -> None:
    (tmp_path / "table.csv").write_text(table)
    text, words = FAULTS[case]
    (tmp_path / "config.yaml").write_text(f"{DATA}{MODEL}{text}\n")
    refused(dlcli, tmp_path, f"config.yaml{words[0]}", *words[1:])


@pytest.mark.parametrize("case", LAYERS)
def test_faults_of_layers(case: str, dlcli: Dlcli, tmp_path: Path, table: str) -> None:
    (tmp_path / "table.csv").write_text(table)
    layers, words = LAYERS[case]
    (tmp_path / "config.yaml").write_text(f"{DATA}model:\n  layers: {layers}\n")
    refused(dlcli, tmp_path, "config.yaml:3:", *words)


def test_a_config_that_is_not_there(dlcli: Dlcli, tmp_path: Path) -> None:
    (tmp_path / "iris.yaml").write_text(DATA + MODEL)
    (tmp_path / "folder").mkdir()
    for name, words in {
        "irs.yaml": ("there is no such file", "→ did you mean 'iris.yaml'?"),
        "folder": ("is a directory, not a config", "→ it holds no .yaml files"),
        "nowhere/iris.yaml": ("there is no such file", "→ there is no directory nowhere either"),
    }.items():
        done = dlcli("train", name)
        assert done.returncode == 1
        assert all(word in done.stderr for word in (name, *words)), done.stderr
    assert not (tmp_path / "runs").exists()


def test_shapes_that_do_not_fit_name_the_layer(dlcli: Dlcli, tmp_path: Path, table: str) -> None:
    (tmp_path / "table.csv").write_text(table)
    layers = "    - Dense: {units: 4}\n    - Conv1D: {filters: 2, kernel_size: 3}\n    - Dense: {units: 1}\n"
    (tmp_path / "config.yaml").write_text(f"{DATA}model:\n  layers:\n{layers}")
    before = left(tmp_path)
    for command in ("train", "check"):
        done = dlcli(command, "config.yaml", "--quiet")
        assert (done.returncode, done.stdout) == (1, "")
        assert "config.yaml:5:7 model.layers[1]" in done.stderr
        assert "cannot take (batch, 4) from 'dense'" in done.stderr
        assert "Reshape" in done.stderr
    assert left(tmp_path) == before


def test_what_only_keras_refuses_leaves_no_run(dlcli: Dlcli, tmp_path: Path, table: str) -> None:
    (tmp_path / "table.csv").write_text(table)
    (tmp_path / "mine.py").write_text(
        "import keras\n\n\nclass Stop(keras.callbacks.Callback):\n"
        "    def __init__(self, limit):\n        super().__init__()\n        raise ValueError(f'no limit of {limit}')\n"
    )
    (tmp_path / "config.yaml").write_text(f"{DATA}{MODEL}code: [mine.py]\ncallbacks: [{{Stop: {{limit: 3}}}}]\n")
    done = dlcli("train", "config.yaml", "--quiet")
    assert done.returncode == 1
    assert "config.yaml:4:21 callbacks[0].Stop.limit" in done.stderr
    assert "no limit of 3" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_six_mistakes_are_told_in_one_answer(dlcli: Dlcli, tmp_path: Path, table: str) -> None:
    (tmp_path / "table.csv").write_text(table)
    (tmp_path / "config.yaml").write_text(
        """\
data:
  train: table.csv
  test: tset.csv
  target: lable
  features: [age, town]
model:
  layers:
    - Dens: {units: 4}
    - Dense: {units: 1, activaton: sigmoid}
fit: {epochs: many}
callbacks:
  - EarlyStopping: {patience: 3}
runtime: {devise: cpu}
"""
    )
    said = refused(
        dlcli,
        tmp_path,
        "config.yaml:3:3 data.test",
        "config.yaml:4:3 data.target.lable",
        "data.features.town",
        "config.yaml:8:7 model.layers[0].Dens",
        "config.yaml:9:25 model.layers[1].Dense.activaton",
        "config.yaml:10:7 fit.epochs",
        "config.yaml:12:5 callbacks[0].EarlyStopping",
        "config.yaml:13:11 runtime.devise",
        "8 problems",
    )
    assert said.count("✗") == 8


def test_faults_are_one_json_document_for_programs(dlcli: Dlcli, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"{DATA}{MODEL}fit: {{epochs: 0, epoch: 3}}\n")
    for command in ("train", "check"):
        done = dlcli(command, "config.yaml", "--json")
        answer = json.loads(done.stdout)
        assert (done.returncode, done.stderr) == (1, "")
        assert answer["status"] == "error"
        assert [(each["rule"], each["line"], each["path"]) for each in answer["problems"]] == [
            ("file-not-found", 1, "data.train"),
            ("wrong-value", 3, "fit.epochs"),
            ("unknown-key", 3, "fit.epoch"),
        ]


def test_the_program_itself_refuses_in_the_same_way(tmp_path: Path) -> None:
    """Not this process with its patched arguments, but what a shell starts."""
    (tmp_path / "config.yaml").write_text(BOMB)
    program = Path(sys.executable).with_name("dlcli")
    done = subprocess.run(
        [program, "train", "config.yaml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "config.yaml:" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]
