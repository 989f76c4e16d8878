"""Which of the marks for empty cells the data really holds. Imports nothing heavy."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Collection, Iterable
from typing import Any

__all__ = ["Sightings"]


class Sightings:
    """Marks that are looked for in all that is read, until each is met once.

    Args:
        marks: The marks, as they are written.
    """

    def __init__(self, marks: Iterable[str]) -> None:
        self._unseen = dict.fromkeys(marks)
        self._lock = threading.Lock()

    @property
    def unseen(self) -> tuple[str, ...]:
        """The marks that no cell was."""
        return tuple(self._unseen)

    def see_text(self, data: bytes, delimiter: str) -> None:
        """Look through tidy delimited text."""
        for mark in self.unseen:
            written = mark.encode()
            if written and written in data and re.search(_whole_cell(written, delimiter.encode()), data):
                self._see(mark)

    def see_cells(self, values: Any) -> None:
        """Look through an arrow array of texts or numbers."""
        if not self._unseen:
            return
        import pyarrow as pa
        import pyarrow.compute as pc

        if pa.types.is_dictionary(values.type):
            values = values.dictionary
        text = pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
        for mark in self.unseen:
            wanted = mark if text else _number(mark)
            comparable = text or pa.types.is_floating(values.type) or pa.types.is_integer(values.type)
            if wanted is not None and comparable:
                found = pc.any(pc.equal(values if text else values.cast(pa.float64(), safe=False), wanted)).as_py()
                if found:
                    self._see(mark)

    def see_numbers(self, values: Any) -> None:
        """Look through a NumPy array of numbers, of any shape; no mark is a boolean."""
        for mark in self.unseen if values.dtype.kind != "b" else ():
            wanted = _number(mark)
            if wanted is not None and (values == wanted).any():
                self._see(mark)

    def see_names(self, names: Collection[str]) -> None:
        """Take in the names (`dlcli.data.columns.names`) of marks that stood for cells: `-999` was also `-999.0`."""
        if self._unseen and names:
            from dlcli.data.columns.names import text_name

            for mark in self.unseen:
                if text_name(mark) in names:
                    self._see(mark)

    def _see(self, mark: str) -> None:
        with self._lock:
            self._unseen.pop(mark, None)


@functools.lru_cache(maxsize=64)
def _whole_cell(mark: bytes, delimiter: bytes) -> re.Pattern[bytes]:
    """What finds a cell that is the mark, in quotes or not; the mark comes first, which is sought the fastest."""
    end = rb"[\r\n" + re.escape(delimiter) + rb"]"
    text = re.escape(mark)
    plain = rb"(?:(?<=\A" + text + rb")|(?<=" + end + text + rb"))(?=" + end + rb"|\Z)"
    quoted = rb'(?:(?<=\A"' + text + rb")|(?<=" + end + rb'"' + text + rb'))(?="(?:' + end + rb"|\Z))"
    return re.compile(text + rb"(?:" + plain + rb"|" + quoted + rb")")


def _number(mark: str) -> float | None:
    try:
        return float(mark)
    except ValueError:
        return None
