"""The report of a sweep is made of its table and its record: whatever is in them, and in a real browser."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import dlcli
from dlcli.errors import RunError
from tests.reporting.browser import in_browser, needs_browser
from tests.reporting.pages import Page, read_page, read_plots

HOSTILE = '<script>alert("x")</script>'
COLUMNS = ("trial", "state", "value", "epochs", "seconds", "same_as", "reason")
RATE, UNITS, LIST = "compile.optimizer.Adam.learning_rate", "model.layers.0.Dense.units", "model.layers.1"
SPACE = {RATE: {"log": [1e-4, 1e-1]}, UNITS: {"int": [8, 64]}, LIST: ["Dropout", {"Dense": {"units": 3}}, HOSTILE]}


def sweep(folder: Path, rows: list[dict[str, Any]], **record: Any) -> Path:
    """A folder as a sweep leaves it, by hand."""
    folder.mkdir(exist_ok=True)
    members = [f"trial-{row['trial']:04d}" for row in rows]
    said = {"format": 1, "status": "completed", "name": "s", "kind": "sweep", "members": members, "metric": "val_loss"}
    (folder / "run.json").write_text(json.dumps({**said, "direction": "min", "seconds": 3.0, **record}))
    (folder / "config.yaml").write_text(yaml.safe_dump({"name": "s", "sweep": {"space": SPACE, "metric": "val_loss"}}))
    (folder / "best.yaml").write_text("name: s\n")
    with (folder / "trials.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, (*COLUMNS, *SPACE), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def trial(number: int, value: float | str, state: str = "complete", **more: Any) -> dict[str, Any]:
    row = {"trial": number, "state": state, "value": value, "epochs": 5, "seconds": 0.5}
    values = {RATE: 10 ** -(1 + number % 3 + number / 50), UNITS: 8 + number, LIST: ["Dropout", HOSTILE][number % 2]}
    return {**row, **values, **more}


MANY = [trial(number, 2 / number) for number in range(1, 21)]
OTHERS = [
    trial(21, 3.0, "pruned", epochs=2),
    trial(22, "", "failed", reason=f"no memory {HOSTILE}"),
    trial(23, 0.1, same_as=20),
    trial(24, "", "failed", reason=f"no memory {HOSTILE}"),
]


def report_of(folder: Path) -> Page:
    said: list[Any] = []
    page = read_page(dlcli.report(folder, listener=said.append))
    assert said == []
    read_plots(folder / "plots")
    return page


def test_all_there_is_of_a_search(tmp_path: Path) -> None:
    folder = sweep(tmp_path / "s", MANY + OTHERS, importance={RATE: 0.7, UNITS: 0.3})
    page = report_of(folder)
    assert {"What the parameters are worth", "What failed", "Each parameter", "The config"} <= set(page.headings)
    assert "20 came to their end, 1 ended early, 2 failed, 1 repeated" in page.text
    assert "the best, of trial 20" in page.text
    assert "2 of 24 trials failed." in page.text
    assert f"no memory {HOSTILE}" in page.text
    assert f"dlcli train {folder}/best.yaml" in page.text
    assert f"dlcli predict {folder}/trial-0020 new.csv" in page.text
    plots = read_plots(folder / "plots")
    assert {"history", "importance", "parameter-0", "parameter-1", "parameter-2"} == plots.keys()
    assert "The best trials" in (folder / "model_card.md").read_text()


def test_what_is_better_is_as_the_record_says(tmp_path: Path) -> None:
    page = report_of(sweep(tmp_path / "s", MANY, direction="max", metric="val_accuracy"))
    assert "the best, of trial 1" in page.text


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "No trial came to its end."),
        ([trial(1, 0.5)], "the best, of trial 1"),
        ([trial(1, "", "failed", reason="")], "nothing is known of it"),
        ([trial(1, 1e300), trial(2, -1e300), trial(3, 0.0)], "the best, of trial 2"),
        ([trial(number, number % 7) for number in range(1, 3000)], "2,999"),
    ],
    ids=["none", "one", "failed", "far", "many"],
)
def test_any_search_has_a_report(rows: list[dict[str, Any]], says: str, tmp_path: Path) -> None:
    assert says in report_of(sweep(tmp_path / "s", rows)).text


def test_trials_of_several_folds_show_their_spread(tmp_path: Path) -> None:
    folder = sweep(tmp_path / "s", MANY)
    said = yaml.safe_load((folder / "config.yaml").read_text())
    said["sweep"]["folds"] = 5
    (folder / "config.yaml").write_text(yaml.safe_dump(said))
    lines = (folder / "trials.csv").read_text().splitlines()
    places = [",spread,folds", *[f",0.{number:04d},5" for number in range(1, 21)]]
    at = len(COLUMNS)
    lines = [
        ",".join([*line.split(",")[:at], *place.split(",")[1:], *line.split(",")[at:]])
        for line, place in zip(lines, places, strict=True)
    ]
    (folder / "trials.csv").write_text("\n".join(lines))
    page = report_of(folder)
    assert "5 folds, whose mean counts" in page.text
    assert f"dlcli cross-validate --folds 5 {folder}/best.yaml" in page.text
    assert "0.002" in page.text


def test_a_search_that_goes_on_says_how(tmp_path: Path) -> None:
    page = report_of(sweep(tmp_path / "s", MANY, status="interrupted"))
    assert f"go on with it: dlcli sweep --join {tmp_path / 's'}" in page.text


def test_a_config_that_cannot_be_read_costs_only_its_part(tmp_path: Path) -> None:
    folder = sweep(tmp_path / "s", MANY)
    (folder / "config.yaml").write_text("[")
    assert "The best trials" in report_of(folder).headings


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    folder = sweep(tmp_path / "s", MANY)
    (folder / "trials.csv").write_text("trial,state,value\nx,complete,1\n")
    with pytest.raises(RunError, match=r"trials\.csv is damaged"):
        dlcli.report(folder)


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_it_is_shown_in_a_browser(width: int, tmp_path: Path) -> None:
    folder = sweep(tmp_path / "s", MANY + OTHERS, importance={RATE: 0.7, UNITS: 0.3})
    dlcli.report(folder)
    seen = in_browser(folder / "report.html", width=width)
    assert seen.messages == []
    assert seen.beyond == []
    assert seen.cut == []
    assert seen.drawn == 5
