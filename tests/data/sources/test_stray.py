"""Lines that are no rows of their table: the error says how they are left out, and that is so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dlcli.data.sources.delimited.header import delimited_header
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import Reading, TableOptions, Trained
from dlcli.errors import DataError

MARKS = ["|", "%", ";", "!", "//", "@", "--"]
ROWS = "25, Private, 7, <=50K\n38, State, 13, >50K\n\n51, Private, 40, >50K\n"
NAMES = ("age", "work", "hours", "y")


def rows_of(file: Path, options: TableOptions) -> list[list[Any]]:
    source = open_source([str(file)], options, path="data.train")
    kinds = {info.name: info.kind for info in source.columns() if info.name and info.kind}
    return [values.tolist() for chunk in source.chunks(kinds) for values in chunk.columns.values()]


def new_rows(headerless: bool, **keys: Any) -> TableOptions:
    trained = Trained(
        needed=frozenset(NAMES[:3]), layouts=(NAMES, NAMES[:3]), headerless=headerless, like=Reading(delimiter=",")
    )
    return TableOptions(trained=trained, reading=Reading(**keys))


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("lines", [1, 2])
@pytest.mark.parametrize("header", [True, False])
def test_a_comment_above_the_rows(tmp_path: Path, mark: str, lines: int, header: bool) -> None:
    stray, names = f"{mark} a Cross validator\n" * lines, ", ".join(NAMES) + "\n"
    columns = None if header else NAMES
    file, clean = tmp_path / "adult.test", tmp_path / "clean.test"
    file.write_text(stray + (names if header else "") + ROWS)
    clean.write_text((names if header else "") + ROWS)
    with pytest.raises(DataError) as caught:
        rows_of(file, TableOptions(columns=columns))
    (problem,) = caught.value.problems
    assert f"data.comment: '{mark}'" in problem.hint
    read = rows_of(file, TableOptions(columns=columns, reading=Reading(comment=mark)))
    assert read == rows_of(clean, TableOptions(columns=columns))


@pytest.mark.parametrize("headerless", [True, False])
def test_a_comment_above_the_rows_to_predict_for(tmp_path: Path, headerless: bool) -> None:
    file = tmp_path / "adult.test"
    file.write_text("|1x3 Cross validator\n" + ROWS)
    with pytest.raises(DataError) as caught:
        delimited_header(file, new_rows(headerless))
    assert "--comment '|'" in caught.value.problems[0].hint
    assert delimited_header(file, new_rows(headerless, comment="|")).names == NAMES


@pytest.mark.parametrize(
    ("above", "mark"),
    [
        ("Report\n", ","),
        ("Report 2023,,,\n\n", ","),
        ('"Report, first quarter"\n', ";"),
        ("Report, 2023\nSource: ACME\n\n", ";"),
        ("Report\n", "\t"),
    ],
)
def test_titles_above_the_table_are_passed_over(above: str, mark: str, tmp_path: Path) -> None:
    table = "shop,visits,who,sales\na,1,x,20\nb,2,y,30\nc,,z,40\n".replace(",", mark)
    file, clean = tmp_path / "report.csv", tmp_path / "clean.csv"
    file.write_text(above + table)
    clean.write_text(table)
    assert rows_of(file, TableOptions()) == rows_of(clean, TableOptions())
    (doubt,) = delimited_header(file, TableOptions()).doubts
    assert (doubt.rule, doubt.line) == ("stray-line", 1)
    assert "'Report" in doubt.message
    file.write_text(above + table.replace("c", "c" + mark, 1))  # faults are told by their lines
    with pytest.raises(DataError) as caught:
        rows_of(file, TableOptions())
    assert caught.value.problems[0].line == above.count("\n") + 4


@pytest.mark.parametrize(
    "text",
    [
        *("text\nhello, world\nfoo, bar\nof, all\n", "x\n1,2\n3,4\n5,6\n", "x,,\n1,2,3\n4,5,6\n7,8,9\n"),
        *("a b\n1,2\n3,4\n5,6\n", "x\n1\n2\n3\n", "title\na,b\n"),
    ],
)
def test_what_is_no_title(text: str, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(text)
    assert delimited_header(file, TableOptions()).names[0] == text.split("\n")[0].strip(",")


def test_a_comment_among_the_rows(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,b\n1,2\n% a note\n3,4\n")
    with pytest.raises(DataError) as caught:
        rows_of(file, TableOptions())
    (problem,) = caught.value.problems
    assert (problem.rule, problem.line) == ("ragged-row", 3)
    assert "data.comment: '%'" in problem.hint
    assert rows_of(file, TableOptions(reading=Reading(comment="%"))) == [[1, 3], [2, 4]]


@pytest.mark.parametrize(
    "text", ["%fat,age\n1,2\n3,4\n", "*,b\n1,2\n", "%a\n1\n2\n", "|a|b|\n|1|2|\n", "--5,1\n--6,2\n"]
)
def test_a_header_that_begins_so_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text(text)
    assert rows_of(file, TableOptions())


@pytest.mark.parametrize(("first", "is_data"), [("20,State,0", True), ("1,State,2", False), ("3,State,2", True)])
def test_two_numbers_count_up_by_one_or_not_at_all(tmp_path: Path, first: str, is_data: bool) -> None:
    file = tmp_path / "t.csv"
    file.write_text(f"{first}\n21,State,7\n22,Private,14\n")
    rules = {doubt.rule for doubt in delimited_header(file, TableOptions()).doubts}
    assert rules == ({"header-looks-like-data"} if is_data else set())
