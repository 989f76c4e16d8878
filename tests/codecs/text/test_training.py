"""A text is learnt by its characters, from vectors of a file that nobody needs afterwards; and predicted anywhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dlcli
from dlcli.errors import DlcliError
from dlcli.training.events import Notice

pytestmark = pytest.mark.tensorflow

LETTERS = {"ä": [1.0, 0.0], "x": [0.0, 1.0], " ": [0.25, 0.25], "z": [0.0, 0.0]}

CONFIG: dict[str, Any] = {
    "seed": 1,
    "data": {
        "train": "texts.csv",
        "target": "y",
        "features": {
            "t": {
                "type": "text",
                "standardize": "casefold",
                "split": "character",
                "encode": {"sequence": 8, "padding": "pre", "truncating": "pre"},
            }
        },
    },
    "model": {
        "layers": [
            {
                "Embedding": {"input_dim": "auto", "output_dim": "auto"},
                "inputs": "t",
                "name": "letters",
                "vectors": "letters.txt",
                "trainable": False,
            },
            {"GRU": {"units": 4}},
            {"Dense": {"units": 3, "activation": "softmax"}},
        ]
    },
    "fit": {"epochs": 1},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    random = np.random.default_rng(3)
    texts = ["".join(random.choice(list("Äx中 "), 5)) for _ in range(64)]
    kinds = ["wide" if "中" in text else "some" if "Ä" in text else "none" for text in texts]
    pd.DataFrame({"t": texts, "y": kinds}).to_csv(folder / "texts.csv", index=False)
    written = "".join(" ".join([letter, *map(str, row)]) + "\n" for letter, row in LETTERS.items())
    (folder / "letters.txt").write_text(written, encoding="utf-8")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def trained(folder: Path) -> Any:
    """Trained, and the file of vectors gone."""
    told: list[Notice] = []
    run = dlcli.train(
        folder / "config.yaml",
        run_dir=folder / "run",
        listener=lambda event: told.append(event) if isinstance(event, Notice) else None,
    )
    shutil.move(folder / "letters.txt", folder / "moved.txt")
    return run, told


def test_what_has_no_vector_is_said(trained: Any) -> None:
    (said,) = [notice.problem.message for notice in trained[1] if notice.problem.rule == "vectors-unfit"]
    assert "letters begins with vectors of 2 numbers from 'letters.txt', which has 3 of the 4 words" in said
    assert "zeros for the others: '中' (in " in said


def test_the_run_needs_no_file_of_vectors(trained: Any) -> None:
    run, _ = trained
    record = json.loads((run.path / "run.json").read_text(encoding="utf-8"))
    assert "letters.txt" in json.dumps(record)
    resolved = yaml.safe_load((run.path / "config.yaml").read_text(encoding="utf-8"))
    layer = resolved["model"]["layers"][0]
    assert "vectors" not in layer
    assert layer["Embedding"]["output_dim"] == 2
    assert dlcli.evaluate(run.path, run.path.parent / "texts.csv").metrics


def test_frozen_vectors_stay_what_the_file_says(trained: Any) -> None:
    import keras

    run, _ = trained
    (features,) = json.loads((run.path / "preprocessing.json").read_text(encoding="utf-8"))["features"]
    matrix = keras.models.load_model(run.path / "model.keras").get_layer("letters").get_weights()[0]
    assert matrix.tolist() == [[0, 0], [0, 0], *(LETTERS.get(word, [0, 0]) for word in features["words"])]


texts = st.text(st.sampled_from("ÄäxX中 \u00e9e\u0301ßİ\u200dﬁ") | st.characters(codec="utf-8"), max_size=12)


@pytest.mark.filterwarnings("ignore::UserWarning")  # of empty cells, unknown letters and long texts
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.none() | texts, min_size=40, max_size=40))
def test_the_portable_model_is_keras_in_any_script(trained: Any, rows: list[str | None]) -> None:
    frame = pd.DataFrame({"t": pd.Series(rows, dtype=object)})
    portable = dlcli.predict(trained[0].path, frame, runtime="portable")
    keras = dlcli.predict(trained[0].path, frame, runtime="keras")
    pd.testing.assert_frame_equal(portable, keras, rtol=1e-4, atol=1e-6)


def test_files_are_predicted_without_tensorflow(trained: Any, tmp_path: Path) -> None:
    pd.DataFrame({"t": ["Ä x", "中中"]}).to_csv(tmp_path / "new.csv", index=False)
    code = f"""
import sys, dlcli
dlcli.predict_file({str(trained[0].path)!r}, "new.csv", output="out.csv")
assert not {{"tensorflow", "keras"}} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert len(pd.read_csv(tmp_path / "out.csv")) == 2


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"vectors": "nowhere.txt"}, "vectors-file"),
        ({"Embedding": {"input_dim": "auto", "output_dim": 3}}, "vectors-width"),
        ({"vectors": "texts.csv"}, "vectors-line"),
        ({"vectors": "foreign.txt"}, "vectors-unfit"),
    ],
    ids=["missing", "width", "no vectors", "foreign"],
)
def test_vectors_that_do_not_fit(folder: Path, trained: Any, change: dict[str, Any], rule: str) -> None:
    (folder / "foreign.txt").write_text("word 1 2\n", encoding="utf-8")
    layer = {**CONFIG["model"]["layers"][0], "vectors": "moved.txt", **change}
    config = {**CONFIG, "model": {"layers": [layer, *CONFIG["model"]["layers"][1:]]}}
    (folder / "faulty.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    with pytest.raises(DlcliError) as caught:
        dlcli.check(folder / "faulty.yaml")
    assert {problem.rule for problem in caught.value.problems} == {rule}


@pytest.mark.parametrize("layer", ["StringLookup", "TextVectorization"])
def test_layers_that_learn_from_texts_show_the_feature_to_write(folder: Path, trained: Any, layer: str) -> None:
    config = {**CONFIG, "model": {"layers": [layer, {"Dense": {"units": 3, "activation": "softmax"}}]}}
    (folder / "faulty.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    with pytest.raises(DlcliError) as caught:
        dlcli.check(folder / "faulty.yaml")
    (problem,) = caught.value.problems
    assert problem.rule == "needs-adapt"
    assert "{type: text, encode: {sequence: 100}}" in problem.hint
