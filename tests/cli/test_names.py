"""Names that no file can have, in every place of a config and of the command line: told clearly, never a bug."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

import dlcli as package
from dlcli.errors import DlcliError

Dlcli = Callable[..., CompletedProcess[str]]

WHOLE: dict[str, Any] = {
    "name": "n",
    "extends": "base.yaml",
    "code": ["own.py"],
    "data": {
        "train": "table.csv",
        "validation": 0.2,
        "test": "test.csv",
        "target": "label",
        "features": {"age": "number", "city": {"type": "category"}},
        "delimiter": ",",
        "encoding": "utf-8",
        "missing_values": ["?"],
    },
    "model": {"layers": [{"Dense": {"units": 1, "activation": "sigmoid", "name": "out"}}], "outputs": {"out": "label"}},
    "compile": {"optimizer": "adam", "loss": "binary_crossentropy", "metrics": ["accuracy"]},
    "fit": {"epochs": 1},
    "callbacks": [
        {"ModelCheckpoint": {"filepath": "x.keras", "monitor": "loss"}},
        {"CSVLogger": {"filename": "log.csv", "separator": ";"}},
        {"EarlyStopping": {"monitor": "loss"}},
    ],
    "runtime": {"device": "auto"},
}

FILES = [
    ("extends",),
    ("code", 0),
    ("data", "train"),
    ("data", "test"),
    ("callbacks", 0, "ModelCheckpoint", "filepath"),
    ("callbacks", 1, "CSVLogger", "filename"),
]

# As YAML writes them, for its own printer would not.
STRANGE = {"nul": r'"a\0b"', "long": '"' + "a" * 300 + '"', "half": r'"\uD800"', "deep": '"' + "x/" * 2500 + '"'}


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where a config has plain values."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not isinstance(value, (dict, list)):
        yield path
    for key, item in items:
        yield from leaves(item, (*path, key))


def written(path: tuple[str | int, ...], text: str) -> str:
    """The config with a text, as YAML writes it, at one place."""
    config = copy.deepcopy(WHOLE)
    place: Any = config
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = "PLACEHOLDER"
    return yaml.safe_dump(config, sort_keys=False).replace("PLACEHOLDER", text)


@pytest.fixture
def folder(tmp_path: Path, table: str) -> Path:
    for name in ("table.csv", "test.csv"):
        (tmp_path / name).write_text(table)
    (tmp_path / "base.yaml").write_text("seed: 1\n")
    (tmp_path / "own.py").write_text("def own(x):\n    return x\n")
    return tmp_path


@pytest.mark.parametrize("kind", STRANGE)
def test_strange_texts_anywhere_in_a_config(kind: str, dlcli: Dlcli, folder: Path) -> None:
    for path in leaves(WHOLE):
        (folder / "config.yaml").write_text(written(path, STRANGE[kind]))
        done = dlcli("check", "config.yaml", "--fast", "--json")
        assert done.returncode in (0, 1), (path, done.stderr)
        said = json.loads(done.stdout)
        if path in FILES and kind != "half":  # which is no text of YAML's
            assert "file-name" in {problem["rule"] for problem in said["problems"]}, path


NOT_UTF8 = os.fsdecode(b"caf\xe9")


@pytest.mark.parametrize("name", [NOT_UTF8, "a" * 300, "x/" * 2500], ids=["not UTF-8", "long", "deep"])
def test_strange_names_on_the_command_line(name: str, dlcli: Dlcli, run_directory: Path, folder: Path) -> None:
    shutil.copy(run_directory.parent / "table.csv", folder / "new.csv")
    (folder / "config.yaml").write_text("data: {train: table.csv, target: label}\nmodel: {layers: [Flatten]}\n")
    before = sorted(path.name for path in folder.iterdir())
    for arguments in (
        ("check", name),
        ("train", name),
        ("train", "config.yaml", "--run-dir", name),
        ("train", "config.yaml", "--run-dir", f"{name}/below"),
        ("train", "config.yaml", "--cache-dir", name),
        ("check", "config.yaml", "--set", f"data.train={name}"),
        ("check", "config.yaml", "--set", f"{name}=1"),
        ("evaluate", name),
        ("evaluate", "run", f"{name}.csv"),
        ("evaluate", "run", "--cache-dir", name),
        ("export", name, "--format", "onnx"),
        ("export", "run", "--format", "keras", "-o", f"{name}.keras"),
        ("export", "run", "--format", "onnx", "-o", "out.onnx", "--rows", name),
        ("cache", "list", "--cache-dir", name),
    ):
        for said in (dlcli(*arguments), dlcli(*arguments, "--json")):
            assert said.returncode == 1, (arguments, said.stdout, said.stderr)
            assert "Traceback" not in said.stderr
    for rest in ((name, "new.csv"), ("run", f"{name}.csv"), ("run", "new.csv", "-o", f"{name}.csv")):
        done = dlcli("predict", *rest)
        assert (done.returncode, done.stdout) == (1, ""), (rest, done.stderr)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_nul_given_to_the_python_interface(run_directory: Path, folder: Path) -> None:
    table = folder / "table.csv"
    for call in (
        lambda: package.evaluate("a\0b"),
        lambda: package.evaluate(run_directory, "a\0b"),
        lambda: package.predict_file(run_directory, "a\0b"),
        lambda: package.predict_file(run_directory, table, output="a\0b.csv"),
        lambda: package.export(run_directory, "a\0b.onnx"),
        lambda: package.check("a\0b"),
        lambda: package.train({"data": {"train": "a\0b"}, "model": {"layers": ["Flatten"]}}),
        lambda: package.train({"extends": "a\0b"}),
    ):
        with pytest.raises(DlcliError):
            call()


def test_long_names_that_are_allowed(dlcli: Dlcli, run_directory: Path, folder: Path) -> None:
    name = "n" * 250
    shutil.copy(folder / "table.csv", folder / f"{name}.csv")
    done = dlcli("evaluate", "run", f"{name}.csv", "--json")
    assert done.returncode == 0, done.stderr
    assert [path.stem for path in (run_directory / "evaluations").glob("*.json") if path.stem != "test"] == ["n" * 50]
    done = dlcli("predict", "run", f"{name}.csv", "-o", f"{'o' * 250}.csv")
    assert done.returncode == 0, done.stderr
    assert dlcli("export", "run", "--format", "onnx", "-o", f"{'m' * 250}.onnx").returncode == 0
