"""Words: the vocabulary and the vectors made with it."""

from __future__ import annotations

import math

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


def test_a_sequence_needs_its_length() -> None:
    with pytest.raises(ValueError, match="length"):
        TextCodec(["x"], encode="sequence")
