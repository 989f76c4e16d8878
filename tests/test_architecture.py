"""Light commands stay light, and TensorFlow stays in its folder.

`make check` holds the arrows between our modules; this holds that the heavy libraries are imported late, and that no
module gets by other ways what it may not import.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
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


def test_help_needs_no_word_of_the_language(tmp_path: Path) -> None:
    """Of the rooms only the terminal's is loaded: what a command needs comes with the command."""
    code = (
        "import sys\nfrom dlcli.cli.main import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "language = ('dlcli.config.schema', 'dlcli.codecs')\n"
        "print(*(name for name in sys.modules if name.startswith(language)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""


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


def test_a_draft_loads_nothing_heavy(tmp_path: Path) -> None:
    """Not pandas either, which pyarrow imports to ask whether it is given something of it."""
    header = "key,code,when,day,us_day,compact,price,words,flag,gap,odd,target\n"
    cells = (
        f"{row * 7},u{row:05d}x,2024-01-{row % 28 + 1:02d} 10:{row % 60:02d},2023-{row % 12 + 1:02d}-11,"
        f'{row % 12 + 1}/{row % 28 + 1}/2023,{20230101 + row % 28},"$1,{row:03d}.50",it was number {row % 90} of all,'
        f"{row % 2 == 0},{'' if row % 9 else '?'},{row if row % 50 else 'three'},{row % 7 / 8}\n"
        for row in range(300)
    )
    (tmp_path / "t.csv").write_text(header + "".join(cells))
    code, modules, output = dlcli("init", "t.csv", "--target", "target", directory=tmp_path)
    assert code == 0, output
    assert not modules & HEAVY


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


OF_TENSORFLOW = re.compile(r"(?:\w+_)?tf(?:\..*)?|(?:\w+\.)*(?:tf2onnx|\w*tensorflow\w*)(?:\..*)?")
"""What TensorFlow is called in code: a module, a variable, an argument, an attribute, a function that hands it out."""


def named(source: str) -> list[tuple[int, str]]:
    """The lines of a program that name TensorFlow in what they import, define or look up; what it says is no matter."""
    found: list[tuple[int, str]] = []
    if re.search(r"tensorflow|tf2onnx|(?<![A-Za-z0-9])tf(?!\w)", source) is None:
        return found  # most of them, in a hundredth of the time
    for node in ast.walk(ast.parse(source)):
        names = [each for each in _names(node) if OF_TENSORFLOW.fullmatch(each)]
        found += [(getattr(node, "lineno", 0), each) for each in names]
    return found


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=aliases):
            yield from (name for each in aliases for name in (each.name, each.asname) if name)
        case ast.ImportFrom(module=module, names=aliases):
            yield from (name for each in aliases for name in (each.name, each.asname) if name)
            yield module or ""
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
            yield name
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Call(args=values, keywords=others):  # import_module("tensorflow"), getattr(modules, "tensorflow")
            given = [*values, *(each.value for each in others)]
            texts = [part for each in given for part in (each.values if isinstance(each, ast.JoinedStr) else [each])]
            yield from (each.value for each in texts if isinstance(each, ast.Constant) and isinstance(each.value, str))
        case ast.Subscript(slice=ast.Constant(value=str(name))):  # sys.modules["tensorflow"]
            yield name
        case _:
            return


@pytest.mark.parametrize(
    "source",
    [
        "import tensorflow",
        "import tensorflow as backend",
        "from tensorflow.python.eager import context",
        "import numpy as tf",
        "from dlcli.backend.engine import tf",
        "from dlcli.backend import engine; engine.tf.constant(1)",
        "modules.tensorflow.errors",
        "keras.src.backend.tensorflow",
        "def save(tf, model): ...",
        "save(tf=1)",
        "def load_tensorflow(): ...",
        "importlib.import_module('tensorflow.lite')",
        "importlib.import_module(name=f'tensorflow.{part}')",
        "sys.modules['tensorflow']",
        "getattr(modules, 'tensorflow')",
        "def late():\n    if True:\n        from tf2onnx import tfonnx",
    ],
)
def test_tensorflow_is_found_by_whatever_name(source: str) -> None:
    assert named(source)


def test_what_is_said_of_tensorflow_names_none_of_it() -> None:
    assert not named('"""TensorFlow, or tensorflow."""\nPACKAGES = ("keras", "tensorflow")\nsoftmax_tftp = "tf"')


def test_only_the_backend_and_the_formats_of_tensorflow_name_it(project: Path) -> None:
    contracts = tomllib.loads((project / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = [each for each in contracts if each["id"] == "tensorflow-in-its-folder"]
    allowed = {arrow.partition(" -> ")[0].removesuffix(".**") for arrow in contract["ignore_imports"]}
    found, seen = [], set()
    for file in sorted((project / "dlcli").rglob("*.py")):
        module = ".".join(file.relative_to(project).with_suffix("").parts).removesuffix(".__init__")
        rooms = {each for each in allowed if module == each or module.startswith(f"{each}.")}
        names = [f"{file.relative_to(project)}:{line}: {name}" for line, name in named(file.read_text("utf-8"))]
        seen |= rooms if names else set()
        found += [] if rooms else names
    assert not found, "say it in Keras, or move it into dlcli/backend:\n" + "\n".join(found)
    assert seen == allowed, "these name no TensorFlow: take them out of the contract"


SILENT = """
import sys
from pathlib import Path

import dlcli

class Reached(BaseException):
    pass

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "keras"):
            frame, callers = sys._getframe(), []
            while frame is not None:
                callers.append((Path(frame.f_code.co_filename).name, frame.f_code.co_name))
                frame = frame.f_back
            raise Reached(("startup.py", "load") in callers)

sys.meta_path.insert(0, Finder())
config = {
    "data": {"train": "t.csv", "target": "y", "validation": 0.2},
    "model": {"layers": [{"Dense": {"units": 1}}]},
    "compile": {"optimizer": "adam", "loss": "mse"},
    "fit": {"epochs": 1},
}
whole = {"train": "t.csv", "target": "y"}
search = config | {"sweep": {"metric": "val_loss", "space": {"fit.epochs": [1, 2]}}}
calls = {
    "train": lambda: dlcli.train(config, run_dir="one"),
    "ensemble": lambda: dlcli.train(config | {"ensemble": 2}, run_dir="two"),
    "folds": lambda: dlcli.cross_validate({**config, "data": whole}, folds=2, run_dir="three"),
    "sweep": lambda: dlcli.sweep(search, run_dir="four"),
    "check": lambda: dlcli.check(config),
}
for name, call in calls.items():
    try:
        call()
    except Reached as reached:
        print(name, reached)
    else:
        print(name, "reached nothing")
"""


def test_tensorflow_is_loaded_in_silence_and_without_looking_for_garbage_whoever_needs_it_first(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{row % 7},{row % 5}\n" for row in range(60)))
    done = subprocess.run(
        [sys.executable, "-c", SILENT], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    expected = [f"{name} True" for name in ("train", "ensemble", "folds", "sweep", "check")]
    assert done.stdout.splitlines() == expected, done.stderr
