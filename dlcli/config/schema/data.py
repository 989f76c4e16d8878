"""The `data` section: where the rows come from, what is predicted from what, and how they are split."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from dlcli.config.options.feature import Feature
from dlcli.config.options.section import ColumnName, Columns, Section, Words, as_text
from dlcli.config.options.sources import KERAS_NAMES, KerasData, Sources
from dlcli.config.schema.component import Component
from dlcli.config.schema.features import AnyFeature, AnyTarget, FeatureDefaults
from dlcli.config.schema.windows import Windows, inputs_of_windows

__all__ = ["REST", "USUAL_MARKS", "DataConfig", "Fold", "GroupSplit", "OnlyTheseMarks", "OrderedSplit"]

REST = "..."
"""Among the features: every column that no other feature and nothing else takes."""

NO_TARGET = "none"
"""In place of targets: there are none. A column of that name is `[none]`."""

AUTO = "auto"
"""In place of a type: as the values show it."""

Fraction = Annotated[float, Field(gt=0, lt=1)]


class GroupSplit(Section):
    """Keep all rows of a group (a patient, a shop) in one split."""

    group: ColumnName = Field(description="The column that names the group.")


class OrderedSplit(Section):
    """The rows in the order of a column, such as a date: the last are the test split."""

    ordered: ColumnName = Field(description="The column of numbers or times by which the rows are ordered.")


class Fold(Section):
    """One of several parts of the training rows, each of which is validated on once: a part of a cross-validation."""

    number: Annotated[int, Field(ge=1)] = Field(description="Which fold this is, from 1.")
    of: Annotated[int, Field(ge=2, le=1000)] = Field(description="How many folds there are.")
    repeat: Annotated[int, Field(ge=1)] = Field(1, description="Which of several divisions into folds, from 1.")

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if self.number > self.of:
            message = "there is no fold {number} of {of}: they are numbered from 1"
            raise PydanticCustomError("fold", message, {"number": self.number, "of": self.of})
        return self


Mark = Annotated[str, BeforeValidator(as_text)]
"""A cell that counts as empty; `-999` and `1` are names like any other."""


class OnlyTheseMarks(Section):
    """Marks of empty cells, instead of the usual ones and not beside them."""

    only: list[Mark] = Field(description='All texts that stand for an empty cell; `""` is the cell with nothing in it.')


USUAL_MARKS = ("", "NA", "N/A", "n/a", "NaN", "nan", "NaT", "null", "NULL", "None", "#N/A", "<NA>")
"""Cells that count as empty unless the config says which do."""


def _one_mark(value: Any) -> Any:
    return [value] if isinstance(value, (str, int, float)) else value


MoreMarks = Annotated[list[Mark], BeforeValidator(_one_mark), Words("a list of texts")]


def _targets(value: Any) -> Any:
    """`target: species` and `target: [a, b]` are short for mappings whose types are inferred; `none` is no target."""
    if value == NO_TARGET:
        return {}
    if isinstance(value, (str, int, float)):
        value = [value]
    if value and isinstance(value, list) and all(isinstance(name, (str, int, float)) for name in value):
        return {as_text(name): None for name in value}
    return _inferred(value)


def _features(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(name, (str, int, float)) for name in value):
        return {as_text(name): None for name in value}
    return _inferred(value)


def _inferred(value: Any) -> Any:
    """`age: auto` is the same as a name in a list: its type is inferred."""
    if isinstance(value, dict) and AUTO in (item for item in value.values() if isinstance(item, str)):
        return {key: None if isinstance(item, str) and item == AUTO else item for key, item in value.items()}
    return value


class DataConfig(Section):
    """Tables and arrays, and what becomes of them."""

    train: Sources = Field(
        description="A path, a glob or a list of them; relative to the file that says so. A folder is a table of the "
        "files in it and below, with the columns `path`, `name` and `folder`. `{x: images.npy, y: labels.npy}` makes a "
        "column of each array file, `{file: a.npz, columns: {x: x_train}}` takes columns by other names, and "
        "`{keras: mnist}` is a data set of Keras's."
    )
    validation: Fraction | Sources | None = Field(
        None, description="A fraction of all the rows of `train`, or a source of its own."
    )
    test: Fraction | Sources | None = Field(
        None, description="A fraction of all the rows of `train`, or a source of its own."
    )
    split: Literal["random", "stratified", "ordered"] | GroupSplit | OrderedSplit = Field(
        "random",
        description="How fractions are drawn: `random`; `stratified` (each class in the same proportion); "
        "`ordered` (the last rows are the test split, those before them the validation split); `{ordered: column}` "
        "(the same, in the order of a column of numbers or times); `{group: column}`. With `windows` it is `ordered` "
        "when omitted, by their time; `random` and `stratified` draw whole series.",
    )
    fold: Fold | None = Field(
        None,
        description="Validate on one of several parts of the rows that are not tested on, and train on the others: "
        "what `dlcli cross-validate` writes into its runs. It takes the place of the fraction of `validation`; in "
        "order of time a fold is trained on what is before it.",
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = Field(
        None, description="Decides the splits; the config's own `seed`, which decides all else, when omitted."
    )
    target: Annotated[
        dict[str, AnyTarget | None],
        BeforeValidator(_targets),
        Words("a column, a list of columns, or a mapping"),
    ] = Field(
        description="A column, a list of columns, or a mapping from names to types; types not given are inferred. "
        "`none` where layers or the model itself add the loss."
    )
    features: (
        Annotated[
            dict[str, AnyFeature | None],
            BeforeValidator(_features),
            Field(min_length=1),
            Words("a list of columns, or a mapping"),
        ]
        | None
    ) = Field(
        None,
        description="Names and types; every other column, its type inferred, when omitted. `...: auto` among them "
        "stands for every column that the others leave; `...: {type: number, scale: none}` gives these a type.",
    )
    exclude: Columns | None = Field(
        None, description="Columns or globs that are no features when `features` is omitted or holds `...`."
    )
    defaults: FeatureDefaults | None = Field(
        None, description="Options for all features of a type that do not give them: `number: {missing: median}`."
    )
    directory: Annotated[str, Field(min_length=1), Words("a directory")] | None = Field(
        None,
        description="Where the files lie that the cells of a column name, such as images; relative to the file that "
        "says so. When omitted: beside the table. Files elsewhere are not read.",
    )
    windows: Windows | None = Field(
        None,
        description="Rows are steps of a series, and a sample is a window of them; what follows it is predicted.",
    )
    rows: Literal["files", "folders"] = Field(
        "files",
        description="Of a source that is a folder: whether each file in it and below is a row, or each folder of "
        "files, such as the pictures of a film; `path`, `name` and `folder` are then those of that folder.",
    )
    sample_weight: ColumnName | None = Field(
        None,
        description="A column of weights, zero or more: one a row, or an array of one for each step or pixel of the "
        "target.",
    )
    batch_size: Annotated[int, Field(ge=1)] | Literal["full"] = Field(
        32, description="Rows an update; `full` is the whole training split, 1 is stochastic gradient descent."
    )
    drop_last: bool = Field(
        False,
        description="Leave out the last batch of an epoch when it is a short one; with `shuffle` other rows every "
        "epoch. A batch of few rows moves the weights as far as a full one, and knows less. Fewer rows than a batch "
        "are one batch.",
    )
    shuffle: bool = Field(True, description="A new order of the training split every epoch, from the seed.")
    augment: list[Component] = Field(
        default=[],
        description="`MixUp` and `CutMix`, which mix the samples of a batch in training, and their labels with them. "
        "What changes images one by one is the feature's `augment`.",
    )
    columns: list[ColumnName] | None = Field(
        None, description="The column names of a file without a header; `t{1..60}` stands for `t1` to `t60`."
    )
    header: bool | None = Field(
        None,
        description="Whether the first row holds the names. When omitted it does, unless `columns` are given and are "
        "not what it says. Without a header and without `columns` they are called `column_1`, `column_2`, ...",
    )
    delimiter: (
        Annotated[str, Field(min_length=1, max_length=1), Words("one character")]
        | Annotated[Literal["blanks"], Words("`blanks`")]
        | None
    ) = Field(
        None,
        description="Between the cells: one character, or `blanks` for runs of spaces and tabs. When omitted: a comma, "
        "or a tab for `.tsv` files, unless the first rows show another.",
    )
    encoding: str | None = Field(
        None, description="The text encoding of the files, such as latin-1; UTF-8, or what their first bytes say."
    )
    decimal: Literal[".", ","] | None = Field(
        None, description="What stands before the fraction of a number; found from the first rows when omitted."
    )
    thousands: Literal[",", ".", " ", "'", "_"] | None = Field(
        None, description="What stands between the thousands of a number, as in `1.234,5`."
    )
    comment: Annotated[str, Field(min_length=1), Words("a text such as `#`")] | None = Field(
        None, description="Rows that begin with this are none."
    )
    missing_values: MoreMarks | OnlyTheseMarks = Field(
        default=[],
        description="Cells that count as empty beside the usual ones, which are an empty text, "
        + ", ".join(f"`{mark}`" for mark in USUAL_MARKS if mark)
        + "; `{only: [...]}` instead of them. In every format: `-999` is also the number -999.0 of a Parquet file.",
    )

    @model_validator(mode="before")
    @classmethod
    def _splits_of_keras(cls, value: Any) -> Any:
        """A data set of Keras's has two splits of its own: `train` is the first, and the second is there as well."""
        train = value.get("train") if isinstance(value, dict) else None
        if not isinstance(train, dict) or train.get("keras") not in KERAS_NAMES or "split" in train:
            return value
        if not train.keys() <= KerasData.model_fields.keys():
            return value
        given = {**value, "train": {**train, "split": "train"}}
        taken = any(isinstance(value.get(name), dict) and "keras" in value[name] for name in ("validation", "test"))
        return given if taken or "test" in value else {**given, "test": {**train, "split": "test"}}

    @model_validator(mode="before")
    @classmethod
    def _windows_are_ordered(cls, value: Any) -> Any:
        """Rows that were drawn at random would leave no steps in a row."""
        if isinstance(value, dict) and value.get("windows") is not None and "split" not in value:
            return {**value, "split": "ordered"}
        return value

    @model_validator(mode="after")
    def _fold_is_the_validation_split(self) -> Self:
        if self.fold is None:
            return self
        if self.validation is not None and not isinstance(self.validation, float):
            raise PydanticCustomError(
                "fold",
                "a fold of `train` is the validation split, and `validation` is a source of its own: leave it out",
            )
        object.__setattr__(self, "validation", 1 / self.fold.of)
        return self

    def at_fold(self, fold: Fold) -> Self:
        """The same rows with a fold as the validation split."""
        return self.model_copy(update={"fold": fold, "validation": 1 / fold.of})

    @model_validator(mode="after")
    def _windows_have_an_order(self) -> Self:
        windows = self.windows
        if windows is None:
            return self
        if isinstance(self.split, OrderedSplit) and self.split.ordered != windows.time:
            raise PydanticCustomError(
                "windows",
                "windows are split in the order of their own time: split: ordered, and windows: {{time: {column}}}",
                {"column": self.split.ordered},
            )
        if self.split in ("random", "stratified") and windows.series is None:
            raise PydanticCustomError(
                "windows",
                "rows drawn at random ({split}) would leave no steps in a row; split: ordered, or name the series",
                {"split": self.split},
            )
        return self

    @property
    def shows_target(self) -> bool:
        """Whether a sample may show the target's past: what it is to predict lies after that."""
        return self.windows is not None and self.windows.horizon > 0

    @property
    def more_inputs(self) -> tuple[str, ...]:
        """The inputs that are made of features, beside them."""
        return () if self.windows is None else inputs_of_windows(self.windows, list(self.features or ()))

    @property
    def empty_cells(self) -> tuple[str, ...]:
        """All marks of an empty cell. Blanks around a cell are no part of it, nor of the marks."""
        given = self.missing_values
        marks = given.only if isinstance(given, OnlyTheseMarks) else [*USUAL_MARKS, *given]
        return tuple(dict.fromkeys([*marks, *(mark.strip() for mark in marks)]))

    @property
    def given_marks(self) -> tuple[str, ...]:
        """The marks that the config names and that are not usual."""
        given = self.missing_values
        marks = given.only if isinstance(given, OnlyTheseMarks) else given
        return tuple(dict.fromkeys(mark.strip() for mark in marks if mark.strip() not in USUAL_MARKS))

    @model_validator(mode="after")
    def _marks_of_numbers_differ(self) -> Self:
        decimal = self.decimal or ("," if self.thousands == "." else ".")
        if self.thousands == decimal:
            raise PydanticCustomError(
                "marks", "thousands and decimal are both '{mark}'; give them two marks", {"mark": decimal}
            )
        return self

    @property
    def takes_rest(self) -> bool:
        """Whether columns that the config does not name become features."""
        return self.features is None or REST in self.features

    def feature(self, name: str) -> Feature | None:
        """The type of a feature; None for one to be inferred."""
        features = self.features or {}
        return features[name] if name in features else features.get(REST)

    @model_validator(mode="after")
    def _rest_is_any(self) -> DataConfig:
        rest = (self.features or {}).get(REST)
        for key in ("columns", "shape", "unit", "decimal", "thousands"):
            if rest is not None and key in rest.model_fields_set:
                raise PydanticCustomError(
                    "rest", "the feature `...` takes whatever columns are left, and cannot have `{key}`", {"key": key}
                )
        return self
