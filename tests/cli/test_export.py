"""`dlcli export`: every format is proved, described, and used by other programs as the page says."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import dlcli as package

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


needs_litert = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="the extra `litert` is not installed"
)


@pytest.mark.parametrize(
    ("format", "name", "options"),
    [
        ("onnx", "model.onnx", []),
        pytest.param("litert", "model.tflite", [], marks=needs_litert),
        ("keras", "model.keras", ["--with-preprocessing"]),
        ("saved_model", "model", ["--with-preprocessing"]),
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
    left = [path.name for path in tmp_path.iterdir() if not path.name.startswith("__autograph")]
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
    assert sorted(SNIPPETS) == ["keras", "litert", "onnx", "saved_model"]


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
        (["--format", "onnx", "-o", "m.onnx", "--with-preprocessing"], "use --format keras or saved_model"),
        (["--format", "keras", "-o", "m.keras", "--rows", "none.csv"], "there is no file 'none.csv'"),
    ],
    ids=["suffix", "taken", "no directory", "preprocessing", "rows"],
)
def test_exports_that_are_refused(
    arguments: list[str], said: str, dlcli: Dlcli, run_directory: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken.onnx").write_text("precious")
    done = dlcli("export", "run", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "taken.onnx"]


def test_an_output_is_needed(dlcli: Dlcli, run_directory: Path) -> None:
    assert dlcli("export", "run", "--format", "keras").returncode == 2


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
