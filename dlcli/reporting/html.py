"""The report as one HTML page: no script, nothing from elsewhere, readable without its style."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

from dlcli.reporting.document import (
    Block,
    Code,
    Figure,
    Folded,
    Keys,
    Pictures,
    Report,
    Section,
    Table,
    Text,
    cell_text,
)
from dlcli.reporting.plots.svg import element, escape
from dlcli.reporting.style import PAGE

__all__ = ["page"]

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a browser may load for the page: nothing but its own style, and pictures that it holds."""


LONG = 24
"""Letters of a cell from which on it may be broken, and its column wants some room."""

_SIDE_BY_SIDE: dict[type, str] = {Figure: "figures", Table: "tables"}


def page(report: Report) -> str:
    """The page as text."""
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(report.title)}</title><style>{PAGE}</style>"
    )
    links = "".join(f'<li><a href="#{each.name}">{escape(each.title)}</a></li>' for each in report.sections)
    header = (
        '<header><a class="skip" href="#content">To the content</a>'
        f'<h1>{escape(report.title)}</h1><p class="sub">{escape(report.subtitle)}</p>'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav></header>'
    )
    content = "\n".join(map(_section, report.sections))
    footer = "<footer><p>Written by dlcli. This page needs no network and runs no script.</p></footer>"
    body = f'{header}\n<main id="content">{content}</main>\n{footer}'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'


def _section(section: Section) -> str:
    heading = element("h2", escape(section.title), id=f"{section.name}-heading")
    content = "\n".join(_blocks(section.blocks))
    return f'<section id="{section.name}" aria-labelledby="{section.name}-heading">{heading}{content}</section>'


def _blocks(blocks: Sequence[Block]) -> list[str]:
    """The blocks; figures that follow one another, and tables, stand side by side where there is room."""
    found = []
    for kind, group in itertools.groupby(blocks, key=lambda block: _SIDE_BY_SIDE.get(type(block), "")):
        each = [_block(block) for block in group]
        found += [f'<div class="{kind}">{"".join(each)}</div>'] if kind and len(each) > 1 else each
    return found


def _block(block: Block) -> str:
    match block:
        case Text():
            return _text(block)
        case Table():
            return _table(block)
        case Pictures():
            return _pictures(block)
        case Code():
            return f'<pre tabindex="0"><code>{escape(block.text, lines=True)}</code></pre>'
        case Keys():
            each = "".join(
                f"<div><dt>{_breakable(key.name)}</dt><dd>{escape(key.value)}"
                f"{f'<small>{escape(key.beside)}</small>' if key.beside else ''}</dd></div>"
                for key in block.keys
            )
            return f'<dl class="keys">{each}</dl>'
        case Folded():
            inner = "".join(_blocks(block.blocks))
            return f"<details><summary>{escape(block.title)}</summary>{inner}</details>"
        case Figure():
            return _figure(block)


def _text(block: Text) -> str:
    if block.kind in ("warning", "info"):
        hint = f"<small>{escape(block.hint)}</small>" if block.hint else ""
        word = "<strong>Warning:</strong> " if block.kind == "warning" else ""
        return f'<div class="finding {block.kind}">{word}{escape(block.text)}{hint}</div>'
    return f"<p{' class=note' if block.kind == 'note' else ''}>{escape(block.text)}</p>"


def _figure(figure: Figure) -> str:
    below = "" if figure.table is None else f"<details><summary>As numbers</summary>{_table(figure.table)}</details>"
    caption = element("figcaption", escape(figure.plot.title))
    return f"<figure>{caption}{figure.plot.inline()}{below}</figure>"


def _table(table: Table) -> str:
    numeric = [_is_numeric([row[place] for row in table.rows]) for place in range(len(table.columns))]
    head = "".join(
        f'<th scope="col"{_CLASS[number]}>{_breakable(name)}</th>'
        for name, number in zip(table.columns, numeric, strict=True)
    )
    kinds = [
        " class=n" if number else _text_class([row[place] for row in table.rows])
        for place, number in enumerate(numeric)
    ]
    rows = []
    for number, row in enumerate(table.rows):
        first, *others = ((kind, _cell(cell)) for cell, kind in zip(row, kinds, strict=True))
        cells = f'<th scope="row"{first[0]}>{first[1]}</th>'
        cells += "".join(f"<td{kind}>{text}</td>" for kind, text in others)
        rows.append(f"<tr{' class=strong-row' if number in table.strong else ''}>{cells}</tr>")
    caption = element("caption", escape(table.caption)) if table.caption else ""
    pairs = " class=pairs" if not any(table.columns) else ""
    whole = f"<table{pairs}>{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.caption)}">{whole}</div>'


_CLASS = {True: " class=n", False: ""}
_NUMBER = re.compile(r"-?[0-9][0-9,]*(\.[0-9]+)?(e[+-]?[0-9]+)?|–")


def _is_numeric(cells: Sequence[Any]) -> bool:
    """Whether a column is of numbers, of which some may be absent, and some are written already."""
    return any(cell is not None for cell in cells) and all(
        _NUMBER.fullmatch(cell) if isinstance(cell, str) else cell is None or isinstance(cell, int | float)
        for cell in cells
        if not isinstance(cell, bool)
    )


def _text_class(cells: Sequence[Any]) -> str:
    """How a column of texts is laid out: a date is not broken, and what is long wants some room."""
    texts = [cell for cell in cells if isinstance(cell, str)]
    if any(len(text) > LONG for text in texts):
        return " class=w"
    return "" if any(" " in text for text in texts) else " class=o"


def _cell(cell: Any) -> str:
    text = cell_text(cell)
    return _breakable(text) if len(text) > LONG and " " not in text else escape(text)


def _breakable(name: str) -> str:
    """The name of a column, which may be a path, and is then broken at its joints where there is no room."""
    return re.sub(r"([._/])(?=[^._/])", r"\1<wbr>", escape(name))


def _pictures(block: Pictures) -> str:
    each = "".join(
        f'<li><img src="{picture.uri}" alt="{escape(picture.words)}" width="{picture.width}" '
        f'height="{picture.height}">{"".join(f"<div>{escape(line)}</div>" for line in picture.lines)}</li>'
        for picture in block.pictures
    )
    caption = element("figcaption", escape(block.caption))
    return f'<figure>{caption}<ul class="pictures">{each}</ul></figure>'
