"""A report as data: sections of blocks, which the page and the model card are written from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeAlias

from dlcli.reporting.plots.axes import short_number
from dlcli.reporting.plots.svg import Plot, shortened

__all__ = [
    "Block",
    "Code",
    "Figure",
    "Folded",
    "Key",
    "Keys",
    "Picture",
    "Pictures",
    "Report",
    "Section",
    "Table",
    "Text",
    "renamed",
]

MOST_LETTERS = 1_000
"""Of a cell."""


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    """A paragraph.

    Args:
        text: What it says.
        kind: `plain`, `note` for what is to be known of the above, `warning` or `info` for findings.
        hint: The way out, of a finding.
    """

    text: str
    kind: str = "plain"
    hint: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; numbers stand at the right.

    Args:
        caption: What it is of.
        columns: The names of the columns.
        rows: Cells: texts, numbers, or None.
        strong: The numbers of rows that stand out.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    strong: Sequence[int] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """A plot, with what it says as numbers below it, where these are not too many."""

    plot: Plot
    table: Table | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """A small picture of pixels.

    Args:
        uri: The pixels, as a link that holds them.
        words: What is seen.
        lines: What stands below it.
        width: Pixels on the page.
        height: Likewise.
    """

    uri: str
    words: str
    lines: Sequence[str]
    width: int
    height: int


@dataclasses.dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures side by side."""

    caption: str
    pictures: Sequence[Picture]


@dataclasses.dataclass(frozen=True, slots=True)
class Code:
    """Text that is typed, as it is."""

    text: str
    language: str = "console"


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """A number that says most: `0.967`, `accuracy`, `test split`."""

    value: str
    name: str
    beside: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Keys:
    """The numbers that say most."""

    keys: Sequence[Key]


@dataclasses.dataclass(frozen=True, slots=True)
class Folded:
    """Blocks that are shown when they are asked for."""

    title: str
    blocks: Sequence[Block]


Block: TypeAlias = Text | Table | Figure | Pictures | Code | Keys | Folded


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """A part of the report.

    Args:
        name: Of its place on the page: small letters and `-`.
        title: Its heading.
        blocks: What stands in it.
        on_card: Whether the model card has it too.
    """

    name: str
    title: str
    blocks: Sequence[Block]
    on_card: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """All of it.

    Args:
        title: The name of the run.
        subtitle: What it is, in a line.
        sections: Those that have something to say.
    """

    title: str
    subtitle: str
    sections: Sequence[Section]

    def plots(self) -> list[Plot]:
        """All plots, in their order."""
        return [plot for section in self.sections for block in section.blocks for plot in _plots(block)]


def _plots(block: Block) -> list[Plot]:
    if isinstance(block, Figure):
        return [block.plot]
    return [plot for each in block.blocks for plot in _plots(each)] if isinstance(block, Folded) else []


def renamed(section: Section, prefix: str) -> Section:
    """A section with other names for itself and its plots, so that a report may have two of a kind."""
    blocks = tuple(_renamed(block, prefix) for block in section.blocks)
    return dataclasses.replace(section, name=f"{prefix}-{section.name}", blocks=blocks)


def _renamed(block: Block, prefix: str) -> Block:
    if isinstance(block, Figure):
        return dataclasses.replace(block, plot=dataclasses.replace(block.plot, name=f"{prefix}-{block.plot.name}"))
    if isinstance(block, Folded):
        return dataclasses.replace(block, blocks=tuple(_renamed(each, prefix) for each in block.blocks))
    return block


def cell_text(cell: Any) -> str:
    """A cell as text: numbers with four digits, nothing for None."""
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    return short_number(cell) if isinstance(cell, float) else shortened(cell, MOST_LETTERS)
