"""Work done ahead in another thread, so that reading, running and writing overlap."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from queue import SimpleQueue
from typing import Generic, TypeVar

__all__ = ["ahead"]

_Item = TypeVar("_Item")


def ahead(items: Iterable[_Item], *, depth: int = 2) -> Generator[_Item, None, None]:
    """The items, in order, up to `depth` of them made ahead by one thread.

    It pays where the work releases Python's lock, as Arrow, NumPy and ONNX Runtime do. What `items` raises is raised
    here, at its place. When the caller stops early, by `close`, an exception or Ctrl-C, at most `depth` items were made
    in vain, and the thread has ended and closed `items` before the caller goes on.

    Example:
        >>> list(ahead(range(4)))
        [0, 1, 2, 3]
    """
    worker = _Worker(iter(items), depth)
    try:
        worker.start()
        while (made := worker.made.get()) is not None:
            if isinstance(made, _Fault):
                raise made.error
            worker.places.release()
            yield made.item
    finally:
        worker.stop()


class _Made(Generic[_Item]):
    """One item."""

    def __init__(self, item: _Item) -> None:
        self.item = item


class _Fault:
    """What was raised instead of an item."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class _Worker(Generic[_Item]):
    """A thread that makes an item whenever there is a place for one, and puts None after the last.

    A caller that holds on to an unfinished generator, as the traceback of an exception may, leaves the thread waiting
    for a place; it is a daemon so that no process waits for it at its end.
    """

    def __init__(self, items: Iterator[_Item], depth: int) -> None:
        self.made: SimpleQueue[_Made[_Item] | _Fault | None] = SimpleQueue()
        self.places = threading.Semaphore(depth)
        self._items = items
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="dlcli-ahead", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the item under way, and wait for that."""
        self._stopped = True
        self.places.release()
        # At the end of a process daemons stand still, and nobody could wait for them.
        here = threading.current_thread() is self._thread
        if self._thread.ident is not None and not here and not sys.is_finalizing():
            self._thread.join()

    def _work(self) -> None:
        try:
            while self._next():
                pass
            if isinstance(self._items, Generator):
                self._items.close()
            self.made.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again where the item is wanted
            self.made.put(_Fault(error))

    def _next(self) -> bool:
        self.places.acquire()
        if self._stopped:
            return False
        for item in self._items:
            self.made.put(_Made(item))
            return True
        return False
