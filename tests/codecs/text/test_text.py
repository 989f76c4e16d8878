"""Words: the vocabulary and the vectors made with it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dlcli.codecs.text.codec import TextCodec
from dlcli.errors import DataError

NOTES = pa.array(["The cat, the CAT!", "the dog", None, "  "])


def _fit(codec: TextCodec) -> TextCodec:
    codec.fit([NOTES])
    codec.finish()
    return codec


def test_words_by_frequency_then_backwards_by_text() -> None:
    assert _fit(TextCodec(["x"])).words == ("the", "cat", "dog")
    codec = TextCodec(["x"])
    codec.fit([pa.array(["a b c"])])
    codec.finish()
    assert codec.words == ("c", "b", "a")


def test_multi_hot_and_count() -> None:
    rows = pa.array(["cat cat bird fish", None])
    assert _fit(TextCodec(["x"], encode="multi_hot")).encode([rows]).tolist() == [[1, 0, 1, 0], [0, 0, 0, 0]]
    assert _fit(TextCodec(["x"], encode="count")).encode([rows]).tolist() == [[2, 0, 2, 0], [0, 0, 0, 0]]


def test_tf_idf() -> None:
    codec = _fit(TextCodec(["x"]))
    the, cat, dog = math.log(1 + 4 / 3), math.log(1 + 4 / 2), math.log(1 + 4 / 2)
    mean = (the + cat + dog) / 3
    encoded = codec.encode([pa.array(["the bird the"])])
    np.testing.assert_allclose(encoded, [[mean, 2 * the, 0, 0]], rtol=1e-6)


def test_a_sequence_is_cut_and_padded_at_its_end() -> None:
    codec = _fit(TextCodec(["x"], encode="sequence", length=3))
    assert codec.vocabulary == 5
    rows = pa.array(["dog bird", "the cat the dog", "", None])
    assert codec.encode([rows]).tolist() == [[4, 1, 0], [2, 3, 2], [0, 0, 0], [0, 0, 0]]


def test_the_vocabulary_is_bounded_specials_included() -> None:
    assert _fit(TextCodec(["x"], max_tokens=3)).shape == (3,)
    assert _fit(TextCodec(["x"], encode="sequence", length=2, max_tokens=3)).vocabulary == 3


def test_missing_texts_can_be_an_error() -> None:
    codec = _fit(TextCodec(["x"], missing="error"))
    with pytest.raises(DataError, match=r"column 'x' has a missing value \(row 3\)"):
        codec.encode([NOTES])


def test_texts_without_words_teach_nothing() -> None:
    codec = TextCodec(["x"])
    codec.fit([pa.array(["...", "", " ", None])])
    with pytest.raises(DataError, match="column 'x' has no words in the training split"):
        codec.finish()


@pytest.mark.parametrize(
    ("padding", "truncating", "rows"),
    [
        ("post", "post", [[2, 3, 2], [4, 0, 0]]),
        ("pre", "post", [[2, 3, 2], [0, 0, 4]]),
        ("post", "pre", [[3, 2, 4], [4, 0, 0]]),
        ("pre", "pre", [[3, 2, 4], [0, 0, 4]]),
    ],
)
def test_sequences_are_cut_and_padded_at_either_end(padding: Any, truncating: Any, rows: list[list[int]]) -> None:
    codec = _fit(TextCodec(["x"], encode="sequence", length=3, padding=padding, truncating=truncating))
    texts = pa.array(["the cat the dog", "dog"])
    assert codec.encode([texts]).tolist() == rows
    assert TextCodec.from_state(codec.state()).encode([texts]).tolist() == rows


def test_rare_tokens_are_unknown() -> None:
    assert _fit(TextCodec(["x"], min_count=2)).words == ("the", "cat")
    codec = TextCodec(["x"], min_count=9)
    codec.fit([NOTES])
    with pytest.raises(DataError, match="no word of column 'x' occurs 9 times"):
        codec.finish()


def test_what_fitting_found_is_said() -> None:
    codec = _fit(TextCodec(["x"], max_tokens=3))
    assert codec.learnt() == (
        "vocabulary of 2 of 3 different words; words a text: median 0, 95 % have up to 4, the longest 4; "
        "2 texts without any"
    )
    assert "characters a text" in _fit(TextCodec(["x"], split="character")).learnt()
    assert "different tokens" in _fit(TextCodec(["x"], ngrams=[1, 2])).learnt()


def test_what_keras_cannot_hold_is_never_in_the_vocabulary() -> None:
    codec = TextCodec(["x"], standardize="none")
    codec.fit([pa.array(["[UNK] [UNK] a\0 b"])])
    codec.finish()
    assert codec.words == ("b",)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view(), None], ids=str)
def test_texts_of_every_arrow_type(kind: pa.DataType | None) -> None:
    cells = NOTES.dictionary_encode() if kind is None else NOTES.cast(kind)
    codec = TextCodec(["x"])
    codec.fit([cells])
    codec.finish()
    assert codec.encode([cells]).tolist() == _fit(TextCodec(["x"])).encode([NOTES]).tolist()
    assert codec.encode([cells[:0]]).shape == (0, 4)


def test_many_texts_are_split_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _fit(TextCodec(["x"], encode="count"))
    monkeypatch.setattr("dlcli.codecs.text.files.BLOCK_BYTES", 8)
    parts = _fit(TextCodec(["x"], encode="count"))
    assert parts.state() == whole.state()
    assert parts.encode([NOTES]).tolist() == whole.encode([NOTES]).tolist()


def test_each_row_is_tallied() -> None:
    codec = _fit(TextCodec(["x"], encode="sequence", length=2))
    codec.encode([pa.array(["a bird the", None, "the cat"])])
    assert codec.tally.tolist() == [[3, 2, 1], [0, 0, 0], [2, 0, 0]]


def test_rows_of_another_kind_are_told() -> None:
    codec = _fit(TextCodec(["x"], encode="sequence", length=4))
    codec.encode([pa.array(["the cat", "the dog"])])
    assert not codec.unseen_problems("")
    codec.encode([pa.array(["der Hund und die Katze", "a b"])])
    assert {problem.rule for problem in codec.unseen_problems("")} == {"unknown-tokens", "cut-texts"}
    codec.forget_unseen()
    assert not codec.unseen_problems("")


def test_a_state_of_before_is_read() -> None:
    codec = _fit(TextCodec(["x"], encode="sequence", length=3))
    old = ("encode", "length", "max_tokens", "missing", "columns", "texts", "words", "texts_with_word", "complete")
    before = TextCodec.from_state({key: codec.state()[key] for key in old})
    assert before.encode([NOTES]).tolist() == codec.encode([NOTES]).tolist()
    assert not before.unseen_problems("")


def test_a_sequence_needs_its_length() -> None:
    with pytest.raises(ValueError, match="length"):
        TextCodec(["x"], encode="sequence")
