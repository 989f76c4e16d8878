"""What was found out of files, as long as they are the files that were looked at."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Generic, TypeVar

from dlcli.errors import DataError
from dlcli.files.identity import Identity, identify

__all__ = ["Remembered"]

Found = TypeVar("Found")


class Remembered(Generic[Found]):
    """What was found out of files, in this process. A file that has changed is looked at again, and so is one that was
    written too shortly before the look to tell.

    Args:
        most: What is kept together; what was not asked for for longest goes first.
        weight: What one counts of it.

    Example:
        >>> sizes = Remembered[int](most=100)
        >>> sizes.of(Path("iris.csv"), (), lambda: len(Path("iris.csv").read_text()))  # doctest: +SKIP
        4551
    """

    def __init__(self, *, most: int, weight: Callable[[Found], int] = lambda found: 1) -> None:
        self._most, self._weight = most, weight
        self._kept: OrderedDict[Hashable, tuple[Identity, Found]] = OrderedDict()
        self._held = 0
        self._lock = threading.Lock()

    def of(self, file: Path, way: Hashable, look: Callable[[], Found]) -> Found:
        """What is found in a file.

        Args:
            file: As it is given: messages name it so.
            way: In which way it is looked at.
            look: Looks, if need be. What it raises is not kept.
        """
        started = time.time_ns()
        try:
            identity = identify(file)
        except DataError:
            return look()  # which says what is wrong
        key = (str(file), way)
        with self._lock:
            before = self._kept.get(key)
            if before is not None and before[0] == identity:
                self._kept.move_to_end(key)
                return before[1]
        found = look()
        if identity.settled(started):
            self._keep(key, identity, found)
        return found

    def _keep(self, key: Hashable, identity: Identity, found: Found) -> None:
        with self._lock:
            if (old := self._kept.pop(key, None)) is not None:
                self._held -= self._weight(old[1])
            self._kept[key] = identity, found
            self._held += self._weight(found)
            while self._held > self._most:
                _, (_, gone) = self._kept.popitem(last=False)
                self._held -= self._weight(gone)
