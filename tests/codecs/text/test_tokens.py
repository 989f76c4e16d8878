"""Texts of any script, split."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.codecs.text.tokens import Tokenizer

texts = st.lists(st.text(st.characters(codec="utf-8"), max_size=12), max_size=6)


def split(tokenizer: Tokenizer, *texts: str) -> list[list[str]]:
    """The tokens of each text."""
    tokens = tokenizer(texts)
    found: list[list[str]] = [[] for _ in texts]
    for row, code in zip(tokens.rows.tolist(), tokens.codes.tolist(), strict=True):
        found[row].append(tokens.names[code])
    return found


@pytest.mark.parametrize(
    ("standardize", "text", "tokens"),
    [
        ("lower_and_strip_punctuation", "It's Ärger-lich, OK?", ["its", "Ärgerlich", "ok"]),
        ("lower", "It's OK?", ["it's", "ok?"]),
        ("strip_punctuation", "It's OK?", ["Its", "OK"]),
        ("none", "It's OK?", ["It's", "OK?"]),
        ("casefold", "Ärger ÄRGER Straße STRASSE «so»", ["ärger", "ärger", "strasse", "strasse", "«so»"]),
        ("casefold_and_strip_punctuation", "«Ärger!» ¿Qué? 10$", ["ärger", "qué", "10"]),
        ("casefold", "e\u0301 \u00e9", ["\u00e9", "\u00e9"]),
        ("none", "e\u0301 \u00e9", ["e\u0301", "\u00e9"]),
        ("casefold", "ＡＢＣ\u3000ﬁn\u00a0x", ["abc", "fin", "x"]),
        ("lower", "a\u3000b\u00a0c d", ["a\u3000b\u00a0c", "d"]),
        ("casefold", "İstanbul", ["i\u0307stanbul"]),
        ("casefold", "שלום עולם", ["שלום", "עולם"]),
    ],
)
def test_words(standardize: Any, text: str, tokens: list[str]) -> None:
    assert split(Tokenizer(standardize), text) == [tokens]


def test_characters_are_code_points() -> None:
    tokenizer = Tokenizer("none", "character")
    assert split(tokenizer, "中文 a", "e\u0301", "") == [["中", "文", " ", "a"], ["e", "\u0301"], []]
    assert split(tokenizer, "\U0001f469\u200d\U0001f467") == [["\U0001f469", "\u200d", "\U0001f467"]]


@given(texts=texts)
def test_characters_give_the_text_again(texts: list[str]) -> None:
    assert ["".join(tokens) for tokens in split(Tokenizer("none", "character"), *texts)] == texts


@given(texts=texts)
def test_folding_what_is_folded_changes_nothing(texts: list[str]) -> None:
    tokenizer = Tokenizer("casefold")
    once = split(tokenizer, *texts)
    assert split(tokenizer, *(" ".join(tokens) for tokens in once)) == once
    assert split(tokenizer, *(unicodedata.normalize("NFD", text) for text in texts)) == once


words = st.lists(st.lists(st.sampled_from("abc"), max_size=7).map(tuple), max_size=6)


@given(texts=words, widths=st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True))
def test_runs_of_tokens(texts: list[tuple[str, ...]], widths: list[int]) -> None:
    found = split(Tokenizer(ngrams=tuple(widths)), *map(" ".join, texts))
    wanted = [
        [" ".join(text[at : at + width]) for width in widths for at in range(len(text) - width + 1)] for text in texts
    ]
    assert found == wanted
