"""Blanks around the cells of delimited text, taken away cell by cell: exact, and light enough for a first look.

A cell may have blanks before and after it, which are not part of it; what stands in quotes is kept as it is. A quote in
the middle of a cell is a character like any other. Rows of which the first character is the mark of comments become
empty lines, so that the others keep their numbers. Where cells are parted by runs of blanks, a tab takes the place of
each run. The result is text that every CSV reader reads alike.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

__all__ = ["BLANKS", "lines_of", "output_delimiter", "tidy", "tidy_lines"]

BLANKS = "blanks"
"""The delimiter of files whose cells are parted by runs of spaces and tabs."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


def output_delimiter(delimiter: str) -> str:
    """What stands between the cells of tidy text."""
    return "\t" if delimiter == BLANKS else delimiter


def tidy(text: str, delimiter: str, *, comment: str | None = None, final: bool = True) -> tuple[str, str]:
    """Take the blanks around cells away.

    Args:
        text: Delimited text that begins with a row.
        delimiter: One character, or `blanks`.
        comment: The mark that begins a row that is none.
        final: Nothing follows; else a last row without its end is left for the next time.

    Returns:
        The tidy rows, and the text that was left.

    Example:
        >>> tidy('a , "b, c" \\n', ",")[0]
        'a,"b, c"\\n'
    """
    blank = " \t" if delimiter != "\t" else " "
    if delimiter != BLANKS and comment is None and not any(mark in text for mark in f'{blank}"'):  # it is tidy
        # A carriage return at the end may have its line feed still to come.
        whole = len(text) if final else max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        return text[:whole], text[whole:]
    cell, skipped = _patterns(delimiter, comment)
    between = output_delimiter(delimiter)
    parts: list[str] = []
    done = position = 0
    kept = 0  # the parts of whole rows
    end = len(text)
    while position < end:
        if position == done and (found := skipped.match(text, position)):
            parts.append(found["end"])
        else:
            found = cell.match(text, position)
            assert found is not None, "every text begins with a cell, be it empty"
            content = found["cell"].lstrip(blank)
            parts.append(content if found["open"] is not None else content.rstrip(blank))
            ending = found["end"]
            if ending.endswith(("\r", "\n")):
                parts.append(ending.lstrip(blank))
            elif ending and (delimiter != BLANKS or found.end() < end):
                parts.append(between)
        position = found.end()
        # The line feed of a carriage return may be still to come.
        if found["end"].endswith(("\r", "\n")) and (final or position < end or found["end"].endswith("\n")):
            done, kept = position, len(parts)
    if final:
        return "".join(parts), ""
    return "".join(parts[:kept]), text[done:]


@functools.lru_cache(maxsize=32)
def _patterns(delimiter: str, comment: str | None) -> tuple[re.Pattern[str], re.Pattern[str]]:
    blank = r"[ \t]" if delimiter != "\t" else "[ ]"
    quoted = r'"(?:[^"]+|"")*+'
    if delimiter == BLANKS:
        content = rf'(?P<cell>{quoted}(?:"[^ \t\r\n]*|(?P<open>\Z))|[^ \t\r\n]*)'
        cell = rf"{blank}*{content}(?P<end>{blank}*(?:\r\n|\r|\n|\Z)|{blank}+)"
    else:
        mark = re.escape(delimiter)
        cell = (
            rf'(?P<cell>{blank}*{quoted}(?:"[^\r\n{mark}]*|(?P<open>\Z))|[^\r\n{mark}]*)(?P<end>{mark}|\r\n|\r|\n|\Z)'
        )
    skipped = rf"{blank}*{re.escape(comment)}[^\r\n]*(?P<end>\r\n|\r|\n|\Z)" if comment else r"(?P<end>)(?!)"
    return re.compile(cell), re.compile(skipped)


def tidy_lines(pieces: Iterable[str], delimiter: str, *, comment: str | None = None) -> Iterator[str]:
    """The tidy lines of a text that comes in pieces, each with its end; a quoted cell may hold several of them."""
    rest = ""
    for piece in pieces:
        rows, rest = tidy(rest + piece, delimiter, comment=comment, final=False)
        yield from lines_of(rows)
    yield from lines_of(tidy(rest, delimiter, comment=comment)[0])


def lines_of(text: str) -> Iterator[str]:
    """The lines with their ends, of which there are three: not those that `str.splitlines` knows."""
    return (found[0] for found in _LINE.finditer(text))
