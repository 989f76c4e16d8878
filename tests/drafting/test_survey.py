"""What all cells of a column tell."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.types.profile import ISO
from dlcli.drafting.looking.survey import Tally


def moments(*texts: str | None) -> bool:
    tally = Tally(0)
    tally.add(pa.array(texts, pa.string()))
    return tally.moments


LIKE = st.from_regex(r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]([ T][0-2][0-9]:[0-6][0-9]:[0-6][0-9])?\Z")
NEARLY = st.from_regex(r"\A[0-9]{4}-[0-9:-]{5}([ T][0-9:.,+Z ]{8})?\Z")


@given(text=LIKE | NEARLY)
def test_moments_are_what_iso_8601_says(text: str) -> None:
    assert moments(text) == (re.match(ISO, text) is not None)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("2024-01-31", None, "2024-02-29"), True),
        (("2024-01-31", "2024-01-31 10:00:00"), True),
        (("2024-02-31",), True),
        (("2024-01-31", "31.01.2024"), False),
        (("2024-01-31", ""), False),
        ((None,), True),
    ],
)
def test_one_cell_that_is_none_tells(texts: tuple[str | None, ...], expected: bool) -> None:
    assert moments(*texts) is expected
