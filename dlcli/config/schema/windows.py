"""The `windows` of a long table: each row is a step of a series, and a sample is a window of steps."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from dlcli.config.options.section import ColumnName, Columns, Section, Words, as_text

__all__ = ["FUTURE", "STATIC", "FillGaps", "Windows", "future_of", "inputs_of_windows", "matching"]

FUTURE = "future"
"""The input that holds, for each step that is predicted, the features that are known ahead."""

STATIC = "static"
"""The input that holds the features that a series has once."""

Steps = Annotated[int, Field(ge=1)]

ColumnNames = Annotated[
    list[ColumnName],
    BeforeValidator(lambda value: value if isinstance(value, (list, tuple)) else [value]),
    Field(min_length=1),
    Words("a column name, or a list of them"),
]


def future_of(feature: str) -> str:
    """The input with a feature's values of the steps that are predicted, of one with an input of its own."""
    return f"{FUTURE}_{feature}"


class FillGaps(Section):
    """Steps that the table does not have are put in."""

    fill: Literal["previous", "linear", "zero"] = Field(
        description="What numbers are there: those of the step before, on a line between their neighbours, or 0. "
        "All else is as at the step before."
    )


class Windows(Section):
    """Each sample is a window over consecutive steps of a series; what follows the window is predicted."""

    length: Steps = Field(description="Steps of the past that a sample shows.")
    horizon: Annotated[int, Field(ge=0)] = Field(
        1,
        description="Steps that are predicted. 0: the target is that of the window's own last step, as for the class "
        "of a series.",
    )
    time: ColumnName | None = Field(
        None, description="The column of times or numbers that orders the steps; the rows are in order when omitted."
    )
    time_format: str | None = Field(
        None,
        description="How the times are written, such as `%d/%m/%Y`; ISO 8601, or what all of them fit, when omitted.",
    )
    series: ColumnNames | None = Field(
        None, description="The column, or columns, that name the series of a row; one series when omitted."
    )
    stride: Steps = Field(1, description="Steps from the beginning of a window to that of the next.")
    delay: Annotated[int, Field(ge=0)] = Field(
        0, description="Steps between the window and the first that is predicted."
    )
    sampling_rate: Steps = Field(1, description="Every how many steps of the past one is shown.")
    known: Columns | None = Field(
        None,
        description="Features that are known ahead, such as holidays: their values at the steps that are predicted are "
        f"the input `{FUTURE}`.",
    )
    static: Columns | None = Field(
        None, description=f"Features that a series has once: the input `{STATIC}`, without an axis of steps."
    )
    scale: Literal["none", "window", "series"] = Field(
        "none",
        description="Measure targets whose past is a feature by themselves, for series of different sizes: by the mean "
        "and deviation of what each window shows (`window`), or of all steps of its series up to there (`series`). "
        "Predictions and reports are in their own unit; loss and metrics are of the scaled numbers.",
    )
    look_back: bool = Field(
        False,
        description="Whether a window of the validation or test split may begin in the split before: what it is to "
        "predict stays in its own.",
    )
    gaps: Literal["break", "ignore", "error"] | FillGaps = Field(
        "break",
        description="Where steps are missing: no window crosses the gap, or windows take no notice, or it is an error; "
        "`{fill: linear}` puts steps in.",
    )
    frequency: Annotated[str, BeforeValidator(as_text), Words("a step such as `day` or `15 min`")] = Field(
        "auto", description="From one step to the next: `hour`, `day`, `month`, `15 min`, ...; found from the times."
    )
    season: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        "auto",
        description="Steps after which things come again, for the forecast that repeats the last season; by the "
        "frequency: 12 for months, 24 for hours.",
    )

    @model_validator(mode="after")
    def _nothing_is_ahead(self) -> Self:
        if self.horizon == 0 and self.delay:
            raise PydanticCustomError("windows", "with horizon: 0 nothing lies ahead, and `delay` means nothing")
        if self.time is not None and self.time in (self.series or ()):
            column = {"column": self.time}
            raise PydanticCustomError(
                "windows", "'{column}' cannot tell the time of a step and name its series", column
            )
        if globs := [name for name in self.series or () if any(mark in name for mark in "*?")]:
            message = "the columns that name a series are named one by one, and '{column}' is a glob"
            raise PydanticCustomError("windows", message, {"column": globs[0]})
        if self.time_format and self.time is None:
            raise PydanticCustomError("windows", "`time_format` says how times are written, and no column is `time`")
        if self.horizon == 0 and self.scale != "none":
            raise PydanticCustomError("windows", "with horizon: 0 the target has no past that `scale` could measure")
        if self.horizon == 0 and self.known:
            raise PydanticCustomError("windows", "with horizon: 0 nothing lies ahead that could be `known`")
        return self

    @property
    def past(self) -> int:
        """Steps from the first that a window shows to its last."""
        return (self.length - 1) * self.sampling_rate + 1

    @property
    def span(self) -> int:
        """Steps from the first that a window shows to the last that it predicts."""
        return self.past + (self.delay + self.horizon if self.horizon else 0)


def matching(names: Iterable[str], patterns: Iterable[str] | None) -> tuple[str, ...]:
    """The names that are among the patterns, or fit one of them."""
    given = tuple(patterns or ())
    return tuple(name for name in names if any(name == each or fnmatch.fnmatchcase(name, each) for each in given))


def inputs_of_windows(windows: Windows, features: Iterable[str]) -> tuple[str, ...]:
    """The inputs that windows have beside those of features.

    Args:
        windows: The section.
        features: The names of the features, as far as they are known.

    Example:
        >>> inputs_of_windows(Windows(length=3, known=["promo"]), ["promo", "sales"])
        ('future', 'future_promo')
    """
    known = dict.fromkeys([*matching(features, windows.known), *(windows.known or ())])
    ahead = (FUTURE, *map(future_of, known)) if windows.known else ()
    return (*ahead, *((STATIC,) if windows.static else ()))
