"""Files that are written otherwise than those of the training: read all the same, or as the options say."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import dlcli as package

Dlcli = Callable[..., CompletedProcess[str]]

ROWS = [(f"{4 + place % 7}.{place % 10}", f"{place % 5}.25", "rgb"[place % 3]) for place in range(30)]
LABELS = ["yes" if float(row[0]) > 6 else "no" for row in ROWS]
NAMES = ["x", "z", "colour"]

MODEL = {
    "model": {"layers": [{"Dense": {"units": 1, "activation": "sigmoid"}}]},
    "compile": {"loss": "binary_crossentropy"},
    "fit": {"epochs": 1},
}


def text(
    rows: Sequence[tuple[str, ...]], *, header: Sequence[str] | None = None, mark: str = ",", decimal: str = "."
) -> str:
    """Rows as some program writes them."""
    lines = [list(header)] if header else []
    cells = [[cell.replace(".", decimal) if cell[0].isdigit() else cell for cell in row] for row in rows]
    return "".join(mark.join(line) + "\n" for line in [*lines, *cells])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Models of the same rows: of a file without a header, of one with a header, of a German one."""
    folder = tmp_path_factory.mktemp("runs")
    whole = [(*row, label) for row, label in zip(ROWS, LABELS, strict=True)]
    files: dict[str, tuple[str, dict[str, Any]]] = {
        "headerless": (text(whole), {"columns": [*NAMES, "label"]}),
        "header": (text(whole, header=[*NAMES, "label"]), {}),
        "german": (text(whole, header=[*NAMES, "label"], mark=";", decimal=","), {}),
        "numbered": (text(whole), {"header": False, "target": "column_4"}),
    }
    found = {}
    for name, (data, options) in files.items():
        (folder / f"{name}.csv").write_text(data)
        section = {"train": str(folder / f"{name}.csv"), "target": "label", **options}
        package.train({"name": name, "seed": 3, "data": section, **MODEL}, run_dir=folder / name)
        found[name] = folder / name
    return found


@pytest.fixture(scope="module", params=["two classes", "three classes", "a number"])
def model(request: pytest.FixtureRequest, runs: dict[str, Path]) -> tuple[Path, list[str]]:
    """A model of each kind of output, and the columns that it needs."""
    if request.param == "two classes":
        return runs["header"], NAMES
    target, layer, loss = {
        "three classes": ("colour", {"units": 3, "activation": "softmax"}, "sparse_categorical_crossentropy"),
        "a number": ("z", {"units": 1}, "mse"),
    }[request.param]
    section = {"train": str(runs["header"].parent / "header.csv"), "target": target, "exclude": "label"}
    settings = {"model": {"layers": [{"Dense": layer}]}, "compile": {"loss": loss}, "fit": {"epochs": 1}}
    run = runs["header"].parent / target
    package.train({"name": target, "data": section, **settings}, run_dir=run)
    return run, [name for name in NAMES if name != target]


@pytest.fixture
def expected(runs: dict[str, Path], tmp_path: Path) -> str:
    """The predictions for all rows; the models are one, whatever their file looked like."""
    (tmp_path / "plain.csv").write_text(text(ROWS, header=NAMES))
    package.predict_file(runs["header"], tmp_path / "plain.csv", output=tmp_path / "expected.csv")
    return (tmp_path / "expected.csv").read_text()


INPUTS: dict[str, tuple[str, str]] = {
    "a header": (text(ROWS, header=NAMES), "utf-8"),
    "no header": (text(ROWS), "utf-8"),
    "semicolons and decimal commas": (text(ROWS, header=NAMES, mark=";", decimal=","), "utf-8"),
    "the same without a header": (text(ROWS, mark=";", decimal=","), "utf-8"),
    "a line of Excel": ("sep=;\n" + text(ROWS, header=NAMES, mark=";", decimal=","), "utf-16"),
    "tabs": (text(ROWS, header=NAMES, mark="\t"), "utf-16"),
    "runs of blanks": (text(ROWS, header=NAMES, mark="   "), "utf-8"),
    "blanks after commas": (text(ROWS, header=NAMES, mark=", "), "utf-8-sig"),
    "the target, to be predicted anew": (
        text([(*row, "?") for row in ROWS], header=[*NAMES, "label"]),
        "utf-8",
    ),
    "the target without a header": (text([(*row, "?") for row in ROWS]), "utf-8"),
    "another order": (text([row[::-1] for row in ROWS], header=NAMES[::-1]), "utf-8"),
}


