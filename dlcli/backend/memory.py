"""Out of memory, named as what it is, whoever says so: Python, NumPy, Arrow or TensorFlow, which is not loaded here."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from dlcli.errors import ModelError, Problem

__all__ = ["is_out_of_memory", "memory_problem", "with_memory_named"]

P = ParamSpec("P")
R = TypeVar("R")

THIS_MACHINE = "this machine"

_SHAPE = re.compile(r"shape ?[\[(][\d, ]+[\])]|[\d.]+ ?[KMGT]?i?B\b|\d+ bytes|size \d+")
"""What was asked for: `shape[3000000,2000]`, `38.1 GiB`, `size 1024`."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is not enough memory, of the host or of a device.

    Example:
        >>> is_out_of_memory(MemoryError()), is_out_of_memory(ValueError("memory"))
        (True, False)
    """
    if isinstance(error, MemoryError):
        return True
    return type(error).__name__ == "ResourceExhaustedError" and bool(re.search("OOM|memory|alloc", str(error)))


def memory_problem(error: BaseException, *, device: str = THIS_MACHINE) -> Problem:
    """The problem of an error that says so.

    Args:
        error: See `is_out_of_memory`.
        device: Where there was not enough.
    """
    found = _SHAPE.search(str(error))
    wanted = f": no room for {found[0].strip()}" if found else ""
    return Problem(
        f"out of memory on {device}{wanted}",
        path="data.batch_size",
        hint="use a smaller batch_size or a smaller model, or end what else takes memory there",
        rule="out-of-memory",
    )


def with_memory_named(function: Callable[P, R]) -> Callable[P, R]:
    """The function, with a `MemoryError` made the fault that it is."""

    @functools.wraps(function)
    def run(*arguments: P.args, **options: P.kwargs) -> R:
        try:
            return function(*arguments, **options)
        except MemoryError as error:
            raise ModelError(memory_problem(error)) from error

    return run
