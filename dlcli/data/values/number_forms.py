"""Which columns hold numbers that are written in a way of their own. Imports nothing heavy."""

from __future__ import annotations

import dataclasses
import glob
from collections.abc import Mapping
from typing import Self

from dlcli.config.options.number_form import NumberForm
from dlcli.config.schema import DataConfig
from dlcli.data.columns.globs import is_named

__all__ = ["USUAL", "NumberForms"]


@dataclasses.dataclass(frozen=True, slots=True)
class NumberForms:
    """How the numbers of some columns are written.

    Args:
        named: Columns, by name or glob, and how.
    """

    named: tuple[tuple[str, NumberForm], ...] = ()

    @classmethod
    def of_config(cls, config: DataConfig) -> Self:
        """As the features and targets of a config say it."""
        entries = [*(config.features or {}).items(), *config.target.items()]
        return cls(
            tuple(
                (pattern, form)
                for name, entry in entries
                if entry is not None and (form := entry.number_form) is not None
                for pattern in entry.columns or [name]
            )
        )

    def of(self, column: str) -> NumberForm | None:
        """How a column's are; None where nothing is said of it.

        Example:
            >>> NumberForms((("price_*", NumberForm("$")),)).of("price_net").unit
            '$'
        """
        return next((form for pattern, form in self.named if is_named(column, pattern)), None)

    def renamed(self, names: Mapping[str, str]) -> Self:
        """The same of columns that are called otherwise: from the name here to the name there."""
        found = ((there, self.of(here)) for here, there in names.items())
        return type(self)(tuple((glob.escape(there), form) for there, form in found if form is not None))


USUAL = NumberForms()
"""All columns as the file writes numbers."""
