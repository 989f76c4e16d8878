"""`dlcli export`: every format is proved, described, and used by other programs as the page says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pytest

import dlcli as package
from dlcli.errors import Problem, RunError
from dlcli.exports import parity
from dlcli.exports.formats import export_formats
from dlcli.exports.parity import Parity
from dlcli.training.events import Event, Notice, Stage

Dlcli = Callable[..., CompletedProcess[str]]

SNIPPET = re.compile(r"<!-- snippet: (\w+) -->\n```python\n(.*?)```", re.DOTALL)
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "exports.md").read_text(encoding="utf-8")
SNIPPETS = dict(SNIPPET.findall(PAGE))


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """The run that the page speaks of."""
    directory = tmp_path_factory.mktemp("iris")
    package.train(project / "configs" / "iris.yaml", overrides={"fit.epochs": 20}, run_dir=directory / "run")
    return directory


@pytest.mark.parametrize(
    ("format", "name", "options"),
    [
        ("onnx", "model.onnx", []),
        ("litert", "model.tflite", []),
        pytest.param("keras", "model.keras", ["--with-preprocessing"], marks=pytest.mark.soak),
        pytest.param("saved_model", "model", ["--with-preprocessing"], marks=pytest.mark.soak),
    ],
)
def test_the_page_shows_how_each_format_is_used(
    format: str, name: str, options: list[str], iris: Path, dlcli: Dlcli, tmp_path: Path
) -> None:
    done = dlcli("export", iris / "run", "--format", format, "-o", name, "--json", *options)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["proof"]["rows"] == 150
    assert said["proof"]["difference"] <= 1e-5
    names = {"onnx": [], "litert": ["model.tflite.json"], "keras": ["model.keras.json"], "saved_model": []}[format]
    # TensorFlow keeps functions that it has rewritten in the temporary directory, which is this one, until it ends.
    left = [path.name for path in tmp_path.iterdir() if not path.name.startswith(("__autograph", "__pycache__"))]
    assert sorted(left) == sorted([name, *names])
    program = SNIPPETS[format] + "\nimport sys\nprint(names, 'dlcli' in sys.modules)\n"
    used = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert used.returncode == 0, used.stderr
    wanted = ["setosa"] if options else None
    answer = used.stdout.strip().splitlines()[-1]
    assert answer.endswith("False")
    if wanted:
        assert answer == f"{wanted} False"


def test_every_format_has_a_snippet() -> None:
    assert sorted(SNIPPETS) == sorted(export_formats())


def test_numbers_say_how_they_get_their_own_unit(project: Path, tmp_path: Path) -> None:
    """The encoded prediction, times `scale` plus `offset`, is what `predict` writes."""
    import numpy as np
    import onnxruntime

    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{i},{100 + 7 * i}\n" for i in range(30)))
    run = package.train(
        {
            "data": {
                "train": str(tmp_path / "t.csv"),
                "features": {"x": {"type": "number", "scale": "none"}},
                "target": {"y": {"type": "number", "scale": "standard"}},
            },
            "model": {"layers": [{"Dense": {"units": 1}}]},
            "fit": {"epochs": 1},
        },
        run_dir=tmp_path / "run",
    )
    package.export(run, tmp_path / "m.onnx", format="onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    (output,) = json.loads(session.get_modelmeta().custom_metadata_map["outputs"])
    (target,) = output["targets"]
    (scores,) = session.run(None, {"features": np.array([[3.0]], np.float32)})
    (tmp_path / "new.csv").write_text("x\n3\n")
    package.predict_file(run, tmp_path / "new.csv", output=tmp_path / "out.csv")
    wanted = float((tmp_path / "out.csv").read_text().splitlines()[1])
    assert scores[0, 0] * target["scale"][0] + target["offset"][0] == pytest.approx(wanted, rel=1e-6)


def test_the_run_s_own_model_is_written_again(dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    model = run_directory / "model.onnx"
    before = model.read_bytes()
    model.write_bytes(before[:-9])
    done = dlcli("export", "run", "--format", "onnx")
    assert done.returncode == 0, done.stderr
    (tmp_path / "new.csv").write_text("age,city\n30,a\n")
    predicted = dlcli("predict", "run", "new.csv", "--runtime", "portable")
    assert (predicted.returncode, predicted.stderr) == (0, "")


def test_a_model_that_differs_is_refused(dlcli: Dlcli, run_directory: Path, original: Path, tmp_path: Path) -> None:
    """The weights in `model.keras` are not those that the run's portable model was proved with."""
    package.train(original / "config.yaml", overrides={"seed": 9}, run_dir=tmp_path / "other")
    (run_directory / "model.keras").write_bytes((tmp_path / "other" / "model.keras").read_bytes())
    done = dlcli("export", "run", "--format", "onnx", "-o", "m.onnx")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.search(r"row \d+ of 20 .*differs by .*: expected [-\d.]+, got [-\d.]+", done.stderr)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "run"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "onnx", "-o", "m.keras"], "has the suffix '.keras'"),
        (["--format", "onnx", "-o", "taken.onnx"], "taken.onnx exists already"),
        (["--format", "onnx", "-o", "nowhere/m.onnx"], "there is no directory nowhere"),
        (
            ["--format", "litert", "-o", "m.tflite", "--with-preprocessing"],
            "feature 'city': a category looks texts up",
        ),
        (["--format", "keras", "-o", "m.keras", "--rows", "none.csv"], "there is no file 'none.csv'"),
    ],
    ids=["suffix", "taken", "no directory", "texts in litert", "rows"],
)
def test_exports_that_are_refused(
    arguments: list[str], said: str, dlcli: Dlcli, run_directory: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken.onnx").write_text("precious")
    done = dlcli("export", "run", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "taken.onnx"]


@pytest.mark.parametrize(
    ("format", "name"), [pytest.param("keras", "m.keras", marks=pytest.mark.soak), ("saved_model", "m")]
)
def test_texts_go_into_the_formats_that_have_tables(
    format: str, name: str, dlcli: Dlcli, run_directory: Path, tmp_path: Path
) -> None:
    done = dlcli("export", "run", "--format", format, "-o", name, "--with-preprocessing", "--json")
    assert done.returncode == 0, done.stderr
    described = json.loads(Path(tmp_path / json.loads(done.stdout)["metadata"]).read_text())
    assert {each["name"]: each["dtype"] for each in described["inputs"]} == {"age": "float64", "city": "string"}
    assert all(("tensor" in each) == (format == "saved_model") for each in described["inputs"])


def test_an_output_is_needed(dlcli: Dlcli, run_directory: Path) -> None:
    assert dlcli("export", "run", "--format", "keras").returncode == 2


@pytest.mark.soak
def test_recurrent_models_go_to_onnx_and_not_to_litert(dlcli: Dlcli, tmp_path: Path) -> None:
    import numpy as np

    random = np.random.default_rng(0)
    np.savez(tmp_path / "t.npz", x=random.normal(size=(40, 6, 2)), y=random.integers(0, 2, 40))
    package.train(
        {
            "data": {"train": str(tmp_path / "t.npz"), "target": {"y": {"type": "category"}}},
            "model": {"layers": [{"LSTM": {"units": 3}}, {"Dense": {"units": 1, "activation": "sigmoid"}}]},
            "fit": {"epochs": 1},
        },
        run_dir=tmp_path / "run",
    )
    done = dlcli("export", "run", "--format", "litert", "-o", "m.tflite")
    assert (done.returncode, done.stdout) == (1, "")
    assert "use --format onnx" in done.stderr
    assert not (tmp_path / "m.tflite").exists()
    assert dlcli("export", "run", "--format", "onnx", "-o", "m.onnx").returncode == 0
    assert dlcli("export", "run", "--format", "keras", "-o", "m.keras", "--with-preprocessing").returncode == 0


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on numbers with gaps, one of them called `file`, and days."""
    directory = tmp_path_factory.mktemp("measured")
    rows = [f"{'' if i % 7 == 0 else i / 3},{1000 + i},2024-03-{1 + i % 28:02d},{i % 2}" for i in range(60)]
    (directory / "t.csv").write_text("\n".join(["a b,file,day,y", *rows]) + "\n")
    features: dict[str, Any] = {
        "a b": {"type": "number", "missing": "median"},
        "file": {"type": "number"},
        "day": {"type": "datetime", "parts": ["timestamp", "weekday", "month"]},
    }
    layers = [{"Dense": {"units": 8, "activation": "relu"}}, {"Dense": {"units": 1, "activation": "sigmoid"}}]
    for name in ("all", "numbers"):
        package.train(
            {
                "data": {
                    "train": str(directory / "t.csv"),
                    "features": {key: each for key, each in features.items() if name == "all" or key != "day"},
                    "target": {"y": {"type": "category"}},
                },
                "model": {"layers": layers},
                "fit": {"epochs": 2},
            },
            run_dir=directory / name,
        )
    return directory


def test_onnx_takes_columns_of_numbers_and_days(measured: Path, dlcli: Dlcli, tmp_path: Path) -> None:
    import onnxruntime

    done = dlcli("export", measured / "all", "--format", "onnx", "-o", "m.onnx", "--with-preprocessing", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["proof"]["batch_sizes"] == [1, 60]
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    assert {each.name: each.type for each in session.get_inputs()} == dict.fromkeys(
        ["a b", "file", "day"], "tensor(double)"
    )
    described = json.loads(session.get_modelmeta().custom_metadata_map["inputs"])
    assert {each["name"]: each["dtype"] for each in described} == dict.fromkeys(["a b", "file", "day"], "float64")
    cells = {"a b": [[np.nan], [4.5]], "file": [[1000.0], [1013.0]], "day": [[1709596800.0], [1709683200.0]]}
    (scores,) = session.run(None, {name: np.array(values) for name, values in cells.items()})
    (tmp_path / "new.csv").write_text("a b,file,day\n,1000,2024-03-05\n4.5,1013,2024-03-06\n")
    package.predict_file(measured / "all", tmp_path / "new.csv", output=tmp_path / "out.csv")
    wanted = [float(line.split(",")[2]) for line in (tmp_path / "out.csv").read_text().splitlines()[1:]]
    assert scores[:, 0] == pytest.approx(wanted, rel=1e-5)


def test_litert_takes_columns_of_numbers(measured: Path, dlcli: Dlcli, tmp_path: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    done = dlcli("export", measured / "numbers", "--format", "litert", "-o", "m.tflite", "--with-preprocessing")
    assert done.returncode == 0, done.stderr
    described = json.loads((tmp_path / "m.tflite.json").read_text())
    assert [each["dtype"] for each in described["inputs"]] == ["float32", "float32"]
    runner = Interpreter(str(tmp_path / "m.tflite")).get_signature_runner("serving_default")
    cells = {"a b": [[np.nan], [4.5]], "file": [[1000.0], [1013.0]]}
    given = {each["tensor"]: np.array(cells[each["name"]], np.float32) for each in described["inputs"]}
    scores = runner(**given)[described["outputs"][0]["tensor"]]
    (tmp_path / "new.csv").write_text("a b,file\n,1000\n4.5,1013\n")
    package.predict_file(measured / "numbers", tmp_path / "new.csv", output=tmp_path / "out.csv")
    wanted = [float(line.split(",")[2]) for line in (tmp_path / "out.csv").read_text().splitlines()[1:]]
    assert scores[:, 0] == pytest.approx(wanted, rel=1e-4)
    refused = dlcli("export", measured / "all", "--format", "litert", "-o", "d.tflite", "--with-preprocessing")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "of the feature 'day': a datetime computes with seconds in float64" in refused.stderr


TURNING = """
import os
import keras
import tensorflow as tf


class Turning(keras.layers.Layer):
    def call(self, values):
        turned = os.environ.get("TURNED")
        if not turned or tf.executing_eagerly():
            return values
        return values + tf.cast(tf.logical_or(turned == "always", tf.shape(values)[0] == 1), values.dtype)
"""


def test_a_proof_that_fails_leaves_the_run_as_it_was(
    dlcli: Dlcli, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The layer computes otherwise once it is converted, for every row or for one that comes alone."""
    (tmp_path / "table.csv").write_text(table)
    (tmp_path / "turning.py").write_text(TURNING)
    config = {
        "data": {"train": "table.csv", "target": "label", "features": ["age", "city"]},
        "code": ["turning.py"],
        "model": {"layers": ["Turning", {"Dense": {"units": 1, "activation": "sigmoid"}}]},
        "fit": {"epochs": 1},
    }
    run = package.train(config, run_dir=tmp_path / "run").path
    before = {name: (run / name).read_bytes() for name in ("model.onnx", "run.json")}
    monkeypatch.setenv("TURNED", "always")
    done = dlcli("export", "run", "--format", "onnx", "--allow-code")
    assert (done.returncode, done.stdout) == (1, "")
    assert "ONNX Runtime and Keras disagree: row " in done.stderr
    assert {name: (run / name).read_bytes() for name in before} == before
    assert [path.name for path in run.iterdir() if path.name.startswith(".model.onnx")] == []
    monkeypatch.setenv("TURNED", "alone")
    done = dlcli("export", "run", "--format", "onnx", "-o", "m.onnx", "--allow-code")
    assert (done.returncode, done.stdout) == (1, "")
    assert "of 20 (in a batch of 1) differs by " in done.stderr
    assert not (tmp_path / "m.onnx").exists()


@pytest.mark.parametrize("there", [True, False])
def test_a_record_that_cannot_be_written_leaves_the_run_as_it_was(
    there: bool, dlcli: Dlcli, run_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dlcli.exports import portable_rebuild

    def fail(path: Path, value: Any) -> None:
        assert (run_directory / "model.onnx").read_bytes() != b"old"
        raise RunError(Problem(f"cannot write {path}: No space left on device", rule="not-writable"))

    (run_directory / "model.onnx").write_bytes(b"old")
    if not there:
        (run_directory / "model.onnx").unlink()
    before = {path: path.read_bytes() for path in run_directory.rglob("*") if path.is_file()}
    monkeypatch.setattr(portable_rebuild, "write_json", fail)
    done = dlcli("export", "run", "--format", "onnx")
    assert (done.returncode, done.stdout) == (1, "")
    assert "run.json: No space left on device" in done.stderr
    assert {path: path.read_bytes() for path in run_directory.rglob("*") if path.is_file()} == before
    assert [path.name for path in run_directory.iterdir() if path.name.startswith(".")] == []


def test_the_worse_comparison_is_told(
    dlcli: Dlcli, run_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the run's portable model, which is off by roundings, where Keras in another process is not."""
    from dlcli.exports import export

    judged: list[Parity] = []

    def judge(*arguments: Any, **options: Any) -> Parity:
        judged.append(parity.judge(*arguments, **options))
        return judged[-1]

    monkeypatch.setattr(export, "judge", judge)
    done = dlcli("export", "run", "--format", "keras", "-o", "m.keras", "--json")
    assert done.returncode == 0, done.stderr
    with_keras, with_portable = judged
    worse = max(with_keras, with_portable, key=lambda each: each.excess)
    assert json.loads(done.stdout)["proof"] == worse.document()
    assert worse.floor == parity.FLOOR


@pytest.fixture
def narrow() -> Iterator[Callable[[int], None]]:
    """Let no file grow beyond so many bytes, as a full disk does."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda most: resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_does_not_fail_the_run(table: str, tmp_path: Path, narrow: Callable[[int], None]) -> None:
    (tmp_path / "table.csv").write_text(table)
    config = {
        "data": {"train": str(tmp_path / "table.csv"), "target": "label"},
        "model": {"layers": [{"Dense": {"units": 300000}}, {"Dense": {"units": 1, "activation": "sigmoid"}}]},
        "fit": {"epochs": 1},
    }
    told: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Stage) and event.name == "proving the portable model":
            narrow(4_000_000)
        elif isinstance(event, Notice):
            told.append(event.problem.message)

    run = package.train(config, run_dir=tmp_path / "run", listener=listen).path
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "completed"
    assert record["portable"]["file"] is None
    assert "cannot write" in record["portable"]["reason"]
    assert f"no portable model: {record['portable']['reason']}" in told
    assert [path.name for path in run.iterdir() if "model.onnx" in path.name] == []


def test_evaluating_builds_the_model_once(dlcli: Dlcli, run_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dlcli.trained import keras_predictor

    built: list[str] = []

    def counted(*arguments: Any) -> Any:
        built.append("once")
        return assemble_run(*arguments)

    assemble_run = keras_predictor.assemble_run
    monkeypatch.setattr(keras_predictor, "assemble_run", counted)
    (run_directory / "model.onnx").unlink()
    done = dlcli("evaluate", "run")
    assert done.returncode == 0, done.stderr
    assert "Keras predicts instead" in done.stderr
    assert built == ["once"]
