"""Delimited text as people write it, and its faults with their rows and lines."""

from __future__ import annotations

import dataclasses
import gzip
from pathlib import Path
from typing import Any

import pytest

from dlcli.data.columns.chunk import Kind
from dlcli.data.sources.delimited import header
from dlcli.data.sources.delimited import source as delimited
from dlcli.data.sources.delimited.dialect import Sample, find_dialect
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import Reading, TableOptions
from dlcli.data.sources.peek import peek_columns
from dlcli.errors import DataError, Problem
from dlcli.files import identity

MISSING = ("", "NA")


def read(file: Path, kinds: dict[str, Kind] | None = None, **options: Any) -> dict[str, list[Any]]:
    """All values of a file by column, its kinds as inferred unless given."""
    source = open_source(
        [str(file)],
        TableOptions(missing_values=MISSING, columns=options.pop("columns", None), reading=Reading(**options)),
        path="data.train",
    )
    wanted = kinds or {info.name: info.kind for info in source.columns() if info.name and info.kind}
    found: dict[str, list[Any]] = {name: [] for name in wanted}
    for chunk in source.chunks(wanted):
        assert chunk.file == file
        for name, values in chunk.columns.items():
            found[name] += values.tolist()
    return found


def problems(file: Path, kinds: dict[str, Kind] | None = None, **options: Any) -> tuple[Problem, ...]:
    with pytest.raises(DataError) as caught:
        read(file, kinds, **options)
    return caught.value.problems


def write(tmp_path: Path, data: str | bytes, name: str = "t.csv") -> Path:
    file = tmp_path / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("a,b\n1,x\n2,y\n", {"a": [1.0, 2.0], "b": ["x", "y"]}),
        ("a,b\r\n1,x\r\n2,y\r\n", {"a": [1.0, 2.0], "b": ["x", "y"]}),
        ("a,b\r1,x\r2,y", {"a": [1.0, 2.0], "b": ["x", "y"]}),
        ("\ufeffa,b\n1,x\n", {"a": [1.0], "b": ["x"]}),
        ('\n\n"a\nz", b \n1,x\n', {"a\nz": [1.0], "b": ["x"]}),
        ('a,b\n"1","x\ny"\n2,"say ""hi"""\n', {"a": [1.0, 2.0], "b": ["x\ny", 'say "hi"']}),
        ("a,b\n 1.5 ,x\n+2,y\n-.5e3,z\n", {"a": [1.5, 2.0, -500.0], "b": ["x", "y", "z"]}),
        ("a,b\n1,01\n2,NA\nNA,\n", {"a": [1.0, 2.0, None], "b": ["01", None, None]}),
        ("a\n123456789012345678901234567890\n", {"a": [123456789012345678901234567890.0]}),
        ("a,b\n1,x\n\n2,y\n", {"a": [1.0, 2.0], "b": ["x", "y"]}),
        ("größe,名\n1,é\n", {"größe": [1.0], "名": ["é"]}),
        (",a\n0,1\n", {"a": [1.0]}),
        ("a,b\n", {"a": [], "b": []}),
        ("a,b", {"a": [], "b": []}),
        ('a,b\n1,5" pipe\n', {"a": [1.0], "b": ['5" pipe']}),
    ],
)
def test_reads_what_people_write(tmp_path: Path, data: str, expected: dict[str, list[Any]]) -> None:
    assert read(write(tmp_path, data)) == expected
    assert read(write(tmp_path, gzip.compress(data.encode()), "t.csv.gz")) == expected


@pytest.mark.parametrize(("encoding", "mark"), [("latin-1", b""), ("utf-16", b""), ("cp1252", b"")])
def test_reads_other_encodings(tmp_path: Path, encoding: str, mark: bytes) -> None:
    file = write(tmp_path, "a,b\n1,é\n".encode(encoding))
    assert read(file, encoding=encoding) == {"a": [1.0], "b": ["é"]}


