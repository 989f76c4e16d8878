"""A run directory that version 0.1.0 wrote, before the redesign: it evaluates and predicts as it did then."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

import dlcli

pytestmark = pytest.mark.tensorflow

VISITS = Path(__file__).parent / "visits"
"""48 rows, every feature type, two targets, a layer of the user's own; trained on `PLACE`, which is nowhere."""

PLACE = "/data/visits.csv"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    shutil.copytree(VISITS / "run", tmp_path / "run")
    return tmp_path / "run"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("runtime", ["portable", "keras"])
def test_it_predicts(runtime: str, run: Path, tmp_path: Path) -> None:
    dlcli.predict_file(run, VISITS / "visits.csv", output=tmp_path / "out.csv", runtime=runtime, allow_code=True)  # type: ignore[arg-type]
    before, now = rows(VISITS / "predictions.csv"), rows(tmp_path / "out.csv")
    assert [list(row) for row in now] == [list(row) for row in before]
    for one, other in zip(now, before, strict=True):
        assert one["kind_prediction"] == other["kind_prediction"]
        for name in ("kind_probability_high", "kind_probability_low", "spend_prediction"):
            assert float(one[name]) == pytest.approx(float(other[name]), rel=1e-5)


def test_it_evaluates_its_own_split(run: Path) -> None:
    # Its data lies elsewhere now, and the portable model is not trusted with a config that was edited.
    for file in (run / "config.yaml", run / "run.json"):
        file.write_text(file.read_text().replace(PLACE, str(VISITS / "visits.csv")))
    before = json.loads((run / "run.json").read_text())["metrics"]["test"]
    assert dlcli.evaluate(run, runtime="keras", allow_code=True).metrics == pytest.approx(before, rel=1e-5)


def test_it_evaluates_new_rows(run: Path) -> None:
    before = json.loads((VISITS / "evaluation.json").read_text())
    now = dlcli.evaluate(run, VISITS / "visits.csv", allow_code=True)
    assert now.rows == before["rows"] == 48
    assert now.metrics == pytest.approx(before["metrics"], rel=1e-5)
