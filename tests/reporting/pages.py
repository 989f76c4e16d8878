"""A strict reading of a page: what HTML lets pass in silence is a fault here."""

from __future__ import annotations

import html.parser
import re
from pathlib import Path
from xml.etree import ElementTree

from dlcli.reporting.writing import MOST_BYTES

__all__ = ["Page", "read_page", "read_plots"]

VOID = {"meta", "img", "br", "hr", "link", "input", "wbr"}
"""Elements that have no end."""

LINKS = {"href", "src", "srcset", "action", "data", "poster", "xlink:href", "background"}


class Page(html.parser.HTMLParser):
    """What a page is made of.

    Args:
        text: All of it.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[str] = []
        self.texts: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.figures = 0
        self.tables = 0
        self.feed(text)
        self.close()
        self.faults += [f"<{name}> has no end" for name in self.open]

    @property
    def text(self) -> str:
        """What a reader sees."""
        return " ".join(self.texts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if len(given) < len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag in ("script", "iframe", "object", "embed", "link", "base", "form"):
            self.faults.append(f"<{tag}> has no place in a report")
        self.faults += [f"<{tag} {name}>" for name in given if name.startswith("on") or name == "style"]
        self.links += [value or "" for name, value in attrs if name in LINKS]
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag == "img":
            self.pictures.append(given)
        if tag == "svg":
            self.figures += 1
            if given.get("role") != "img" or not given.get("aria-labelledby"):
                self.faults.append("an <svg> has no words")
        self.tables += tag == "table"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> ends nothing")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)
            if self.open[-1] == "h2":
                self.headings.append(data)


def read_page(file: Path) -> Page:
    """Read a page, and require what is promised of every one."""
    content = file.read_bytes()
    assert len(content) < MOST_BYTES
    page = Page(content.decode("utf-8"))
    assert page.faults == []
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        inside = link.startswith("#") and link[1:] in page.ids
        assert inside or link.startswith("data:image/png;base64,"), link[:100]
    assert all(picture.get("alt") for picture in page.pictures)
    style = content.decode("utf-8").partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme:dark" in style
    assert "@media print" in style
    assert b"default-src 'none'" in content or b"default-src &#x27;none&#x27;" in content
    return page


NUMBER = re.compile(r"(?<![A-Za-z])(nan|inf|NaN|Infinity)(?![A-Za-z])")


def read_plots(folder: Path) -> dict[str, ElementTree.Element]:
    """The plots of a run by their names; each is well-formed XML with its words, and its marks have places."""
    found = {}
    for file in sorted(folder.iterdir()):
        assert file.suffix == ".svg"
        root = ElementTree.fromstring(file.read_bytes())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        told = [root.findtext(f"{{http://www.w3.org/2000/svg}}{name}") for name in ("title", "desc")]
        assert all(told), file.name
        for element in root.iter():
            for name in ("d", "x", "y", "cx", "cy", "width", "height"):
                assert not NUMBER.search(element.get(name, "")), (file.name, name)
        found[file.stem] = root
    return found
