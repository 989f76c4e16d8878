"""The options of free text."""

from __future__ import annotations

import codecs
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from dlcli.config.options.feature import Feature
from dlcli.config.options.section import Section, Words

__all__ = ["FEATURE", "SequenceEncoding", "TextFeature"]


class SequenceEncoding(Section):
    """Text as a sequence of token numbers, for an Embedding layer."""

    sequence: Annotated[int, Field(ge=1, description="Tokens a text is cut or padded to.")]
    padding: Literal["post", "pre"] = Field("post", description="Whether padding follows the tokens or precedes them.")
    truncating: Literal["post", "pre"] = Field(
        "post", description="Whether a text that is too long loses its last tokens or its first."
    )


def _none(value: Any) -> Any:
    """Keras's `None`."""
    return "none" if value is None else value


def _widths(value: Any) -> Any:
    """`ngrams: 3` is short for `[1, 2, 3]`, as in Keras."""
    return list(range(1, value + 1)) if type(value) is int and 0 < value <= MOST_WIDE else value


def _known(encoding: str) -> str:
    """An encoding that Python knows, and that is one of text."""
    try:
        "".encode(codecs.lookup(encoding).name)
    except (LookupError, ValueError):
        reason = f"unknown encoding {encoding!r}: it is such as utf-8, latin-1, cp1252, utf-16"
        raise PydanticCustomError("options", "{reason}", {"reason": reason}) from None
    return encoding


MOST_WIDE = 10

Width = Annotated[int, Field(ge=1, le=MOST_WIDE)]


class TextFeature(Feature):
    """Free text, in a cell or in a file that the cell names, split into words or characters."""

    order: ClassVar[int] = 5
    of_one: ClassVar[frozenset[str]] = Feature.of_one | {"file"}

    type: Literal["text"] = "text"
    encode: Literal["multi_hot", "count", "tf_idf"] | SequenceEncoding = Field(
        "tf_idf", description="A vector over the vocabulary, or `{sequence: 100}` for an Embedding layer."
    )
    max_tokens: Annotated[int, Field(ge=3)] = Field(
        1000,
        description="Size of the vocabulary, unknown and padding included: the most frequent of the training rows.",
    )
    min_count: Annotated[int, Field(ge=1)] = Field(
        1, description="How often a token must occur in the training rows to be in the vocabulary."
    )
    standardize: Annotated[
        Literal[
            "lower_and_strip_punctuation",
            "lower",
            "strip_punctuation",
            "none",
            "casefold_and_strip_punctuation",
            "casefold",
        ],
        BeforeValidator(_none),
    ] = Field(
        "lower_and_strip_punctuation",
        description="What is done to a text before it is split, as in Keras, which knows the letters and punctuation "
        "of ASCII; `casefold` those of every script.",
    )
    split: Literal["whitespace", "character"] = Field("whitespace", description="Into words, or into characters.")
    ngrams: Annotated[
        Annotated[list[Width], Field(min_length=1)] | None,
        BeforeValidator(_widths),
        Words("a number, or a list of them"),
    ] = Field(
        None,
        description="Tokens in a row that are one together: `2` for single ones and pairs, `[2, 3]` for pairs and "
        "triples alone.",
    )
    missing: Literal["empty", "error"] = Field("empty", description="An empty cell is an empty text, or an error.")
    file: bool = Field(False, description="Whether the cells name files that hold the texts.")
    encoding: Annotated[str, AfterValidator(_known)] = Field(
        "utf-8", description="Of these files; one that begins with a byte order mark says its own."
    )

    @property
    def may_be_padding(self) -> bool:
        return not isinstance(self.encode, str) and self.missing == "empty"

    @property
    def opens_files(self) -> bool:
        return self.file


FEATURE = TextFeature
