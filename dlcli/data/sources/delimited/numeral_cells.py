"""Columns of numbers that are written with decimal commas, or with marks between the thousands, as Arrow reads them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from dlcli.data.columns.arrays import FALSE, texts_array
from dlcli.data.sources.delimited.numerals import Numerals
from dlcli.data.values.conversion import CellFault
from dlcli.data.values.notations import number_pattern
from dlcli.errors import Problem

__all__ = ["MisreadCell", "plain_cells"]


class MisreadCell(CellFault):
    """A cell that would be another number if decimal points were meant."""

    def problem(self, column: str, *, row: int) -> Problem:
        """The fault as a problem of `column`; `row` is the 1-based data row."""
        found = super().problem(column, row=row)
        hint = "data.thousands says what stands between thousands, and data.decimal what comes before the fraction"
        return dataclasses.replace(found, hint=f"{hint} (--thousands and --decimal of a file to predict for)")


def plain_cells(values: pa.Array, numerals: Numerals, *, missing: Collection[str], certain: bool = True) -> pa.Array:
    """The cells with their numbers written plainly; others stay as they are.

    Args:
        values: Texts.
        numerals: How the numbers in them are written.
        missing: Texts that count as empty.
        certain: Refuse cells that are numbers only when they are read in the plain way.

    Raises:
        CellFault: There is such a cell.

    Example:
        >>> plain_cells(pa.array(["1.234,5", "x"]), Numerals(",", ".")).to_pylist()  # doctest: +SKIP
        ['1234.5', 'x']
    """
    if numerals.plain:
        return values
    texts = pc.utf8_trim_whitespace(values)
    good = pc.match_substring_regex(texts, number_pattern(numerals.decimal, numerals.thousands))
    if certain:
        plain = pc.match_substring_regex(texts, number_pattern(".", ""))
        empty = pc.is_in(texts, value_set=texts_array(tuple(missing), texts.type))
        wrong = pc.and_not(pc.and_not(plain, good), empty)
        places = pc.indices_nonzero(pc.fill_null(wrong, FALSE)).to_pylist()
        if places:
            raise MisreadCell(places[0], str(values[places[0]].as_py()), len(places))
    marks = (" ", "\u00a0", "\u202f") if numerals.thousands == " " else (numerals.thousands,)
    written = texts
    for mark in marks:
        if mark:
            written = pc.replace_substring(written, mark, "")
    written = pc.replace_substring(written, numerals.decimal, ".")
    return pc.if_else(good, written, values)
