"""Files as other programs and countries write them: delimiters, headers, encodings and numbers found from the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcli.data.columns.chunk import Kind
from dlcli.data.columns.globs import expand_ranges
from dlcli.data.sources.delimited.header import delimited_header
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import Reading, TableOptions
from dlcli.errors import DataError, Problem

MISSING = ("", "NA", "?")


def options(**keys: Any) -> TableOptions:
    columns = keys.pop("columns", None)
    return TableOptions(missing_values=MISSING, columns=columns, reading=Reading(**keys))


def read(file: Path, kinds: dict[str, Kind] | None = None, **keys: Any) -> dict[str, list[Any]]:
    source = open_source([str(file)], options(**keys), path="data.train")
    wanted = kinds or {info.name: info.kind for info in source.columns() if info.name and info.kind}
    found: dict[str, list[Any]] = {name: [] for name in wanted}
    for chunk in source.chunks(wanted):
        for name, values in chunk.columns.items():
            found[name] += values.tolist()
    return found


def write(tmp_path: Path, text: str, name: str = "t.csv", encoding: str = "utf-8") -> Path:
    file = tmp_path / name
    file.write_bytes(text.encode(encoding))
    return file


def doubts(file: Path, **keys: Any) -> tuple[Problem, ...]:
    return delimited_header(file, options(**keys)).doubts


TABLE = {"a": [1.0, 2.5, None], "b": ["x", "y z", "é"], "c": [10.0, 20.0, 30.0]}


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.txt", "t.data", "t.dat", "table", "t.csv.gz.old", "t.2024"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|", " , ", "  "])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_delimiter_and_the_encoding_are_found(tmp_path: Path, name: str, mark: str, encoding: str) -> None:
    middle = '"y z"' if mark == "  " else "y z"
    rows = [["a", "b", "c"], ["1", "x", "10"], ["2.5", middle, "20"], ["?", "é", "30"]]
    text = "".join(mark.join(row) + "\n" for row in rows)
    assert read(write(tmp_path, text, name, encoding)) == TABLE


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("first", ["", "\n\n", "sep=;\n", '"sep=;"\n', "# made by x\n# in 2024\n"])
def test_what_stands_above_the_header_is_passed_over(tmp_path: Path, end: str, first: str) -> None:
    file = write(tmp_path, (first + "a;b\n1;x\n2;y\n").replace("\n", end))
    assert read(file) == {"a": [1.0, 2.0], "b": ["x", "y"]}


def test_a_hash_may_begin_a_header(tmp_path: Path) -> None:
    assert read(write(tmp_path, "#id,b\n1,2\n")) == {"#id": [1.0], "b": [2.0]}


def test_comments_are_no_rows_and_lines_stay_right(tmp_path: Path) -> None:
    file = write(tmp_path, 'a,b\n# "one\n1,2\n  # two, 3, 4\n3,oops\n' + "".join(f"{n},{n}\n" for n in range(20)))
    assert read(file, {"a": "number", "b": "text"}, comment="#")["b"][:3] == ["2", "oops", "0"]
    with pytest.raises(DataError) as caught:
        read(file, {"b": "number"}, comment="#")
    assert caught.value.problems[0].line == 5


def test_a_comma_in_a_header_of_semicolons(tmp_path: Path) -> None:
    assert list(read(write(tmp_path, "Preis, EUR;Menge\n1,29;6,4\n2,5;3,3\n"))) == ["Preis, EUR", "Menge"]


def test_commas_in_texts_of_a_file_of_bars(tmp_path: Path) -> None:
    assert read(write(tmp_path, "id|na,me|val\n1|a, b|2\n2|c, d|3\n"))["na,me"] == ["a, b", "c, d"]
    assert list(read(write(tmp_path, "id,name,genres\n1,x,A|B\n2,y,C|D\n"))) == ["id", "name", "genres"]


def test_semicolons_in_cells_are_no_delimiters(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a,b\n1,x;y\n2,z\n"))["b"] == ["x;y", "z"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,29", "6,4", "-0,5"], [1.29, 6.4, -0.5]),
        (["1.234,5", "2,5", "1.000.000,0"], [1234.5, 2.5, 1e6]),
        (["1 234,5", "2,5", "7"], [1234.5, 2.5, 7.0]),
        (["0,125", "0,250", "NA"], [0.125, 0.25, None]),
        (["1,5e3", ",5", "3"], [1500.0, 0.5, 3.0]),
    ],
)
def test_decimal_commas_are_found(tmp_path: Path, cells: list[str], expected: list[float | None]) -> None:
    text = "a;b\n" + "".join(f"{cell};x\n" for cell in cells)
    file = write(tmp_path, text)
    assert read(file)["a"] == expected
    assert doubts(file) == ()
    plain = [None if value is None else value for value in expected]
    assert [None if cell is None else float(cell) for cell in read(file, {"a": "text"})["a"]] == plain
    assert [cell or "" for cell in read(file, {"a": "exact"})["a"]] == cells


@pytest.mark.parametrize(
    ("cells", "expected"),
    [(["1,234.50", "2,500.25", "7"], [1234.5, 2500.25, 7.0]), (["1'234.5", "2.5", "NA"], [1234.5, 2.5, None])],
)
def test_thousands_are_found_beside_a_decimal_point(
    tmp_path: Path, cells: list[str], expected: list[float | None]
) -> None:
    file = write(tmp_path, "a,b\n" + "".join(f'"{cell}",x\n' for cell in cells))
    assert read(file)["a"] == expected
    assert doubts(file) == ()


@pytest.mark.parametrize(
    "text",
    [
        "a;b\n1,5;1,234.5\n2,5;1,000.5\n",
        'a,b\n"1,29",x\n"6,4",y\n',
        "a;b\n1,234;x\n5,678;y\n",
        "a;b\n1,29;1.5\n6,4;2.5\n",
    ],
)
def test_what_may_be_decimal_commas_is_a_doubt(tmp_path: Path, text: str) -> None:
    file = write(tmp_path, text)
    assert {doubt.rule for doubt in doubts(file)} == {"number-format"}
    assert doubts(file, decimal=".") == ()


def test_points_among_decimal_commas_are_never_guessed(tmp_path: Path) -> None:
    file = write(tmp_path, "a;b\n1.234;0,5\n5.678;0,25\n")
    assert [doubt.rule for doubt in doubts(file)] == ["number-format"]
    with pytest.raises(DataError) as caught:
        read(file, {"a": "number"})
    assert "row 1 holds '1.234'" in caught.value.problems[0].message
    assert read(file, thousands=".") == {"a": [1234.0, 5678.0], "b": [0.5, 0.25]}


numbers = st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 3))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(numbers, min_size=1, max_size=8), st.sampled_from([",", "."]), st.sampled_from(["", ",", ".", " ", "'"])
)
def test_numbers_are_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], decimal: str, thousands: str
) -> None:
    if thousands == decimal:
        return
    written = [f"{value:,.3f}".replace(",", "T").replace(".", decimal).replace("T", thousands) for value in values]
    file = write(tmp_path_factory.mktemp("numbers"), "a;b\n" + "".join(f"{cell};x\n" for cell in written))
    found = read(file, {"a": "number"}, decimal=decimal, thousands=thousands or None, delimiter=";")
    assert found["a"] == values


@pytest.mark.parametrize(
    ("text", "doubtful"),
    [
        ("6,148,72,33.6,1\n1,85,66,26.6,0\n", True),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", True),
        ("?,3,b\n1,4,b\n2,5,b\n", True),
        ("5,a\n3,a\n2,b\n", True),
        ("2024-01-01,1\n2024-01-02,2\n", True),
        ("1.2.2024,x,y\n3.2.2024,x,z\n", True),
        ("id,2024-01-01,2024-02-01\n1,5,6\n", False),
        ("a,b\n1,2\n", False),
        ("2019,2020,2021\n1.5,2.5,3.5\n", False),
        ("label,0,1,2\n7,0,0,255\n", False),
        ("x,y\na,b\nb,a\n", False),
        ("a,b\n", False),
    ],
)
def test_a_header_that_looks_like_data_is_a_doubt(tmp_path: Path, text: str, doubtful: bool) -> None:
    file = write(tmp_path, text)
    assert [doubt.rule for doubt in doubts(file)] == ["header-looks-like-data"] * doubtful
    assert doubts(file, header=True) == ()
    places = range(1, len(text.splitlines()[0].split(",")) + 1)
    assert delimited_header(file, options(header=False)).names == tuple(f"column_{place}" for place in places)


def test_repeated_values_of_a_first_row_lead_to_the_header(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(write(tmp_path, "1,1,0.5\n2,3,0.25\n"))
    assert "header: false" in caught.value.problems[0].hint


def test_columns_with_a_header_and_without(tmp_path: Path) -> None:
    expected = {"n": [1.0, 2.0], "s": ["x", "y"]}
    names = ("n", "s")
    assert read(write(tmp_path, "1,x\n2,y\n"), columns=names) == expected
    assert read(write(tmp_path, "n,s\n1,x\n2,y\n"), columns=names) == expected
    other = write(tmp_path, "other,names\n1,x\n2,y\n")
    with pytest.raises(DataError) as caught:
        read(other, columns=names)
    assert caught.value.problems[0].rule == "header"
    assert read(other, columns=names, header=True) == expected


def test_ranges_of_names() -> None:
    assert expand_ranges(["y", "t{1..3}"]) == ("y", "t1", "t2", "t3")
    assert expand_ranges(["t{08..10}", "{2..1}x{0..1}"]) == ("t08", "t09", "t10", "2x0", "2x1", "1x0", "1x1")
    assert expand_ranges(["{a..b}", "{1..}", "x"]) == ("{a..b}", "{1..}", "x")


def test_a_wide_header_is_read_whole(tmp_path: Path) -> None:
    names = [f"a rather long name of a column {place}" for place in range(5_000)]
    assert delimited_header(
        write(tmp_path, ",".join(names) + "\n" + ",".join(["1"] * 5_000) + "\n"), options()
    ).names == (*names,)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "blanks"])
@pytest.mark.parametrize("comment", [None, "#"])
def test_small_blocks_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delimiter: str, comment: str | None
) -> None:
    mark = "   " if delimiter == "blanks" else f" {delimiter} "
    rows = [["n", "text"], *([str(number), f'"a {delimiter}\n ""{number}"" "'] for number in range(500))]
    text = "".join(mark.join(row) + "\n" for row in rows)
    file = write(tmp_path, text)
    whole = read(file, delimiter=delimiter, comment=comment)
    assert whole["text"][7] == f'a {delimiter}\n "7" '
    monkeypatch.setattr("dlcli.data.sources.delimited.source.BLOCK_BYTES", 1 << 9)
    assert read(file, delimiter=delimiter, comment=comment) == whole


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a;b\nx;3.498\ny;12.100\n", True),
        ("a;b\nx;0.498\ny;12.100\n", False),
        ("a;b;c\nx;3.498;1.5\ny;12.100;2\n", False),
        ("a,b\nx,3.498\ny,12.100\n", False),
    ],
)
def test_points_in_files_of_semicolons_may_part_thousands(text: str, told: bool, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(text, encoding="utf-8")
    assert ("number-format" in {doubt.rule for doubt in doubts(file)}) is told
