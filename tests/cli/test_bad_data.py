"""Data that cannot be used, through `train` and `check`: file, row and column are named, and nothing is left behind."""

from __future__ import annotations

import dataclasses
import gzip
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest

Dlcli = Callable[..., CompletedProcess[str]]
Content = bytes | str | Callable[[str], str]

SIGMOID = "{Dense: {units: 1, activation: sigmoid}}"


@dataclasses.dataclass(frozen=True)
class Case:
    """A `data` section and files that do not fit it.

    Args:
        says: What must be said, word for word.
        data: Keys of the section, below the train file and the target.
        files: Contents by name; a function changes the good table.
        train: The train file.
        target: The target.
        layer: The model's only layer.
    """

    says: tuple[str, ...]
    data: str = ""
    files: Mapping[str, Content] = dataclasses.field(default_factory=dict)
    train: str = "table.csv"
    target: str = "label"
    layer: str = SIGMOID


def edit(old: str, new: str) -> Callable[[str], str]:
    """Replace some text of the good table."""

    def change(table: str) -> str:
        assert old in table
        return table.replace(old, new)

    return change


def arrays(**columns: np.ndarray) -> bytes:
    """An `.npz` file."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **columns)
    return stream.getvalue()


CASES: dict[str, Case] = {
    # Files.
    "missing": Case(("config.yaml:2:3 data.train", "tabel.csv'", "→ did you mean 'table.csv'?"), train="tabel.csv"),
    "empty": Case(("table.csv\n", "the file is empty", "→"), files={"table.csv": ""}),
    "a directory": Case(
        ("'folder' is read as a table of its files", "→ to read the rows of the files, write a glob such as"),
        train="folder",
        files={"folder/a.csv": edit("age", "age")},
    ),
    "no match": Case(("data.train", "no file matches", "part-*.csv", "→"), train="'part-*.csv'"),
    "an address": Case(
        ("config.yaml:2:3 data.train", "https://", "→ dlcli never reaches"), train="https://example.org/iris.csv"
    ),
    "not UTF-8": Case(
        ("table.csv", "not utf-8 text: byte 0xe9", "→ set data.encoding"),
        files={"table.csv": "age,label\n1,é\n".encode("latin-1")},
    ),
    "binary": Case(("'table.csv' is a binary file", "→ its suffix"), files={"table.csv": bytes(range(256))}),
    "cut short": Case(
        ("t.csv.gz", "cannot be decompressed", "→ the file is damaged"),
        train="t.csv.gz",
        files={"t.csv.gz": gzip.compress(b"age,label\n" + b"1,yes\n" * 999)[:40]},
    ),
    "Parquet that is none": Case(
        ("t.parquet", "no readable Parquet", "→"), train="t.parquet", files={"t.parquet": b"PAR1 but no more"}
    ),
    "arrays that are none": Case(("t.npz", "no .npz file", "→"), train="t.npz", files={"t.npz": b"PK, not really"}),
    "unequal arrays": Case(
        ("t.npz", "'x' 5, 'y' 4", "→"),
        train="t.npz",
        target="y",
        files={"t.npz": arrays(x=np.ones((5, 2)), y=np.array([0, 1, 0, 1]))},
    ),
    "unknown suffix": Case(
        ("'t.xlsx' is of no format", "→ the formats are .csv"), train="t.xlsx", files={"t.xlsx": b"PK\x03\x04"}
    ),
    "JSON lines": Case(
        ("t.jsonl:2", "line 2 holds no JSON", "→ JSON lines hold one object a line"),
        train="t.jsonl",
        files={"t.jsonl": '{"age": 1, "label": "yes"}\n{"age": 2 "label": "no"}\n'},
    ),
    "header alone": Case(
        ("config.yaml:2:3 data.train", "'table.csv' has a header and no rows", "→"),
        files={"table.csv": "age,city,label\n"},
    ),
    # Columns.
    "no such target": Case(
        ("config.yaml:3:3 data.target.lable", "there is no column 'lable'", "→ did you mean 'label'?"), target="lable"
    ),
    "target as feature": Case(
        ("config.yaml:4:19 data.features[1]", "'label' is the target", "→ remove it from the features"),
        data="features: [age, label]",
    ),
    "no such feature": Case(
        ("config.yaml:4:3 data.features.cty", "there is no column 'cty'", "→ did you mean 'city'?"),
        data="features: [age, cty]",
    ),
    "no such weight": Case(("config.yaml:4:3 data.sample_weight", "'w'", "→ the columns are"), data="sample_weight: w"),
    "no such group": Case(
        ("config.yaml:4:11 data.split.group", "'town'", "→ the columns are age, city, label"),
        data="split: {group: town}",
    ),
    "columns twice": Case(
        ("table.csv:1", "'age' in columns 1, 2", "→ every column needs a name of its own"),
        files={"table.csv": edit("city", "age")},
    ),
    "a cell too many": Case(
        ("table.csv:7", "row 6 has 4 cells, and 3 are expected", "→ quote cells"),
        files={"table.csv": edit("25,c,no", "25,c,no,4")},
    ),
    "a cell too few": Case(
        ("table.csv:7", "row 6 has 2 cells", "→ write a delimiter for every empty cell"),
        files={"table.csv": edit("25,c,no", "25,c")},
    ),
    "other columns in test": Case(
        ("config.yaml:4:3 data.test", "'test.csv' has no column 'city'", "→ its columns are age, label"),
        data="test: test.csv",
        files={"test.csv": "age,label\n1,yes\n"},
    ),
    "only the target": Case(("no column is left", "→"), files={"table.csv": "label\nyes\nno\n"}),
    # Values.
    "text among numbers": Case(
        ("table.csv:9", "column 'age'", "row 8 holds 'old'", "→ make the column a category, or list 'old'"),
        data="features: {age: number}",
        files={"table.csv": edit("27,", "old,")},
    ),
    "infinite": Case(
        ("table.csv:9", "column 'age' has infinite values: row 8 holds 'inf'", "→ mend the cell"),
        files={"table.csv": edit("27,", "inf,")},
    ),
    "infinite target": Case(
        ("table.csv", "'age'", "infinite", "row 8", "→"),
        target="{age: number}",
        layer="{Dense: {units: 1}}",
        files={"table.csv": edit("27,", "inf,")},
    ),
    "missing feature": Case(
        ("table.csv data.features.age", "a missing value (row 8)", "→ `missing: error` refuses them"),
        data="features: {age: {type: number, missing: error}}",
        files={"table.csv": edit("27,", ",")},
    ),
    "missing target": Case(
        (
            "config.yaml:3:3 data.target.label",
            "1 missing value, the first in row 6 of 'table.csv'",
            "→ drop these rows",
        ),
        files={"table.csv": edit("25,c,no", "25,c,")},
    ),
    "no dates": Case(
        ("config.yaml:4:14 data.features.city", "no value of column 'city' is a date or time: 'a', 'b', 'c'", "→"),
        data="features: {city: datetime}",
    ),
    "no truth": Case(
        ("config.yaml:4:14 data.features.city", "no value of column 'city' is true or false: 'a'", "→"),
        data="features: {city: boolean}",
    ),
    "a text among dates": Case(
        ("table.csv data.features.day", "column 'day'", "'soon' (row 2)", "→ expected ISO 8601"),
        data="features: {day: datetime}",
        files={"table.csv": "day,label\n2024-01-31,yes\nsoon,no\n2024-02-01,yes\n"},
    ),
    "an unknown category": Case(
        ("test.csv data.features.city", "'z' (row 1)", "`unknown: bucket`"),
        data="features: {city: {type: category, unknown: error}}\n  test: test.csv",
        files={"test.csv": "age,city,label\n1,z,yes\n"},
    ),
    "one class": Case(
        ("config.yaml:3:3 data.target.label", "only the class 'yes'", "→ add rows of another class"),
        files={"table.csv": edit("no", "yes")},
    ),
    "a class of the test alone": Case(
        ("data.target.label", "the test split has classes", "'maybe' (1 row)", "or drop them from data.test"),
        data="test: test.csv",
        files={"test.csv": "age,city,label\n1,a,maybe\n2,b,yes\n"},
    ),
    "negative weight": Case(
        ("config.yaml:4:3 data.sample_weight", "1 negative weight, the first in row 2", "-1", "→ a weight is a number"),
        data="sample_weight: w",
        files={"table.csv": "age,w,label\n1,1,yes\n2,-1,no\n"},
    ),
    # Splits and batches.
    "more splits than rows": Case(
        ("data.train", "2 rows cannot be divided into 3 splits", "→"),
        data="validation: 0.3\n  test: 0.3",
        files={"table.csv": "age,label\n1,yes\n2,no\n"},
    ),
    "empty split": Case(
        ("config.yaml:4:3 data.validation", "0.01 of 20 rows is no row", "→ at least 0.025"), data="validation: 0.01"
    ),
    "nothing to train on": Case(
        ("config.yaml:4:3 data.validation", "together take 100% of the rows", "→ fractions of less than 1"),
        data="validation: 0.5\n  test: 0.5",
    ),
    "stratified numbers": Case(
        ("config.yaml:4:3 data.split", "needs a target of classes, and 'age' is a number", "→ split: random"),
        data="split: stratified\n  test: 0.2",
        target="{age: number}",
        layer="{Dense: {units: 1}}",
    ),
    "too few of a class": Case(
        ("config.yaml:4:3 data.split", "'maybe' (1 row)", "→ add rows"),
        data="split: stratified\n  test: 0.2",
        files={"table.csv": edit("25,c,no", "25,c,maybe")},
    ),
}

TOLD_WITH_THE_MODEL: dict[str, Case] = {
    "too few units": Case(
        ("config.yaml:6:13 model.layers[0]", "3 units, city has 4 classes: a, b, c, d", "→ use units: 4"),
        target="city",
        layer="{Dense: {units: 3, activation: softmax}}",
        files={"table.csv": edit("21,b", "21,d")},
    ),
    "one unit for three classes": Case(("city has 3: a, b, c", "→ use units: 3"), target="city"),
    "no such class": Case(
        ("config.yaml:7:33 fit.class_weight.yess", "'yess' is no class of 'label'", "→ did you mean 'yes'?"),
        layer=SIGMOID + "]}\nfit: {epochs: 1, class_weight: {yess: 2}}\nlint: {ignore: [",
    ),
    "no such device": Case(
        ("config.yaml:7:11 runtime.device", "there is no gpu:7 here", "→ use `auto`"),
        layer=SIGMOID + "]}\nruntime: {device: 'gpu:7'}\nlint: {ignore: [",
    ),
}


def write(case: Case, directory: Path, table: str) -> None:
    """The config and the files of a case."""
    for name, content in {"table.csv": table, **case.files}.items():
        (directory / name).parent.mkdir(exist_ok=True)
        made = content(table) if callable(content) else content
        (directory / name).write_bytes(made if isinstance(made, bytes) else made.encode())
    (directory / "config.yaml").write_text(
        f"data:\n  train: {case.train}\n  target: {case.target}\n  {case.data}\nmodel:\n  {{layers: [{case.layer}]}}\n"
    )


@pytest.mark.parametrize("case", CASES)
def test_data_that_cannot_be_used(case: str, dlcli: Dlcli, tmp_path: Path, table: str) -> None:
    write(CASES[case], tmp_path, table)
    before = set(tmp_path.rglob("*"))
    trained, checked = dlcli("train", "config.yaml"), dlcli("check", "config.yaml")
    for done in (trained, checked):
        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        assert "Traceback" not in done.stderr
        for word in CASES[case].says:
            assert word in done.stderr
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("case", TOLD_WITH_THE_MODEL)
def test_what_data_and_model_say_together(case: str, dlcli: Dlcli, tmp_path: Path, table: str) -> None:
    write(TOLD_WITH_THE_MODEL[case], tmp_path, table)
    before = set(tmp_path.rglob("*"))
    for command in ("train", "check"):
        done = dlcli(command, "config.yaml", "--quiet")
        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        assert "Traceback" not in done.stderr
        for word in TOLD_WITH_THE_MODEL[case].says:
            assert word in done.stderr
    assert set(tmp_path.rglob("*")) == before


def test_several_columns_with_faults_are_told_together(dlcli: Dlcli, tmp_path: Path, table: str) -> None:
    case = Case((), data="features: {age: number, city: number}", files={"table.csv": edit("27,", "old,")})
    write(case, tmp_path, table)
    done = dlcli("train", "config.yaml", "--json")
    problems = json.loads(done.stdout)["problems"]
    assert done.returncode == 1
    assert {(Path(each["file"]).name, each["line"], each["rule"]) for each in problems} == {
        ("table.csv", 9, "not-a-number"),
        ("table.csv", 2, "not-a-number"),
    }


def test_faults_of_config_and_files_are_told_together(dlcli: Dlcli, tmp_path: Path, table: str) -> None:
    case = Case((), data="features: [age, cty]\n  test: gone.csv", target="lable", layer="{Dens: {units: 1}}")
    write(case, tmp_path, table)
    done = dlcli("check", "config.yaml", "--json")
    assert done.returncode == 1
    assert [each["rule"] for each in json.loads(done.stdout)["problems"]] == [
        "missing-column",
        "missing-column",
        "file-not-found",
        "unknown-component",
    ]
