"""The feature types and their options. One class a type; the codec of the same name is in `data/features/`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from dlcli.config.schema.section import ColumnName, Columns, Section

__all__ = [
    "OWN_OPTIONS",
    "BooleanFeature",
    "CategoryFeature",
    "CategoryTarget",
    "DatetimeFeature",
    "Divide",
    "EmbeddingEncoding",
    "Feature",
    "FeatureDefaults",
    "NumberFeature",
    "NumberTarget",
    "SequenceEncoding",
    "Target",
    "TextFeature",
]


class Divide(Section):
    """Scale by a constant, as in pixels divided by 255."""

    divide: Annotated[float, Field(gt=0, description="The constant that every value is divided by.")]


class EmbeddingEncoding(Section):
    """Learn a vector for every category."""

    embedding: Annotated[int, Field(ge=1, description="Length of the vector learnt for every category.")]


class SequenceEncoding(Section):
    """Text as a sequence of token numbers, for an Embedding layer."""

    sequence: Annotated[int, Field(ge=1, description="Tokens a text is cut or padded to.")]


class NumberFeature(Section):
    """Numbers: a column, several columns as one vector or tensor, or an array of an `.npz` file."""

    type: Literal["number"] = "number"
    columns: Columns | None = Field(None, description="The columns, by name or glob; the feature's name when omitted.")
    shape: list[Annotated[int, Field(ge=1)]] | None = Field(
        None, description="Shape of one sample, such as [28, 28, 1]; its product is the number of columns."
    )
    scale: Literal["standard", "min_max", "none"] | Divide = Field(
        "standard",
        description="`standard`: zero mean and unit variance; `min_max`: to 0..1; `{divide: 255}`; `none`. "
        "Fitted on the training split only.",
    )
    missing: Literal["auto", "error", "mean", "median", "zero"] | float = Field(
        "auto",
        description="What an empty cell becomes: an error, the training rows' mean or median, zero, a number. `auto` "
        "is the median where training rows have empty cells, and else the mean, which prediction warns of.",
    )


class CategoryFeature(Section):
    """One of a known set of values, text or number."""

    type: Literal["category"] = "category"
    columns: Columns | None = Field(None, description="The one column; the feature's name when omitted.")
    encode: Literal["one_hot", "index"] | EmbeddingEncoding = Field(
        "one_hot", description="`one_hot`, `index` (for an Embedding layer of your own) or `{embedding: 8}`."
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


class BooleanFeature(Section):
    """true/false, yes/no, t/f, y/n, on/off or 1/0, in any case."""

    type: Literal["boolean"] = "boolean"
    columns: Columns | None = Field(None, description="The one column; the feature's name when omitted.")
    missing: Literal["error", "most_frequent"] | bool = Field(
        "most_frequent", description="What an empty cell becomes: an error, the most frequent value, true or false."
    )


DatetimePart = Literal["timestamp", "year", "month", "day", "weekday", "day_of_year", "hour", "minute", "second"]


class DatetimeFeature(Section):
    """A date or a time, taken apart into numbers."""

    type: Literal["datetime"] = "datetime"
    columns: Columns | None = Field(None, description="The one column; the feature's name when omitted.")
    format: str | None = Field(None, description="A strptime format such as `%d.%m.%Y`; ISO 8601 when omitted.")
    parts: Annotated[list[DatetimePart], Field(min_length=1)] | None = Field(
        None,
        description="`timestamp` and `year` are standardised; the others become a sine and a cosine of their cycle. "
        "When omitted: year and month; day and weekday, unless all are the first of a month; hour, where there are "
        "times.",
    )
    missing: Literal["error", "median"] = Field(
        "median", description="An empty cell is an error, or the median instant."
    )


class TextFeature(Section):
    """Free text, split into lower-case words."""

    type: Literal["text"] = "text"
    columns: Columns | None = Field(None, description="The one column; the feature's name when omitted.")
    encode: Literal["multi_hot", "count", "tf_idf"] | SequenceEncoding = Field(
        "tf_idf", description="A vector over the vocabulary, or `{sequence: 100}` for an Embedding layer."
    )
    max_tokens: Annotated[int, Field(ge=3)] = Field(
        1000, description="Size of the vocabulary, unknown and padding included."
    )
    missing: Literal["empty", "error"] = Field("empty", description="An empty cell is an empty text, or an error.")


OWN_OPTIONS = frozenset(("type", "columns", "shape", "categories"))
"""The options that say which feature it is, and are no defaults of a type."""


class FeatureDefaults(Section):
    """Options for all features of a type, given or inferred, that do not give them."""

    number: NumberFeature | None = Field(None, description="Of number features: `scale`, `missing`.")
    category: CategoryFeature | None = Field(
        None, description="Of category features: `encode`, `unknown`, `missing`, `max_categories`."
    )
    boolean: BooleanFeature | None = Field(None, description="Of boolean features: `missing`.")
    datetime: DatetimeFeature | None = Field(None, description="Of datetime features: `format`, `parts`, `missing`.")
    text: TextFeature | None = Field(None, description="Of text features: `encode`, `max_tokens`, `missing`.")

    @model_validator(mode="after")
    def _of_no_one_feature(self) -> FeatureDefaults:
        for name in type(self).model_fields:
            options = getattr(self, name)
            for key in sorted(OWN_OPTIONS - {"type"}):
                if options is not None and key in options.model_fields_set:
                    raise PydanticCustomError(
                        "defaults",
                        "`{key}` is one feature's own and no default of a type: give it in `features`",
                        {"key": key},
                    )
        return self


class NumberTarget(Section):
    """A number to predict."""

    type: Literal["number"] = "number"
    columns: Columns | None = Field(None, description="The columns; the target's name when omitted.")
    scale: Literal["auto", "standard", "min_max", "none"] = Field(
        "auto",
        description="Scale the target for training. Predictions, metrics and reports are in its own unit again; the "
        "loss is that of the scaled target. `auto` is `standard` unless the training rows are near unit scale, the "
        "last activation bounds the output, or the loss depends on the unit.",
    )
    missing: Literal["error", "drop"] = Field(
        "error", description="A row without the target is an error, or is left out of every split, and counted."
    )


class CategoryTarget(Section):
    """A class to predict."""

    type: Literal["category"] = "category"
    columns: Columns | None = Field(None, description="The one column; the target's name when omitted.")
    classes: list[ColumnName] | None = Field(
        None, min_length=2, description="The classes in the order of the outputs; sorted when omitted."
    )
    encode: Literal["auto", "index", "one_hot"] = Field(
        "auto", description="Class indices or one-hot vectors; `auto` follows the loss and the outputs."
    )
    missing: Literal["error", "drop"] = Field(
        "error", description="A row without the target is an error, or is left out of every split, and counted."
    )


def _short(value: Any) -> Any:
    """`age: number` is short for `age: {type: number}`."""
    return {"type": value} if isinstance(value, str) else value


def _type(value: Any) -> Any:
    return value.get("type") if isinstance(value, dict) else getattr(value, "type", None)


Feature = Annotated[
    Annotated[NumberFeature, Tag("number")]
    | Annotated[CategoryFeature, Tag("category")]
    | Annotated[BooleanFeature, Tag("boolean")]
    | Annotated[DatetimeFeature, Tag("datetime")]
    | Annotated[TextFeature, Tag("text")],
    Discriminator(_type),
    BeforeValidator(_short),
]

Target = Annotated[
    Annotated[NumberTarget, Tag("number")] | Annotated[CategoryTarget, Tag("category")],
    Discriminator(_type),
    BeforeValidator(_short),
]
