"""The top of a delimited file: the names of its columns, from its first row or from what is known of it."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from dlcli.config.document.writer import flow
from dlcli.data.columns.globs import numbered_names
from dlcli.data.sources.delimited.dialect import Dialect, Sample, find_dialect
from dlcli.data.sources.delimited.numerals import POINT, SHARE, Numerals, find_numerals
from dlcli.data.sources.delimited.stray import left_out_by, stray_mark
from dlcli.data.sources.options import TableOptions
from dlcli.data.values.notations import number_pattern
from dlcli.errors import DataError, Problem, first_of
from dlcli.files.remembered import Remembered

__all__ = ["DelimitedHeader", "delimited_header"]


@dataclasses.dataclass(frozen=True, slots=True)
class DelimitedHeader:
    """What the top of a delimited file tells.

    Args:
        names: Column names; empty where the header has none.
        dialect: How its text is taken apart.
        numerals: How its numbers are written.
        has_header: The first row holds the names.
        has_rows: At least one data row follows.
        doubts: What looks as if it were meant otherwise.
    """

    names: tuple[str, ...]
    dialect: Dialect
    numerals: Numerals
    has_header: bool
    has_rows: bool
    doubts: tuple[Problem, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class _Names:
    """The names, and where they came from."""

    names: tuple[str, ...]
    in_file: bool
    doubts: tuple[Problem, ...] = ()


_LOOKS = Remembered["DelimitedHeader"](most=2**18, weight=lambda header: 1 + len(header.names))
"""Names that are kept: a folder may hold thousands of files, and a file tens of thousands of columns."""


def delimited_header(file: Path, options: TableOptions) -> DelimitedHeader:
    """Read the first rows of a CSV file or one of its kin; once in this process, as long as the file is the same.

    Raises:
        DataError: No header, repeated names, wrong encoding, a binary or truncated file.
    """
    way = options.columns, options.reading, options.missing_values, options.trained
    return _LOOKS.of(file, way, lambda: _look(file, options))


def _look(file: Path, options: TableOptions) -> DelimitedHeader:
    sample = find_dialect(file, options)
    if not sample.rows:
        raise DataError(Problem("the file holds no rows, not even a header", file=file, rule="empty-file"))
    stray = stray_mark(sample.rows)
    try:
        found = _names(file, sample, options)
    except DataError as error:
        raise _with_hint(error, left_out_by(stray)) if stray else error from None
    if stray and found.in_file:
        raise DataError(_stray_header(file, found.names, stray, line=sample.dialect.skipped + 1))
    _check_repeated(file, found.names, sample, options, in_file=found.in_file)
    rows = sample.rows[int(found.in_file) :]
    numerals = _numerals(file, rows, found.names, sample.dialect, options)
    return DelimitedHeader(
        found.names,
        sample.dialect,
        numerals,
        has_header=found.in_file,
        has_rows=bool(rows) or sample.goes_on,
        doubts=(
            *sample.dialect.doubts,
            *found.doubts,
            *numerals.doubts,
        ),
    )


def _with_hint(error: DataError, hint: str) -> DataError:
    return DataError(dataclasses.replace(problem, hint=hint) for problem in error.problems)


def _stray_header(file: Path, first: Sequence[str], mark: str, *, line: int) -> Problem:
    return Problem(
        f"the first row begins with '{mark}' as comments do, and has not as many cells as the others: {_listed(first)}",
        hint=left_out_by(mark),
        file=file,
        line=line,
        rule="stray-line",
    )


def _numerals(
    file: Path, rows: Sequence[Sequence[str]], names: Sequence[str], dialect: Dialect, options: TableOptions
) -> Numerals:
    reading, trained = options.reading, options.trained
    if reading.decimal is not None:
        return Numerals(reading.decimal, reading.thousands or "")
    if reading.thousands is not None:
        return Numerals("," if reading.thousands == "." else ".", reading.thousands)
    like = None if trained is None else trained.like
    likely = None
    if like is not None and (like.decimal is not None or like.thousands is not None):
        likely = Numerals(like.decimal or ("," if like.thousands == "." else "."), like.thousands or "")
        if likely == POINT:
            likely = None
    return find_numerals(
        rows,
        ["" if options.forms.of(name) else name for name in names],
        file=file,
        delimiter=dialect.delimiter,
        missing=options.missing_values,
        likely=likely,
    )


def _names(file: Path, sample: Sample, options: TableOptions) -> _Names:
    first, header = sample.rows[0], options.reading.header
    if options.trained is not None:
        return _trained_names(file, sample, options)
    if options.columns is None:
        if header is False:
            return _Names(tuple(f"column_{place}" for place in range(1, len(first) + 1)), False)
        doubtful = header is None and _looks_like_data(sample.rows, options.missing_values)
        return _Names(first, True, (_data_above(file, first),) if doubtful else ())
    if len(first) != len(options.columns):
        raise DataError(
            Problem(
                f"data.columns names {len(options.columns)} columns, "
                f"and the first row of '{file.name}' has {len(first)} cell{'s' * (len(first) != 1)}",
                path="data.columns",
                hint=f"is data.delimiter {sample.dialect.delimiter!r}?"
                if len(first) == 1
                else "name every column, in the file's order",
                rule="header",
            )
        )
    if header is None and first != options.columns and _looks_like_names(sample.rows, options.missing_values):
        raise DataError(
            _other_names(file, first, "data.columns", "data.header: true reads it as one, and false as data")
        )
    return _Names(options.columns, bool(header) or (header is None and first == options.columns))


def _trained_names(file: Path, sample: Sample, options: TableOptions) -> _Names:
    """The names for a trained model: of a header, if the first row is one, else by the number of cells."""
    trained, header, first = options.trained, options.reading.header, sample.rows[0]
    assert trained is not None
    if header is not False and (renamed := next(filter(lambda each: _renames(each, first), trained.layouts), None)):
        return _Names(renamed, True)
    known = trained.needed & set(first)
    if header or (header is None and (known == trained.needed or 2 * len(known) > len(trained.needed))):
        return _Names(first, True)
    layout = next((layout for layout in trained.layouts if len(layout) == len(first)), None)
    if header is None and not trained.headerless:
        if known or layout is None or not _looks_like_data(sample.rows, options.missing_values):
            return _Names(first, True)
        doubt = Problem(
            f"'{file.name}' is read as a file without a header: its columns are {_listed(layout)}",
            hint="--header says that the first row is one, --no-header that it is not",
            file=file,
            rule="header",
        )
        return _Names(layout, False, (doubt,))
    if layout is None:
        widths = " or ".join(str(len(each)) for each in trained.layouts)
        raise DataError(
            Problem(
                f"the first row of '{file.name}' has {len(first)} cell{'s' * (len(first) != 1)}, "
                f"and without a header there must be {widths}",
                hint=f"the columns are {_listed(trained.layouts[0])}; a header may name them in any order",
                file=file,
                rule="header",
            )
        )
    if header is None and _looks_like_names(sample.rows, options.missing_values):
        raise DataError(
            _other_names(file, first, "this model's files", "rename its columns; --no-header reads it as data")
        )
    return _Names(layout, False)


def _renames(layout: Sequence[str], first: Sequence[str]) -> bool:
    """Whether a header that has a name twice is that of columns which the config calls otherwise."""
    repeated = {name for name, count in Counter(first).items() if count > 1}
    return (
        bool(repeated)
        and len(layout) == len(first)
        and all(name in repeated or name == called for name, called in zip(first, layout, strict=True))
    )


def _listed(names: Sequence[str]) -> str:
    return first_of(names, 10)


def _data_above(file: Path, first: Sequence[str]) -> Problem:
    return Problem(
        f"the header of '{file.name}' looks like data: {_listed(first)}",
        path="data",
        hint="header: false reads the first row as data, and calls the columns column_1, column_2, ... or as "
        "data.columns says; header: true says that it is right",
        rule="header-looks-like-data",
    )


def _other_names(file: Path, first: Sequence[str], expected: str, hint: str) -> Problem:
    return Problem(
        f"the first row of '{file.name}' looks like a header, and its names are not those of {expected}: "
        f"{_listed(first)}",
        path=expected if expected.startswith("data.") else "",
        hint=hint,
        file=None if expected.startswith("data.") else file,
        rule="header",
    )


MOST_DIGITS = 18
"""Of a number that counts columns."""

_FORMS = (
    re.compile("|".join(number_pattern(*marks) for marks in ((".", ","), (",", ".")))),
    re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?([T ][0-9:.]+Z?)?|[0-9]{1,2}[./-][0-9]{1,2}[./-]([0-9]{2}){1,2}"),
)
"""What is hardly a name where it stands below as well: numbers, and dates."""


def _form(cell: str) -> int | None:
    return next((place for place, form in enumerate(_FORMS) if form.fullmatch(cell.strip())), None)


def _formed(rows: Sequence[Sequence[str]], missing: Collection[str]) -> dict[int, int]:
    """The columns that are of numbers or of dates below the first row, and which they are of."""
    found = {}
    for place in range(len(rows[0])):
        cells = [row[place].strip() for row in rows[1:] if place < len(row) and row[place].strip() not in missing]
        forms = Counter(map(_form, cells)).most_common(1)
        if forms and forms[0][0] is not None and forms[0][1] >= SHARE * len(cells):
            found[place] = forms[0][0]
    return found


def _looks_like_data(rows: Sequence[Sequence[str]], missing: Collection[str]) -> bool:
    """Whether the first row has numbers and dates where the others have them, and they do not count up as names do."""
    first = rows[0]
    formed = _formed(rows, missing)
    present = {place: first[place].strip() for place in formed if first[place].strip() not in missing}
    if not present or any(_form(cell) != formed[place] for place, cell in present.items()):
        return False
    cells = list(present.values())
    if len(cells) > 1 and all(cell.isdecimal() and len(cell) <= MOST_DIGITS for cell in cells):
        steps = {int(after) - int(before) for before, after in itertools.pairwise(cells)}
        counting = steps == {1} if len(cells) == 2 else len(steps) == 1 and min(steps) > 0
        return not counting
    # One number alone above numbers may be a name; other cells that stand below as well say that it is none.
    others = [place for place in range(len(first)) if place not in formed]
    repeated = any(first[place] in {row[place] for row in rows[1:] if place < len(row)} for place in others)
    return len(cells) > 1 or repeated or not cells[0].isdecimal()


def _looks_like_names(rows: Sequence[Sequence[str]], missing: Collection[str]) -> bool:
    """Whether the first row has texts wherever the others have numbers or dates."""
    cells = [rows[0][place].strip() for place in _formed(rows, missing)]
    return bool(cells) and not any(cell in missing or _form(cell) is not None for cell in cells)


def _by_other_names(names: Sequence[str]) -> str:
    """How a config calls the columns of a header that has a name twice; empty where that would be too long."""
    if len(names) > MOST_NAMES or not all(names):
        return ""
    return f": data.columns: {flow(list(numbered_names(names)))} and data.header: true give them such"


MOST_NAMES = 30
"""Of columns, that are told in a message."""


def _check_repeated(file: Path, names: Sequence[str], sample: Sample, options: TableOptions, *, in_file: bool) -> None:
    counted: dict[str, list[str]] = {}
    for place, name in enumerate(names, start=1):
        counted.setdefault(name, []).append(str(place))
    repeated = {name: places for name, places in counted.items() if name and len(places) > 1}
    if not repeated:
        return
    listed = "; ".join(f"'{name}' in columns {', '.join(places)}" for name, places in sorted(repeated.items()))
    data = in_file and _looks_like_data(sample.rows, options.missing_values)
    hint = (
        "the first row looks like data: header: false reads it as such"
        if data
        else "every column needs a name of its own" + _by_other_names(names)
    )
    line = sample.dialect.skipped + 1 if in_file else None
    raise DataError(
        Problem(
            f"column names stand more than once: {listed}", hint=hint, file=file, line=line, rule="duplicate-column"
        )
    )