def test_delimiters_and_names(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a\tb\n1\tx,y\n", "t.tsv")) == {"a": [1.0], "b": ["x,y"]}
    assert read(write(tmp_path, "a;b\n1;x\n"), delimiter=";") == {"a": [1.0], "b": ["x"]}
    assert read(write(tmp_path, "1,x\n2,y\n"), columns=("n", "s")) == {"n": [1.0, 2.0], "s": ["x", "y"]}


def test_text_is_kept_as_written(tmp_path: Path) -> None:
    file = write(tmp_path, 'a\n01\n1.50\n 2\n" 3"\n')
    assert read(file, {"a": "text"}) == {"a": ["01", "1.50", "2", " 3"]}


def test_blank_cells_of_numbers_are_empty_even_late_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 1 << 10)
    rows = [str(number) for number in range(2000)]
    rows[1500] = "   "
    file = write(tmp_path, "a,b\n" + "".join(f"{row},x\n" for row in rows))
    assert read(file)["a"] == [None if number == 1500 else float(number) for number in range(2000)]


@pytest.mark.parametrize(
    ("cell", "hint"),
    [("abc", "category"), ("1,234", "thousands"), ("1,5", "data.decimal"), ("12 kg", "unit"), ("0x10", "category")],
)
def test_a_cell_that_is_no_number_names_row_line_and_way_out(tmp_path: Path, cell: str, hint: str) -> None:
    file = write(tmp_path, f'a,b\n1,"x\ny"\n"{cell}",z\n3,w\n')
    (problem,) = problems(file, {"a": "number", "b": "text"})
    assert problem.rule == "not-a-number"
    assert (problem.file, problem.line) == (file, 4)
    assert problem.message == f"column 'a' is read as a number, and row 2 holds {cell!r}"
    assert hint in problem.hint


def test_a_slip_among_numbers_is_a_fault_and_not_a_category(tmp_path: Path) -> None:
    file = write(tmp_path, "a\n" + "".join(f"{number}\n" for number in range(99)) + "oops\n")
    (problem,) = problems(file)
    assert "row 100 holds 'oops'" in problem.message
    assert problem.line == 101


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e400"])
def test_infinite_values_are_faults(tmp_path: Path, cell: str) -> None:
    (problem,) = problems(write(tmp_path, f"a\n1\n{cell}\n"), {"a": "number"})
    assert problem.rule == "infinite-value"
    assert "row 2" in problem.message
    assert problem.line == 3


def test_faults_of_all_columns_come_together(tmp_path: Path) -> None:
    found = problems(write(tmp_path, "a,b\n1,x\ny,2\n"), {"a": "number", "b": "number"})
    assert [(problem.rule, problem.line) for problem in found] == [("not-a-number", 3), ("not-a-number", 2)]


def test_ragged_rows_are_listed(tmp_path: Path) -> None:
    found = problems(write(tmp_path, 'a,b\n1,"x\ny"\n3\n4,5,6\n'))
    assert [(problem.rule, problem.line) for problem in found] == [("ragged-row", 4), ("ragged-row", 5)]
    assert found[0].message == "row 2 has 1 cell, and 2 are expected"
    assert found[1].message == "row 3 has 3 cells, and 2 are expected"
    many = problems(write(tmp_path, "a,b\n" + "1\n" * 20))
    assert len(many) == 6
    assert many[-1].message == "15 more rows do not have 2 cells"


def test_a_ragged_row_far_down_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 1 << 10)
    (problem,) = problems(write(tmp_path, "a,b\n" + "1,2\n" * 5000 + "3\n"))
    assert problem.line == 5002


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "empty-file"),
        (b"\n\n", "empty-file"),
        (b"a,b\n1,\xe9\n", "wrong-encoding"),
        (b"a\xe9,b\n1,2\n", "wrong-encoding"),
        (b"\x00\x01\x02\x03", "binary-file"),
        (b"PAR1\x00rest", "binary-file"),
        (b"a,b,a\n1,2,3\n", "duplicate-column"),
        (b'a,b\n1,"x\n2,y\n', "unclosed-quote"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, data: bytes, rule: str) -> None:
    file = write(tmp_path, data)
    (problem,) = problems(file)
    assert (problem.rule, problem.file) == (rule, file)


def test_duplicate_columns_are_named(tmp_path: Path) -> None:
    (problem,) = problems(write(tmp_path, "a,b,a,b\n1,2,3,4\n"))
    assert "'a' in columns 1, 3; 'b' in columns 2, 4" in problem.message


@pytest.mark.parametrize("keep", [5, 100, -200])
def test_truncated_gzip(tmp_path: Path, keep: int) -> None:
    whole = gzip.compress("".join(f"{number},{number * 7919 % 1000}\n" for number in range(50_000)).encode())
    (problem,) = problems(write(tmp_path, whole[:keep], "t.csv.gz"), columns=("a", "b"))
    assert problem.rule == "damaged-file"


