"""A few columns cut out of delimited text: what is read is what a reader of the whole text finds, faults and all."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcli.data.sources.delimited import narrowing
from dlcli.data.sources.delimited import source as delimited
from dlcli.data.sources.delimited.narrowing import Narrowing, NotRegular
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import Reading, TableOptions
from dlcli.errors import DataError

NAMES = [f"c{place}" for place in range(8)]


def cut(text: bytes, columns: Sequence[int], *, width: int = 8, delimiter: str = ",") -> bytes:
    cutter, stream = Narrowing(delimiter, width, columns), io.BytesIO(text)
    found = b""
    while True:
        part, ended = cutter.read(stream.readinto)
        found += part
        if ended:
            return found


def outcome(file: Path, columns: Sequence[str], *, piece: int | None, reading: Reading | None = None) -> object:
    """All values, or what is wrong; a piece is what a look reads at a time, which narrows."""
    options = TableOptions(missing_values=("", "NA"), piece=piece, reading=reading or Reading())
    source = open_source([str(file)], options, path="")
    found: dict[str, list[object]] = {name: [] for name in columns}
    try:
        for chunk in source.chunks(dict.fromkeys(columns, "text")):
            for name, values in chunk.columns.items():
                found[name] += values.tolist()
    except DataError as error:
        return [str(problem) for problem in error.problems]
    return found


def written(rows: Sequence[Sequence[str]], *, quoting: int = csv.QUOTE_MINIMAL, end: str = "\n") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting, lineterminator=end).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue().encode()


CELLS = st.text(st.sampled_from('ab,"\n\r;é '), max_size=6).map(str.strip)
TABLES = st.lists(st.lists(CELLS, min_size=8, max_size=8), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(rows=TABLES, columns=st.sets(st.integers(0, 7), min_size=1), piece=st.sampled_from([8, 64, 100, 1 << 19]))
def test_the_cells_are_those_of_the_columns(rows: list[list[str]], columns: set[int], piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(narrowing, "PIECE", piece)
        kept = sorted(columns)
        text = cut(written(rows, quoting=csv.QUOTE_ALL), kept)
    found = list(csv.reader(io.StringIO(text.decode(), newline="")))
    assert found == [[row[place] for place in kept] for row in rows]


@settings(max_examples=80, deadline=None)
@given(
    rows=TABLES,
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
    slip=st.sampled_from(["", "", ",", '"', "\n", "\r", " ", '""', "\n\n", "x"]),
    where=st.floats(0, 1),
    columns=st.sampled_from([["c0"], ["c7"], ["c3"], ["c2", "c5"]]),
)
def test_what_is_read_does_not_depend_on_it(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    quoting: int,
    end: str,
    slip: str,
    where: float,
    columns: list[str],
) -> None:
    text = written(rows, quoting=quoting, end=end)
    place = int(where * len(text))
    file = tmp_path_factory.mktemp("narrow") / "t.csv"
    file.write_bytes(written([NAMES], end=end) + text[:place] + slip.encode() + text[place:])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(narrowing, "PIECE", 64)
        patch.setattr(delimited, "GATHERED_BYTES", 1)  # so that rows were handed on already where it gives up
        narrowed = outcome(file, columns, piece=64)
    assert narrowed == outcome(file, columns, piece=None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"1,,3,4\n,,,\n5,6,7,8\n", ["", "", "6"]),
        (b"1,2,3,4\r\n5,6,7,8\r\n\r\n\n", ["2", "6"]),
        (b'1," a ",3,4\n5, b ,7,8', [" a ", "b"]),
        (b'1,"a\nb",3,4\n5,"""c"",",7,8\n', ["a\nb", '"c",']),
        (b'"1\n\n","2",3,4\n\n5,6,7,8\n', ["2", "6"]),
        (b'1,5" wide,3,4\n1,2 "in" it,3,4\n', ['5" wide', '2 "in" it']),
    ],
)
def test_rows_without_a_value_are_rows(tmp_path: Path, text: bytes, expected: list[str]) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(b"a,b,c,d\n" + text)
    found = outcome(file, ["b"], piece=1 << 18)
    assert found == outcome(file, ["b"], piece=None)
    assert found == {"b": [each or None for each in expected]}


@pytest.mark.parametrize(
    "text",
    [
        b"1,2,3\n",
        b"1,2,3,4\n1,2,3\n1,2,3,4,5\n",
        b'1,"2,3,4\n',
        b'1,2"2,3,4\n5,6,7,8\n9,"0,1,2\n',
        b"1,2,3,4\n\n5,6,7,8\n",
        b"1,2\r,3,4\n",
        b"1,2,3,4\r5,6,7,8\r",
    ],
)
def test_what_is_not_regular_is_left_to_others(text: bytes) -> None:
    with pytest.raises(NotRegular):
        cut(text, [1], width=4)


def test_a_row_is_not_waited_for_without_end() -> None:
    with pytest.raises(NotRegular):
        cut(b"x" * (narrowing.LONGEST + narrowing.PIECE), [0], width=4)


@pytest.mark.parametrize(
    ("reading", "data"),
    [
        (Reading(), "\ufeffa;b;c;d\n1;é;3;4\n".encode()),
        (Reading(encoding="latin-1"), "a,b,c,d\n1,é,3,4\n".encode("latin-1")),
        (Reading(), "a,b,c,d\n1,é,3,4\n".encode("utf-16")),
        (Reading(comment="#"), "a,b,c,d\n#,,,,\n1,é,3,4\n".encode()),
        (Reading(delimiter="blanks"), "a b  c d\n1 é 3 4\n".encode()),
        (Reading(), "sep=,\na,b,c,d\n1,é,3,4\n".encode()),
    ],
)
def test_other_dialects_are_read_as_ever(tmp_path: Path, reading: Reading, data: bytes) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(data)
    assert outcome(file, ["b"], piece=1 << 18, reading=reading) == {"b": ["é"]}
