"""One value, one name."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.columns.names import text_name, value_name, value_names


@pytest.mark.parametrize(
    ("value", "others"),
    [
        ("1", [1, 1.0, True + 0, "1.0", "+1", " 1 ", "1e0", decimal.Decimal("1.00"), "1."]),
        ("0", [0, -0.0, "-0", "0.00"]),
        ("-0.5", [-0.5, "-.5", "-0.50", "-5e-1", decimal.Decimal("-0.5")]),
        ("9007199254740993", [2**53 + 1, "9007199254740993.0", decimal.Decimal("9007199254740993.0")]),
        ("1000000000000000000", [10**18, 1e18, "1e18", "1E+18"]),
        ("1e+22", [1e22, "1e22", "10e21"]),
        ("007", ["007", " 007"]),
        ("+01", ["+01"]),
        ("true", [True, "true", "True", "TRUE"]),
        ("tRue", ["tRue"]),
        ("2024-01-31", [datetime.date(2024, 1, 31), datetime.datetime(2024, 1, 31), "2024-01-31 00:00:00"]),
        (
            "2024-01-31T10:30:00",
            [datetime.datetime(2024, 1, 31, 10, 30), "2024-01-31 10:30", "2024-01-31T10:30:00.000"],
        ),
        ("2024-01-31T09:30:00Z", ["2024-01-31T10:30:00+01:00", "2024-01-31 09:30Z"]),
        ("2024-02-31 10:00", ["2024-02-31 10:00"]),
        ("10:30:00", [datetime.time(10, 30), "10:30:00"]),
        ("a b", ["a b", "\ta b\u00a0"]),
    ],
)
def test_one_value_has_one_name(value: str, others: list[Any]) -> None:
    assert [value_name(other) for other in others] == [value] * len(others)


@given(st.integers(-(2**63), 2**63 - 1))
def test_whole_numbers_are_exact(number: int) -> None:
    assert value_names(pa.array([number])).to_pylist() == [str(number)] == [text_name(f"{number}.0")]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_told_apart_as_float64_does(number: float) -> None:
    name = value_name(number)
    assert name is not None
    assert float(name) == number
    assert text_name(repr(number)) == name == value_names(pa.array([number]))[0].as_py()


texts = (
    st.text(max_size=6)
    | st.from_regex(r"\A[-+ ]?[0-9.eE]{1,6}[ ]?\Z")
    | st.from_regex(r"\A-?[0-9]{1,8}\.[0-9]{0,16}\Z")
    | st.sampled_from(["True", "2024-01-31 00:00"])
)


times = st.from_regex(
    r"\A(0000|0001|1900|2024)-(0[1-9]|1[0-3])-(0[1-9]|[123][0-9])[T ]"
    r"([01][0-9]|2[0-5]):(00|[0-6][0-9])(:(00|[0-6][0-9]))?\Z"
)


@given(st.lists(times | st.sampled_from(["2024-01-31 00:00", "2024-02-29T00:00:00", "2024-01-31 10:00"]), min_size=1))
def test_moments_are_named_at_once_as_one_by_one(cells: list[str]) -> None:
    assert value_names(pa.array(cells)).to_pylist() == [text_name(cell) for cell in cells]
    assert value_names(pa.array([*cells, None])).to_pylist() == [*map(text_name, cells), None]


@given(st.lists(texts | st.none()))
def test_a_column_is_named_cell_by_cell(cells: list[str | None]) -> None:
    named = value_names(pa.array(cells, pa.string())).to_pylist()
    assert named == [None if cell is None else text_name(cell) for cell in cells]
    assert value_names(pa.array(named, pa.string())).to_pylist() == named
