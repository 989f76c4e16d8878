"""The notation for a place in a config: `model.layers[2].Dense.units`.

A path is a tuple of mapping keys (text) and list indices (whole numbers); the notation is what people read
in messages and write after `--set`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

__all__ = ["ConfigPath", "format_path", "parse_path", "split_assignment"]

ConfigPath = tuple[str | int, ...]
"""Keys and indices from the top of the config to a value."""

_BARE = re.compile(r"""[^\s.\[\]"=]+""")
_INDEX = re.compile(r"\[(0|[1-9][0-9]{0,8})\]")
_DIGITS = re.compile(r"0|[1-9][0-9]{0,8}")


def format_path(parts: Sequence[str | int]) -> str:
    """Write a path as people do.

    Keys that would be read otherwise (with dots, spaces, brackets, or of digits alone) are quoted as in JSON.

    Example:
        >>> format_path(("model", "layers", 2, "Dense", "units"))
        'model.layers[2].Dense.units'
        >>> format_path(("data", "features", "a.b"))
        'data.features."a.b"'
    """
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + _format_key(part)
    return text


def parse_path(text: str) -> ConfigPath:
    """Read a path; `model.layers.2.Dense` means the same as `model.layers[2].Dense`.

    Digits after a dot are read as an index. Whoever follows the path into a mapping takes them for a key.

    Raises:
        ValueError: `text` is no path; the message says where it stops being one.

    Example:
        >>> parse_path('data.features."a.b".type')
        ('data', 'features', 'a.b', 'type')
    """
    parts, end = _scan(text)
    if end < len(text):
        raise ValueError(f"a path has no {text[end]!r} at position {end + 1}: {text!r}")
    return parts


def split_assignment(text: str) -> tuple[ConfigPath, str]:
    """Read `path=value` into the path and the text of the value.

    Raises:
        ValueError: There is no `=` after the path, or no path before it.

    Example:
        >>> split_assignment("fit.epochs=5")
        (('fit', 'epochs'), '5')
    """
    parts, end = _scan(text)
    if end == len(text):
        raise ValueError("there is no '=' with a value after the path")
    if text[end] != "=":
        raise ValueError(f"a path has no {text[end]!r} at position {end + 1}")
    if not parts:
        raise ValueError("there is no path before '='")
    return parts, text[end + 1 :]


def _scan(text: str) -> tuple[ConfigPath, int]:
    """Read a path from the start of `text`; return it and where it ends."""
    parts: list[str | int] = []
    at = 0
    while at < len(text) and text[at] != "=":
        if index := _INDEX.match(text, at):
            parts.append(int(index[1]))
            at = index.end()
            continue
        if text[at] == "[":
            raise ValueError(f"an index is a whole number from 0 in brackets, at position {at + 1}: {text!r}")
        if parts:
            if text[at] != ".":
                break
            at += 1
        key, at = _scan_key(text, at)
        parts.append(key)
    return tuple(parts), at


def _scan_key(text: str, at: int) -> tuple[str | int, int]:
    if text.startswith('"', at):
        try:
            key, end = json.JSONDecoder(strict=False).raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"the quotes that open at position {at + 1} hold no text or never close: {text!r}"
            ) from error
        return str(key), end
    bare = _BARE.match(text, at)
    if bare is None:
        raise ValueError(f"a key is missing at position {at + 1}: {text!r}")
    word = bare[0]
    return (int(word) if _DIGITS.fullmatch(word) else word), bare.end()


def _format_key(key: str) -> str:
    if _BARE.fullmatch(key) and key.isprintable() and not _DIGITS.fullmatch(key):
        return key
    return json.dumps(key, ensure_ascii=False)
