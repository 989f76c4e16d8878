"""The options of categories and classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from dlcli.config.options.feature import Feature, Target
from dlcli.config.options.pad import PadOption
from dlcli.config.options.section import ColumnName, Columns, Section

__all__ = ["FEATURE", "TARGET", "CategoryFeature", "CategoryTarget", "EmbeddingEncoding"]


class EmbeddingEncoding(Section):
    """Learn a vector for every category."""

    embedding: Annotated[int, Field(ge=1, description="Length of the vector learnt for every category.")]
    deviation: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Of the normal numbers that the vectors begin with; as Keras's Embedding when omitted."
    )


class CategoryFeature(Feature):
    """One of a known set of values, text or number."""

    order: ClassVar[int] = 2
    synonyms: ClassVar[tuple[str, ...]] = ("categorical", "string", "str", "factor", "nominal", "binary")
    of_one: ClassVar[frozenset[str]] = Feature.of_one | {"categories", "pad", "separator"}

    type: Literal["category"] = "category"
    encode: Literal["one_hot", "index", "auto", "marks"] | EmbeddingEncoding = Field(
        "one_hot",
        description="`one_hot`, `index` (for an Embedding layer of your own) or `{embedding: 8}`. `marks`: of two "
        "categories one number, -1 or 1; of more one-hot; of both an unknown value is all 0. `auto`: `marks` of up to "
        "8 categories, of more `{embedding: 8, deviation: 1}`. Sequences are one-hot.",
    )
    scale: Literal["none", "robust"] = Field(
        "none",
        description="`robust`: one-hot vectors and marks are scaled as numbers are, by median and quartiles of the "
        "training rows, so that a rare category stands out. Indices and sequences are not.",
    )
    unknown: Literal["bucket", "error"] = Field(
        "bucket", description="A value never seen in training goes to a bucket of its own, or is an error."
    )
    missing: Literal["bucket", "error", "most_frequent"] = Field(
        "bucket",
        description="An empty cell goes to the bucket of unknown values, is an error, or the most frequent value.",
    )
    max_categories: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Keep only the most frequent; the others count as unknown."
    )
    categories: list[ColumnName] | None = Field(
        None, min_length=1, description="The values and their order, when known."
    )

    pad: PadOption | None = Field(
        None,
        description="For sequences of values, in lists: `auto` fills them up to the longest of the training rows, 60 "
        "to 60 values, and cuts longer ones. Of indices 0 is what was filled up.",
    )
    separator: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="Between the values of a sequence that is written in a text; JSON, commas and blanks when omitted.",
    )

    @property
    def may_be_padding(self) -> bool:
        return self.masks_steps and self.missing != "error"

    @property
    def masks_steps(self) -> bool:
        return self.pad is not None and self.pad.mask and self.encode != "index"

    def fitted(self, state: Mapping[str, Any]) -> Self:
        if self.pad is None:
            return self
        return self.model_copy(update={"pad": self.pad.with_length(state["pad"]["length"])})

    @property
    def filling(self) -> str:
        return "most frequent" if self.missing == "most_frequent" else ""


class CategoryTarget(Target):
    """A class to predict, or one for each step, token or pixel."""

    order: ClassVar[int] = 2
    synonyms: ClassVar[tuple[str, ...]] = CategoryFeature.synonyms
    several: ClassVar[bool] = True
    kind: ClassVar[Literal["number", "category", "categories"]] = "category"

    type: Literal["category"] = "category"
    columns: Columns | None = Field(
        None,
        description="The one column, the target's name when omitted; or a column of 0 and 1 for each class, of which "
        "one is 1.",
    )
    classes: list[ColumnName] | None = Field(
        None, min_length=2, description="The classes in the order of the outputs; sorted when omitted."
    )
    shape: list[Annotated[int, Field(ge=1)]] | None = Field(
        None,
        description="A class for each step of a series or pixel of an image, such as [20] or [160, 160]; an array has "
        "its own shape. Shorter lists of classes are filled up with none.",
    )
    ignore: list[ColumnName] | None = Field(
        None, min_length=1, description="Values that are no class and are not learnt, such as padding or a border."
    )
    encode: Literal["auto", "index", "one_hot"] = Field(
        "auto", description="Class indices or one-hot vectors; `auto` follows the loss and the outputs."
    )
    missing: Literal["error", "drop"] = Field(
        "error", description="A row without the target is an error, or is left out of every split, and counted."
    )

    @property
    def has_axes(self) -> bool:
        return self.shape is not None

    @property
    def drops_rows(self) -> bool:
        return self.missing == "drop"


FEATURE, TARGET = CategoryFeature, CategoryTarget
