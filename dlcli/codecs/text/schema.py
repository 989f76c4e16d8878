"""The options of free text."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dlcli.config.options.feature import Feature
from dlcli.config.options.section import Section

__all__ = ["FEATURE", "SequenceEncoding", "TextFeature"]


class SequenceEncoding(Section):
    """Text as a sequence of token numbers, for an Embedding layer."""

    sequence: Annotated[int, Field(ge=1, description="Tokens a text is cut or padded to.")]


class TextFeature(Feature):
    """Free text, split into lower-case words."""

    order: ClassVar[int] = 5

    type: Literal["text"] = "text"
    encode: Literal["multi_hot", "count", "tf_idf"] | SequenceEncoding = Field(
        "tf_idf", description="A vector over the vocabulary, or `{sequence: 100}` for an Embedding layer."
    )
    max_tokens: Annotated[int, Field(ge=3)] = Field(
        1000, description="Size of the vocabulary, unknown and padding included."
    )
    missing: Literal["empty", "error"] = Field("empty", description="An empty cell is an empty text, or an error.")

    @property
    def may_be_padding(self) -> bool:
        return not isinstance(self.encode, str) and self.missing == "empty"


FEATURE = TextFeature
