"""What every plot is made of: escaped text, elements, and the whole picture, inline or as a file of its own."""

from __future__ import annotations

import dataclasses
import html
import re

from dlcli.files.visible import visible, visible_lines

__all__ = ["Plot", "element", "escape", "fixed", "plain", "shortened"]

_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
"""What no XML document may hold and `visible` lets through: halves of characters, and what is none."""

LETTER = 6.6
"""Pixels that a letter of a label takes, about."""


def plain(text: object, *, lines: bool = False) -> str:
    r"""A text from anywhere, as it may stand in a document: what is no character, or hides, is shown by its number.

    Example:
        >>> plain("a\x00b")
        'a\\x00b'
    """
    shown = visible_lines(str(text)) if lines else visible(str(text))
    return shown if shown.isascii() else _NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", shown)


def escape(text: object, *, lines: bool = False) -> str:
    """A text for HTML and SVG, in elements and in attributes."""
    return html.escape(plain(text, lines=lines))


def shortened(text: object, letters: int) -> str:
    """A text of at most so many letters.

    Example:
        >>> shortened("versicolor", 6)
        'versi…'
    """
    shown = plain(text)
    return shown if len(shown) <= letters else f"{shown[: letters - 1]}…"


def fixed(number: float) -> str:
    """A coordinate, with as many digits as are seen.

    Example:
        >>> fixed(12.0), fixed(3.14159)
        ('12', '3.1')
    """
    text = f"{number:.1f}"
    return text.removesuffix(".0")


def element(name: str, content: str = "", /, **attributes: object) -> str:
    """An element; `class_` is `class`, and `_` in a name is `-`. The content is markup already.

    Example:
        >>> element("text", "a &lt; b", class_="label", text_anchor="end", x=3)
        '<text class="label" text-anchor="end" x="3">a &lt; b</text>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{fixed(value) if isinstance(value, float) else escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{given}>{content}</{name}>" if content else f"<{name}{given}/>"


@dataclasses.dataclass(frozen=True, slots=True)
class Plot:
    """A picture with its words.

    Args:
        name: Of its file, without the suffix, and of its place on the page: small letters, digits and `-`.
        title: What it shows.
        words: The same for those who do not see it: what is to be read off it.
        width: Pixels.
        height: Pixels.
        marks: SVG elements.
    """

    name: str
    title: str
    words: str
    width: int
    height: int
    marks: str

    def inline(self) -> str:
        """For a page that has the style already."""
        return self._svg(class_="plot")

    def file(self, style: str) -> str:
        """A file of its own.

        Args:
            style: A style sheet.
        """
        ground = element("rect", class_="ground", width="100%", height="100%")
        content = f"<style>{style}</style>{ground}"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{self._svg(content, xmlns="http://www.w3.org/2000/svg")}\n'

    def _svg(self, before: str = "", **more: object) -> str:
        told = (f"{self.name}-title", f"{self.name}-words")
        words = element("title", escape(self.title), id=told[0]) + element("desc", escape(self.words), id=told[1])
        return element(
            "svg",
            words + before + self.marks,
            **more,
            viewBox=f"0 0 {self.width} {self.height}",
            width=self.width,
            height=self.height,
            role="img",
            aria_labelledby=" ".join(told),
        )
