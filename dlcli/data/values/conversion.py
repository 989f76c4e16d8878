"""Cells to the type that is wanted of their column, or the first cell that cannot be."""

from __future__ import annotations

import re
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from dlcli.data.columns.arrays import EMPTY, FALSE
from dlcli.data.columns.chunk import Kind
from dlcli.data.columns.names import is_text, value_names
from dlcli.data.values.codes import has_codes
from dlcli.data.values.marks import Marks, marks_of
from dlcli.data.values.notations import NUMBER, notation_of
from dlcli.errors import Problem

__all__ = [
    "CellFault",
    "NotNumbers",
    "as_numbers",
    "convert",
    "count_numbers",
    "is_number_text",
    "kind_of",
    "plain",
]

_INFINITE = r"(?i)^\s*[+-]?inf(inity)?\s*$"


class NotNumbers(ValueError):
    """A column that looked like numbers and holds something else: codes with leading zeros, or texts.

    Args:
        columns: The columns.
    """

    def __init__(self, *columns: str) -> None:
        self.columns = columns
        super().__init__(*columns)


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
            hint = "leave the column out, or " + (
                "flatten it" if "nested" in self.what else "write it as text or numbers"
            )
            return Problem(f"column {column!r} holds {self.what}", hint=hint, rule="nested-column")
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
    if (notation := notation_of(text)) is not None:
        return notation.way_out
    if not text:
        return f"{_as_empty(value)} if it stands for an empty cell"
    if re.fullmatch(r"[^\d]{0,3}\s*[+-]?\d[\d.,]*\s*[^\d]{0,4}", text):
        return "write the number alone, say what stands beside it (unit: ...), or make the column a category"
    return f"make the column a category, or {_as_empty(value)} if it stands for an empty cell"


def _as_empty(value: str) -> str:
    return f"list {value!r} in data.missing_values (--missing of a file to predict for)"


def kind_of(type_: pa.DataType) -> Kind | None:
    """The kind of column that an Arrow type says, of lists that of their values; None for types that cannot be read."""
    if pa.types.is_dictionary(type_) or pa.types.is_run_end_encoded(type_):
        return kind_of(type_.value_type)
    if pa.types.is_boolean(type_):
        return "boolean"
    if pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        return "number"
    if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
        return "datetime"
    if is_text(type_) or pa.types.is_null(type_) or pa.types.is_time(type_):
        return "text"
    if is_list_type(type_) and not pa.types.is_null(type_.value_type):
        kind = kind_of(type_.value_type)
        return None if kind == "datetime" else kind
    return None


def is_list_type(type_: pa.DataType) -> bool:
    """Whether its values are lists."""
    return bool(pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_))


