"""The report as a model card: Markdown, with the plots as files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlcli.reporting.document import Block, Code, Figure, Keys, Report, Table, Text, cell_text
from dlcli.reporting.plots.svg import plain

__all__ = ["card"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$!&])")
"""What Markdown or HTML within it would take for its own."""


def card(report: Report, *, plots: str) -> str:
    """The card as text.

    Args:
        report: What it is of.
        plots: The folder of the plots, as the card names it.
    """
    lines = [f"# {escaped(report.title)}", "", escaped(report.subtitle), ""]
    for section in report.sections:
        if section.on_card:
            lines += [f"## {escaped(section.title)}", ""]
            for block in section.blocks:
                lines += _block(block, plots)
    lines += ["The report is beside this card, with all plots: `report.html`.", ""]
    return "\n".join(lines)


def escaped(text: object) -> str:
    """A text from anywhere in a line of Markdown.

    Example:
        >>> escaped("a|b <i>")
        'a\\\\|b \\\\<i\\\\>'
    """
    return _SPECIAL.sub(r"\\\1", plain(text))


def _block(block: Block, plots: str) -> Iterator[str]:
    match block:
        case Text(kind="warning" | "info"):
            word = "**Warning:** " if block.kind == "warning" else ""
            yield f"- {word}{escaped(block.text)}{f' ({escaped(block.hint)})' if block.hint else ''}"
            yield ""
        case Text():
            yield from (escaped(block.text), "")
        case Keys():
            yield from (
                f"- {escaped(key.name)}: **{escaped(key.value)}**{f' ({escaped(key.beside)})' if key.beside else ''}"
                for key in block.keys
            )
            yield ""
        case Table():
            yield from _table(block)
        case Code():
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", block.text)), default=0))
            yield from (f"{fence}{block.language}", plain(block.text, lines=True).rstrip("\n"), fence, "")
        case Figure():
            yield from (f"![{escaped(block.plot.words)}]({plots}/{block.plot.name}.svg)", "")
        case _:
            return


def _table(table: Table) -> Iterator[str]:
    if table.caption:
        yield from (f"**{escaped(table.caption)}**", "")
    yield f"| {' | '.join(map(escaped, table.columns))} |"
    yield f"|{'---|' * len(table.columns)}"
    for row in table.rows:
        yield f"| {' | '.join(escaped(cell_text(cell)) for cell in row)} |"
    yield ""
