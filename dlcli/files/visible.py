"""Texts from anywhere made fit for a terminal: what would move the cursor, change colours or turn the line is shown."""

from __future__ import annotations

import re

__all__ = ["visible", "visible_json", "visible_lines"]

_TURNING = "\u2028-\u202e\u2066-\u2069"
"""Ends of lines and paragraphs, and what writes text in the other direction."""

_HIDDEN = re.compile(f"[\x00-\x1f\x7f-\x9f{_TURNING}]")
_HIDDEN_BUT_LINES = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_TURNING}]")


def visible(text: str) -> str:
    r"""A text that is to stay in its line, such as the name of a column.

    Example:
        >>> print(visible("red \x1b[31m and\nbelow"))
        red \x1b[31m and\nbelow
    """
    return text if text.isprintable() else _HIDDEN.sub(_shown, text)


def visible_lines(text: str) -> str:
    """A text that may have several lines, and tabs in them."""
    return text if text.isprintable() else _HIDDEN_BUT_LINES.sub(_shown, text)


def visible_json(text: str) -> str:
    """A JSON document that says the same; JSON itself writes no more than the first of these characters as numbers."""
    return _HIDDEN_BUT_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _shown(found: re.Match[str]) -> str:
    letter = found[0]
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(letter) or (
        f"\\x{ord(letter):02x}" if ord(letter) < 256 else f"\\u{ord(letter):04x}"
    )
