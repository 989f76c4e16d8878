"""A report holds texts from anywhere, and says them without doing what they ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlcli.reporting.card import card, escaped
from dlcli.reporting.document import Code, Figure, Folded, Key, Keys, Picture, Pictures, Report, Section, Table, Text
from dlcli.reporting.html import page
from dlcli.reporting.plots.lines import Line, lines_plot
from dlcli.reporting.plots.png import data_uri
from dlcli.reporting.writing import MOST_BYTES, write_page
from tests.reporting.pages import read_page

HOSTILE = [
    "<script>alert(1)</script>",
    '" onload="alert(1)',
    "' onmouseover='x",
    "]]></style></svg><b>",
    "\x00\x07\x1b[2J\r\n\t",
    "\u202egnp.exe\u2028",
    "\ud800 half",
    "&lt;already&gt; &#x3c;",
    "| a | b\n|---|",
    "![x](http://example.org/x.png) [y](javascript:z)",
    "``` fence",
    "javascript:alert(1)",
]


def everything(text: str) -> Report:
    plot = lines_plot("plot", text, text, [Line(text, [0, 1], [0, 1])], x_label=text, y_label=text)
    import numpy as np

    picture = Picture(data_uri(np.zeros((4, 4, 3), np.uint8)), text, [text], 4, 4)
    blocks = (
        Keys([Key(text, text, text)]),
        Text(text),
        Text(text, "note"),
        Text(text, "warning", text),
        Table(text, (text, text), [(text, 1.5), (text, None)], strong=[0]),
        Figure(plot, Table(text, (text,), [(text,)])),
        Pictures(text, [picture]),
        Code(text, "yaml"),
        Folded(text, [Text(text)]),
    )
    return Report(text, text, [Section("all", text, blocks, on_card=True)])


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_says_what_it_is_told(text: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(page(everything(text)), encoding="utf-8")
    read = read_page(file)
    assert (read.figures, read.tables) == (1, 2)
    if text.isprintable() and "\n" not in text:
        assert read.text.count(text) > 15


@pytest.mark.parametrize("text", HOSTILE)
def test_a_card_says_it_too(text: str) -> None:
    lines = card(everything(text), plots="plots").splitlines()
    assert lines[0].startswith("# ")
    assert not {"\x00", "\x1b", "\ud800", "\u202e"} & set("".join(lines))
    typed = "\n".join(lines).partition("yaml\n")[2].splitlines()[: text.count("\n") + 1]
    rows = [line for line in lines if line.startswith("|") and line not in typed]
    bars = [line.replace("\\\\", "").replace("\\|", "").count("|") for line in rows]
    assert set(bars) == {3}
    fences = [line for line in lines if line.startswith("```")]
    assert len({line.rstrip("yaml") for line in fences}) == 1 or "```" in text


def test_what_markdown_takes_for_its_own_is_escaped() -> None:
    assert escaped("<b>*x*_y_[z](u)|`") == r"\<b\>\*x\*\_y\_\[z\](u)\|\`"


def test_a_page_that_would_be_too_large_leaves_parts_out(tmp_path: Path) -> None:
    large = Section("mistakes", "Mistakes", (Text("x" * MOST_BYTES),))
    small = Section("overview", "Overview", (Text("kept"),))
    write_page(tmp_path / "report.html", Report("t", "s", [small, large]))
    read = read_page(tmp_path / "report.html")
    assert "kept" in read.text
    assert "too large" in read.text
