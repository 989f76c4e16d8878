"""Dates that are read all at once are those that `strptime` reads one by one."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.columns.date_formats import fitting_formats, read_plain_dates
from dlcli.data.columns.instants import instants

FORMATS = [
    "%d/%m/%Y",
    "%m/%d/%y",
    "%Y-%m-%d",
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%H:%M, %d.%m.%y",
    "(%d|%m|%Y)",
]

numbers = st.one_of(st.integers(0, 62), st.integers(1000, 3000), st.sampled_from(["00", "01", "1 ", "\u0661", "", "x"]))
texts = st.tuples(st.sampled_from(FORMATS), st.lists(numbers, min_size=6, max_size=6)).map(
    lambda drawn: (drawn[0], _filled(drawn[0], list(map(str, drawn[1]))))
)


def _filled(form: str, parts: list[str]) -> str:
    """A text that looks like a format, with whatever numbers."""
    for name in "dmYyHMS":
        form = form.replace(f"%{name}", parts.pop() if parts else "0")
    return form


def _by_strptime(text: str, form: str) -> int | None:
    try:
        moment = datetime.datetime.strptime(text.strip(), form)
    except ValueError:
        return None
    return (moment - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1)


@given(st.lists(texts, min_size=1, max_size=5))
def test_what_is_read_at_once_is_what_strptime_reads(drawn: list[tuple[str, str]]) -> None:
    form = drawn[0][0]
    cells = [text for _, text in drawn]
    plain = read_plain_dates(cells, form)
    assert plain is not None
    expected = [_by_strptime(cell, form) for cell in cells]
    assert all(read in (None, known) for read, known in zip(plain, expected, strict=True))
    found = instants(pa.array(cells), format=form)
    assert found.unreadable.tolist() == [known is None for known in expected]
    assert found.microseconds.tolist() == [known or 0 for known in expected]


@given(st.datetimes(datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31)), st.sampled_from(FORMATS))
def test_dates_are_read_at_once(moment: datetime.datetime, form: str) -> None:
    text = moment.strftime(form.replace("%Y", f"{moment.year:04}"))
    assert read_plain_dates([text], form) == [_by_strptime(text, form)]


@pytest.mark.parametrize("form", ["%Y%m%d", "%b %d %Y", "%d/%m", "%Y", "%d/%m/%Y %z", "%d/%m/%Y %I:%M %p", "%d%%%m/%Y"])
def test_others_are_left_to_strptime(form: str) -> None:
    assert read_plain_dates(["1"], form) is None


@pytest.mark.parametrize("last", ["02/29/2023", "13/01/2020", "soon", "1/1/20200", "01/02/03"])
def test_one_late_text_refuses_a_format(last: str) -> None:
    days = [f"{1 + place % 12:02}/{1 + place % 28:02}/{1990 + place % 30}" for place in range(2000)]
    assert fitting_formats(days) == ("%m/%d/%Y",)
    assert fitting_formats([*days, last]) == ()


def test_faults_among_many_moments_are_found() -> None:
    cells = [f"2024-01-{1 + place % 28:02} 10:00" for place in range(300)]
    odd = {0: "soon", 77: "2024-02-30 10:00", 150: "2024-01-01 25:00", 299: "x2024-01-01"}
    for place, cell in odd.items():
        cells[place] = cell
    assert [place for place, fault in enumerate(instants(pa.array(cells)).unreadable) if fault] == [*odd]
