"""Parquet, as the registry knows it. A first look tells no columns: only its library could."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.data.sources.format import Format

if TYPE_CHECKING:
    from dlcli.data.sources.options import TableOptions
    from dlcli.data.sources.source import Source

__all__ = ["FORMAT"]


def _sniff(start: bytes) -> str | None:
    return ".parquet" if start.startswith(b"PAR1") else None


def _open(file: Path, options: TableOptions) -> Source:
    from dlcli.data.sources.parquet.source import ParquetFile

    return ParquetFile(file, options)


FORMAT = Format(
    name="parquet", title="Parquet", order=2, suffixes=(".parquet",), spoken={"parquet": {}}, sniff=_sniff, open=_open
)