@pytest.mark.parametrize("model", ["headerless", "header", "german"])
@pytest.mark.parametrize("case", INPUTS)
def test_inputs_are_read_however_they_are_written(
    runs: dict[str, Path], expected: str, tmp_path: Path, model: str, case: str
) -> None:
    data, encoding = INPUTS[case]
    for name in ("input.csv", "input.dat"):
        (tmp_path / name).write_bytes(data.encode(encoding))
        package.predict_file(runs[model], tmp_path / name, output=tmp_path / "out.csv")
        assert (tmp_path / "out.csv").read_text() == expected


def test_numbered_columns(runs: dict[str, Path], expected: str, tmp_path: Path) -> None:
    (tmp_path / "input.csv").write_text(text(ROWS))
    package.predict_file(runs["numbered"], tmp_path / "input.csv", output=tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == expected


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_mark_that_training_did_not_know(runs: dict[str, Path], dlcli: Dlcli, tmp_path: Path, command: str) -> None:
    file = tmp_path / "input.csv"
    rows = [(*row, label) for row, label in zip(ROWS, LABELS, strict=True)]
    file.write_text(text([("?", *rows[0][1:]), *rows[1:]], header=[*NAMES, "label"]))
    refused = dlcli(command, runs["header"], file)
    assert refused.returncode == 1
    assert "--missing" in refused.stderr
    assert dlcli(command, runs["header"], file, "--missing", "?").returncode == 0


def test_options_say_what_cannot_be_found(runs: dict[str, Path], dlcli: Dlcli, tmp_path: Path, expected: str) -> None:
    file = tmp_path / "input.csv"
    file.write_bytes(("# é\n" + text(ROWS, header=NAMES, mark="^", decimal=",")).encode("cp1250"))
    options = ["--delimiter", "^", "--decimal", ",", "--encoding", "cp1250", "--header", "--comment", "#"]
    done = dlcli("predict", runs["header"], file, "-o", "out.csv", *options)
    assert (done.returncode, done.stderr.strip()) == (0, "30 predictions in out.csv")
    assert (tmp_path / "out.csv").read_text() == expected
    file.write_text(text([("1.004,5", *row[1:]) for row in ROWS], mark=";"))
    done = dlcli("predict", runs["header"], file, "--no-header", "--thousands", ".", "--decimal", ",", "--quiet")
    assert done.returncode == 1  # the second column has points
    assert "row 1 holds '0.25'" in done.stderr


@pytest.mark.parametrize(
    "options", [["--delimiter", "::"], ["--comment", ""], ["--decimal", ",", "--thousands", ","], ["--encoding", "x"]]
)
def test_options_that_cannot_be(runs: dict[str, Path], dlcli: Dlcli, tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "input.csv").write_text(text(ROWS, header=NAMES))
    done = dlcli("predict", runs["header"], "input.csv", *options)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_new_rows_are_evaluated_however_they_are_written(runs: dict[str, Path], dlcli: Dlcli, tmp_path: Path) -> None:
    whole: list[tuple[str, ...]] = [(*row, label) for row, label in zip(ROWS, LABELS, strict=True)]
    results = []
    for data in (text(whole, header=[*NAMES, "label"]), text(whole, mark=";", decimal=",")):
        (tmp_path / "new.csv").write_text(data)
        done = dlcli("evaluate", runs["headerless"], "new.csv", "--json")
        results.append(json.loads(done.stdout)["metrics"])
    assert results[0] == results[1]
    assert dlcli("evaluate", runs["headerless"], "--delimiter", ";").returncode == 2


def test_what_is_guessed_is_said(runs: dict[str, Path], dlcli: Dlcli, tmp_path: Path) -> None:
    (tmp_path / "input.csv").write_text(text(ROWS))
    done = dlcli("predict", runs["header"], "input.csv", "-o", "out.csv", "--quiet")
    assert "without a header" in done.stderr
    (tmp_path / "input.csv").write_bytes(text([(*ROWS[0][:2], "é")], header=NAMES).encode("cp1252"))
    done = dlcli("predict", runs["header"], "input.csv", "-o", "out.csv", "--quiet")
    assert "read as cp1252" in done.stderr


def test_a_width_that_no_file_has(runs: dict[str, Path], dlcli: Dlcli, tmp_path: Path) -> None:
    (tmp_path / "input.csv").write_text("1,2\n3,4\n")
    done = dlcli("predict", runs["headerless"], "input.csv")
    assert done.returncode == 1
    assert "2 cells" in done.stderr
    assert "4 or 3" in done.stderr


@pytest.mark.parametrize("format", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("keep", [(), None])
def test_no_rows_are_predicted_as_none(
    model: tuple[Path, list[str]], tmp_path: Path, format: str, keep: tuple[str, ...] | None
) -> None:
    run, _ = model
    (tmp_path / "empty.csv").write_text(",".join(NAMES) + "\n")
    (tmp_path / "full.csv").write_text(text(ROWS, header=NAMES))
    tables = []
    for name in ("empty", "full"):
        out = tmp_path / f"{name}-out.{format}"
        rows = package.predict_file(run, tmp_path / f"{name}.csv", output=out, keep=keep)
        assert rows == (0 if name == "empty" else len(ROWS))
        if format == "parquet":
            tables.append(pq.read_schema(out))
        else:
            tables.append(out.read_text().splitlines()[:1] if format != "jsonl" else [])
    assert tables[0] == tables[1]


def test_an_empty_frame_is_predicted_as_none(model: tuple[Path, list[str]]) -> None:
    run, names = model
    frame = pd.DataFrame({"x": [5.5], "z": [1.0], "colour": ["r"]})[names]
    one = package.predict(run, frame)
    none = package.predict(run, frame.iloc[:0])
    assert list(none.columns) == list(one.columns)
    assert none.empty


DOUBTFUL: dict[str, tuple[str, dict[str, Any]]] = {
    "header-looks-like-data": ("1,2.5,a\n2,3.5,b\n", {"target": "a"}),
    "number-format": ("x;y\n1,234;a\n5,678;b\n", {"target": "y"}),
    "missing-values": ("x,y\n1,a\n2,b\n", {"target": "y", "missing_values": ["NA"]}),
}


@pytest.mark.parametrize("rule", DOUBTFUL)
def test_doubts_are_warnings_of_the_first_stage(dlcli: Dlcli, tmp_path: Path, rule: str) -> None:
    data, section = DOUBTFUL[rule]
    (tmp_path / "t.csv").write_text(data)
    (tmp_path / "config.yaml").write_text(json.dumps({"data": {"train": "t.csv", **section}, **MODEL}))
    done = dlcli("check", "config.yaml", "--fast", "--json")
    assert [warning["rule"] for warning in json.loads(done.stdout)["warnings"]] == [rule]
    assert "1 warning" in dlcli("check", "config.yaml", "--fast", "--quiet").stdout


def test_a_column_that_is_sought_in_a_first_row_of_data_is_told_so(dlcli: Dlcli, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("1.5,2.5,a\n2.5,3.5,b\n")
    (tmp_path / "config.yaml").write_text(json.dumps({"data": {"train": "t.csv", "target": "column_3"}, **MODEL}))
    done = dlcli("check", "config.yaml", "--fast", "--json")
    rules = {each["rule"] for each in json.loads(done.stdout)["problems"]}
    assert rules == {"header-looks-like-data", "missing-column"}
    assert "header: false" in done.stdout


def test_doubts_are_said_when_nothing_else_is(dlcli: Dlcli, tmp_path: Path) -> None:
    rows = "".join(f"{1 + place % 9},{100 + place};{'ab'[place % 2]}\n" for place in range(40))
    (tmp_path / "t.csv").write_text("x;y\n" + rows)
    section = {"train": "t.csv", "target": "y", "missing_values": ["nowhere"]}
    (tmp_path / "config.yaml").write_text(json.dumps({"data": section, **MODEL}))
    done = dlcli("train", "config.yaml", "--quiet")
    assert done.returncode == 0
    assert done.stderr.count("look like numbers with") == 1
    assert "no cell of the data is 'nowhere'" in done.stderr


def test_keys_that_contradict_one_another(dlcli: Dlcli, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n1,a\n2,b\n")
    section = {"train": "t.csv", "target": "y", "thousands": ",", "decimal": ","}
    (tmp_path / "config.yaml").write_text(json.dumps({"data": section, **MODEL}))
    done = dlcli("check", "config.yaml", "--fast")
    assert done.returncode == 1
    assert "thousands and decimal are both ','" in done.stderr
