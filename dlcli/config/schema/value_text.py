"""A value of a config as messages show it."""

from __future__ import annotations

from typing import Any

__all__ = ["received"]

_MAX_TEXT = 60
_MAX_KEYS = 4


def received(value: Any) -> str:
    """A value in words: what it is, and no more of it than fits into a sentence.

    Example:
        >>> received("many"), received([1, 2]), received(None)
        ('"many"', 'a list of 2', 'nothing')
    """
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"' if len(value) <= _MAX_TEXT else f'"{value[: _MAX_TEXT - 3]}..."'
        case dict():
            if not value:
                return "an empty mapping"
            keys = ", ".join(map(str, list(value)[:_MAX_KEYS])) + (", ..." if len(value) > _MAX_KEYS else "")
            return f"a mapping with the {'key' if len(value) == 1 else 'keys'} {keys}"
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case _:
            return str(value)
