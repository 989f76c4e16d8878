"""Work done ahead in another thread, so that reading, running and writing overlap."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

__all__ = ["ahead"]

_Item = TypeVar("_Item")


def ahead(items: Iterable[_Item], *, depth: int = 2) -> Generator[_Item, None, None]:
    """The items, in order, up to `depth` of them made ahead by one thread.

    It pays where the work releases Python's lock, as Arrow, NumPy and ONNX Runtime do. What `items` raises is raised
    here, at its place; when the caller stops early, at most `depth` items were made in vain.

    Example:
        >>> list(ahead(range(4)))
        [0, 1, 2, 3]
    """
    iterator, end = iter(items), object()
    with ThreadPoolExecutor(1, thread_name_prefix="dlcli-ahead") as pool:
        made = deque(pool.submit(next, iterator, end) for _ in range(depth))
        while (item := made.popleft().result()) is not end:
            made.append(pool.submit(next, iterator, end))
            yield cast(_Item, item)
