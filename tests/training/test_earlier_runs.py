"""Weights of earlier runs, runs as layers, layers that stay as they are, and layers that learn before the training."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.config.document.reader import read
from dlcli.errors import DlcliError, Problem, RunError
from dlcli.runs.run import Run
from dlcli.training.events import Event, Notice
from dlcli.training.model_file import save_trained  # noqa: F401 - TensorFlow is loaded once, with it

HIDDEN: dict[str, Any] = {"Dense": {"units": 5, "activation": "relu"}, "name": "hidden"}
CODE: dict[str, Any] = {"layers": [{"Dense": {"units": 3}, "name": "code"}, "BatchNormalization"], "name": "middle"}
HEAD: dict[str, Any] = {"Dense": {"units": 1}, "name": "head"}
STILL: dict[str, Any] = {"compile": {"optimizer": {"SGD": {"learning_rate": 1e-30}}}}
"""Trains, and changes nothing."""


def config(layers: list[Any], *, scale: str = "standard", **more: Any) -> dict[str, Any]:
    """A job on the table."""
    features = {name: {"type": "number", "scale": scale} for name in ("a", "b", "c")}
    model = {"layers": layers, **more.pop("model", {})}
    data = {"train": "rows.csv", "test": 0.25, "target": {"y": {"type": "number"}}, "features": features}
    return {
        "data": {**data, "batch_size": 8},
        "model": model,
        "fit": {"epochs": 1},
        "checkpoint": False,
        "report": False,
        **more,
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a teacher was trained on a table of 40 rows."""
    place = tmp_path_factory.mktemp("runs")
    numbers = np.random.default_rng(3).normal(5.0, 2.0, size=(40, 3))
    table = pd.DataFrame(numbers, columns=["a", "b", "c"]).assign(y=numbers @ [1.0, -2.0, 0.5])
    table.to_csv(place / "rows.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("DLCLI_CACHE_DIR", str(place / "cache"))
        dlcli.train(config([HIDDEN, CODE, HEAD]), run_dir="teacher")
        dlcli.train(config([HIDDEN, CODE, HEAD], model={"weights": "teacher"}), run_dir="began")
    return place


@pytest.fixture(autouse=True)
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where the teacher is."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(place / "cache"))


def train(job: dict[str, Any], name: str) -> tuple[Run, list[Problem]]:
    """A run, and what was said."""
    said: list[Problem] = []

    def listen(event: Event) -> None:
        if isinstance(event, Notice):
            said.append(event.problem)

    return dlcli.train(job, run_dir=name, overwrite=True, listener=listen), said


def faults(job: dict[str, Any]) -> list[tuple[str, str]]:
    """Rules and paths."""
    with pytest.raises(DlcliError) as caught:
        dlcli.train(job, run_dir="never")
    assert not Path("never").exists()
    return [(problem.rule, problem.path) for problem in caught.value.problems]


def numbers(run: Run | str) -> np.ndarray[Any, Any]:
    """What a run predicts of the table."""
    return dlcli.predict(run, pd.read_csv("rows.csv"))["prediction"].to_numpy()


def resolved(run: Run) -> Any:
    """The run's config."""
    return read(run.path / "config.yaml").value


def test_a_run_begins_with_the_weights_of_another_and_stands_alone() -> None:
    run, _ = train(config([HIDDEN, CODE, HEAD], model={"weights": "teacher"}, **STILL), "student")
    inner = {**CODE, "layers": [CODE["layers"][0], {"BatchNormalization": {"momentum": 1.0}}]}
    same, _ = train(config([HIDDEN, inner, HEAD], model={"weights": {"run": "teacher"}}, **STILL), "same")
    assert np.allclose(numbers(same), numbers("teacher"), rtol=0, atol=1e-5)
    assert run.record["weights"][0]["source"] == str(Path("teacher").resolve())
    assert resolved(run)["model"]["weights"] == {"run": "initial.weights.h5"}
    shutil.move("teacher", "elsewhere")
    try:
        assert len(numbers(run)) == 40
        assert dlcli.reproduce(run.path).same
    finally:
        shutil.move("elsewhere", "teacher")


@pytest.mark.soak
def test_some_layers_of_a_run() -> None:
    wider: dict[str, Any] = {"Dense": {"units": 4}, "name": "wider"}
    last: dict[str, Any] = {"Dense": {"units": 1}, "name": "last"}
    weights = {"run": "teacher", "layers": ["hidden", "middle.*"]}
    run, _ = train(config([HIDDEN, CODE, wider, last], model={"weights": weights}, **STILL), "part")
    assert run.status == "completed"
    job = config([HIDDEN, CODE, wider, last], model={"weights": {**weights, "layers": ["hiden", "wid*"]}})
    assert faults(job) == [("unknown-name", "model.weights.layers")]


def test_all_that_does_not_fit_is_told() -> None:
    narrow: dict[str, Any] = {"Dense": {"units": 2}, "name": "hidden"}
    job = config([narrow, CODE, {**HEAD, "name": "other"}], model={"weights": "teacher"})
    with pytest.raises(DlcliError) as caught:
        dlcli.train(job, run_dir="never")
    text = "\n".join(problem.message for problem in caught.value.problems)
    for word in ("hidden/0 is (3, 2) here, and there it is (3, 5)", "middle.code/0 is (2, 3) here", "no other/0"):
        assert word in text
    assert "head/0 (3, 1)" in text
    assert {problem.rule for problem in caught.value.problems} == {"weights-mismatch"}


def test_weights_that_are_not_there() -> None:
    Path("empty").mkdir()
    Path("broken.weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    for name, rule in (("nobody", "weights-file"), ("broken.weights.h5", "weights-damaged"), ("empty", "not-a-run")):
        assert [rule for rule, _ in faults(config([HEAD], model={"weights": name}))] == [rule]
    assert faults(config([HEAD], model={"weights": "https://x.org/y.h5"})) == [("remote-path", "model.weights")]


def test_a_run_is_a_layer() -> None:
    encoder = {"run": "teacher", "output": "middle", "trainable": False, "name": "encoder"}
    run, said = train(config([encoder, HEAD], fit={"epochs": 3}), "with-encoder")
    assert not [problem for problem in said if problem.rule == "run-preprocessing"]
    assert dlcli.check(config([encoder, HEAD])).warnings == ()
    with pytest.raises(DlcliError, match="teacher"):
        dlcli.train(config([encoder, HEAD]), run_dir="teacher", overwrite=True)
    layer = resolved(run)["model"]["layers"][0]
    assert (layer["name"], layer["trainable"], "run" in layer) == ("encoder", False, False)
    assert run.record["weights"][0]["layer"] == "encoder"
    inside, outside = stored(run), stored("teacher")
    for name in ("hidden", "code"):
        assert np.array_equal(inside[name], outside[name])
    assert not np.array_equal(inside["head"], outside["head"])
    _, said = train(config([encoder, HEAD], scale="none"), "with-encoder")
    assert [problem.path for problem in said if problem.rule == "run-preprocessing"] == ["model.layers[0].run"]
    shutil.move("teacher", "elsewhere")
    try:
        assert len(numbers(run)) == 40
    finally:
        shutil.move("elsewhere", "teacher")


@pytest.mark.parametrize(
    ("was", "is_now"),
    [
        ("run: initial.weights.h5", "run: ../teacher"),
        ("  layers:\n    - Dense:", "  layers:\n    - run: ../teacher\n    - Dense:"),
        ("  layers:\n    - Dense:", "  layers:\n    - MobileNetV2\n    - Dense:"),
        ("  layers:\n    - Dense:", "  layers:\n    - VGG16: {weights: /etc/passwd}\n    - Dense:"),
    ],
)
def test_a_run_from_elsewhere_reads_no_weights_from_elsewhere(was: str, is_now: str) -> None:
    shutil.copytree("began", "strange", dirs_exist_ok=True)
    file = Path("strange/config.yaml")
    text = file.read_text()
    assert was in text
    file.write_text(text.replace(was, is_now, 1))
    for open_again in (lambda: dlcli.evaluate("strange", runtime="keras"), lambda: dlcli.train(resume="strange")):
        with pytest.raises(RunError) as caught:
            open_again()
        assert [problem.rule for problem in caught.value.problems] == ["run-unsafe"]


def stored(run: Run | str) -> dict[str, np.ndarray[Any, Any]]:
    """The first weight of each layer of a run by the layer's name, and the second, which begins at 0."""
    import io
    import zipfile

    import h5py

    found: dict[str, np.ndarray[Any, Any]] = {}

    def note(name: str, item: Any) -> None:
        if name.endswith("/vars") and "0" in item:
            found[str(item.attrs["name"])] = item["0"][()]
            found[f"{item.attrs['name']}/bias"] = item["1"][()] if "1" in item else np.zeros(1)

    with zipfile.ZipFile(Path(run) / "model.keras") as archive:
        content = archive.read("model.weights.h5")
    with h5py.File(io.BytesIO(content)) as opened:
        opened.visititems(note)
    return found


@pytest.mark.parametrize(
    ("item", "rule"),
    [
        ({"run": "nobody"}, "run-missing"),
        ({"run": "teacher", "output": "midle"}, "run-as-layer"),
        ({"run": "teacher", "inputs": ["a", "b"]}, "run-as-layer"),
        ({"run": "teacher", "Dense": {"units": 1}}, "notation"),
        ({"Dense": {"units": 1}, "output": "x"}, "notation"),
    ],
)
def test_a_run_that_cannot_be_a_layer(item: dict[str, Any], rule: str) -> None:
    assert rule in [rule for rule, _ in faults(config([item, HEAD]))]


def test_layers_that_stay_as_they_are() -> None:
    layers = [{**HIDDEN, "trainable": False}, {"BatchNormalization": {}, "name": "norm", "trainable": False}, HEAD]
    with_block = {"block": "stem", "trainable": False}
    blocks = {"stem": [HIDDEN, {"BatchNormalization": {}, "name": "norm"}]}
    frozen, _ = train(config(layers), "frozen")
    other, _ = train(config([{**with_block, "name": "stem"}, HEAD], model={"blocks": blocks}), "block")
    for run, name, hidden in ((frozen, "norm", "hidden"), (other, "stem", "stem.hidden")):
        weights = stored(run)
        assert np.array_equal(weights[name], np.ones(5)), "gamma"
        assert not weights[f"{hidden}/bias"].any()
        assert weights["head/bias"].any()
    _, said = train(config([{**HEAD, "trainable": False}]), "nothing")
    assert "nothing-to-train" in [problem.rule for problem in said]
    assert faults(config([HIDDEN, {"shared": "hidden", "trainable": False}, HEAD]))[0][0] == "notation"


def test_phases_that_say_nothing() -> None:
    def phases(*each: dict[str, Any]) -> list[tuple[str, str]]:
        return faults(config([HIDDEN, CODE, HEAD], fit={"phases": [{"epochs": 1, **one} for one in each]}))

    assert phases({"freeze": ["hiden"]}, {"unfreeze": ["middle.code", "x*"]}) == [
        ("unknown-name", "fit.phases[0].freeze[0]"),
        ("unknown-name", "fit.phases[1].unfreeze[1]"),
    ]
    assert phases({}, {"unfreeze": "hidden"}) == [("phase-unfreezes-nothing", "fit.phases[1].unfreeze")]
    assert phases({"freeze": "*"}) == [("nothing-to-train", "fit.phases[0]")]
    assert phases({"optimizer": "Adamm", "learning_rate": "x"})[0] == ("unknown-component", "fit.phases[0].optimizer")
    both = {"optimizer": {"SGD": {"learning_rate": 1.0}}, "learning_rate": 1.0}
    assert [rule for rule, _ in phases(both)] == ["wrong-value"]
    job = config([HIDDEN, HEAD], fit={"epochs": 7, "phases": [{"epochs": 1}]})
    assert [rule for rule, _ in faults(job)] == ["wrong-value"]


def test_phases_are_told_in_the_history_and_can_be_overridden() -> None:
    job = config([HIDDEN, HEAD], fit={"phases": [{"epochs": 1, "freeze": "hidden"}, {"epochs": 2, "unfreeze": "*"}]})
    run = dlcli.train(job, overrides={"fit.phases.1.epochs": 1}, run_dir="phases")
    table = pd.read_csv(run.path / "history.csv")
    assert table[["epoch", "phase"]].to_numpy().tolist() == [[1, 1], [2, 2]]
    assert "phase" not in run.history
    assert "epochs" not in resolved(run)["fit"]


def test_layers_learn_from_the_training_rows_before_the_training() -> None:
    layers = [{"Normalization": {}, "name": "scaled"}, HIDDEN, HEAD]
    run, said = train(config(layers, scale="none", **STILL), "adapted")
    rows = pd.read_csv("rows.csv")
    assert "adapted" in [problem.rule for problem in said]
    learnt = resolved(run)["model"]["layers"][0]["Normalization"]
    scaled, _ = train(config([HIDDEN, HEAD], **STILL), "scaled")
    assert np.allclose(numbers(run), numbers(scaled), atol=1e-4)
    assert np.shape(learnt["mean"]) == np.shape(learnt["variance"]) == (3,)
    assert not np.allclose(learnt["mean"], rows[["a", "b", "c"]].mean(), atol=1e-9), "of the training rows alone"
    shutil.move("rows.csv", "gone.csv")
    try:
        assert len(dlcli.predict(run, pd.read_csv("gone.csv"), runtime="keras")) == 40
    finally:
        shutil.move("gone.csv", "rows.csv")


@pytest.mark.soak
def test_bins_are_learnt_and_what_stands_before_has_learnt() -> None:
    bins = {"Discretization": {"num_bins": 4, "output_mode": "multi_hot"}, "name": "bins"}
    layers = [{"Rescaling": {"scale": 2.0}}, "Normalization", bins, HEAD]
    run, _ = train(config(layers, scale="none"), "bins")
    learnt = resolved(run)["model"]["layers"][2]["Discretization"]
    assert len(learnt["bin_boundaries"]) == 3
    assert "num_bins" not in learnt
    assert -1 < learnt["bin_boundaries"][1] < 1, "of what the layer before gives"
    nested = [{"layers": ["Normalization"], "name": "inner"}, HEAD]
    assert [rule for rule, _ in faults(config(nested))] == ["needs-adapt"]
