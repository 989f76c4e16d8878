"""Work done ahead: the same items, the same errors, and no thread that outlives its use."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from dlcli.prediction.overlap import ahead


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "dlcli-ahead"]


class Items:
    """Items that tell when they are closed."""

    def __init__(self) -> None:
        self.closed = False

    def __iter__(self) -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            self.closed = True


def test_the_items_come_in_order() -> None:
    made = ahead(ahead(range(50)), depth=1)
    assert next(made) == 0
    assert len(workers()) == 2
    assert list(made) == list(range(1, 50))
    assert not workers()


def test_an_error_comes_at_its_place() -> None:
    wanted = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        wanted.wait(60)
        raise ValueError("two")

    made = ahead(items())
    assert next(made) == 1
    assert len(workers()) == 1
    wanted.set()
    with pytest.raises(ValueError, match="two"):
        next(made)
    assert not workers()


@pytest.mark.parametrize("abandoned", [False, True])
def test_a_caller_that_stops_early_ends_the_threads_and_closes_the_items(abandoned: bool) -> None:
    items = Items()
    made = ahead(ahead(items))
    assert next(made) == 0
    assert len(workers()) == 2
    if not abandoned:
        made.close()
    del made
    assert not workers()
    assert items.closed


def test_no_process_waits_for_a_generator_that_something_holds() -> None:
    made = ahead(range(10))
    next(made)
    assert [thread.daemon for thread in workers()] == [True]
    made.close()
