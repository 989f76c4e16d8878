"""The options of sets of classes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dlcli.config.options.feature import Cells, Target
from dlcli.config.options.section import ColumnName, Columns

__all__ = ["TARGET", "CategoriesTarget"]


class CategoriesTarget(Target):
    """Any number of classes at once: the tags of a text, all that is to be seen in an image."""

    order: ClassVar[int] = 3
    synonyms: ClassVar[tuple[str, ...]] = ("set", "labels", "tags", "multilabel", "multi_label", "multi_hot")
    cells: ClassVar[Cells] = "text"
    several: ClassVar[bool] = True
    kind: ClassVar[Literal["number", "category", "categories"]] = "categories"

    type: Literal["categories"] = "categories"
    columns: Columns | None = Field(
        None,
        description="The one column of texts or lists, or an array of 0 and 1; or a column of 0 and 1 for each class, "
        "by name or glob.",
    )
    classes: list[ColumnName] | None = Field(
        None, min_length=1, description="The classes in the order of the outputs; sorted, or the columns, when omitted."
    )
    separator: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="Between the classes of a text, as in `cat|dog`; the one of `|`, `;` and `,` that is there."
    )
    missing: Literal["empty", "error", "drop"] = Field(
        "empty",
        description="An empty cell is no class at all, an error, or leaves its row out of every split.",
    )

    @property
    def drops_rows(self) -> bool:
        return self.missing == "drop"

    @property
    def takes_empty(self) -> bool:
        return self.missing == "empty"


TARGET = CategoriesTarget
