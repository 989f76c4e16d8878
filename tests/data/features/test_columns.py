"""Names and globs become columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.features.columns import expand_columns, natural_key
from dlcli.errors import ConfigError

PIXELS = ["px10", "label", "px2", "px1", "id"]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["px*"], ("px1", "px2", "px10")),
        (["px?"], ("px1", "px2")),
        (["px[12]"], ("px1", "px2")),
        (["id", "label"], ("id", "label")),
        (["px10", "px*"], ("px10", "px1", "px2")),
        (["*"], ("id", "label", "px1", "px2", "px10")),
    ],
)
def test_expands(patterns: list[str], expected: tuple[str, ...]) -> None:
    assert expand_columns(patterns, PIXELS) == expected


def test_a_column_that_looks_like_a_glob_is_itself() -> None:
    assert expand_columns(["a*"], ["ab", "a*"]) == ("a*",)


def test_every_unknown_name_is_a_problem() -> None:
    with pytest.raises(ConfigError) as error:
        expand_columns(["lable", "px*", "q*"], PIXELS)
    first, second = error.value.problems
    assert first.message == "there is no column 'lable'"
    assert first.hint == "did you mean 'label'?"
    assert second.message == "no column matches 'q*'"
    assert second.hint == "the columns are px10, label, px2, px1, id"
    assert {first.rule, second.rule} == {"missing-column"}


@given(st.lists(st.text(max_size=8), unique=True, max_size=20))
def test_natural_order_is_total(names: list[str]) -> None:
    ordered = sorted(names, key=natural_key)
    backwards = names[::-1]
    assert sorted(backwards, key=natural_key) == ordered
    assert sorted(ordered) == sorted(names)


@given(st.lists(st.integers(0, 10**6), unique=True, max_size=20))
def test_numbers_are_ordered_by_value(numbers: list[int]) -> None:
    ordered = sorted((f"px{number}" for number in numbers), key=natural_key)
    assert ordered == [f"px{number}" for number in sorted(numbers)]
