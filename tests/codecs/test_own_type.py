"""Types in folders of their own, and nowhere else: configs use one of features and one of targets up to the export."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ANGLE = {
    "__init__": "",
    "schema": '''
from typing import ClassVar, Literal
from pydantic import Field
from dlcli.config.options.feature import Cells, Feature

class AngleFeature(Feature):
    """Degrees of a circle."""

    synonyms: ClassVar[tuple[str, ...]] = ("bearing",)
    cells: ClassVar[Cells] = "number"
    type: Literal["angle"] = "angle"
    turns: int = Field(1, description="How often the circle comes round.")

FEATURE = AngleFeature
''',
    "codec": """
import numpy as np
from dlcli.data.columns.cells import numbers

class AngleCodec:
    type, reads, dtype, vocabulary, embedding = "angle", "number", "float32", None, None
    stand_in, shape = "north", (2,)

    def __init__(self, columns, turns):
        self.columns, self.turns, self.gaps = tuple(columns), turns, 0

    def fit(self, values): pass

    def finish(self): pass

    def encode(self, values, *, start=0, out=None):
        degrees = numbers(values[0]).values.reshape(-1)
        radians = np.nan_to_num(np.deg2rad(degrees)) * self.turns
        encoded = np.stack([np.sin(radians), np.cos(radians)], axis=1).astype(np.float32)
        if out is None:
            return encoded
        out[...] = encoded
        return out

    def names(self): return tuple(f"{self.columns[0]}.{part}" for part in ("sin", "cos"))

    def state(self): return {"type": "angle", "columns": list(self.columns), "turns": self.turns}

    @classmethod
    def from_state(cls, state): return cls(state["columns"], state["turns"])

def build(feature, columns, *, seed): return AngleCodec(columns, feature.turns)

CODEC = AngleCodec
""",
    "inference": """
from dlcli.codecs.angle.schema import AngleFeature
from dlcli.data.types.rule import FeatureRule, Fit

def fit(column, name): return Fit(AngleFeature(), ("by its name",)) if name.endswith("_deg") else None

RULE = FeatureRule(0, fit)
""",
    "keras_layer": """
import numpy as np
from dlcli.codecs.keras_layers import KerasLayer
from dlcli.data.columns.cells import numbers

def values(codec, cells): return numbers(cells).values.reshape(-1, 1)

def tensor(keras, codec, inputs):
    ops = keras.ops
    radians = ops.where(ops.not_equal(inputs[0], inputs[0]), 0.0, inputs[0]) * (np.pi / 180 * codec.turns)
    joined = keras.layers.Concatenate(dtype=inputs[0].dtype)([ops.sin(radians), ops.cos(radians)])
    return ops.cast(joined, "float32")

LAYER = KerasLayer("number", values, tensor)
""",
}

LOGARITHM = {
    "__init__": "",
    "schema": '''
from typing import ClassVar, Literal
from dlcli.config.options.feature import Cells, Target

class LogarithmTarget(Target):
    """A number above zero, learnt as its logarithm."""

    cells: ClassVar[Cells] = "number"
    type: Literal["logarithm"] = "logarithm"
    missing: Literal["error", "drop"] = "error"

TARGET = LogarithmTarget
''',
    "target": """
import numpy as np
from dlcli.config.signature import TargetSpec
from dlcli.data.columns.cells import numbers

class LogarithmCodec:
    type, reads, values = "logarithm", "number", None

    def __init__(self, name, columns): self.name, self.columns, self.components = name, tuple(columns), tuple(columns)

    def fit(self, values): pass

    def finish(self): pass

    def encode(self, values, *, start=0, out=None):
        return np.log(numbers(values[0]).values.reshape(-1, 1)).astype(np.float32)

    def decode(self, encoded): return np.exp(np.asarray(encoded, np.float64))

    @property
    def spec(self): return TargetSpec(self.name, "number")

    def decided(self): return ""

    def left_alone(self, reason): return []

    def state(self): return {"name": self.name, "type": "logarithm", "columns": list(self.columns)}

    @classmethod
    def from_state(cls, state): return cls(state["name"], state["columns"])

def build(name, target, columns, *, texts, scalable): return LogarithmCodec(name, columns)

CODEC = LogarithmCodec
""",
}

CONFIG = """\
data:
  train: wind.csv
  target: warm
  features: {heading_deg: auto, course: {type: angle}, speed: auto}
  defaults: {angle: {turns: 2}}
model:
  layers: [{Dense: {units: 1, activation: sigmoid}}]
