"""CSV and its kin, as the registry knows them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.data.sources.format import Format, Peek

if TYPE_CHECKING:
    from dlcli.data.sources.options import TableOptions
    from dlcli.data.sources.source import Source

__all__ = ["FORMAT"]

_OTHERS = (b"%PDF-", b"<!DOCTYPE", b"<html", b"<?xml")
"""What texts begin with that hold no table."""


def _sniff(start: bytes) -> str | None:
    """Any text may be delimited."""
    from dlcli.data.sources.text import is_text

    if not is_text(start) or start.startswith(_OTHERS):
        return None
    header = start.split(b"\n", 1)[0]
    return ".tsv" if b"\t" in header and b"," not in header else ".csv"


def _peek(file: Path, options: TableOptions) -> Peek:
    from dlcli.data.sources.delimited.header import delimited_header

    header = delimited_header(file, options)
    reading = dataclasses.replace(
        options.reading,
        delimiter=header.dialect.delimiter,
        header=header.has_header,
        encoding=header.dialect.encoding,
        decimal=header.numerals.decimal,
        thousands=header.numerals.thousands or None,
    )
    return Peek(header.names, doubts=header.doubts, reading=reading)


def _open(file: Path, options: TableOptions) -> Source:
    from dlcli.data.sources.delimited.source import DelimitedFile

    return DelimitedFile(file, options)


FORMAT = Format(
    name="delimited",
    title="CSV, TSV",
    order=0,
    suffixes=(".csv", ".tsv", ".txt", ".data", ".dat"),
    prose=(".txt",),
    spoken={"csv": {}, "tsv": {"delimiter": "\t"}},
    text=True,
    sniff=_sniff,
    peek=_peek,
    open=_open,
)
