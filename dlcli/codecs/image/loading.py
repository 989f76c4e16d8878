"""Many files of pictures at once: opened and decoded by several threads, which Pillow lets work side by side."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.image.decoding import BadImage, Look, Pixels, Resize, decode, look, numbers_of
from dlcli.data.columns.named_files import open_named
from dlcli.errors import DataError, Problem

__all__ = ["File", "load", "load_masks", "looks"]

File = tuple[str, str | None]
"""A name, and the folder that it is relative to: see `open_named`."""

_AT_ONCE = 64
"""Files for a thread to take at most, so that handing them over costs little beside decoding small ones."""

_Result = TypeVar("_Result")


def looks(files: Sequence[File]) -> list[Look | Problem]:
    """What the first bytes of files tell, or why they tell nothing."""
    return _each(files, _look)


def load(
    files: Sequence[File], out: Pixels, *, channels: int, resize: Resize | None
) -> tuple[NDArray[np.bool_], list[Problem]]:
    """Decode files.

    Args:
        files: Which.
        out: Gets their pixels, `(files, height, width, channels)`.
        channels: Of a pixel.
        resize: How they come to the size of `out`; None: all must have it.

    Returns:
        Which files could not be decoded `(files,)`, and why, in their order.
    """
    size = (out.shape[1], out.shape[2])

    def fill(place: int, file: File) -> None:
        with open_named(*file) as stream:
            pixels = decode(stream, size=None if resize is None else size, channels=channels, resize=resize or "pad")
        if pixels.shape[:2] != size:
            raise BadImage(f"it is {_by(pixels.shape[:2])}, and the images before it are {_by(size)}")
        out[place] = pixels

    found = _each(list(enumerate(files)), lambda numbered: _explained(functools.partial(fill, *numbered), numbered[1]))
    problems = [each for each in found if isinstance(each, Problem)]
    return np.array([isinstance(each, Problem) for each in found], np.bool_), problems


def load_masks(files: Sequence[File], *, size: tuple[int, int] | None) -> list[NDArray[np.int32] | Problem]:
    """The numbers of the pixels of each file `(height, width)`, or why there are none; see `numbers_of`."""

    def numbers(file: File) -> NDArray[np.int32]:
        with open_named(*file) as stream:
            return numbers_of(stream, size=size)

    return _each(files, lambda file: _explained(functools.partial(numbers, file), file))


def _look(file: File) -> Look | Problem:
    def first() -> Look:
        with open_named(*file) as stream:
            return look(stream)

    return _explained(first, file)


def _explained(step: Callable[[], _Result], file: File) -> _Result | Problem:
    """The result of a step, or the problem that it meets, with the name of the file."""
    try:
        return step()
    except BadImage as error:
        rule, hint = "bad-image", "mend or remove it; `on_error: skip` leaves such rows out"
        if "the images before it" in str(error):
            rule, hint = "mixed-images", "`size: [height, width]` brings all to one size"
        return Problem(f"'{os.path.join(file[1] or '', file[0])}' cannot be used: {error}", hint=hint, rule=rule)
    except DataError as error:
        return error.problems[0]
    except OSError as error:
        return Problem(f"'{file[0]}' cannot be read: {error.strerror or error}", rule="unreadable-file")


_Item = TypeVar("_Item")


def _each(items: Sequence[_Item], step: Callable[[_Item], _Result]) -> list[_Result]:
    # A few large images are to keep all threads busy, too, until the last one is done.
    size = max(1, min(_AT_ONCE, len(items) // (4 * _cores())))
    if len(items) < 2 or _cores() == 1:
        return [step(item) for item in items]
    parts = [items[start : start + size] for start in range(0, len(items), size)]
    return [each for part in _pool().map(lambda part: [step(item) for item in part], parts) for each in part]


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(16, _cores()), "dlcli-images")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _by(size: Sequence[int]) -> str:
    return f"{size[0]} x {size[1]}"
