"""What a terminal would obey is shown instead, and a document says the same."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from dlcli.files.visible import visible, visible_json, visible_lines

SEQUENCES = ("\x1b[31m", "\x1b]0;title\x07", "\x9b31m", "\x08\x08", "\r", "\x7f", "\u202eevil", "\u2066", "\u2028")
texts = st.text() | st.sampled_from(SEQUENCES)


def is_hidden(letter: str) -> bool:
    return (
        ord(letter) < 32
        or 0x7F <= ord(letter) < 0xA0
        or letter in "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


@given(texts)
def test_nothing_hidden_is_left(text: str) -> None:
    assert not any(map(is_hidden, visible(text)))
    assert not any(map(is_hidden, visible_lines(text).replace("\n", "").replace("\t", "")))


@given(st.text(st.characters(categories=["L", "N", "P", "S", "M", "Zs"])))
def test_text_that_people_write_stays(text: str) -> None:
    assert visible(text) == text


@given(st.recursive(texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)))
def test_a_document_says_the_same(value: object) -> None:
    shown = visible_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(shown) == value
    assert not any(map(is_hidden, shown.replace("\n", "")))
