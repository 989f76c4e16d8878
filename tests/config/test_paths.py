"""The notation of paths: what is written is what is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.document.places import format_path, parse_path, split_assignment

KEYS = st.text(min_size=0, max_size=12) | st.sampled_from(
    ["a.b", "0", "12", "a b", "[x]", '"', "=", "épi", "-1", "012"]
)
PATHS = st.lists(KEYS | st.integers(0, 10**8), max_size=6).map(tuple)


@given(PATHS)
def test_what_is_written_is_read(path: tuple[str | int, ...]) -> None:
    assert parse_path(format_path(path)) == path


@given(PATHS.filter(bool), st.text(max_size=20))
def test_the_value_begins_after_the_first_equals_outside_quotes(path: tuple[str | int, ...], value: str) -> None:
    assert split_assignment(f"{format_path(path)}={value}") == (path, value)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("model.layers[2].Dense.units", ("model", "layers", 2, "Dense", "units")),
        ("model.layers.2.Dense.units", ("model", "layers", 2, "Dense", "units")),
        ('data.features."a.b"', ("data", "features", "a.b")),
        ('fit.class_weight."0"', ("fit", "class_weight", "0")),
        ("a.012", ("a", "012")),
        ("", ()),
    ],
)
def test_reads_both_notations(text: str, path: tuple[str | int, ...]) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize(
    "text", [".", "a.", ".a", "a..b", "a[", "a[x]", "a[-1]", "a]", "a b", "a=b", 'a."b', 'a."b"c', "a[1]b", "a.[1"]
)
def test_refuses_what_is_no_path(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_path(text)


@pytest.mark.parametrize("text", ["", "a", "=1", "a b=1", "a.=1", '"a=1'])
def test_refuses_what_is_no_assignment(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        split_assignment(text)
