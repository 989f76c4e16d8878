"""JSON of a run: what the standard has, each key once, and not without bound."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.runs import strict_json
from dlcli.runs.layout import needs_leave
from dlcli.runs.strict_json import read_strict

characters = st.text(st.characters(codec="utf-8"))
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | characters,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(characters, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(characters, values, max_size=4), st.booleans())
def test_what_was_written_is_read(document: dict[str, object], escaped: bool) -> None:
    assert read_strict(json.dumps(document, ensure_ascii=escaped).encode()) == document


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[1]", "expected a JSON object"),
        (b'{"a": 1, "b": 2, "a": 3}', "the key 'a' stands twice"),
        (b'{"a": {"b": 1, "b": 1}}', "the key 'b' stands twice"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b'{"a": -Infinity}', "-Infinity is no number of JSON"),
        (b'{"a": "\\ud800"}', "surrogates"),
        (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digits"),
        (b"\xff", "utf-8"),
    ],
)
def test_what_is_none(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_strict(content)


def test_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json, "MOST_VALUES", 10)
    with pytest.raises(ValueError, match="more than 10 values"):
        read_strict(b'{"a": [' + b"0," * 20 + b"0]}")


def test_a_commit_may_have_infinities() -> None:
    assert read_strict(b'{"best": Infinity}', finite=False) == {"best": float("inf")}


def test_a_command_on_a_run_with_code_is_told_with_its_leave(tmp_path: Path) -> None:
    assert needs_leave(tmp_path) == ""
    (tmp_path / "code").mkdir()
    assert needs_leave(tmp_path) == " --allow-code"
