"""Many files of pictures at once: opened and decoded by several threads, which Pillow lets work side by side."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dlcli.data.columns.named_files import open_named
from dlcli.data.media.decoding import BadImage, Look, Pixels, Resize, decode, look, numbers_of
from dlcli.data.media.files import File
from dlcli.data.threads import each_of
from dlcli.errors import DataError, Problem

__all__ = ["load", "load_masks", "looks"]

_Result = TypeVar("_Result")


def looks(files: Sequence[File]) -> list[Look | Problem]:
    """What the first bytes of files tell, or why they tell nothing."""
    return each_of(files, _look)


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

    found = each_of(
        list(enumerate(files)), lambda numbered: _explained(functools.partial(fill, *numbered), numbered[1])
    )
    problems = [each for each in found if isinstance(each, Problem)]
    return np.array([isinstance(each, Problem) for each in found], np.bool_), problems


def load_masks(
    files: Sequence[File], *, size: tuple[int, int] | None, resize: Resize = "stretch"
) -> list[NDArray[np.int32] | Problem]:
    """The numbers of the pixels of each file `(height, width)`, or why there are none; see `numbers_of`."""

    def numbers(file: File) -> NDArray[np.int32]:
        with open_named(*file) as stream:
            return numbers_of(stream, size=size, resize=resize)

    return each_of(files, lambda file: _explained(functools.partial(numbers, file), file))


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
        rule = "mixed-images" if "the images before it" in str(error) else "bad-image"
        hint = "mend or remove it; `on_error: skip` leaves such rows out"
        if rule == "mixed-images":
            hint = "`size: [height, width]` brings all to one size"
        return Problem(f"'{os.path.join(file[1] or '', file[0])}' cannot be used: {error}", hint=hint, rule=rule)
    except DataError as error:
        return error.problems[0]
    except OSError as error:
        return Problem(f"'{file[0]}' cannot be read: {error.strerror or error}", rule="unreadable-file")


def _by(size: Sequence[int]) -> str:
    return f"{size[0]} x {size[1]}"
