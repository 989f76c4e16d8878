"""The options of dates and times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from dlcli.config.options.feature import Cells, Feature

__all__ = ["FEATURE", "DatetimeFeature"]

DatetimePart = Literal["timestamp", "year", "month", "day", "weekday", "day_of_year", "hour", "minute", "second"]


class DatetimeFeature(Feature):
    """A date or a time, taken apart into numbers."""

    order: ClassVar[int] = 4
    synonyms: ClassVar[tuple[str, ...]] = ("date", "time", "timestamp")
    cells: ClassVar[Cells] = "datetime"

    type: Literal["datetime"] = "datetime"
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

    @property
    def filling(self) -> str:
        return "" if self.missing == "error" else self.missing

    def fitted(self, state: Mapping[str, Any]) -> Self:
        return self if self.parts is not None else self.model_copy(update={"parts": state["parts"]})

    @property
    def date_format(self) -> str | None:
        return self.format


FEATURE = DatetimeFeature
