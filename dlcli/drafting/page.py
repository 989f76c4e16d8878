"""A YAML page with a reason beside each line, written so that it is read back as it was meant."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from dlcli.config.document.writer import flow
from dlcli.files.visible import visible

__all__ = ["Line", "entry", "heading", "item", "remark", "render"]

_WIDTH = 120
_COLUMN = 56
"""Where reasons begin, at most, unless their line is longer."""


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of the page.

    Args:
        depth: How far it is indented, in levels.
        text: The YAML; empty for a remark, or for a blank line.
        why: The reason, in words.
    """

    depth: int
    text: str
    why: str = ""


def entry(depth: int, key: str, value: Any, why: str = "") -> Line:
    """A key and its value on one line."""
    return Line(depth, f"{flow(key)}: {flow(value)}", why)


def heading(depth: int, key: str, why: str = "") -> Line:
    """A key whose value follows."""
    return Line(depth, f"{flow(key)}:", why)


def item(depth: int, value: Any, why: str = "") -> Line:
    """An item of a list; a mapping of one key without braces around it."""
    if isinstance(value, dict) and len(value) == 1:
        ((key, inner),) = value.items()
        return Line(depth, f"- {flow(key)}: {flow(inner)}", why)
    return Line(depth, f"- {flow(value)}", why)


def remark(depth: int, why: str) -> Line:
    """A comment on lines of its own."""
    return Line(depth, "", why)


def render(sections: Iterable[Sequence[Line]]) -> str:
    """The page: sections with a blank line between them, the reasons of each below each other."""
    return "\n".join("".join(f"{line}\n" for line in _section(lines)) for lines in sections if lines)


def _section(lines: Sequence[Line]) -> list[str]:
    texts = ["  " * line.depth + line.text for line in lines]
    column = max((len(text) for text, line in zip(texts, lines, strict=True) if line.why and line.text), default=0)
    column = min(column, _COLUMN) + 2
    found: list[str] = []
    for text, line in zip(texts, lines, strict=True):
        why = visible(line.why)
        if not why:
            found.append(text.rstrip())
            continue
        beside = f"{text:<{column}}# {why}" if len(text) + 2 <= column else f"{text}  # {why}"
        if line.text and len(beside) <= _WIDTH:
            found.append(beside)
            continue
        indent = "  " * line.depth + "# "
        found += textwrap.wrap(
            why, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
        found += [text] if line.text else []
    return found
