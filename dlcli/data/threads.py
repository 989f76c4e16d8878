"""What several threads do with each of many things: columns, or the files of rows."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["each_of"]

_AT_ONCE = 64
"""Things for a thread to take at most, so that handing them over costs little beside what is done with small ones."""

_MOST = 16

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_HERE = threading.local()
"""Whether this thread is one of them: who waits in it for the others may wait for itself."""


def _cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each_of(items: Sequence[_Item], step: Callable[[_Item], _Result]) -> list[_Result]:
    """What a step gives for each item, in their order; several threads take them.

    Example:
        >>> each_of(["a", "bc"], len)
        [1, 2]
    """
    # A few large ones are to keep all threads busy, too, until the last one is done.
    size = max(1, min(_AT_ONCE, len(items) // (4 * _cores())))
    if len(items) < 2 or _cores() == 1 or getattr(_HERE, "at_work", False):
        return [step(item) for item in items]
    parts = [items[start : start + size] for start in range(0, len(items), size)]
    return [each for part in _pool().map(lambda part: [step(item) for item in part], parts) for each in part]


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(_MOST, _cores()), "dlcli-data", initializer=_begin)


os.register_at_fork(after_in_child=_pool.cache_clear)  # which has none of them


def _begin() -> None:
    _HERE.at_work = True
