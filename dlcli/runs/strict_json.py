"""JSON of a run, which may come from anybody: as the standard has it, each key once, and not without bound."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

__all__ = ["read_strict"]

MOST_VALUES = 10_000_000
"""Values of a document: the vocabularies of a hundred features, and far less than the memory of a machine."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_STRUCTURE = (b",", b"[", b"{")
"""Each value but the first stands after one of these; within texts they are counted too."""


def read_strict(content: bytes, *, finite: bool = True) -> dict[str, Any]:
    """The JSON object of a file.

    Args:
        content: Of the file.
        finite: Refuse NaN and the infinities, which are no JSON, and which Python writes all the same.

    Raises:
        ValueError: It is none; it holds NaN, a key twice, half a character, a number of thousands of digits or too many
            values; it is nested too deeply.

    Example:
        >>> read_strict(b'{"epochs": 3}')
        {'epochs': 3}
    """
    if sum(map(content.count, _STRUCTURE)) > MOST_VALUES:
        raise ValueError(f"it holds more than {MOST_VALUES:,} values")
    try:
        value = json.loads(content.decode(), object_pairs_hook=_object, parse_constant=_refuse if finite else None)
        if _SURROGATE.search(content):
            json.dumps(value, ensure_ascii=False).encode()  # a half of a character cannot be shown or written
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("expected a JSON object")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        (name, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the key {name[:60]!r} stands twice")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")
