"""Folders of several runs as one ONNX file, of whatever goes in: it predicts what the members do in Keras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest

import dlcli
from dlcli.errors import ModelError

pytestmark = pytest.mark.tensorflow

ROWS = 48
DRAW = np.random.default_rng(2)
TABLE = pd.DataFrame({"a": DRAW.normal(size=ROWS), "when": pd.date_range("2024-01-01", periods=ROWS).strftime("%F")})
TABLE["where"] = DRAW.choice(["n", "s", "w"], ROWS)  # Keras has an operation of that name
TABLE["strict"] = DRAW.choice(["left", "right"], ROWS)
TABLE["kind"] = DRAW.choice(["red", "green", "blue", "black"], ROWS)
TABLE["one"], TABLE["two"] = 300 * TABLE["a"] + 50, 1 - TABLE["a"]
TABLE["words"] = [" ".join(DRAW.choice(["good", "bad", "day"], 3)) for _ in range(ROWS)]
TABLE["sure"] = DRAW.choice(["yes", "No", ""], ROWS)
TABLE["note"] = [" ".join([*DRAW.choice(["Fine!", "poor"], 4), f"n{row}"][: row % 5 + 1]) for row in range(ROWS)]

COLUMNS: dict[str, Any] = {
    "name": "subtract",  # the model has the name of an operation of Keras's
    "data": {
        "features": {
            "a": "number",
            "where": "category",
            "strict": {"type": "category", "encode": "index", "unknown": "error"},
            "sure": "boolean",
            "note": {"type": "text", "encode": "count"},  # each fold has a vocabulary of its own
        },
        "target": {"kind": "category", "both": {"type": "number", "columns": ["one", "two"], "quantiles": [0.1, 0.9]}},
    },
    "model": {
        "layers": [
            {"Embedding": {"input_dim": "auto", "output_dim": 2}, "inputs": "strict"},
            {"Flatten": {}, "name": "side"},
            {"Concatenate": {}, "inputs": ["features", "side"], "name": "all"},
            {"Dense": {"units": 4, "activation": "softmax"}, "inputs": "all", "name": "kind"},
            {"Dense": {"units": 4}, "inputs": "all", "name": "both"},
        ],
        "outputs": ["kind", "both"],
    },
}
WORDS: dict[str, Any] = {
    "data": {"features": {"words": {"type": "text", "encode": {"sequence": 3}}}, "target": "kind"},
    "model": {
        "layers": [
            {"Embedding": {"input_dim": "auto", "output_dim": 2}, "inputs": "words"},
            {"Flatten": {}},
            {"Dense": {"units": 4}},
        ]
    },
    "compile": {"loss": {"SparseCategoricalCrossentropy": {"from_logits": True}}},
}
WINDOWS: dict[str, Any] = {
    "data": {
        "features": ["one", "two"],
        "target": "one",
        "windows": {"length": 3, "horizon": 2, "time": "when"},
    },
    "model": {"layers": [{"Flatten": {}}, {"Dense": {"units": 2}}]},
}
PICTURES: dict[str, Any] = {
    "data": {"features": {"pixels": "image"}, "target": {"shade": "category"}},
    "model": {"layers": [{"Conv2D": {"filters": 2, "kernel_size": 3}}, {"Flatten": {}}, {"Dense": {"units": 3}}]},
    "compile": {"loss": {"SparseCategoricalCrossentropy": {"from_logits": True}}},
}


def job(place: Path, form: dict[str, Any], file: str = "table.csv") -> dict[str, Any]:
    data = {"train": str(place / file), "test": 0.2, **form["data"]}
    return {"seed": 1, "report": False, "checkpoint": False, "fit": {"epochs": 1}, **form, "data": data}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("together")
    TABLE.to_csv(place / "table.csv", index=False)
    pixels = DRAW.integers(0, 255, (ROWS, 6, 6, 1), dtype=np.uint8)
    np.savez(place / "pictures.npz", pixels=pixels, shade=DRAW.integers(0, 3, ROWS))
    return place


@pytest.fixture(scope="module")
def folds(place: Path) -> Path:
    return dlcli.cross_validate(job(place, COLUMNS), folds=2, run_dir=place / "columns").path


def given(file: Path, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return dict(zip([each.name for each in session.get_outputs()], session.run(None, inputs), strict=True))


def test_columns_and_several_outputs(folds: Path, tmp_path: Path) -> None:
    done = dlcli.export(folds, tmp_path / "all.onnx", with_preprocessing=True)
    names = ["a", "where", "strict"]
    words = np.full((ROWS, 5), "", np.object_)
    for row, note in enumerate(TABLE["note"]):
        words[row, : len(note.split())] = note.lower().replace("!", "").split()
    sure = TABLE[["sure"]].replace({"yes": 1.0, "No": 0.0, "": np.nan}).to_numpy(np.float64)
    said = given(done.path, {**{name: TABLE[[name]].to_numpy() for name in names}, "sure": sure, "note": words})
    each = [dlcli.predict(folds / f"fold-{n}", TABLE, runtime="keras") for n in (1, 2)]
    mean = (each[0].select_dtypes("number") + each[1].select_dtypes("number")) / 2
    for at, name in enumerate(["black", "blue", "green", "red"]):
        assert np.allclose(said["kind"][:, at], mean[f"kind_probability_{name}"], atol=1e-5)
    numbers = [f"both_quantile_{level}_{column}" for column in ("one", "two") for level in (0.1, 0.9)]
    assert np.allclose(said["both"], mean[numbers], rtol=1e-4, atol=1e-4)
    one = {"a": np.zeros((1, 1)), "sure": np.ones((1, 1)), "note": np.array([["unheard", "of"]])}
    elsewhere = given(done.path, {**one, "where": np.array([["moon"]]), "strict": np.array([["left"]])})
    assert np.isfinite(elsewhere["kind"]).all()
    with pytest.raises(Exception, match="out of"):  # which the runtime reports
        given(done.path, {**one, "where": np.array([["n"]]), "strict": np.array([["moon"]])})
    known = json.loads(onnxruntime.InferenceSession(str(done.path)).get_modelmeta().custom_metadata_map["inputs"])
    (note,) = [each for each in known if each["name"] == "note"]
    assert (note["kind"], note["words"]["standardize"]) == ("words", "lower_and_strip_punctuation")


@pytest.mark.soak
@pytest.mark.parametrize(
    ("form", "file"),
    [(WORDS, "table.csv"), (WINDOWS, "table.csv"), (PICTURES, "pictures.npz")],
    ids=["words", "windows", "pictures"],
)
def test_encoded_numbers_of_every_kind(form: dict[str, Any], file: str, place: Path, tmp_path: Path) -> None:
    from dlcli.exports.export import given_rows
    from dlcli.prediction.prediction import run_slices
    from dlcli.trained.averaging import averaged
    from dlcli.trained.decoding import decode
    from dlcli.trained.own_code import GRANTED
    from dlcli.trained.runtime import load

    folder = dlcli.train({**job(place, form, file), "ensemble": 2}, run_dir=tmp_path / "run").path
    done = dlcli.export(folder, tmp_path / "all.onnx")
    run = load(folder, leave=GRANTED, runtime="keras", warn=print)
    first = run.models[0]
    inputs, _ = given_rows(first, None, None, print)
    (said,) = given(done.path, dict(inputs)).values()
    decoded = [
        decode(run_slices(each.predictor, inputs), each.predictor.outputs, each.preprocessing) for each in run.models
    ]
    (mean,) = averaged(decoded)
    if mean.probabilities is None:
        target = json.loads(onnxruntime.InferenceSession(str(done.path)).get_modelmeta().custom_metadata_map["outputs"])
        (known,) = target[0]["targets"]
        assert mean.numbers is not None
        assert np.allclose(said * known["scale"] + known["offset"], mean.numbers, rtol=1e-4, atol=1e-4)
    else:
        assert np.allclose(said, mean.probabilities, atol=1e-5)


@pytest.mark.soak
def test_folds_of_windows_take_columns(place: Path, tmp_path: Path) -> None:
    folder = dlcli.cross_validate(job(place, WINDOWS), folds=2, run_dir=tmp_path / "run").path
    with pytest.raises(ModelError) as refusal:
        dlcli.export(folder, tmp_path / "all.onnx")
    assert "--with-preprocessing" in refusal.value.problems[0].hint
    done = dlcli.export(folder, tmp_path / "all.onnx", with_preprocessing=True)
    assert done.parity.agrees
    steps = TABLE[["one", "two"]].to_numpy()
    said = given(done.path, {"one": steps[None, 40:43, :1], "two": steps[None, 40:43, 1:]})
    mean = [dlcli.predict(folder / f"fold-{n}", TABLE[:43])["prediction"].to_numpy()[-2:] for n in (1, 2)]
    assert np.allclose(next(iter(said.values()))[0], np.mean(mean, axis=0), rtol=1e-4)


@pytest.mark.soak
def test_what_folds_cannot_be_names_a_way_that_there_is(place: Path, tmp_path: Path) -> None:
    measured = {**WINDOWS, "data": {**WINDOWS["data"], "windows": {**WINDOWS["data"]["windows"], "scale": "window"}}}
    folder = dlcli.cross_validate(job(place, measured), folds=2, run_dir=tmp_path / "run").path
    for with_preprocessing in (False, True):
        with pytest.raises(ModelError) as refusal:
            dlcli.export(folder, tmp_path / "all.onnx", with_preprocessing=with_preprocessing)
        (problem,) = refusal.value.problems
        assert "one by one" in problem.hint
        assert "--with-preprocessing" not in problem.hint
    assert dlcli.export(folder / "fold-1", tmp_path / "one.onnx").parity.agrees
