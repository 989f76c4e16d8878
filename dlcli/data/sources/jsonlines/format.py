"""JSON lines, as the registry knows them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.data.sources.format import Format, Peek

if TYPE_CHECKING:
    from dlcli.data.sources.options import TableOptions
    from dlcli.data.sources.source import Source

__all__ = ["FORMAT"]

_START = re.compile(rb'(\xef\xbb\xbf)?\s*(\{|\[\s*[\[{"0-9-])')
"""An object; or an array, which a file should not hold: the message says what it should."""


def _sniff(start: bytes) -> str | None:
    return ".jsonl" if _START.match(start) else None


def _peek(file: Path, options: TableOptions) -> Peek:
    from dlcli.data.sources.jsonlines.objects import peek

    return peek(file, options)


def _open(file: Path, options: TableOptions) -> Source:
    from dlcli.data.sources.jsonlines.source import JsonLinesFile

    return JsonLinesFile(file, options)


FORMAT = Format(
    name="jsonl",
    title="JSON lines",
    order=1,
    suffixes=(".jsonl", ".ndjson"),
    spoken={"jsonl": {}},
    text=True,
    sniff=_sniff,
    peek=_peek,
    open=_open,
)
