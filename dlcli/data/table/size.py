"""About how many rows an input has, at a glance: what a progress bar needs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dlcli.data.sources.options import FORMATS, Format, is_gzipped

__all__ = ["about_rows"]

GLANCE = 1 << 20
"""Bytes of a text file that are looked at."""


def about_rows(files: Iterable[Path], format: Format | None = None) -> int | None:
    """The rows of all files, by the lines that their first bytes hold; of Parquet exactly.

    Args:
        files: Files of any format.
        format: Their format; by the files' names when None.

    Returns:
        None when a file does not say, such as one that is gzipped or of arrays, or cannot be read.

    Example:
        >>> about_rows([Path("iris.csv")])  # doctest: +SKIP
        150
    """
    total = 0
    for file in files:
        try:
            match format or FORMATS.get(file.suffix.lower()):
                case "parquet":
                    rows: int | None = _parquet(file)
                case "npz":
                    rows = None
                case _:
                    rows = _text(file)
        except (OSError, ValueError):
            return None
        if rows is None:
            return None
        total += rows
    return total


def _text(file: Path) -> int | None:
    if is_gzipped(file):
        return None
    with file.open("rb") as stream:
        glance = stream.read(GLANCE)
    lines = glance.count(b"\n")
    return round(file.stat().st_size * lines / len(glance)) if lines else None


def _parquet(file: Path) -> int:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as found:
        return int(found.metadata.num_rows)