def plain(values: pa.Array) -> pa.Array:
    """The cells in one of the few types that all that follows knows; text is `string`, however it was packed.

    Raises:
        CellFault: Nested values, bytes, durations.
    """
    kind = values.type
    if kind_of(kind) is None or is_list_type(kind):
        raise CellFault(0, "", what=f"nested values ({kind})" if pa.types.is_nested(kind) else f"{kind} values")
    if pa.types.is_dictionary(kind):
        return plain(values.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        return plain(pc.run_end_decode(values))
    if is_text(kind) or pa.types.is_null(kind):
        return values.cast(pa.string())
    if pa.types.is_time(kind):
        encoded = values.dictionary_encode()
        return value_names(encoded.dictionary).take(encoded.indices)
    return values.cast(pa.float32()) if pa.types.is_float16(kind) else values


def convert(values: pa.Array, kind: Kind, *, missing: Collection[str]) -> pa.Array:
    """The cells as their column is wanted.

    Args:
        values: Cells of any type.
        kind: `number` gives float64; the others keep the type of the file.
        missing: Texts that count as empty.

    Raises:
        CellFault: A cell is no number, infinite, or nested.
        NotNumbers: A column that only seems to be one of numbers is none.
    """
    cells = plain(values)
    match kind:
        case "exact":
            return cells
        case "number":
            return as_numbers(cells, missing=missing)
        case "unsure":
            return _seeming_numbers(cells, missing)
    return marks_of(missing).without(cells)


def _seeming_numbers(cells: pa.Array, missing: Collection[str]) -> pa.Array:
    if is_text(cells.type) and has_codes(cells):
        raise NotNumbers
    try:
        return as_numbers(cells, missing=missing)
    except CellFault as fault:
        if fault.infinite:
            raise
        raise NotNumbers from None


def as_numbers(values: pa.Array, *, missing: Collection[str] = ()) -> pa.Array:
    """The cells as float64, empty cells and NaN as nulls, blanks around numbers ignored.

    Raises:
        CellFault: A cell is no number, or infinite.

    Example:
        >>> as_numbers(pa.array([" 1.5", "NA"]), missing=["NA"]).to_pylist()
        [1.5, None]
    """
    marks = marks_of(missing)
    if is_text(values.type):
        numbers = _read_numbers(values, marks)
    elif kind_of(values.type) == "datetime" or pa.types.is_time(values.type):
        raise _first(values.cast(pa.string()), pc.is_valid(values))
    elif pa.types.is_boolean(values.type):
        numbers = marks.without(values).cast(pa.uint8()).cast(pa.float64())
    elif pa.types.is_decimal(values.type):
        numbers = values.cast(pa.string()).cast(pa.float64())  # Arrow's own way rounds twice
    else:
        numbers = values.cast(pa.float64(), safe=False)
    numbers = marks.without(numbers)
    infinite = pc.is_inf(numbers)
    if pc.any(infinite).as_py():
        raise _first(values.cast(pa.string()), infinite, infinite=True)
    # In a file of numbers NaN is an empty cell: pandas writes missing values so.
    nan = pc.is_nan(numbers)
    return pc.if_else(nan, pa.nulls(len(numbers), pa.float64()), numbers) if pc.any(nan).as_py() else numbers


def _read_numbers(texts: pa.Array, marks: Marks) -> pa.Array:
    """Numbers written as texts. Most columns have no marks and no blanks, and most marks are the empty text: these are
    tried first."""
    empty = pc.equal(texts, EMPTY) if "" in marks.texts else None
    if empty is not None and pc.any(empty).as_py():
        texts = pc.if_else(empty, pa.nulls(len(texts), texts.type), texts)
    try:
        return texts.cast(pa.float64())
    except pa.ArrowInvalid:
        texts = marks.without(pc.utf8_trim_whitespace(texts))
    try:
        return texts.cast(pa.float64())
    except pa.ArrowInvalid:
        good = pc.or_(_are_numbers(texts), pc.match_substring_regex(texts, r"(?i)^nan$"))
        raise _first(texts, pc.invert(good)) from None


def is_number_text(values: pa.Array | pa.ChunkedArray, *, share: float = 1.0, missing: Collection[str] = ()) -> bool:
    """Whether texts are numbers; codes with leading zeros, such as `007`, are none.

    Args:
        values: The texts, of which at least one must be a number.
        share: The part of them that must be numbers.
        missing: Texts that count as empty, and so are not among them.
    """
    values = marks_of(missing).without(values)
    return (pc.mean(_are_numbers(values)).as_py() or 0.0) >= share and not has_codes(values)


def count_numbers(values: pa.Array, counts: pa.Array) -> int:
    """How many cells of a column hold texts that are numbers.

    Args:
        values: The different texts.
        counts: How often each occurs.
    """
    return int(pc.sum(counts.filter(_are_numbers(values))).as_py() or 0)


def _are_numbers(values: pa.Array) -> pa.Array:
    return pc.or_(pc.match_substring_regex(values, NUMBER), pc.match_substring_regex(values, _INFINITE))


def _first(values: pa.Array, faults: pa.Array, *, infinite: bool = False) -> CellFault:
    places = pc.indices_nonzero(pc.fill_null(faults, FALSE)).to_pylist()
    index = places[0] if places else 0
    return CellFault(index, str(values[index].as_py()), max(len(places), 1), infinite=infinite)
