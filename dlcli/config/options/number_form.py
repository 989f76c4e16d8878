"""How the numbers of a column are written, where that is not as programs write them: `$1,234.50`, `12,5 km`."""

from __future__ import annotations

import dataclasses
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from dlcli.config.options.section import Section, Words

__all__ = ["NumberForm", "WrittenNumbers"]

_NO_UNIT = re.compile(r"[\d\s.,'_+()-]*|[\d.,+-].*", re.DOTALL)
"""What could not be told from the number itself."""


@dataclasses.dataclass(frozen=True, slots=True)
class NumberForm:
    """How numbers are written.

    Args:
        unit: Stands before or after each of them; empty for none.
        decimal: Before the fraction.
        thousands: Between the thousands; empty for nothing.
    """

    unit: str = ""
    decimal: str = "."
    thousands: str = ""

    @property
    def example(self) -> str:
        """A number that is written so.

        Example:
            >>> NumberForm("EUR", ",", ".").example
            '1.234,5 EUR'
        """
        number = f"1{self.thousands}234{self.decimal}5"
        if not self.unit:
            return number
        return f"{self.unit}{number}" if len(self.unit) == 1 and self.unit in "$€£¥₹₽" else f"{number} {self.unit}"

    @property
    def options(self) -> dict[str, str]:
        """As a config says it."""
        usual = NumberForm()
        return {key: value for key, value in dataclasses.asdict(self).items() if value != getattr(usual, key)}


def _unit(value: str) -> str:
    if _NO_UNIT.fullmatch(value.strip()):
        raise PydanticCustomError(
            "unit",
            "a unit is a sign or a word, such as '$' or 'km', that could be no part of a number; got {unit}",
            {"unit": repr(value)},
        )
    return value.strip()


class WrittenNumbers(Section):
    """The options of numbers that are texts to a program."""

    unit: (
        Annotated[str, Field(min_length=1, max_length=30), AfterValidator(_unit), Words("a text such as `$`")] | None
    ) = Field(
        None,
        description="What stands before or after each number of a column of texts, such as `$`, `%` or `km`. A text "
        "without it is an error, for it may be in another unit; `($5)` is -5. Numbers that are no texts, as in "
        "Parquet, are in that unit already.",
    )
    decimal: Literal[".", ","] | None = Field(
        None,
        description="What stands before the fraction in this column, where the file's others are written otherwise.",
    )
    thousands: Literal[",", ".", " ", "'", "_"] | None = Field(
        None, description="What stands between the thousands in this column: `,` reads `1,234.5`."
    )

    @property
    def number_form(self) -> NumberForm | None:
        """How its numbers are written; None where nothing is said."""
        if self.unit is None and self.decimal is None and self.thousands is None:
            return None
        return NumberForm(self.unit or "", self._decimal, self.thousands or "")

    @property
    def _decimal(self) -> str:
        return self.decimal or ("," if self.thousands == "." else ".")

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.thousands is not None and self.thousands == self._decimal:
            raise PydanticCustomError(
                "marks", "thousands and decimal are both '{mark}'; give them two marks", {"mark": self._decimal}
            )
        return self
