"""Texts to tokens: words or characters, and runs of them, as Keras's `TextVectorization` makes them.

Its `standardize` and `split` know ASCII alone: letters beyond it keep their case, and words end at ASCII white space.
What is called `casefold` here, for all other languages, has no counterpart in Keras.
"""

from __future__ import annotations

import dataclasses
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.data.columns.arrays import bytes_array, numbers_array, plain_numbers, texts_array
from dlcli.data.columns.cells import labels

__all__ = ["Split", "Standardize", "Tokenizer", "Tokens"]

Standardize: TypeAlias = Literal[
    "lower_and_strip_punctuation", "lower", "strip_punctuation", "none", "casefold_and_strip_punctuation", "casefold"
]
Split: TypeAlias = Literal["whitespace", "character"]

_PUNCTUATION = b"!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"
"""What Keras strips: `keras.layers.TextVectorization`, `standardize="lower_and_strip_punctuation"`."""

_LOWER = bytes.maketrans(bytes(range(65, 91)), bytes(range(97, 123)))
"""ASCII letters; no byte of a letter beyond ASCII is one of them."""

_ANY_PUNCTUATION = r"[\p{P}$+<=>^`|~]"
"""That of every script, and what else of ASCII Keras strips."""


@dataclasses.dataclass(frozen=True)
class Tokens:
    """The tokens of some rows, one after the other.

    Args:
        rows: `(tokens,)`, the row of each token, ascending.
        codes: `(tokens,)`, its place in `names`.
        names: The different tokens.
    """

    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    names: Sequence[str]


@dataclasses.dataclass(frozen=True)
class Tokenizer:
    """What splits texts.

    Args:
        standardize: What becomes of a text before. `lower` is of ASCII letters; `casefold` of those of every script,
            after NFKC, which writes what is the same in one way: letters with their accents, wide and narrow forms.
        split: `whitespace`: words, between white space (that of Unicode after `casefold`, else of ASCII);
            `character`: code points, blanks among them.
        ngrams: How many tokens in a row are one, such as `(1, 2)`: the tokens of a text and then its pairs, with a
            blank between the two. Tokens as they are when empty.

    Example:
        >>> tokens = Tokenizer()(["The cat, the CAT!", "a dog"])
        >>> [tokens.names[code] for code in tokens.codes], tokens.rows.tolist()
        (['the', 'cat', 'the', 'cat', 'a', 'dog'], [0, 0, 0, 0, 1, 1])
    """

    standardize: Standardize = "lower_and_strip_punctuation"
    split: Split = "whitespace"
    ngrams: tuple[int, ...] = ()

    @property
    def parts(self) -> int:
        """About how many tokens there are for each word."""
        return (1 if self.split == "whitespace" else 8) * max(1, len(self.ngrams))

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """The tokens of texts, each a row."""
        rows, codes, names = self._characters(texts) if self.split == "character" else self._words(texts)
        return _runs(rows, codes, names, self.ngrams) if self.ngrams else Tokens(rows, codes, names)

    def _words(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], Sequence[str]]:
        whole = self._standardized(texts)
        split = pc.utf8_split_whitespace(whole) if self._folds else pc.ascii_split_whitespace(whole)
        words, sizes = labels(pc.list_flatten(split), as_written=True), pc.list_value_length(split)
        rows = np.repeat(np.arange(len(texts)), plain_numbers(sizes).astype(np.int64))
        empty = [place for place, word in enumerate(words.names) if not word]  # before and after white space
        if not empty:
            return rows, words.codes, words.names
        kept = ~np.isin(words.codes, empty)
        return rows[kept], words.codes[kept], words.names

    def _characters(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], Sequence[str]]:
        whole = self._standardized(texts)
        points = np.frombuffer("".join(whole.to_pylist()).encode("utf-32-le"), np.uint32)
        rows = np.repeat(np.arange(len(texts)), plain_numbers(pc.utf8_length(whole)).astype(np.int64))
        there = np.zeros(sys.maxunicode + 1, np.bool_)
        there[points] = True
        codes = (np.cumsum(there) - 1)[points]
        return rows, codes, [chr(point) for point in np.flatnonzero(there).tolist()]

    @property
    def _folds(self) -> bool:
        return self.standardize.startswith("casefold")

    def _standardized(self, texts: Sequence[str]) -> pa.Array:
        strips = self.standardize.endswith("strip_punctuation")
        if self._folds:
            whole = texts_array([_folded(text) for text in texts], pa.large_string())
            return pc.replace_substring_regex(whole, _ANY_PUNCTUATION, "") if strips else whole
        lower, stripped = _LOWER if self.standardize.startswith("lower") else None, _PUNCTUATION if strips else b""
        return bytes_array([text.encode().translate(lower, stripped) for text in texts]).cast(pa.large_string())


def _folded(text: str) -> str:
    """Folding may leave what NFKC would write otherwise, and what it then writes may fold once more."""
    if text.isascii():
        return text.lower()
    once = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", once.casefold())


def _runs(rows: NDArray[np.int64], codes: NDArray[np.int64], names: Sequence[str], widths: Sequence[int]) -> Tokens:
    """Of each text its runs of the first width, then those of the second, and so on."""
    parts = list(_runs_of_each(rows, codes, names, widths))
    every_row = np.concatenate([part.rows for part in parts])
    starts = np.cumsum([0, *(len(part.names) for part in parts)])
    every_code = np.concatenate([part.codes + start for part, start in zip(parts, starts, strict=False)])
    order = np.argsort(every_row, kind="stable")
    return Tokens(every_row[order], every_code[order], [name for part in parts for name in part.names])


def _runs_of_each(
    rows: NDArray[np.int64], codes: NDArray[np.int64], names: Sequence[str], widths: Sequence[int]
) -> Iterator[Tokens]:
    run, written = codes, list(names)  # of one token; longer ones are made by adding a token at a time
    runs = {1: (codes, written)}
    for width in range(2, max(widths) + 1):
        within = rows[: max(0, len(rows) - width + 1)] == rows[width - 1 :]
        longer = np.full(len(rows), -1, np.int64)
        ends = np.flatnonzero(within)
        pairs = run[ends] * len(names) + codes[ends + width - 1]
        found = numbers_array(pairs).dictionary_encode()  # by far faster than what np.unique does
        different = plain_numbers(found.dictionary)
        longer[ends] = plain_numbers(found.indices)
        firsts, lasts = np.divmod(different, max(len(names), 1))
        written = [
            f"{written[first]} {names[last]}" for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
        ]
        run = longer
        runs[width] = (run, written)
    for width in widths:
        of_width, known = runs[width]
        kept = np.flatnonzero(of_width >= 0)
        yield Tokens(rows[kept], of_width[kept], known)
