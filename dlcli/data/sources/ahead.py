"""Reading ahead: a thread makes the next items while the last ones are worked on."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Generator
from typing import TypeVar

__all__ = ["ahead"]

_Item = TypeVar("_Item")

_WAITING = 2
"""Items that are ready and not yet taken, at most."""


def ahead(items: Generator[_Item, None, None]) -> Generator[_Item, None, None]:
    """The items of a generator that runs in a thread; what it raises is raised here, in its place.

    Worth it where the generator spends its time outside the interpreter, as Arrow's parser does. When the result is
    closed early, the thread ends and closes the generator.

    Example:
        >>> list(ahead(number for number in range(3)))
        [0, 1, 2]
    """
    ready: queue.Queue[_Item | _End] = queue.Queue(_WAITING)
    stopped = threading.Event()

    def put(item: _Item | _End) -> None:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                ready.put(item, timeout=0.1)
                return

    def run() -> None:
        end = _End(None)
        try:
            with contextlib.closing(items):
                for item in items:
                    put(item)
                    if stopped.is_set():
                        return
        except BaseException as error:  # noqa: BLE001 - it is raised where the items are taken
            end = _End(error)
        put(end)

    thread = threading.Thread(target=run, name="dlcli-reading", daemon=True)
    thread.start()
    try:
        while not isinstance(item := ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        thread.join()


class _End:
    """There are no more items, or one could not be made."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error