def test_a_file_that_is_no_gzip(tmp_path: Path) -> None:
    (problem,) = problems(write(tmp_path, "a\n1\n", "t.csv.gz"))
    assert problem.rule == "damaged-file"


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"encoding": "klingon"}, "unknown-encoding"),
        ({"columns": ("x",)}, "header"),
        ({"columns": ("c", "d")}, "header"),
    ],
)
def test_options_that_do_not_fit_the_file(tmp_path: Path, options: dict[str, Any], rule: str) -> None:
    (problem,) = problems(write(tmp_path, "a,b\n1,2\n"), **options)
    assert problem.rule == rule
    assert problem.path.startswith("data.")


@pytest.mark.parametrize("length", [2**10, 2**17 + 1, pytest.param(5 * 2**20, marks=pytest.mark.slow)])
@pytest.mark.parametrize("rest", ["", "\n", "\n3,4,z\n"])
def test_a_long_first_row_hides_no_row(tmp_path: Path, length: int, rest: str) -> None:
    found = read(write(tmp_path, "a,b,c\n1,2," + "x" * length + rest))
    assert found["a"] == [1.0, 3.0][: 1 + ("z" in rest)]
    assert len(found["c"][0]) == length


def test_faults_below_a_long_cell_are_told_with_their_row(tmp_path: Path) -> None:
    file = write(tmp_path, "a,b,c\n1,2," + "x" * 2**18 + "\nq,4,z\n")
    (problem,) = problems(file, {"a": "number", "b": "number", "c": "text"})
    assert "row 2" in str(problem) or problem.line == 3


def test_the_top_of_a_file_is_looked_at_once_in_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a;b\n1,5;x\n2,5;y\n")
    looks: list[Path] = []

    def look(file: Path, options: TableOptions) -> Sample:
        looks.append(file)
        return find_dialect(file, options)

    monkeypatch.setattr(header, "find_dialect", look)
    monkeypatch.setattr(identity, "RACY_NANOSECONDS", -(1 << 62))
    options = TableOptions(missing_values=("", "NA"))
    for _ in range(2):
        assert peek_columns([str(file)], options).names == ("a", "b")
        source = open_source([str(file)], dataclasses.replace(options, piece=100), path="data.train")
        assert [(info.name, info.kind) for info in source.columns()] == [("a", "number"), ("b", "text")]
        assert [chunk.columns["a"].tolist() for chunk in source.chunks({"a": "number"})] == [[1.5, 2.5]]
        assert not source.doubts()
    assert looks == [file]
    peek_columns([str(file)], dataclasses.replace(options, missing_values=("", "x")))
    assert looks == [file] * 2, "other marks of empty cells may make other columns numbers"
    file.write_text("a,b,c\n1,x,2\n")
    assert peek_columns([str(file)], options).names == ("a", "b", "c")


@pytest.mark.parametrize("kind", ["number", "unsure", "text"])
@pytest.mark.parametrize("late", ["7", '" 7 "', "NA"])
def test_small_pieces_are_the_same_rows(tmp_path: Path, kind: Kind, late: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "GATHERED_BYTES", 1000)
    rows = [f"{place},{place % 7 / 4},some text, {place}" for place in range(500)]
    file = write(tmp_path, "\n".join(["a,b,c,d", *rows, f"{late},1,last,x", ""]))

    def tables(piece: int | None) -> list[dict[str, list[Any]]]:
        source = open_source([str(file)], TableOptions(missing_values=MISSING, piece=piece), path="data.train")
        chunks = source.chunks({"a": kind, "d": "text"})
        return [{name: values.tolist() for name, values in chunk.columns.items()} for chunk in chunks]

    whole, parts = tables(None), tables(256)
    assert len(parts) > 5
    assert {name: [each for part in parts for each in part[name]] for name in "ad"} == {
        name: [each for part in whole for each in part[name]] for name in "ad"
    }


def test_a_fault_behind_small_pieces_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "GATHERED_BYTES", 1000)
    file = write(tmp_path, "\n".join(["a,b", *(f"{place},x" for place in range(500)), "seven,x", ""]))
    source = open_source([str(file)], TableOptions(missing_values=MISSING, piece=256), path="data.train")
    with pytest.raises(DataError, match="seven") as caught:
        list(source.chunks({"a": "number", "b": "text"}))
    assert caught.value.problems[0].line == 502
