"""A film as the frames that are asked for: so many, of one size and number of channels."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias, TypeVar

from dlcli.codecs.video.films import BadFilm, Film, look_at, moving, named, pictures_of
from dlcli.data.columns.named_files import open_named
from dlcli.data.media.decoding import BadImage, Pixels, Resize, decode, decode_frames, from_pixels
from dlcli.data.media.files import File
from dlcli.data.threads import each_of
from dlcli.errors import DataError, Problem

__all__ = ["Sample", "Short", "Wanted", "load", "looks", "of_array", "picked"]

Sample: TypeAlias = Literal["even", "start"]
Short: TypeAlias = Literal["repeat", "black", "error"]

_Result = TypeVar("_Result")


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    Args:
        frames: How many.
        sample: Which ones of more.
        short: What becomes of fewer.
        resize: How frames come to their size; None: all must have it.
    """

    frames: int
    sample: Sample
    short: Short
    resize: Resize | None

    def places(self, there: int) -> list[int]:
        """The places of the frames to take of a film that has so many.

        Raises:
            BadFilm: They are too few, and that is an error.
        """
        if there < self.frames and self.short == "error":
            message = f"it has {there:,} frame{'s' * (there != 1)}, and {self.frames:,} are asked for"
            hint = "`short: repeat` repeats the last one, `black` fills up"
            raise BadFilm(message, hint=hint, rule="few-frames")
        return picked(there, self.frames, self.sample)

    def end(self, out: Pixels, there: int) -> None:
        """Write what follows so many frames."""
        if there < len(out):
            out[there:] = out[there - 1] if self.short == "repeat" else 0


def picked(there: int, wanted: int, sample: Sample) -> list[int]:
    """The places of frames, ascending; fewer than are wanted where there are fewer.

    Args:
        there: How many a film has.
        wanted: How many are asked for.
        sample: Which ones of more.

    Example:
        >>> picked(10, 3, "even")
        [1, 5, 8]
    """
    if sample == "start" or there <= wanted:
        return list(range(min(there, wanted)))
    # The middle of each of as many parts of the same length.
    return [(2 * place + 1) * there // (2 * wanted) for place in range(wanted)]


def looks(files: Sequence[File]) -> list[Film | Problem]:
    """What there is to know of films without decoding them, or why that cannot be known."""
    return each_of(files, lambda file: _explained(lambda: look_at(file), file))


def load(files: Sequence[File], out: Pixels, wanted: Wanted) -> list[int | Problem]:
    """Decode films.

    Args:
        files: Which: a folder or a file each.
        out: Gets their pixels, `(files, frames, height, width, channels)`.
        wanted: What they are brought to.

    Returns:
        How many frames each has, or why it cannot be used.
    """
    numbered = list(enumerate(files))
    return each_of(numbered, lambda each: _explained(lambda: _fill(each[1], out[each[0]], wanted), each[1]))


def of_array(films: Pixels, out: Pixels, wanted: Wanted) -> None:
    """Films of an array as those of files.

    Args:
        films: `(rows, frames, height, width, channels)`.
        out: Gets them.
        wanted: What they are brought to.

    Raises:
        DataError: They have too few frames, or others than are asked for.
    """
    try:
        places = wanted.places(films.shape[1])
        for row, film in enumerate(films[:, places]):
            for place, frame in enumerate(film):
                out[row, place] = _of_pixels(frame, out[row], wanted.resize)
            wanted.end(out[row], len(places))
    except BadFilm as error:
        message = f"the films of the array cannot be used: {error}"
        raise DataError(Problem(message, hint=error.hint, rule=error.rule)) from None


def _of_pixels(frame: Pixels, out: Pixels, resize: Resize | None) -> Pixels:
    if frame.shape == out.shape[1:]:
        return frame
    if resize is None:
        return _of_size(frame, out) if frame.shape[:2] != out.shape[1:3] else _resized(frame, out, "stretch")
    return _resized(frame, out, resize)


def _resized(frame: Pixels, out: Pixels, resize: Resize) -> Pixels:
    return from_pixels(frame, size=(out.shape[1], out.shape[2]), channels=out.shape[3], resize=resize)


def _fill(file: File, out: Pixels, wanted: Wanted) -> int:
    size = None if wanted.resize is None else (out.shape[1], out.shape[2])
    resize: Resize = wanted.resize or "stretch"
    channels = out.shape[3]
    names = pictures_of(file)
    there = moving(file).frames if names is None else len(names)
    places = wanted.places(there)
    if names is None:
        with open_named(*file) as stream:
            frames = decode_frames(stream, places, size=size, channels=channels, resize=resize)
        for place, frame in enumerate(frames):
            out[place] = _of_size(frame, out)
    else:
        for place, name in enumerate(names[each] for each in places):
            with named(name), open_named(name, file[1]) as stream:
                out[place] = _of_size(decode(stream, size=size, channels=channels, resize=resize), out)
    wanted.end(out, len(places))
    return there


def _of_size(frame: Pixels, out: Pixels) -> Pixels:
    if frame.shape[:2] == out.shape[1:3]:
        return frame
    own, others = (f"{height} x {width}" for height, width in (frame.shape[:2], out.shape[1:3]))
    hint = "`size: [height, width]` brings all to one size"
    raise BadFilm(f"a frame is {own}, and those before it are {others}", hint=hint, rule="mixed-images")


def _explained(step: Callable[[], _Result], file: File) -> _Result | Problem:
    """The result of a step, or the problem that it meets, with the name of the film."""
    place = os.path.join(file[1] or "", file[0])
    try:
        return step()
    except BadImage as error:
        hint = "mend or remove it; `on_error: skip` leaves such rows out"
        return Problem(f"'{place}' cannot be used: {error}", hint=hint, rule="bad-image")
    except BadFilm as error:
        return Problem(f"'{place}' cannot be used: {error}", hint=error.hint, rule=error.rule)
    except DataError as error:
        return error.problems[0]
    except OSError as error:
        return Problem(f"'{file[0]}' cannot be read: {error.strerror or error}", rule="unreadable-file")
