"""What every section of the config shares: strict types, no unknown keys, column names as people write them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from dlcli.config.document.scalars import WrittenInteger, from_fraction

__all__ = ["ColumnName", "Columns", "Divide", "Name", "Section", "Spoken", "Words", "as_divisor", "as_text"]


@dataclasses.dataclass(frozen=True)
class Words:
    """What a value is, for messages, where the type alone would say it badly."""

    text: str


@dataclasses.dataclass(frozen=True, eq=False)
class Spoken:
    """Reads values by the names that people have for them: `BeforeValidator(Spoken({"stereo": 2}))`.

    Args:
        values: By their names, in small letters.
    """

    values: Mapping[str, Any]

    def __call__(self, value: Any) -> Any:
        """The value that is meant."""
        return self.values.get(value.lower(), value) if isinstance(value, str) else value


class Section(BaseModel):
    """A part of the config. Values are not coerced (`"3"` is no number) and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True, allow_inf_nan=False)

    @model_serializer(mode="wrap")
    def _without_gaps(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What was left out stays out; `null` would read as if it meant something."""
        fields = {field.alias or name: field for name, field in type(self).model_fields.items()}
        values: dict[str, Any] = handler(self)
        return {
            key: value
            for key, value in values.items()
            if value is not None or key not in fields or fields[key].default is not None
        }


class Divide(Section):
    """Scale by a constant, as in pixels divided by 255."""

    divide: Annotated[float, Field(gt=0, description="The constant that every value is divided by.")]


def as_text(value: Any) -> Any:
    """Columns and classes may be named by numbers: `target: 4` means the column called `4`, `01` that called `01`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, WrittenInteger):
        return value.written
    return str(value) if isinstance(value, (int, float)) else value


def as_divisor(value: Any) -> Any:
    """A scale written as a fraction: `1/255` is `{divide: 255}`."""
    number = from_fraction(value)
    if isinstance(value, str) and isinstance(number, float) and number > 0:
        above, below = (float(part) for part in value.split("/"))
        return {"divide": below / above}
    return value


def _list(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else [value]


ColumnName = Annotated[str, BeforeValidator(as_text), Field(min_length=1), Words("a name")]
"""A column of a table, or an array of an `.npz` file."""

Columns = Annotated[
    list[ColumnName],
    BeforeValidator(_list),
    Field(min_length=1),
    Words("a column name or glob, or a list of them"),
]
"""One column or glob such as `px*`, or a list of them."""

Name = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=100),
    Words("a name of at most 100 letters (a to z), digits, `_`, `-` and `.`, that begins with a letter or digit"),
]
"""A name that is also a safe file name."""
