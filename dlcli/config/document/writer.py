"""Plain values into YAML that people like to read and `reading` reads back equal."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from dlcli.config.document.scalars import resolve

__all__ = ["dump", "flow"]

_PLAIN = re.compile(r"[^\W\d][\w./-]*( [\w./-]+)*")
_READ_OTHERWISE_ELSEWHERE = frozenset(("y", "n", "yes", "no", "on", "off"))  # booleans to readers of YAML 1.1
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_LINE_WIDTH = 100
_MAX_SIMPLE_KEY = 500  # YAML takes at most 1024 characters before a ':'


def dump(value: Any) -> str:
    """Write a value as YAML: mappings in blocks, in their order; short lists of scalars on one line.

    Args:
        value: Mappings with text keys, lists, tuples (read back as lists), text, numbers, booleans and None.

    Returns:
        The YAML, with a line feed at its end. Floats are read back bit for bit.

    Raises:
        TypeError: Another type, or a key that is no text.
        ValueError: Text that no file can hold (a lone surrogate).

    Example:
        >>> print(dump({"fit": {"epochs": 5}, "shape": [28, 28], "rate": "1e-3"}), end="")
        fit:
          epochs: 5
        shape: [28, 28]
        rate: "1e-3"
    """
    return "".join(f"{line}\n" for line in _lines(value))


def flow(value: Any) -> str:
    """A value as YAML on one line, for messages.

    Example:
        >>> flow({"Dense": {"units": 8, "activation": "relu"}})
        '{Dense: {units: 8, activation: relu}}'
    """
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_text(str(key))}: {flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(flow, value))}]"
    return _scalar(value)


def _lines(value: Any) -> Iterator[str]:
    """The lines of a value, not indented."""
    if (line := _one_line(value)) is not None:
        yield line
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(key, item)
    else:
        for item in value:
            yield from _hanging("- ", item)


def _entry(key: Any, value: Any) -> Iterator[str]:
    if not isinstance(key, str):
        raise TypeError(f"a key in YAML is text, got {type(key).__name__} {key!r}")
    name = _text(key)
    if len(name) > _MAX_SIMPLE_KEY:
        yield f"? {name}"
        yield from _hanging(": ", value)
    elif (line := _one_line(value)) is not None:
        yield f"{name}: {line}"
    else:
        yield f"{name}:"
        yield from (f"  {line}" for line in _lines(value))


def _hanging(mark: str, value: Any) -> Iterator[str]:
    """The lines of a value behind a mark of two characters."""
    for number, line in enumerate(_lines(value)):
        yield f"{mark if number == 0 else '  '}{line}"


def _one_line(value: Any) -> str | None:
    """The value on one line, or None when it belongs into a block."""
    if isinstance(value, Mapping):
        return None if value else "{}"
    if not isinstance(value, (list, tuple)):
        return _scalar(value)
    if any(isinstance(item, (Mapping, list, tuple)) for item in value):
        return None
    line = f"[{', '.join(map(_scalar, value))}]"
    return line if len(line) <= _LINE_WIDTH else None


def _scalar(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return int.__repr__(value)
        case float():
            return _float(value)
        case str():
            return _text(value)
        case _:
            raise TypeError(f"{type(value).__name__} {value!r} cannot be written as YAML")


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    digits, exponent, power = float.__repr__(value).partition("e")
    if exponent and "." not in digits:
        digits += ".0"  # readers of YAML 1.1 take `1e-05` for a text
    return digits + exponent + power


def _text(value: str) -> str:
    return value if _is_plain(value) else f'"{"".join(map(_character, value))}"'


def _is_plain(value: str) -> bool:
    """Whether every reader takes the text, without quotes, for this text."""
    if not _PLAIN.fullmatch(value) or not value.isprintable():
        return False
    return value.lower() not in _READ_OTHERWISE_ELSEWHERE and isinstance(resolve(value), str)


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"the lone surrogate U+{code:04X} cannot be written")
    if character.isprintable():
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
