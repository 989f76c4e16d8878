"""`evaluate` and `predict` with runs, inputs and outputs that cannot be used."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Dlcli = Callable[..., CompletedProcess[str]]
Change = Callable[[bytes], bytes]

GOOD = "age,city\n30,a\n31,b\n"

INPUTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "missing column": ("age,town\n30,a\n", ("'new.csv' has no column 'city'", "→ its columns are age, town")),
    "missing columns": ("x\n30\n", ("no column 'age'", "no column 'city'", "2 problems")),
    "misspelt column": ("age,ctiy\n30,a\n", ("no column 'city'", "→ did you mean 'ctiy'?")),
    "empty": ("", ("new.csv", "the file is empty", "→")),
    "another type": ("age,city\n30,a\nold,b\n", ("new.csv:3", "column 'age'", "row 2 holds 'old'", "→")),
    "infinite": ("age,city\n30,a\n-inf,b\n", ("new.csv:3", "column 'age'", "row 2 holds '-inf'", "→")),
    "ragged": ("age,city\n30,a\n31\n", ("new.csv:3", "row 2 has 1 cell", "→")),
    "columns twice": ("age,age,city\n1,2,a\n", ("new.csv:1", "'age' in columns 1, 2", "→")),
}


def cut(content: bytes) -> bytes:
    """The first half of a file."""
    return content[: len(content) // 2]


def record(**changes: object) -> Change:
    """A JSON file with other values at the top."""
    return lambda content: json.dumps({**json.loads(content), **changes}).encode()


DAMAGES: dict[str, tuple[str, Change | None, tuple[str, ...]]] = {
    "no config": ("config.yaml", None, ("run is incomplete: config.yaml missing", "'completed'", "→ train again")),
    "no preprocessing": ("preprocessing.json", None, ("incomplete: preprocessing.json missing", "→ train again")),
    "no model": ("model.keras", None, ("incomplete: model.keras missing", "→ train again")),
    "no record": ("run.json", None, ("run is not a run directory: it has no run.json", "→ give the directory")),
    "config cut": ("config.yaml", cut, ("run/config.yaml:", "→")),
    "config edited": (
        "config.yaml",
        lambda content: content.replace(b"Dense", b"Dens"),
        ("run/config.yaml:", "unknown layer 'Dens'", "→ did you mean 'Dense'?"),
    ),
    "another model": (
        "config.yaml",
        lambda content: content.replace(b"units: 1", b"units: 2"),
        ("run/model.keras", "does not hold the weights of the model that config.yaml describes", "→ undo the changes"),
    ),
    "a layer more": (
        "config.yaml",
        lambda content: content.replace(b"- Dense:", b"- Dense: {units: 3}\n    - Dense:"),
        ("run/model.keras", "does not hold the weights", "→ undo the changes"),
    ),
    "preprocessing cut": ("preprocessing.json", cut, ("run/preprocessing.json is damaged", "→ restore the file")),
    "preprocessing emptied": (
        "preprocessing.json",
        lambda content: b"{}",
        ("run/preprocessing.json", "cannot be read", "restore it, or train again"),
    ),
    "preprocessing newer": (
        "preprocessing.json",
        record(version=99),
        ("run/preprocessing.json", "version 99", "→ a newer dlcli wrote it: upgrade dlcli"),
    ),
    "model cut": ("model.keras", cut, ("run/model.keras", "is damaged", "→ restore the file, or train again")),
    "model emptied": ("model.keras", lambda content: b"", ("run/model.keras", "is damaged", "→ restore the file")),
    "record cut": ("run.json", cut, ("run/run.json is damaged", "→ restore the file")),
    "record of a list": ("run.json", lambda content: b"[]", ("run/run.json is damaged", "→ restore the file")),
    "record of something": ("run.json", lambda content: b"{}", ("run/run.json is no record of a run", "→ give the")),
    "newer": ("run.json", record(format=99), ("written by a newer dlcli", "run format 99", "→ upgrade dlcli")),
}

OUTPUTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "no directory": ("nowhere/out.csv", ("cannot write nowhere/out.csv: No such file", "→ choose another --output")),
    "a directory": ("folder.csv", ("'folder.csv' is a directory", "the model predicts none", "→ name a file")),
    "unknown suffix": ("out.xlsx", ("'out.xlsx' has the suffix '.xlsx'", "→ use one of .csv, .tsv")),
    "no suffix": ("out", ("the output 'out' has no suffix", "→ name a file, such as predictions.csv")),
    "the input": ("new.csv", ("over the input new.csv", "→ choose another --output")),
    "below a file": ("new.csv/out.csv", ("cannot write new.csv/out.csv", "→ choose another --output")),
}


def refused(dlcli: Dlcli, directory: Path, *arguments: str) -> str:
    """What a command that is refused says; it leaves nothing behind and changes no file."""
    before = {path: path.read_bytes() if path.is_file() else b"" for path in directory.rglob("*")}
    done = dlcli(*arguments)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() if path.is_file() else b"" for path in directory.rglob("*")} == before
    return done.stderr


@pytest.mark.parametrize("case", INPUTS)
def test_inputs_that_cannot_be_predicted(case: str, dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    content, words = INPUTS[case]
    (tmp_path / "new.csv").write_text(content)
    for output in ([], ["-o", "out.csv"], ["-o", "out.parquet"]):
        said = refused(dlcli, tmp_path, "predict", "run", "new.csv", *output)
        assert all(word in said for word in words), said


def test_a_fault_further_down_leaves_no_file(dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text('age,city\n30,a\n31,"b\n')
    said = refused(dlcli, tmp_path, "predict", "run", "new.csv", "-o", "out.csv")
    assert "new.csv:3" in said
    assert "→ close the quotation mark" in said
    # On stdout the rows before the fault have been written; what counts is the exit code.
    assert dlcli("predict", "run", "new.csv").returncode == 1


@pytest.mark.parametrize("case", OUTPUTS)
def test_outputs_that_cannot_be_written(case: str, dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(GOOD)
    (tmp_path / "folder.csv").mkdir()
    output, words = OUTPUTS[case]
    said = refused(dlcli, tmp_path, "predict", "run", "new.csv", "-o", output)
    assert all(word in said for word in words), said


@pytest.mark.parametrize("case", DAMAGES)
def test_runs_that_cannot_be_used(case: str, dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(GOOD)
    name, change, words = DAMAGES[case]
    if change is None:
        (run_directory / name).unlink()
    else:
        before = (run_directory / name).read_bytes()
        assert change(before) != before
        (run_directory / name).write_bytes(change(before))
    for arguments in (("predict", "run", "new.csv", "--runtime", "keras"), ("evaluate", "run", "--runtime", "keras")):
        said = refused(dlcli, tmp_path, *arguments)
        assert all(word in said for word in words), said


def test_runs_that_are_none(dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(GOOD)
    (tmp_path / "folder").mkdir()
    for name, words in {
        "rum": ("there is no run directory rum", "→ did you mean 'run'?"),
        "folder": ("folder is not a run directory: it has no run.json", "→ give the directory"),
        "new.csv": ("new.csv is a file, not a run directory", "→ give the directory"),
    }.items():
        for arguments in (("predict", name, "new.csv"), ("evaluate", name)):
            said = refused(dlcli, tmp_path, *arguments)
            assert all(word in said for word in words), said


def test_directories_that_are_taken(dlcli: Dlcli, run_directory: Path, original: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("precious")
    (tmp_path / "file").write_text("")
    for arguments, words in {
        ("run",): ("the run run exists already", "→ pass --overwrite"),
        ("full",): ("full is not empty and is no run directory", "→ choose another --run-dir"),
        ("full", "--overwrite"): ("full is not empty and is no run directory", "→ choose another --run-dir"),
        ("file",): ("file is a file", "→ choose another --run-dir"),
        ("file/run",): ("cannot write the run directory file/run", "→ choose another --run-dir"),
    }.items():
        said = refused(dlcli, tmp_path, "train", str(original / "config.yaml"), "--run-dir", *arguments)
        assert all(word in said for word in words), said


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("age,city\n30,a\n", ("'new.csv' has no column 'label'", "→")),
        ("age,city,label\n30,a,maybe\n", ("new.csv data.target.label", "'maybe' (row 1)", "→ the classes are no, yes")),
        ("age,city,label\n30,a,\n", ("new.csv data.target.label", "a missing value (row 1)", "→ a target must be")),
        ("age,city,label\n", ("'new.csv' has no rows", "→ add rows")),
        ("age,city,label\nold,a,yes\n", ("new.csv:2", "column 'age'", "row 1 holds 'old'", "→")),
    ],
    ids=["no target", "unseen class", "missing target", "zero rows", "another type"],
)
def test_new_data_that_cannot_be_evaluated(
    rows: str, words: tuple[str, ...], dlcli: Dlcli, run_directory: Path, tmp_path: Path
) -> None:
    (tmp_path / "new.csv").write_text(rows)
    said = refused(dlcli, tmp_path, "evaluate", "run", "new.csv")
    assert all(word in said for word in words), said


def test_a_split_that_the_run_does_not_have(dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    said = refused(dlcli, tmp_path, "evaluate", "run", "--split", "validation")
    assert "there is no validation split" in said
    assert "→ the splits are train, test" in said


def test_data_that_changed_or_went(dlcli: Dlcli, original: Path, table: str, tmp_path: Path) -> None:
    for name in ("table.csv", "config.yaml"):
        shutil.copyfile(original / name, tmp_path / name)
    assert dlcli("train", "config.yaml", "--run-dir", "run", "--quiet").returncode == 0
    (tmp_path / "table.csv").write_text(table + "60,a,yes\n")
    said = refused(dlcli, tmp_path, "evaluate", "run")
    assert "table.csv has changed since this run was trained" in said
    assert "→ give the rows to evaluate on: dlcli evaluate run DATA" in said
    (tmp_path / "table.csv").unlink()
    said = refused(dlcli, tmp_path, "evaluate", "run")
    assert "table.csv, is gone" in said
    assert "→ put it back" in said


def test_kept_columns(dlcli: Dlcli, run_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("age,city,prediction\n30,a,mine\n")
    said = refused(dlcli, tmp_path, "predict", "run", "new.csv", "--keep", "nam")
    assert "'new.csv' has no column 'nam'" in said
    said = refused(dlcli, tmp_path, "predict", "run", "new.csv", "--keep-all")
    assert "the column 'prediction' of the input cannot be kept" in said
    assert "→ rename it" in said
