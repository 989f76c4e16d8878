"""Writing: whatever is written is read back equal, and looks as a person would write it."""

from __future__ import annotations

import math
import struct
import textwrap
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.document.reader import compose
from dlcli.config.document.writer import dump

WORDS = "1e-3 0o17 012 no y ~ null true .inf .nan a:b #x *x &x !x % @ ` { [ ] } , ? | > << = ' \" \\ "
DASHES = ["-", "--", "---", "...", "1:30", "2020-01-01"]
SPACED = ["", " ", "a ", " a", "a: b", "a:", "a #b", "- a", "? a", "a\t#b", "a" * 2000]
UNPRINTED = [
    "\n",
    "a\nb",
    "a\n",
    "\t",
    "\r\n",
    "\0",
    "\x7f",
    "\x85",
    "\u2028",
    "\ufeff",
    "\u00a0a",
    "e\u0301",
    "🎉",
    "٣",
    "ﬁ",
]
NASTY = st.sampled_from([*WORDS.split(), *DASHES, *SPACED, *UNPRINTED])
TEXT = st.text(max_size=20) | NASTY
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4))


def same(one: Any, other: Any) -> bool:
    """Equal with types, and floats bit for bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack("d", one) == struct.pack("d", other) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    text = dump(value)
    text.encode("utf-8")
    assert same(compose(text, source=None).require().value, value)


@given(st.dictionaries(TEXT.filter(lambda text: len(text) < 500), st.none() | st.booleans() | TEXT, max_size=4))
def test_other_readers_of_yaml_read_the_same_text(value: dict[str, Any]) -> None:
    assert yaml.safe_load(dump(value)) == value


def test_as_people_write_it() -> None:
    value = {
        "name": "iris",
        "data": {"train": "../data/iris.csv", "shape": [28, 28, 1], "features": {"a b": None, "no": {}}},
        "model": {"layers": [{"Dense": {"units": 8}, "name": "x"}, "Flatten", {"nested": [[1, 2], []]}]},
        "rates": [0.1, 1e-5, 1e22, math.inf, -math.inf],
        "text": ["1e-3", "plain words", "a: b", "two\nlines"],
    }
    expected = """\
        name: iris
        data:
          train: "../data/iris.csv"
          shape: [28, 28, 1]
          features:
            a b: null
            "no": {}
        model:
          layers:
            - Dense:
                units: 8
              name: x
            - Flatten
            - nested:
                - [1, 2]
                - []
        rates: [0.1, 1.0e-05, 1.0e+22, .inf, -.inf]
        text: ["1e-3", plain words, "a: b", "two\\nlines"]
        """
    assert dump(value) == textwrap.dedent(expected)


def test_long_lists_have_a_line_an_item() -> None:
    assert dump({"a": ["word" * 10] * 3}) == "a:\n" + f"  - {'word' * 10}\n" * 3


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a": b"x"}, [{"a": {1, 2}}]])
def test_refuses_what_yaml_cannot_hold(value: Any) -> None:
    with pytest.raises(TypeError):
        dump(value)


def test_refuses_text_that_no_file_can_hold() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        dump({"a": "\ud800"})
