"""The codecs encode as Keras's preprocessing layers do, so that these can take their place in an exported model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dlcli.codecs.category.codec import CategoryCodec
from dlcli.codecs.number.codec import NumberCodec
from dlcli.codecs.text.codec import TextCodec

pytestmark = pytest.mark.tensorflow

PIECES = ["Good", "good,", "bad!", "it's", "Ärger", "a_b", "100%", "-", "\t", "\n", " ", "\u00a0", "\x0b", "[UNK]"]


@pytest.fixture(scope="module")
def layers() -> Any:
    import keras

    return keras.layers


def _texts(seed: int, rows: int) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(PIECES, random.integers(0, 9)).tolist()) for _ in range(rows)]


@pytest.mark.parametrize("max_tokens", [3, 6, 1000])
@pytest.mark.parametrize("encode", ["multi_hot", "count", "tf_idf", "sequence"])
def test_text(layers: Any, encode: Any, max_tokens: int) -> None:
    train, rows = _texts(1, 80), [*_texts(2, 40), "unseen words, good", ""]
    sequence = encode == "sequence"
    codec = TextCodec(["x"], encode=encode, length=5 if sequence else None, max_tokens=max_tokens)
    codec.fit([pa.array(train)])
    codec.finish()
    twin = layers.TextVectorization(
        max_tokens=max_tokens,
        output_mode="int" if sequence else encode,
        output_sequence_length=5 if sequence else None,
        pad_to_max_tokens=False,
    )
    twin.adapt(np.array(train, dtype=object))
    words = [str(word) for word in twin.get_vocabulary(include_special_tokens=False)]
    assert list(codec.words) == words
    wanted = np.asarray(twin(np.array(rows, dtype=object)))
    np.testing.assert_allclose(codec.encode([pa.array(rows)]), wanted, rtol=2e-6)


def test_text_from_state_alone(layers: Any) -> None:
    """The vocabulary and the weights are all that a layer needs."""
    codec = TextCodec(["x"])
    codec.fit([pa.array(_texts(3, 50))])
    codec.finish()
    twin = layers.TextVectorization(output_mode="tf_idf", vocabulary=list(codec.words), idf_weights=codec.weights[1:])
    rows = _texts(4, 30)
    np.testing.assert_allclose(
        codec.encode([pa.array(rows)]), np.asarray(twin(np.array(rows, dtype=object))), rtol=2e-6
    )


@pytest.mark.parametrize("bucket", [True, False])
def test_category(layers: Any, bucket: bool) -> None:
    random = np.random.default_rng(5)
    values = random.choice(["b", "a", "ä", "C", "10", "9"], 200).tolist()
    strict: Any = {} if bucket else {"unknown": "error", "missing": "error"}
    one_hot, index = CategoryCodec(["x"], **strict), CategoryCodec(["x"], encode="index", **strict)
    for codec in (one_hot, index):
        codec.fit([pa.array(values)])
        codec.finish()
    rows = [*values, "unseen", ""] if bucket else values
    lookup = layers.StringLookup(vocabulary=list(index.categories), num_oov_indices=int(bucket))
    indices = np.asarray(lookup(np.array(rows, dtype=object)))
    np.testing.assert_array_equal(index.encode([pa.array(rows)]), indices)
    encoding = layers.CategoryEncoding(num_tokens=one_hot.size, output_mode="one_hot")
    np.testing.assert_array_equal(one_hot.encode([pa.array(rows)]), np.asarray(encoding(indices)))


@pytest.mark.parametrize("shape", [(5,), (4, 3), (4, 4, 2)], ids=str)
def test_number(layers: Any, shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(6)
    values = random.normal(random.uniform(-5, 5, shape), random.uniform(0.1, 9, shape), (300, *shape)).astype(
        np.float32
    )
    codec = NumberCodec(["x"])
    codec.fit([values[:100]])
    codec.fit([values[100:]])
    codec.finish()
    twin = layers.Normalization()
    twin.adapt(values)
    np.testing.assert_allclose(codec.encode([values]), np.asarray(twin(values)), rtol=1e-4, atol=1e-5)
    fixed = layers.Normalization(mean=codec.offset, variance=codec.scale**2)
    np.testing.assert_allclose(codec.encode([values]), np.asarray(fixed(values)), rtol=1e-4, atol=1e-5)
