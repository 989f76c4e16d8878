"""Thousands of rows as a table, in a moment: columns of text that are as wide as what is in them.

Rich measures and wraps each cell by itself, which takes seconds for what is printed here in hundredths of one.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from dlcli.files.visible import visible

__all__ = ["Lines"]

GAP = "  "


class Lines:
    """A table of texts.

    Args:
        columns: The heads.
        rows: The cells of each row.
        left: So many columns, the first, are text; the others stand to the right.
        spare: Columns that are left out where there is no room, the first of these first.
        last_left: The last column is text too.

    Example:
        >>> print(Lines(["run", "loss"], [["a", "0.5"], ["b-001", "0.25"]], left=1).text())
        run    loss
        a       0.5
        b-001  0.25
    """

    def __init__(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        left: int,
        spare: Sequence[int] = (),
        last_left: bool = False,
    ) -> None:
        self._rows = [[visible(cell) for cell in row] for row in (columns, *rows)]
        self._widths = [max(map(_width, column)) for column in zip(*self._rows, strict=True)]
        self._spare = spare
        self._texts = {*range(left), *([len(columns) - 1] if last_left else [])}

    def text(self, width: int | None = None) -> str:
        """The table, its head in the first line.

        Args:
            width: Of the terminal; None: all columns, however wide.
        """
        kept = self._kept(width)
        return "\n".join(GAP.join(self._cell(row[index], index) for index in kept).rstrip() for row in self._rows)

    def _kept(self, width: int | None) -> list[int]:
        kept = list(range(len(self._widths)))
        for index in self._spare:
            if width is None or sum(self._widths[each] + len(GAP) for each in kept) - len(GAP) <= width:
                break
            kept.remove(index)
        return kept

    def _cell(self, cell: str, index: int) -> str:
        blank = " " * (self._widths[index] - _width(cell))
        return cell + blank if index in self._texts else blank + cell


def _width(cell: str) -> int:
    return len(cell) if cell.isascii() else cell_len(cell)
