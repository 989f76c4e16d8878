"""Cells to the type that is wanted of their column, or the first cell that cannot be."""

from __future__ import annotations

import re
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from dlcli.data.arrays import texts_array
from dlcli.data.chunk import Kind
from dlcli.errors import Problem

__all__ = ["CellFault", "as_numbers", "convert", "is_number_text", "kind_of"]

_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_INFINITE = r"(?i)^\s*[+-]?inf(inity)?\s*$"


class CellFault(ValueError):
    """A cell that does not hold what its column should.

    Args:
        index: Place of the first such cell in the array.
        value: What it holds.
        count: How many such cells the array has.
        infinite: The fault is an infinite number, not something else than a number.
        what: What is wrong when it is neither, such as nested values.
    """

    def __init__(self, index: int, value: str, count: int = 1, *, infinite: bool = False, what: str = "") -> None:
        self.index, self.value, self.count, self.infinite, self.what = index, value, count, infinite, what
        super().__init__(value)

    def problem(self, column: str, *, row: int) -> Problem:
        """The fault as a problem of `column`; `row` is the 1-based data row."""
        value = repr(self.value if len(self.value) <= 60 else self.value[:57] + "...")
        more = f" ({self.count - 1} more after it)" if self.count > 1 else ""
        if self.what:
            return Problem(
                f"column {column!r} holds {self.what}", hint="leave the column out, or flatten it", rule="nested-column"
            )
        if self.infinite:
            return Problem(
                f"column {column!r} has infinite values: row {row} holds {value}{more}",
                hint=f"mend the cell, or list {value} in data.missing_values of a text file",
                rule="infinite-value",
            )
        return Problem(
            f"column {column!r} is read as a number, and row {row} holds {value}{more}",
            hint=_way_out(self.value),
            rule="not-a-number",
        )


def _way_out(value: str) -> str:
    text = value.strip()
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?|[+-]?\d{1,3}([ '_]\d{3})+([.,]\d*)?", text):
        return "write numbers without thousands separators, or say data.thousands of a text file"
    if re.fullmatch(r"[+-]?\d+,\d+|[+-]?\d{1,3}(\.\d{3})+,\d+", text):
        return "write numbers with a decimal point, or say data.decimal: ',' of a text file"
    if not text:
        return f"list {value!r} in data.missing_values if it stands for an empty cell"
    if re.fullmatch(r"[^\d]{0,3}\s*[+-]?\d[\d.,]*\s*[^\d]{0,4}", text):
        return "write the number alone, without a unit or sign, or make the column a category"
    return f"make the column a category, or list {value!r} in data.missing_values if it stands for an empty cell"


def kind_of(type_: pa.DataType) -> Kind | None:
    """The kind of column that an Arrow type says; None for nested and other types that cannot be read."""
    if pa.types.is_dictionary(type_):
        return kind_of(type_.value_type)
    if pa.types.is_boolean(type_):
        return "boolean"
    if pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        return "number"
    if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
        return "datetime"
    if _is_text(type_) or pa.types.is_null(type_) or pa.types.is_time(type_):
        return "text"
    return None


def convert(values: pa.Array, kind: Kind, *, missing: Collection[str]) -> pa.Array:
    """The cells as their column is wanted.

    Args:
        values: Cells of any type.
        kind: `number` gives float64; the others keep the type of the file.
        missing: Texts that count as empty.

    Raises:
        CellFault: A cell is no number, infinite, or nested.
    """
    if kind_of(values.type) is None:
        raise CellFault(0, "", what=f"nested values ({values.type})")
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if kind == "number":
        return as_numbers(values, missing=missing)
    if pa.types.is_null(values.type):
        return values.cast(pa.string())
    if kind == "exact":
        return values
    return _without_missing(values, missing) if _is_text(values.type) else values


def as_numbers(values: pa.Array, *, missing: Collection[str] = ()) -> pa.Array:
    """The cells as float64, empty cells and NaN as nulls, blanks around numbers ignored.

    Raises:
        CellFault: A cell is no number, or infinite.

    Example:
        >>> as_numbers(pa.array([" 1.5", "NA"]), missing=["NA"]).to_pylist()
        [1.5, None]
    """
    if _is_text(values.type):
        values = _without_missing(pc.utf8_trim_whitespace(values), missing)
        try:
            numbers = values.cast(pa.float64())
        except pa.ArrowInvalid:
            good = pc.or_(pc.match_substring_regex(values, _NUMBER), pc.match_substring_regex(values, _INFINITE))
            raise _first(values, pc.invert(pc.or_(good, pc.match_substring_regex(values, r"(?i)^nan$")))) from None
    elif kind_of(values.type) == "datetime" or pa.types.is_time(values.type):
        raise _first(values.cast(pa.string()), pc.is_valid(values))
    elif pa.types.is_boolean(values.type):
        numbers = values.cast(pa.uint8()).cast(pa.float64())
    else:
        numbers = values.cast(pa.float64(), safe=False)
    infinite = pc.is_inf(numbers)
    if pc.any(infinite).as_py():
        raise _first(values.cast(pa.string()), infinite, infinite=True)
    # In a file of numbers NaN is an empty cell: pandas writes missing values so.
    nan = pc.is_nan(numbers)
    return pc.if_else(nan, pa.nulls(len(numbers), pa.float64()), numbers) if pc.any(nan).as_py() else numbers


def is_number_text(values: pa.Array | pa.ChunkedArray, *, share: float = 1.0, missing: Collection[str] = ()) -> bool:
    """Whether texts are numbers; codes with leading zeros, such as `007`, are none.

    Args:
        values: The texts, of which at least one must be a number.
        share: The part of them that must be numbers.
        missing: Texts that count as empty, and so are not among them.
    """
    values = _without_missing(values, missing)
    numbers = pc.or_(pc.match_substring_regex(values, _NUMBER), pc.match_substring_regex(values, _INFINITE))
    codes = pc.match_substring_regex(values, r"^\s*[+-]?0[0-9]")
    return (pc.mean(numbers).as_py() or 0.0) >= share and not pc.any(codes).as_py()


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_))


def _without_missing(values: pa.Array, missing: Collection[str]) -> pa.Array:
    if not missing:
        return values
    empty = pc.is_in(values, value_set=texts_array(tuple(missing), values.type))
    return pc.if_else(empty, pa.nulls(len(values), values.type), values) if pc.any(empty).as_py() else values


def _first(values: pa.Array, faults: pa.Array, *, infinite: bool = False) -> CellFault:
    places = pc.indices_nonzero(pc.fill_null(faults, False)).to_pylist()
    index = places[0] if places else 0
    return CellFault(index, str(values[index].as_py()), max(len(places), 1), infinite=infinite)
