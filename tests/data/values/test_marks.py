"""Marks of missing values count in every format, and codes are found wherever they stand."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import TableOptions
from dlcli.data.values.codes import CodeSeeker, has_codes
from dlcli.data.values.conversion import NotNumbers
from dlcli.data.values.marks import marks_of
from dlcli.errors import DataError


@pytest.mark.parametrize(
    ("marks", "cells", "left"),
    [
        (["-999"], pa.array([1.0, -999.0]), [1.0, None]),
        (["-999.0"], pa.array([1, -999]), [1, None]),
        (["-999"], pa.array(["1", "-999.0", " -999 "]), ["1", None, None]),
        (["NA"], pa.array(["NA", " NA", "na", ""]), [None, None, "na", ""]),
        (["1900-01-01"], pa.array([datetime.datetime(1900, 1, 1), None]), [None, None]),
        (["False"], pa.array([True, False]), [True, None]),
        (["9007199254740993"], pa.array([2**53, 2**53 + 1]), [2**53, None]),
        ([""], pa.array(["  ", "x"]), [None, "x"]),
        (["007"], pa.array(["7", "007"]), ["7", None]),
    ],
)
def test_a_mark_is_a_value(marks: list[str], cells: pa.Array, left: list[Any]) -> None:
    assert marks_of(marks).without(cells).to_pylist() == left


def test_marks_in_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([[1.0, -999], [2, 3]]), y=np.array([2**53 + 1, -999]))
    source = open_source([str(tmp_path / "a.npz")], TableOptions(missing_values=("-999",)), path="data.train")
    (chunk,) = source.chunks({"x": "number", "y": "text"})
    assert np.isnan(chunk.columns["x"]).tolist() == [[False, True], [False, False]]
    assert chunk.columns["y"].tolist() == [2**53 + 1, None]


cells = st.lists(st.sampled_from(["1", "0", "0.5", "007", "-01", " 02", "a", "", "00", "x01", "2024-01-05", "10:05"]))


@given(cells, st.integers(1, 9), st.sampled_from([",", ";", "\t", "|"]))
def test_codes_are_found_in_bytes_as_in_cells(texts: list[str], step: int, delimiter: str) -> None:
    data = ("a,b\n".replace(",", delimiter) + "\n".join(f"z{delimiter}{text}" for text in texts) + "\n").encode()
    seeker = CodeSeeker(delimiter)
    for start in range(0, len(data), step):
        seeker.look(data[start : start + step])
    assert seeker.found == has_codes(pa.array(texts, pa.string()))


def test_what_the_first_block_shows_does_not_decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlcli.data.sources.delimited.source.BLOCK_BYTES", 64)
    file = tmp_path / "a.csv"
    file.write_text("zip,n,b\n" + "12345,0.5,x\n" * 50 + "01234,0.5,x\n")
    source = open_source([str(file)], TableOptions(), path="data.train")
    assert [info.kind for info in source.columns()] == ["number", "number", "text"]
    with pytest.raises(NotNumbers) as found:
        list(source.chunks({"zip": "unsure", "n": "unsure", "b": "text"}))
    assert found.value.columns == ("zip",)


ROWS = "".join(f"x{number},{number}\n" for number in range(20))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f'a,b\n{ROWS}"abc,1\n{ROWS}"def,2\n{ROWS}', 22),
        ('a,b\n"abc"d,1\n"x\ny"z,2\n', 3),
        ('a,b\n"x\ny",1\n"z ""q"" ",2\n', None),
        ('a,b\n5" pipe,1\n6" pipe,2\n\n', None),
        ('a,b\n"abc"d,1\n"x\ny",2\n', None),
        ('a,b\n"abc",1\n"x",2', None),
    ],
)
def test_rows_that_an_open_quote_swallows(tmp_path: Path, text: str, line: int | None) -> None:
    file = tmp_path / "a.csv"
    file.write_text(text)
    source = open_source([str(file)], TableOptions(), path="data.train")
    if line is None:
        assert sum(chunk.num_rows for chunk in source.chunks({"a": "text"})) == 2
        return
    with pytest.raises(DataError) as error:
        list(source.chunks({"a": "text"}))
    (problem,) = error.value.problems
    assert (problem.rule, problem.line) == ("unclosed-quote", line)


def test_keys_of_json_lines_may_come_late(tmp_path: Path) -> None:
    lines = ['{"a": 1}'] * 1500 + ['{"a": 2.5, "late": 9007199254740993}', '{"a": null, "late": "x"}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    (tmp_path / "b.jsonl").write_text('{"a": true}\n')
    source = open_source([str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")], TableOptions(), path="data.train")
    found = source.columns(whole=True)
    assert [info.name for info in found] == ["a", "late"]
    late = [cell for chunk in source.chunks({"late": "text"}) for cell in chunk.columns["late"].tolist()]
    assert [cell for cell in late if cell is not None] == ["9007199254740993", "x"]
