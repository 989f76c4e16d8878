"""Space of a disk that is put by, and given back when it is needed: what is certain to be written has a place."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

__all__ = ["Room"]

_WITHOUT_PROMISE = 2**16
"""Bytes that are put by where the system cannot promise any: so many zeros are quickly written."""


class Room:
    """Room in a directory. It has no name there, and goes with the process, however that ends.

    Args:
        directory: Where.
        size: Bytes.

    Raises:
        OSError: There is not so much.

    Example:
        >>> room = Room(Path("."), 4096)
        >>> room.free()
    """

    def __init__(self, directory: Path, size: int) -> None:
        self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 - open until the room is given back
        promise = getattr(os, "posix_fallocate", None)
        try:
            if promise is None:
                self._file.write(bytes(min(size, _WITHOUT_PROMISE)))
                self._file.flush()
            else:
                promise(self._file.fileno(), 0, size)
        except OSError:
            self._file.close()
            raise

    def free(self, *, keep: int = 0) -> None:
        """Give the room back.

        Args:
            keep: Bytes that stay put by.
        """
        with contextlib.suppress(OSError, ValueError):
            if os.fstat(self._file.fileno()).st_size > keep:
                os.ftruncate(self._file.fileno(), keep)
            if not keep:
                self._file.close()
