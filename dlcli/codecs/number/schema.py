"""The options of numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from dlcli.config.options.feature import Cells, Feature, Target
from dlcli.config.options.number_form import WrittenNumbers
from dlcli.config.options.pad import PadOption
from dlcli.config.options.section import Columns, Divide, Words, as_divisor

__all__ = ["FEATURE", "TARGET", "NumberFeature", "NumberTarget"]


def _as_list(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else [value]


def _ascending(quantiles: list[float]) -> list[float]:
    for before, after in itertools.pairwise(quantiles):
        if after == before:
            raise ValueError(f"the quantile {after!r} is there twice")
        if after < before:
            raise ValueError(f"quantiles ascend, and {after!r} stands after {before!r}: write {sorted(set(quantiles))}")
    return quantiles


Quantiles = Annotated[
    list[Annotated[float, Field(gt=0, lt=1)]],
    BeforeValidator(_as_list),
    Field(min_length=1),
    AfterValidator(_ascending),
    Words("a list of ascending numbers between 0 and 1, such as [0.1, 0.5, 0.9]"),
]
"""The quantiles that a target is learnt by."""


class NumberFeature(WrittenNumbers, Feature):
    """Numbers: a column, several columns as one vector or tensor, or an array of an `.npz` file."""

    order: ClassVar[int] = 1
    synonyms: ClassVar[tuple[str, ...]] = ("float", "double", "int", "integer", "numeric", "numerical", "continuous")
    cells: ClassVar[Cells] = "number"
    several: ClassVar[bool] = True
    of_one: ClassVar[frozenset[str]] = Feature.of_one | {"shape", "pad", "unit", "decimal", "thousands"}

    type: Literal["number"] = "number"
    columns: Columns | None = Field(None, description="The columns, by name or glob; the feature's name when omitted.")
    shape: list[Annotated[int, Field(ge=1)]] | None = Field(
        None, description="Shape of one sample, such as [28, 28, 1]; its product is the number of columns."
    )
    scale: Annotated[
        Literal["standard", "min_max", "robust", "quantile", "none"] | Divide, BeforeValidator(as_divisor)
    ] = Field(
        "standard",
        description="`standard`: zero mean and unit variance; `min_max`: to 0..1; `robust`: by median and quartiles, "
        "what is far comes nearer, to -3..3; `quantile`: to a normal; `1/255` or `{divide: 255}`; `none`. Fitted on "
        "the training split only.",
    )
    pad: PadOption | None = Field(
        None,
        description="For sequences of several lengths, in lists or in columns whose last are empty: `auto` fills them "
        "up to the longest of the training rows, 60 to 60 steps, and cuts longer ones. Layers pass over what was "
        "filled up.",
    )
    missing: Literal["auto", "error", "mean", "median", "zero"] | float = Field(
        "auto",
        description="What an empty cell becomes: an error, the training rows' mean or median, zero, a number. `auto` "
        "is the median where training rows have empty cells, and else the mean, which prediction warns of.",
    )

    mark_missing: Literal["auto"] | bool = Field(
        False,
        description="A number more for each column, 1 where its cell is empty and else 0, so that a model can learn "
        "from what is missing. `auto`: where training rows have empty cells. Not of arrays and sequences.",
    )

    @model_validator(mode="after")
    def _check_marks(self) -> Self:
        if self.mark_missing is True and (self.shape is not None or self.pad is not None):
            raise ValueError(
                f"`mark_missing` is of single numbers, and `{'pad' if self.pad else 'shape'}` makes others"
            )
        if self.mark_missing is True and self.missing == "error":
            raise ValueError("`missing: error` leaves nothing to mark: say what an empty cell becomes besides")
        return self

    @model_validator(mode="after")
    def _check_form(self) -> Self:
        if self.number_form is not None and self.may_be_lists:
            option = "pad" if self.pad else "shape"
            raise ValueError(f"`unit`, `decimal` and `thousands` are of single numbers, and `{option}` makes others")
        return self

    @property
    def may_be_lists(self) -> bool:
        return self.pad is not None or (self.shape is not None and math.prod(self.shape) > 1)

    @property
    def may_be_padding(self) -> bool:
        return self.masks_steps and self.missing != "error"

    @property
    def masks_steps(self) -> bool:
        return self.pad is not None and self.pad.mask

    def fitted(self, state: Mapping[str, Any]) -> Self:
        return (
            self if self.pad is None else self.model_copy(update={"pad": self.pad.with_length(state["pad"]["length"])})
        )

    @property
    def filling(self) -> str:
        if self.pad is not None:
            return ""  # the cells that are empty are most often none
        return {"auto": "median", "error": ""}.get(str(self.missing), str(self.missing))

    @property
    def missing_is_open(self) -> bool:
        return self.pad is None and "auto" in (self.missing, self.mark_missing)

    @property
    def scales_pixels(self) -> bool:
        return len(self.shape or ()) == 3 and self.scale != "none"

    @property
    def is_unscaled(self) -> bool:
        return self.scale == "none"

    def with_missing(self, gaps: int) -> Self:
        if not self.missing_is_open:
            return self
        found: dict[str, Any] = {"missing": "median" if gaps else "mean"} if self.missing == "auto" else {}
        if self.mark_missing == "auto":
            found["mark_missing"] = bool(gaps) and self.missing != "error" and self.shape is None
        return self.model_copy(update=found)


class NumberTarget(WrittenNumbers, Target):
    """A number to predict, several as a vector, or an array of them: a series, an image."""

    order: ClassVar[int] = 1
    synonyms: ClassVar[tuple[str, ...]] = NumberFeature.synonyms
    cells: ClassVar[Cells] = "number"
    several: ClassVar[bool] = True

    type: Literal["number"] = "number"
    columns: Columns | None = Field(None, description="The columns; the target's name when omitted.")
    shape: list[Annotated[int, Field(ge=1)]] | None = Field(
        None, description="Shape of one sample, such as [28, 28, 1]; an array has its own."
    )
    scale: Literal["auto", "standard", "min_max", "none"] | Divide = Field(
        "auto",
        description="Scale the target for training. Predictions, metrics and reports are in its own unit again; the "
        "loss is that of the scaled target. `{divide: 255}`: by a constant. `auto` is `standard` unless the training "
        "rows are near unit scale, the last activation bounds the output, or the loss depends on the unit.",
    )
    quantiles: Quantiles | None = Field(
        None,
        description="Learn these quantiles instead of one number, such as [0.1, 0.5, 0.9]: the output has so many "
        "numbers for each of the target's, side by side, the loss is `pinball`, and the median is the prediction.",
    )
    missing: Literal["error", "drop"] = Field(
        "error", description="A row without the target is an error, or is left out of every split, and counted."
    )

    @property
    def may_be_lists(self) -> bool:
        return self.shape is not None and math.prod(self.shape) > 1

    @property
    def learnt_quantiles(self) -> tuple[float, ...]:
        return tuple(self.quantiles or ())

    @property
    def scale_is_open(self) -> bool:
        return self.scale == "auto"

    def fitted(self, state: Mapping[str, Any]) -> Self:
        return self.model_copy(update={"scale": state["scale"]}) if self.scale_is_open else self

    @property
    def drops_rows(self) -> bool:
        return self.missing == "drop"


FEATURE, TARGET = NumberFeature, NumberTarget
