"""What speaks against taking texts for categories."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.columns.chunk import ColumnInfo
from dlcli.data.columns.date_formats import _DATES, _TIMES, _WHOLE, fitting_formats
from dlcli.data.types.doubts import collect_doubts
from dlcli.data.types.inference import infer_feature, infer_target
from dlcli.errors import Problem


def doubts(values: list[str]) -> tuple[Problem, ...]:
    return infer_feature(pa.chunked_array([values]), ColumnInfo("x", "text")).doubts


NUMBERS = [str(number) for number in range(40)]


@pytest.mark.parametrize(
    ("values", "what", "hint"),
    [
        (["129,037", "12,500", "7,410"], "thousands separators", "write them without"),
        (["3,500", "120", "1,234,567.5"], "thousands separators", "write them without"),
        (["3,5", "1,29", "6,4"], "decimal commas", "write them with points"),
        (["0,500", "0,250"], "decimal commas", "write them with points"),
        (["1.234,5", "17,25"], "decimal commas", "data.thousands: '.'"),
        (["1.234.567", "12.500", "7"], "thousands separators", "data.thousands: '.'"),
        (["1_234", "12_500"], "thousands separators", "data.thousands"),
        (["1,234", "5,678"], "thousands separators", "data.thousands: ',' or data.decimal: ','"),
        (["1,234.5", "5,678"], "thousands separators", "data.thousands: ',' of"),
        (
            [*(f"{place},{place}5" for place in range(40)), "oops"],
            "decimal commas, such as '0,05', but for 'oops'",
            "data.decimal",
        ),
        (["12 500", "7 410"], "thousands separators", "write them without"),
        (["12%", "7.5 %"], "percent", '{type: number, unit: "%"}'),
        (["$12", "$7.50"], "currency", '{type: number, unit: "$"}'),
        (["12 €", "7,50 €"], "currency", 'decimal: ","}'),
        (["467 658,91 €", "1\u00a0012,50 €"], "currency", 'thousands: " "'),
        (["12 km", "3.5km"], "numbers with a unit", "{type: number, unit: km}"),
        (["1,250 km", "3,500 km"], "numbers with a unit", 'thousands: ","} or {type: number'),
        (["CHF 1'250.00", "CHF 90"], "currency", "unit: CHF"),
        (["8/28/2024", "10/2/2024"], "dates", "'%m/%d/%Y'"),
        (["28/8/2024", "10/2/2024"], "dates", "'%d/%m/%Y'"),
        (["31.12.2024", "01.02.2024"], "dates", "'%d.%m.%Y'"),
        (["31.12.2024 10:30", "01.02.2024 00:00"], "dates", "'%d.%m.%Y %H:%M'"),
        (["2024-1-5", "2024-11-30"], "dates", "'%Y-%m-%d'"),
        ([f"Jan {day}, 2024" for day in range(1, 9)], "text, and its values look like dates", "'%b %d, %Y'"),
        ([f"2024-01-0{day} 10:00:00 UTC" for day in range(1, 9)], "dates", "'%Y-%m-%d %H:%M:%S %Z'"),
        (["1/21/2024 3:30 PM"], "dates", "'%m/%d/%Y %I:%M %p'"),
        ([*NUMBERS, *(["?"] * len(NUMBERS))], "'?'", "missing_values"),
        ([*(f"2024-01-{day:02}" for day in range(1, 32)), *(["unknown"] * 9)], "'unknown'", "missing_values"),
        (["130.0", "?", "165.0"], "'?'", "missing_values"),
        (["Paris", "PARIS", "Rome"], "'Paris' and 'PARIS'", "alike"),
        (["New York", "New  York", "straße", "STRASSE"], "blanks alone", "alike"),
        (["2024-01-05", "n.d."], "'n.d.'", "then it is a datetime"),
        ([f"Mar {day} 2024" for day in range(1, 9)], "text, and its values look like dates", "'%b %d %Y'"),
        ([f"id{number}" for number in range(30)], "an id", "data.exclude"),
        ([f"id{number}" for number in range(150)] + ["id1"], "an id", "data.exclude"),
    ],
)
def test_doubts(values: list[str], what: str, hint: str) -> None:
    (doubt,) = doubts(values)
    assert doubt.rule == "doubtful-type"
    assert doubt.path == "data.features.x"
    assert what in doubt.message
    assert hint in doubt.hint


@pytest.mark.parametrize(
    "values",
    [
        ["a", "b", "c"],
        ["007", "010", "123"],
        ["01", "1"],
        ["1, 2", "3, 4"],
        ["A12", "B7"],
        ["1-2", "3-4"],
        ["12a", "12b"],
        [*(f"0{number}" for number in range(10))],
        ["10:30", "11:45"],
        ["", " "],
        ["?", "-"],
        ["low", "?", "high"],
        ["a", "A", "Ab", "aB", "x1Y", "x1y"],
    ],
)
def test_no_doubts(values: list[str]) -> None:
    assert not doubts(values)


def test_both_formats_are_named_when_both_fit() -> None:
    (doubt,) = doubts(["1/2/2024", "3/4/2024"])
    assert "'%d/%m/%Y'" in doubt.hint
    assert "'%m/%d/%Y'" in doubt.hint


def test_classes_that_look_like_numbers_are_a_doubt() -> None:
    column = pa.chunked_array([["1,29", "6,4", "6,4"]])
    target, _, found = infer_target(column, ColumnInfo("y", "text"), classification=None, units=1)
    assert target.type == "category"
    assert [(doubt.rule, doubt.path) for doubt in found] == [("doubtful-type", "data.target.y")]


def test_a_target_of_as_many_classes_as_rows_is_a_doubt() -> None:
    column = pa.chunked_array([[f"u{number}" for number in range(30)]])
    _, _, (doubt,) = infer_target(column, ColumnInfo("y", "text"), classification=None, units=30)
    assert "several rows" in doubt.hint


@given(
    days=st.lists(st.dates(datetime.date(1970, 1, 1), datetime.date(2068, 12, 31)), min_size=1, max_size=20),
    form=st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%b-%Y", "%d.%m.%Y %H:%M"]),
)
def test_every_format_that_is_named_reads_every_value(days: list[datetime.date], form: str) -> None:
    texts = [datetime.datetime(day.year, day.month, day.day).strftime(form) for day in days]
    found = fitting_formats(texts)
    assert form in found
    for each in found:
        for text in texts:
            datetime.datetime.strptime(text, each)


def test_the_same_doubt_about_many_columns_is_told_once() -> None:
    found = [
        infer_feature(pa.chunked_array([["1,5", "2,25"]]), ColumnInfo(f"x{place}", "text")).doubts[0]
        for place in range(9)
    ]
    (doubt,) = collect_doubts(found)
    assert "x1, x2, x3 and 5 more" in doubt.message
    assert collect_doubts(found[:3]) == tuple(found[:3])


def test_no_date_is_passed_over_before_its_format_is_tried() -> None:
    instants = [
        datetime.datetime(*parts, tzinfo=datetime.UTC) for parts in ((2001, 1, 1, 1, 1, 1), (1999, 12, 31, 23, 59, 59))
    ]
    for form in (*(date + time for date in _DATES for time in _TIMES), *_WHOLE):
        for instant in instants:
            assert form in fitting_formats([instant.strftime(form)])


def test_names_with_a_number_are_no_dates() -> None:
    for names in (["kind0", "kind1"], ["a-1"], ["10 20", "11 21"], ["00120131"], ["version 2024"], ["1.5"]):
        assert fitting_formats(names) == ()
