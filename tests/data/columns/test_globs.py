"""Names and globs become columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.columns.globs import expand_columns
from dlcli.errors import ConfigError

PIXELS = ["px10", "label", "px2", "px1", "id"]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["px*"], ("px10", "px2", "px1")),
        (["px?"], ("px2", "px1")),
        (["px[12]"], ("px2", "px1")),
        (["id", "label"], ("id", "label")),
        (["px10", "px*"], ("px10", "px2", "px1")),
        (["*"], ("px10", "label", "px2", "px1", "id")),
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


@given(st.lists(st.text(max_size=8).filter(lambda name: name != "*"), unique=True, max_size=20))
def test_a_glob_keeps_the_order_of_the_file(names: list[str]) -> None:
    assert expand_columns(["*"], names) == tuple(names) if names else True


def test_a_series_stays_as_it_stands_in_the_file() -> None:
    lags = [f"lag_{number}" for number in range(24, 0, -1)]
    assert expand_columns(["lag_*"], ["y", *lags]) == tuple(lags)
