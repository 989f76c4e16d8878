"""Rows for which a model gives no number are empty in the file, null in a frame, and told by their numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import dlcli
from dlcli.data.columns.chunk import Chunk
from dlcli.trained.undefined import Undefined

pytestmark = pytest.mark.tensorflow


def test_rows_are_counted_over_chunks_and_named_by_file() -> None:
    undefined = Undefined()
    for start in (0, 10):
        undefined.add(Chunk({}, 10, start, Path("a.csv")), np.arange(10) % 2 == 0)
    undefined.add(Chunk({}, 3, 0, Path("b.csv")), np.array([False, True, False]))
    undefined.add(Chunk({}, 3, 0, Path("c.csv")), np.zeros(3, bool))
    first, second = undefined.problems()
    assert "rows 1, 3, 5, 7, 9 and 5 more" in first.message
    assert (second.file, "row 2," in second.message) == (Path("b.csv"), True)


@pytest.mark.parametrize("kind", ["category", "number"])
def test_an_empty_text_under_a_masked_average(kind: str, tmp_path: Path) -> None:
    targets = ["lo", "mid", "hi"] if kind == "category" else ["1", "2", "4"]
    rows = [f"{word} x,{targets[index % 3]}" for index, word in enumerate("abcdef")]
    (tmp_path / "train.csv").write_text("\n".join(["t,y", *rows, ""]))
    last = {"Dense": {"units": 3, "activation": "softmax"}} if kind == "category" else {"Dense": {"units": 1}}
    masked = {"Embedding": {"input_dim": 20, "output_dim": 4, "mask_zero": True}}
    config = {
        "data": {
            "train": str(tmp_path / "train.csv"),
            "target": {"y": kind},
            "features": {"t": {"type": "text", "encode": {"sequence": 4}}},
        },
        "model": {"layers": [masked, "GlobalAveragePooling1D", last]},
        "fit": {"epochs": 1},
    }
    run = dlcli.train(config, run_dir=tmp_path / "run", cache_dir=tmp_path / "cache")
    (tmp_path / "new.csv").write_text('t\n""\na\n')
    told: list[str] = []

    def listen(event: object) -> None:
        problem = getattr(event, "problem", None)
        told.append(getattr(problem, "rule", ""))

    dlcli.predict_file(run, tmp_path / "new.csv", output=tmp_path / "out.csv", listener=listen)
    assert "no-prediction" in told
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert set(lines[1]) <= {",", '"'}
    assert lines[2].split(",")[0]
    dlcli.predict_file(run, tmp_path / "new.csv", output=tmp_path / "out.jsonl", listener=listen)
    assert '"prediction": null' in (tmp_path / "out.jsonl").read_text().splitlines()[0]
