"""The objects of JSON lines, and what their keys tell. Imports nothing heavy: the first stage of `check` looks here."""

from __future__ import annotations

import itertools
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlcli.data.sources.access import unreadable
from dlcli.data.sources.format import Peek
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.text import find_encoding, open_text, undecodable
from dlcli.errors import DataError, Problem

__all__ = ["JSON_ROWS", "json_objects", "peek"]

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

JSON_ROWS = 1000
"""Rows whose keys are the columns at a first look."""


def peek(file: Path, options: TableOptions) -> Peek:
    """The keys of the first rows; None when there are more, of which a key may come late."""
    objects = json_objects(file, options)
    names = dict.fromkeys(name for _, row in itertools.islice(objects, JSON_ROWS) for name in row)
    return Peek(tuple(names) if next(objects, None) is None else None, keyed=True)


def json_objects(file: Path, options: TableOptions) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON lines file with their 1-based lines; blank lines are passed over.

    Raises:
        DataError: A line that holds no JSON object, a wrong encoding, a truncated file.
    """
    line = 0
    encoding = find_encoding(file, options).name
    try:
        with open_text(file, encoding) as stream:
            for text in stream:
                line += 1
                if not text.strip():
                    continue
                try:
                    value = json.loads(text, object_pairs_hook=_object)
                    _require_characters(text, value)
                except (ValueError, RecursionError) as error:
                    raise _bad_line(file, line, f"holds no JSON: {error}", text) from None
                if not isinstance(value, dict):
                    raise _bad_line(file, line, f"holds {type(value).__name__}, not an object", text)
                yield line, value
    except UnicodeDecodeError as error:
        raise undecodable(file, encoding, error) from None
    except (EOFError, OSError, zlib.error) as error:
        raise unreadable(file, error) from None


def _require_characters(text: str, value: Any) -> None:
    """Make sure that no half of a character, which JSON can write, stands alone: no text can hold it.

    Raises:
        ValueError: One does.
    """
    if _SURROGATE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = f"\\u{ord(error.object[error.start]):04x}"
            raise ValueError(f"half of a character, {half}, stands alone") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        (name, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the key {name!r} stands twice")
    return value


def _bad_line(file: Path, line: int, fault: str, text: str) -> DataError:
    array = line == 1 and text.lstrip().startswith("[")
    hint = "the file is a JSON array; " * array + 'JSON lines hold one object a line, such as {"age": 31}'
    return DataError(Problem(f"line {line} {fault}", hint=hint, file=file, line=line, rule="json-line"))
