"""Free text, split into tokens as Keras's TextVectorization does."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.text.counts import TokenCounts
from dlcli.codecs.text.files import KeptTexts, Texts, blocks_of
from dlcli.codecs.text.tally import Seen, lines, problems
from dlcli.codecs.text.tokens import Split, Standardize, Tokenizer, Tokens
from dlcli.data.columns.cell_faults import missing_values, no_values
from dlcli.data.columns.codec import Codec, Column, Encoded
from dlcli.errors import DataError, Problem

if TYPE_CHECKING:
    from dlcli.codecs.text.schema import TextFeature

__all__ = ["CODEC", "TextCodec", "TextFileCodec", "build"]

_UNKNOWN = "[UNK]"
"""What unknown tokens are in the vocabulary of Keras's layer."""

_OPTIONS = (
    *("encode", "length", "padding", "truncating", "max_tokens", "min_count", "standardize", "split", "ngrams"),
    *("missing", "encoding"),
)

_LISTED = 5


class TextCodec:
    """Encodes text over a vocabulary: the most frequent tokens of the training split.

    Everything follows Keras's `TextVectorization`, so that the layer can take its place in an exported model; see
    `Tokenizer`. Tokens are ordered by frequency and, among equals, backwards by text. A vector has a number for each
    token, the first for the unknown ones; in a sequence 0 is padding, 1 an unknown token, and tokens start at 2.
    `tf_idf` is the number of times that a token occurs in the text times `log(1 + texts / (1 + texts with the token))`;
    unknown tokens weigh the average.

    Args:
        columns: The one column.
        encode: `multi_hot`, `count` or `tf_idf`: `(1 + tokens,)` float32; `sequence`: `(length,)` int32.
        length: Tokens that a sequence is cut or padded to.
        padding: Whether padding follows the tokens of a sequence, or precedes them.
        truncating: Whether the last tokens are cut, or the first.
        max_tokens: Size of the vocabulary, unknown and padding included.
        min_count: How often a token of the vocabulary occurs at least.
        standardize: See `Tokenizer`.
        split: See `Tokenizer`.
        ngrams: See `Tokenizer`.
        missing: An empty cell is an `empty` text, or an `error`.
        encoding: Of files, where cells name them.

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
        padding: Literal["post", "pre"] = "post",
        truncating: Literal["post", "pre"] = "post",
        max_tokens: int = 1000,
        min_count: int = 1,
        standardize: Standardize = "lower_and_strip_punctuation",
        split: Split = "whitespace",
        ngrams: Sequence[int] = (),
        missing: Literal["empty", "error"] = "empty",
        encoding: str = "utf-8",
    ) -> None:
        if (length is not None) != (encode == "sequence"):
            raise ValueError(f"length is for sequences, and sequences need one; got encode={encode!r}, length={length}")
        self.columns = tuple(columns)
        self._encode = encode
        self._length = length
        self._padding = padding
        self._truncating = truncating
        self._max_tokens = max_tokens
        self._min_count = min_count
        self._missing = missing
        self._encoding = encoding
        self._tokenizer = Tokenizer(standardize, split, tuple(ngrams))
        self._counts = TokenCounts()
        self._lengths: Counter[int] = Counter()
        self._kept = KeptTexts()
        self._learnt = ""
        self._texts = 0
        self._words: tuple[str, ...] = ()
        self._documents: tuple[int, ...] = ()
        self._index: dict[str, int] = {}
        self._weights: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self._seen = Seen()
        self._met = np.zeros(4, np.int64)
        self._complete = True
        self.tally = np.zeros((0, 3), np.int64)
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
        """The inverse document frequency of each index, unknown tokens first: `(1 + tokens,)`."""
        return self._weights

    @property
    def shape(self) -> tuple[int, ...]:
        """`(length,)` for sequences, else a number for each token and one for the unknown."""
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
        """The tokens of a sequence's indices; padding is `<padding>`, and an unknown token `<unknown>`."""
        return ("<padding>", "<unknown>", *self._words)

    def frequencies(self) -> tuple[int, ...]:
        """For each of `index_names` in how many training rows it is; 0 for what is no token."""
        return (0, 0, *self._documents)

    def fit(self, values: Sequence[Column]) -> None:
        """Count the tokens of a chunk of training rows. Files that cannot be read are left to `encode`."""
        (column,) = values
        for block in blocks_of(column, self._encoding, parts=self._tokenizer.parts, keep=self._kept):
            tokens, sizes = self._tokens(block)
            self._texts += len(block.codes)
            self._complete = self._complete and bool((block.codes >= 0).all())
            self._lengths.update(dict(zip(*map(np.ndarray.tolist, np.unique(sizes, return_counts=True)), strict=True)))
            counts = np.bincount(tokens.codes, minlength=len(tokens.names))
            self._counts.add(tokens.names, counts, _texts_with(tokens))

    def finish(self) -> None:
        """Choose the vocabulary.

        Raises:
            DataError: There is no token, or none is frequent enough.
        """
        if not self._counts:
            raise no_values(self.columns, self._what)
        most = self._max_tokens - self._first
        found = self._counts.most_frequent(most, least=self._min_count, usable=_can_be_known)
        if not found:
            message = f"no {self._what[:-1]} of column {self.columns[0]!r} occurs {self._min_count:,} times"
            raise DataError(Problem(message, hint="a smaller `min_count` keeps rarer ones", rule="no-values"))
        self._words = tuple(word for word, _, _ in found)
        self._documents = tuple(texts for _, _, texts in found)
        known = sum(count for _, count, _ in found)
        self._seen = Seen(self._texts, self._counts.total, self._counts.total - known, self._longer())
        self._learnt = self._said(found[-1][1])
        self._counts = TokenCounts()
        self._index_words()

    def learnt(self) -> str:
        """The size of the vocabulary, and how long texts are."""
        return self._learnt

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows: `(rows, 1 + tokens)` float32, or `(rows, length)` int32.

        Raises:
            DataError: Missing texts, where they are errors; files that cannot be read, or hold no text.
        """
        (column,) = values
        target = np.empty((len(column), *self.shape), dtype=self.dtype) if out is None else out
        target[...] = 0
        self.tally = np.zeros((len(column), 3), np.int64)
        missing = np.zeros(len(column), np.bool_)
        found: list[Problem] = []
        for block in blocks_of(column, self._encoding, parts=self._tokenizer.parts, kept=self._kept):
            part = slice(block.start, block.start + len(block.codes))
            missing[part] = block.codes < 0
            found += block.problems
            self._write(block, target[part], self.tally[part])
        if self._missing == "error" and missing.any():
            hint = "`missing: empty` reads them as empty texts"
            found.append(missing_values(self.columns[0], missing, start=start, hint=hint))
        if found:
            raise DataError(_first(found))
        if self._complete:
            self.gaps += int(missing.sum())
        self._met += (len(column), *self.tally.sum(axis=0))
        return target

    def words_of(self, column: Column) -> NDArray[np.object_]:
        """The tokens of rows as texts: `(rows, length)` where `encode` would put them, or `(rows, most of a row)`;
        the empty text in between.

        Raises:
            DataError: Files cannot be read.
        """
        parts = []
        for block in blocks_of(column, self._encoding, parts=self._tokenizer.parts, kept=self._kept):
            if block.problems:
                raise DataError(block.problems)
            tokens, sizes = self._tokens(block)
            names = np.array([*tokens.names, ""], np.object_)[tokens.codes]
            part = np.full((len(sizes), self._length or int(sizes.max(initial=0))), "", np.object_)
            self._write_sequences(part, tokens.rows, names, sizes)
            parts.append(part)
        width = max([1, *(part.shape[1] for part in parts)])
        fill = [np.pad(part, [(0, 0), (0, width - part.shape[1])], constant_values="") for part in parts]
        return np.concatenate(fill)

    def tally_lines(self, name: str, totals: Mapping[str, NDArray[np.int64]]) -> list[tuple[str, str]]:
        """How many tokens of each split are unknown, and how many texts are longer than a sequence."""
        return lines(name, totals, what=self._what, length=self._length)

    def tally_problems(self, totals: Mapping[str, NDArray[np.int64]]) -> list[Problem]:
        """Warnings where far more is unknown or cut than in the training rows."""
        column = f"column {self.columns[0]!r}"
        return [
            problem
            for split, counts in totals.items()
            if split != "train"
            for problem in problems(counts, self._seen, column, f"of the {split} split ", self._what, self._length)
        ]

    def unseen_problems(self, where: str) -> list[Problem]:
        """As `tally_problems`, of all rows that `encode` was given."""
        return problems(self._met, self._seen, f"column {self.columns[0]!r}", where, self._what, self._length)

    def forget_unseen(self) -> None:
        """Count them anew."""
        self._met[...] = 0

    def names(self) -> tuple[str, ...]:
        """`note=word` for each token; `note[0]` for each place of a sequence."""
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
            "padding": self._padding,
            "truncating": self._truncating,
            "max_tokens": self._max_tokens,
            "min_count": self._min_count,
            "standardize": self._tokenizer.standardize,
            "split": self._tokenizer.split,
            "ngrams": list(self._tokenizer.ngrams),
            "missing": self._missing,
            "file": hasattr(self, "opens_files"),
            "encoding": self._encoding,
            "texts": self._texts,
            "words": list(self._words),
            "texts_with_word": list(self._documents),
            "complete": self._complete,
            "seen": list(dataclasses.astuple(self._seen)),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self | TextFileCodec:
        """The codec whose `state` this is; runs of before have fewer options."""
        options = {key: state[key] for key in _OPTIONS if key in state}
        codec = (TextFileCodec if state.get("file") else cls)(state["columns"], **options)
        codec._texts = state["texts"]
        codec._words = tuple(state["words"])
        codec._documents = tuple(state["texts_with_word"])
        codec._complete = state.get("complete", False)
        codec._seen = Seen(*state.get("seen", ()))
        codec._index_words()
        return codec

    @property
    def _what(self) -> str:
        """What tokens are called."""
        if self._tokenizer.ngrams not in ((), (1,)):
            return "tokens"
        return "words" if self._tokenizer.split == "whitespace" else "characters"

    @property
    def _first(self) -> int:
        """The index of the first token: after unknown, and in sequences after padding."""
        return 1 if self._length is None else 2

    def _tokens(self, block: Texts) -> tuple[Tokens, NDArray[np.int64]]:
        """The tokens of a block's rows, those of each text once for each row that has it; and how many each row has."""
        tokens = self._tokenizer(block.texts)
        of_text = np.bincount(tokens.rows, minlength=len(block.texts))
        if np.array_equal(block.codes, np.arange(len(of_text))):
            return tokens, of_text
        present = np.flatnonzero(block.codes >= 0)
        of_row = block.codes[present]
        sizes = np.zeros(len(block.codes), np.int64)
        sizes[present] = lengths = of_text[of_row]
        rows = np.repeat(present, lengths)
        offsets = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        places = np.repeat((np.cumsum(of_text) - of_text)[of_row], lengths) + offsets
        return Tokens(rows, tokens.codes[places], tokens.names), sizes

    def _write(self, block: Texts, target: Encoded, tally: NDArray[np.int64]) -> None:
        tokens, sizes = self._tokens(block)
        unknown = self._first - 1
        table = np.fromiter((self._index.get(name, unknown) for name in tokens.names), np.int64, len(tokens.names))
        indices = table[tokens.codes]
        tally[:, 0] = sizes
        tally[:, 1] = np.bincount(tokens.rows[indices == unknown], minlength=len(sizes))
        if self._length is not None:
            tally[:, 2] = sizes > self._length
            self._write_sequences(target, tokens.rows, indices, sizes)
            return
        cells, counts = np.unique(tokens.rows * self.shape[0] + indices, return_counts=True)
        row, index = np.divmod(cells, self.shape[0])
        match self._encode:
            case "multi_hot":
                target[row, index] = 1
            case "count":
                target[row, index] = counts
            case _:
                target[row, index] = counts * self._weights[index]

    def _write_sequences(
        self, target: NDArray[Any], rows: NDArray[np.int64], indices: NDArray[Any], sizes: NDArray[np.int64]
    ) -> None:
        length = target.shape[1]
        places = np.arange(len(indices)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        if self._truncating == "pre":
            places -= np.maximum(sizes - length, 0)[rows]
        kept = (places >= 0) & (places < length)
        if self._padding == "pre":
            places += np.maximum(length - sizes, 0)[rows]
        target[rows[kept], places[kept]] = indices[kept]

    def _index_words(self) -> None:
        self._index = {word: index for index, word in enumerate(self._words, start=self._first)}
        weights = np.array([math.log(1 + self._texts / (1 + count)) for count in self._documents], dtype=np.float32)
        self._weights = np.concatenate([weights.mean(keepdims=True), weights])

    def _longer(self) -> int:
        """How many training texts are longer than a sequence."""
        return sum(texts for length, texts in self._lengths.items() if length > (self._length or math.inf))

    def _said(self, least: int) -> str:
        counts, what = self._counts, self._what
        about = "about " if counts.short else ""
        said = [f"vocabulary of {len(self._words):,} of {about}{counts.different:,} different {what}"]
        if counts.short >= least:
            said[0] += f" (too many to count each: those of fewer than {counts.short + least:,} may be missing)"
        ordered = sorted(self._lengths)
        upto = np.cumsum([self._lengths[length] for length in ordered])
        half, most = (ordered[int(np.searchsorted(upto, share * upto[-1]))] for share in (0.5, 0.95))
        said.append(f"{what} a text: median {half:,}, 95 % have up to {most:,}, the longest {ordered[-1]:,}")
        if none := self._lengths[0]:
            said.append(f"{none:,} text{'s' * (none != 1)} without any")
        return "; ".join(said)


class TextFileCodec(TextCodec):
    """Encodes the texts of files, which its column names."""

    opens_files: Literal[True] = True


def _texts_with(tokens: Tokens) -> NDArray[np.int64]:
    """In how many rows each of `tokens.names` is."""
    size = len(tokens.names)
    order = np.argsort(
        tokens.codes.astype(np.min_scalar_type(size)), kind="stable"
    )  # short integers sort by far faster
    codes, rows = tokens.codes[order], tokens.rows[order]
    first = np.ones(len(codes), np.bool_)
    first[1:] = (codes[1:] != codes[:-1]) | (rows[1:] != rows[:-1])
    return np.bincount(codes[first], minlength=size)


def _can_be_known(token: str) -> bool:
    """Whether the vocabulary of Keras's layer can hold it: NumPy, which it passes through, loses a NUL at the end."""
    return token != _UNKNOWN and "\0" not in token


def _first(found: Sequence[Problem]) -> list[Problem]:
    """The first of many, and how many there are beside."""
    more = len(found) - _LISTED
    rest = [Problem(f"{more:,} more texts cannot be used", rule=found[_LISTED].rule)] if more > 0 else []
    return [*found[:_LISTED], *rest]


def build(feature: TextFeature, columns: Sequence[str], *, seed: int) -> TextCodec:
    """The codec that a config asks for."""
    encode = feature.encode
    sequence = {} if isinstance(encode, str) else {"length": encode.sequence, **encode.model_dump(exclude={"sequence"})}
    return (TextFileCodec if feature.file else TextCodec)(
        columns,
        encode=encode if isinstance(encode, str) else "sequence",
        **sequence,
        max_tokens=feature.max_tokens,
        min_count=feature.min_count,
        standardize=feature.standardize,
        split=feature.split,
        ngrams=feature.ngrams or (),
        missing=feature.missing,
        encoding=feature.encoding,
    )


CODEC: type[Codec] = TextCodec