fit: {epochs: 2}
"""

OF_SPEED = """\
data:
  train: wind.csv
  target: {speed: logarithm}
  features: [course, heading_deg]
  validation: 0.2
model: {layers: [{Dense: {units: 1}}]}
fit: {epochs: 2}
"""

COMMANDS = [
    ["check", "wind.yaml"],
    ["check", "faulty.yaml"],
    ["train", "wind.yaml", "--run-dir", "run", "--quiet"],
    ["predict", "run", "wind.csv", "--output", "predicted.csv"],
    ["export", "run", "--format", "onnx", "--with-preprocessing", "--output", "wind.onnx"],
    ["export", "run", "--format", "keras", "--with-preprocessing", "--output", "wind.keras"],
    ["train", "speed.yaml", "--run-dir", "speed", "--quiet"],
    ["evaluate", "speed", "wind.csv"],
    ["predict", "speed", "wind.csv", "--output", "speeds.csv"],
    ["schema"],
]

PROGRAM = """
import contextlib, io, json, sys
import dlcli.codecs
dlcli.codecs.__path__.append(sys.argv[1])
from dlcli.cli.main import main
results = []
for arguments in json.loads(sys.argv[2]):
    sys.argv = ["dlcli", *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            code = main()
        except SystemExit as stop:
            code = stop.code
    results.append([code or 0, out.getvalue() + err.getvalue()])
print(json.dumps(results))
"""


def commands(directory: Path, *arguments: list[str]) -> list[tuple[int, str]]:
    """Run commands in one process that knows the type: their exit codes and outputs."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(directory / "types"), json.dumps(arguments)],
        cwd=directory,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [(code, output) for code, output in json.loads(done.stdout.splitlines()[-1])]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A folder with two types, a table and configs."""
    for name, modules in (("angle", ANGLE), ("logarithm", LOGARITHM)):
        folder = tmp_path / "types" / name
        folder.mkdir(parents=True)
        for module, text in modules.items():
            (folder / f"{module}.py").write_text(text)
    random = np.random.default_rng(0)
    rows = ["heading_deg,course,speed,warm"]
    rows += [f"{a},{b},{c + 1},{'yes' if a < 180 else 'no'}" for a, b, c in random.integers(0, 360, (60, 3))]
    (tmp_path / "wind.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "wind.yaml").write_text(CONFIG)
    (tmp_path / "speed.yaml").write_text(OF_SPEED)
    (tmp_path / "faulty.yaml").write_text(CONFIG.replace("{type: angle}", "bearing").replace("turns", "turn"))
    return tmp_path


@pytest.mark.tensorflow
def test_a_folder_is_all_that_a_type_needs(directory: Path) -> None:
    results = commands(directory, *COMMANDS)
    for arguments, (code, output) in zip(COMMANDS, results, strict=True):
        assert code == ("faulty.yaml" in arguments), output
    checked, faulty = results[0][1], results[1][1]
    assert "heading_deg: angle (by its name)" in checked
    assert "did you mean 'angle'?" in faulty
    assert "did you mean 'turns'?" in faulty
    state: dict[str, Any] = json.loads((directory / "run" / "preprocessing.json").read_text())
    assert [(entry["name"], entry["type"]) for entry in state["features"]] == [
        ("heading_deg", "angle"),
        ("course", "angle"),
        ("speed", "number"),
    ]
    assert [entry.get("turns") for entry in state["features"]] == [2, 2, None]
    assert len((directory / "predicted.csv").read_text().splitlines()) == 61
    assert (directory / "wind.onnx").is_file()
    assert (directory / "wind.keras").is_file()
    speeds = [float(row.split(",")[-1]) for row in (directory / "speeds.csv").read_text().splitlines()[1:]]
    assert len(speeds) == 60
    assert min(speeds) > 0
    schema = json.loads(results[-1][1])
    assert schema["$defs"]["AngleFeature"]["properties"]["turns"]["default"] == 1
    assert list(schema["$defs"]["FeatureDefaults"]["properties"])[-1] == "angle"


def test_the_types_are_the_folders(project: Path) -> None:
    from dlcli.config.options.types import feature_types, folders, target_types

    homes = {path.parent.name for path in (project / "dlcli" / "codecs").glob("*/schema.py")}
    assert set(folders()) == homes == {*feature_types(), *target_types()}
    for types in (feature_types(), target_types()):
        assert all(section.model_fields["type"].default == name for name, section in types.items())
