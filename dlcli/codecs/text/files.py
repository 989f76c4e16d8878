"""The texts of a column: its cells, or the files that they name, some at a time."""

from __future__ import annotations

import codecs
import dataclasses
import os
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.data.columns.cells import as_arrow, labels
from dlcli.data.columns.codec import Column
from dlcli.data.columns.named_files import NamedFiles, open_named
from dlcli.errors import DataError, Problem

__all__ = ["BLOCK_BYTES", "MOST_BYTES", "KeptTexts", "Texts", "blocks_of", "texts_of"]

BLOCK_BYTES = 8 * 2**20
"""Of text that is split into words at a time: these take some ten times that."""

MOST_BYTES = 16 * 2**20
"""Of one file: a long novel has three million."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""What files begin with that say their encoding, whatever is expected of them."""


@dataclasses.dataclass(frozen=True)
class Texts:
    """Consecutive rows.

    Args:
        start: The first of them, in the column.
        texts: Their different texts.
        codes: `(rows,)`, the place of each row's text in `texts`; -1 where there is none.
        problems: Of files that cannot be read; their texts are empty.
    """

    start: int
    texts: Sequence[str]
    codes: NDArray[np.int64]
    problems: Sequence[Problem] = ()


class KeptTexts:
    """The texts of files between the pass that learns from them and the one that encodes them, as far as there is room.

    Args:
        most: Characters that are kept.
    """

    def __init__(self, most: int = 32 * 2**20) -> None:
        self._room = most
        self._texts: dict[tuple[str | None, str], str] = {}

    def put(self, folder: str | None, name: str, text: str) -> None:
        """Keep a text, if there is room."""
        if len(text) <= self._room and (folder, name) not in self._texts:
            self._room -= len(text)
            self._texts[folder, name] = text

    def take(self, folder: str | None, name: str) -> str | None:
        """A text, which is kept no more."""
        text = self._texts.pop((folder, name), None)
        self._room += len(text or "")
        return text


def blocks_of(
    column: Column | NamedFiles,
    encoding: str,
    *,
    parts: int = 1,
    keep: KeptTexts | None = None,
    kept: KeptTexts | None = None,
) -> Iterator[Texts]:
    """The rows of a column in their order, so many at a time as have a few megabytes of text.

    Args:
        column: Its cells are the texts, or name the files that hold them.
        encoding: Of files that do not say theirs.
        parts: How many times more tokens than words there will be: so much less text at a time.
        keep: Gets the texts of files that are read.
        kept: Has them already.
    """
    if isinstance(column, NamedFiles):
        yield from _files(column, encoding, BLOCK_BYTES // parts, keep, kept)
        return
    cells = as_arrow(column)
    size = _rows_at_once(cells, BLOCK_BYTES // parts)
    for start in range(0, max(len(cells), 1), size):
        found = labels(cells.slice(start, size), as_written=True)
        yield Texts(start, found.names, found.codes)


def texts_of(column: Column | NamedFiles, encoding: str) -> list[str]:
    """The text of every row; an empty one where there is none.

    Raises:
        DataError: Files cannot be read.
    """
    found: list[str] = []
    for block in blocks_of(column, encoding):
        if block.problems:
            raise DataError(block.problems)
        texts = [*block.texts, ""]
        found += [texts[code] for code in block.codes.tolist()]
    return found


def _rows_at_once(cells: pa.Array, most: int) -> int:
    size: int = max(cells.nbytes, most, 1)
    return max(1, len(cells) * most // size)


def _files(
    column: NamedFiles, encoding: str, most: int, keep: KeptTexts | None, kept: KeptTexts | None
) -> Iterator[Texts]:
    folder = None if column.folder is None else str(column.folder)
    texts: list[str] = []
    codes: list[int] = []
    problems: list[Problem] = []
    start = size = 0
    for name in column.names.to_pylist():
        if name:
            known = kept.take(folder, name) if kept is not None else None
            found = _read(name, folder, encoding) if known is None else known
            if isinstance(found, Problem):
                problems.append(found)
                found = ""
            elif keep is not None:
                keep.put(folder, name, found)
            codes.append(len(texts))
            texts.append(found)
            size += len(found)
        else:
            codes.append(-1)
        if size >= most:
            yield Texts(start, texts, np.array(codes, np.int64), problems)
            start += len(codes)
            texts, codes, problems, size = [], [], [], 0
    yield Texts(start, texts, np.array(codes, np.int64), problems)


def _read(name: str, folder: str | None, encoding: str) -> str | Problem:
    try:
        with open_named(name, folder) as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read() if size <= MOST_BYTES else b""
    except DataError as error:
        return error.problems[0]
    except OSError as error:
        message = f"'{os.path.join(folder or '', name)}' cannot be read: {error.strerror or error}"
        return Problem(message, rule="unreadable-file")
    if size > MOST_BYTES:
        message = f"'{os.path.join(folder or '', name)}' has more than {MOST_BYTES // 2**20} MiB, too much for one text"
        return Problem(message, hint="cut it into several", rule="too-large")
    return _decoded(content, name, folder, encoding)


def _decoded(content: bytes, name: str, folder: str | None, encoding: str) -> str | Problem:
    said = next((known for mark, known in _MARKS if content.startswith(mark)), encoding)
    try:
        return content.decode(said).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place = os.path.join(folder or "", name)
        message = f"'{place}' is no text in {said}: byte {error.start} is 0x{content[error.start]:02x}"
        hint = "`encoding: cp1252` beside `file: true`, or another, says in which it is; leave out files of other kinds"
        return Problem(message, hint=hint, rule="wrong-encoding")
