"""Free text, split into words as Keras's TextVectorization does."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.data.columns.arrays import plain_numbers, texts_array
from dlcli.data.columns.cell_faults import missing_values, no_values
from dlcli.data.columns.cells import labels
from dlcli.data.columns.codec import Codec, Column, Encoded
from dlcli.errors import DataError

if TYPE_CHECKING:
    from dlcli.codecs.text.schema import TextFeature

__all__ = ["CODEC", "TextCodec", "build"]

_PUNCTUATION = r'[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']'
"""What Keras strips: `keras.layers.TextVectorization`, `standardize="lower_and_strip_punctuation"`."""


@dataclasses.dataclass(frozen=True)
class _Tokens:
    """The words of some rows, one after the other.

    Args:
        rows: `(tokens,)`, the row of each word.
        codes: `(tokens,)`, its place in `words`.
        words: The different words.
        missing: `(rows,)`, true where there is no text.
    """

    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    words: tuple[str, ...]
    missing: NDArray[np.bool_]


class TextCodec:
    """Encodes text over a vocabulary: the most frequent words of the training split.

    Everything follows Keras's `TextVectorization`, so that the layer can take its place in an exported model: ASCII
    letters become lower-case, punctuation is stripped, words end at ASCII white space; words are ordered by
    frequency and, among equals, backwards by text. A vector has a number for each word, the first for the unknown
    ones; in a sequence 0 is padding, 1 an unknown word, and words start at 2. `tf_idf` is the number of times that a
    word occurs in the text times `log(1 + texts / (1 + texts with the word))`; unknown words weigh the average.

    Args:
        columns: The one column.
        encode: `multi_hot`, `count` or `tf_idf`: `(1 + words,)` float32; `sequence`: `(length,)` int32.
        length: Words that a sequence is cut or padded to, at its end.
        max_tokens: Size of the vocabulary, unknown and padding included.
        missing: An empty cell is an `empty` text, or an `error`.

    Example:
        >>> codec = TextCodec(("note",), encode="count")
        >>> codec.fit([pa.array(["Good, good!", "bad"])])
        >>> codec.finish()
        >>> codec.encode([pa.array(["good good news"])])
        array([[1., 2., 0.]], dtype=float32)
    """

    type: ClassVar[str] = "text"
    reads: ClassVar[Literal["number", "text"]] = "text"
    padding: int | None = 0
    embedding: None = None

    def __init__(
        self,
        columns: Sequence[str],
        *,
        encode: Literal["multi_hot", "count", "tf_idf", "sequence"] = "tf_idf",
        length: int | None = None,
        max_tokens: int = 1000,
        missing: Literal["empty", "error"] = "empty",
    ) -> None:
        if (length is not None) != (encode == "sequence"):
            raise ValueError(f"length is for sequences, and sequences need one; got encode={encode!r}, length={length}")
        self.columns = tuple(columns)
        self._encode = encode
        self._length = length
        self._max_tokens = max_tokens
        self._missing = missing
        self._seen: Counter[str] = Counter()
        self._seen_in: Counter[str] = Counter()
        self._texts = 0
        self._words: tuple[str, ...] = ()
        self._documents: tuple[int, ...] = ()
        self._index: dict[str, int] = {}
        self._weights: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self._complete = True
        self.gaps = 0

    @property
    def stand_in(self) -> str:
        """What an empty cell becomes."""
        return "an empty text"

    @property
    def words(self) -> tuple[str, ...]:
        """The vocabulary, without unknown and padding."""
        return self._words

    @property
    def weights(self) -> NDArray[np.float32]:
        """The inverse document frequency of each index, unknown words first: `(1 + words,)`."""
        return self._weights

    @property
    def shape(self) -> tuple[int, ...]:
        """`(length,)` for sequences, else a number for each word and one for the unknown."""
        return (len(self._words) + 1,) if self._length is None else (self._length,)

    @property
    def dtype(self) -> Literal["float32", "int32"]:
        """`int32` for sequences."""
        return "float32" if self._length is None else "int32"

    @property
    def vocabulary(self) -> int | None:
        """How many indices sequences have, padding and unknown included."""
        return None if self._length is None else len(self._words) + self._first

    def index_names(self) -> tuple[str, ...]:
        """The words of a sequence's indices; padding is `<padding>`, and an unknown word `<unknown>`."""
        return ("<padding>", "<unknown>", *self._words)

    def fit(self, values: Sequence[Column]) -> None:
        """Count the words of a chunk of training rows."""
        (column,) = values
        tokens = _tokenise(column)
        size = len(tokens.words)
        self._texts += len(tokens.missing)
        self._complete = self._complete and not tokens.missing.any()
        self._seen.update(_counts(tokens.words, tokens.codes))
        once = np.unique(tokens.rows * size + tokens.codes) % max(size, 1)
        self._seen_in.update(_counts(tokens.words, once))

    def finish(self) -> None:
        """Choose the vocabulary.

        Raises:
            DataError: There is no word.
        """
        if not self._seen:
            raise no_values(self.columns, "words")
        by_frequency = sorted(self._seen, key=lambda word: (self._seen[word], word), reverse=True)
        self._words = tuple(by_frequency[: self._max_tokens - self._first])
        self._documents = tuple(self._seen_in[word] for word in self._words)
        self._seen.clear()
        self._seen_in.clear()
        self._index_words()

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows: `(rows, 1 + words)` float32, or `(rows, length)` int32.

        Raises:
            DataError: Missing texts, where they are errors.
        """
        (column,) = values
        (name,) = self.columns
        tokens = _tokenise(column)
        if self._missing == "error" and tokens.missing.any():
            hint = "`missing: empty` reads them as empty texts"
            raise DataError(missing_values(name, tokens.missing, start=start, hint=hint))
        if self._complete:
            self.gaps += int(tokens.missing.sum())
        target = np.empty((len(tokens.missing), *self.shape), dtype=self.dtype) if out is None else out
        target[...] = 0
        unknown = self._first - 1
        table = np.array([self._index.get(word, unknown) for word in tokens.words], dtype=np.int64)
        indices = table[tokens.codes]
        if self._length is not None:
            places = np.arange(len(indices)) - np.searchsorted(tokens.rows, tokens.rows)
            kept = places < self._length
            target[tokens.rows[kept], places[kept]] = indices[kept]
            return target
        cells, counts = np.unique(tokens.rows * self.shape[0] + indices, return_counts=True)
        row, index = np.divmod(cells, self.shape[0])
        match self._encode:
            case "multi_hot":
                target[row, index] = 1
            case "count":
                target[row, index] = counts
            case _:
                target[row, index] = counts * self._weights[index]
        return target

    def names(self) -> tuple[str, ...]:
        """`note=word` for each word; `note[0]` for each place of a sequence."""
        (column,) = self.columns
        if self._length is not None:
            return tuple(f"{column}[{place}]" for place in range(self._length))
        return (f"{column}=<unknown>", *(f"{column}={word}" for word in self._words))

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {
            "type": self.type,
            "columns": list(self.columns),
            "encode": self._encode,
            "length": self._length,
            "max_tokens": self._max_tokens,
            "missing": self._missing,
            "texts": self._texts,
            "words": list(self._words),
            "texts_with_word": list(self._documents),
            "complete": self._complete,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        options = {key: state[key] for key in ("encode", "length", "max_tokens", "missing")}
        codec = cls(state["columns"], **options)
        codec._texts = state["texts"]
        codec._words = tuple(state["words"])
        codec._documents = tuple(state["texts_with_word"])
        codec._complete = state.get("complete", False)
        codec._index_words()
        return codec

    @property
    def _first(self) -> int:
        """The index of the first word: after unknown, and in sequences after padding."""
        return 1 if self._length is None else 2

    def _index_words(self) -> None:
        self._index = {word: index for index, word in enumerate(self._words, start=self._first)}
        weights = np.array([math.log(1 + self._texts / (1 + count)) for count in self._documents], dtype=np.float32)
        self._weights = np.concatenate([weights.mean(keepdims=True), weights])


def _tokenise(column: Column) -> _Tokens:
    """Split each different text once."""
    cells = labels(column, as_written=True)
    missing = cells.codes < 0
    texts = pc.ascii_lower(texts_array(cells.names, pa.large_string()))
    texts = pc.replace_substring_regex(texts, _PUNCTUATION, "")
    split = pc.ascii_split_whitespace(texts)
    words = pc.list_flatten(split)
    sizes = plain_numbers(pc.list_value_length(split)).astype(np.int64)
    ends = np.cumsum(sizes)
    # The words of every row: the words of its text, once for each row that has it.
    present = np.flatnonzero(~missing)
    of_row = cells.codes[present]
    lengths = sizes[of_row]
    rows = np.repeat(present, lengths)
    offsets = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    places = np.repeat(ends[of_row] - lengths, lengths) + offsets
    found = labels(words, as_written=True)
    codes = found.codes[places]
    empty = [place for place, word in enumerate(found.names) if not word]  # before and after white space
    kept = ~np.isin(codes, empty)
    return _Tokens(rows[kept], codes[kept], found.names, missing)


def _counts(words: Sequence[str], codes: NDArray[np.int64]) -> dict[str, int]:
    totals = np.bincount(codes, minlength=len(words)).tolist()
    return {word: total for word, total in zip(words, totals, strict=True) if total}


def build(feature: TextFeature, columns: Sequence[str], *, seed: int) -> TextCodec:
    """The codec that a config asks for."""
    encode = feature.encode
    return TextCodec(
        columns,
        encode=encode if isinstance(encode, str) else "sequence",
        length=None if isinstance(encode, str) else encode.sequence,
        max_tokens=feature.max_tokens,
        missing=feature.missing,
    )


CODEC: type[Codec] = TextCodec
