"""The `data` section: where the rows come from, what is predicted from what, and how they are split."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from dlcli.config.schema.features import Feature, Target
from dlcli.config.schema.section import ColumnName, Columns, Section, Sources, Words, as_text

__all__ = ["DataConfig", "GroupSplit"]

Fraction = Annotated[float, Field(gt=0, lt=1)]


class GroupSplit(Section):
    """Keep all rows of a group (a patient, a shop) in one split."""

    group: ColumnName = Field(description="The column that names the group.")


def _targets(value: Any) -> Any:
    """`target: species` and `target: [a, b]` are short for mappings whose types are inferred."""
    if isinstance(value, (str, int, float)):
        value = [value]
    if isinstance(value, list) and all(isinstance(name, (str, int, float)) for name in value):
        return {as_text(name): None for name in value}
    return value


def _features(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(name, (str, int, float)) for name in value):
        return {as_text(name): None for name in value}
    return value


class DataConfig(Section):
    """Tables and arrays, and what becomes of them."""

    train: Sources = Field(description="A path, a glob or a list of them; relative to the file that says so.")
    validation: Fraction | Sources | None = Field(
        None, description="A fraction of all the rows of `train`, or a source of its own."
    )
    test: Fraction | Sources | None = Field(
        None, description="A fraction of all the rows of `train`, or a source of its own."
    )
    split: Literal["random", "stratified", "ordered"] | GroupSplit = Field(
        "random",
        description="How fractions are drawn: `random`; `stratified` (each class in the same proportion); "
        "`ordered` (the last rows are the test split, those before them the validation split); `{group: column}`.",
    )
    target: Annotated[
        dict[str, Target | None],
        BeforeValidator(_targets),
        Field(min_length=1),
        Words("a column, a list of columns, or a mapping"),
    ] = Field(
        description="A column, a list of columns, or a mapping from names to types; types not given are inferred."
    )
    features: (
        Annotated[
            dict[str, Feature | None],
            BeforeValidator(_features),
            Field(min_length=1),
            Words("a list of columns, or a mapping"),
        ]
        | None
    ) = Field(None, description="Names and types; every other column, its type inferred, when omitted.")
    exclude: Columns | None = Field(
        None, description="Columns or globs that are no features when `features` is omitted."
    )
    sample_weight: ColumnName | None = Field(None, description="A column of weights, one a row, zero or more.")
    batch_size: Annotated[int, Field(ge=1)] | Literal["full"] = Field(
        32, description="Rows an update; `full` is the whole training split, 1 is stochastic gradient descent."
    )
    shuffle: bool = Field(True, description="A new order of the training split every epoch, from the seed.")
    columns: list[ColumnName] | None = Field(None, description="The column names of a file without a header.")
    delimiter: Annotated[str, Field(min_length=1, max_length=1), Words("one character")] | None = Field(
        None, description="Between the cells; a comma, or a tab for `.tsv` files, when omitted."
    )
    encoding: str = Field("utf-8", description="The text encoding of the files, such as latin-1.")
    missing_values: list[Annotated[str, BeforeValidator(as_text)]] = Field(
        default=["", "NA", "N/A", "n/a", "NaN", "nan", "NaT", "null", "NULL", "None", "#N/A", "<NA>"],
        description="Cells that count as empty, in every format: `-999` is also the number -999.0 of a Parquet file.",
    )
