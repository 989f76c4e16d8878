"""What a film is: the pictures of a folder in the order in which people count, or a picture that moves."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
from collections.abc import Iterator

from dlcli.data.columns.named_files import open_named, place_of
from dlcli.data.media.decoding import BadImage, Look, look
from dlcli.data.media.files import File
from dlcli.files.folders import is_listed

__all__ = ["BadFilm", "Film", "counted", "look_at", "moving", "named", "pictures_of"]

PICTURE = re.compile(r"\.(png|jpe?g|jpe|bmp|gif|webp|tiff?|ppm|pgm|avif|heic)$", re.IGNORECASE)
"""Names of pictures, also of formats that are not read: a film without some of its frames would be another one."""


CODED = re.compile(r"\.(mp4|m4v|mov|avi|mkv|webm|mpe?g|wmv|flv|3gp)$", re.IGNORECASE)
"""Names of films that only a decoder of video reads."""


class BadFilm(Exception):
    """A film cannot be used, and no single frame is to blame.

    Args:
        message: Why.
        hint: The way out.
        rule: The fault's family.
    """

    def __init__(self, message: str, *, hint: str, rule: str) -> None:
        super().__init__(message)
        self.hint, self.rule = hint, rule


@dataclasses.dataclass(frozen=True, slots=True)
class Film:
    """What a look at a film tells.

    Args:
        frames: How many it has.
        size: Height and width of the first one.
        channels: Of the first one.
    """

    frames: int
    size: tuple[int, int]
    channels: int


def look_at(file: File) -> Film:
    """What there is to know of a film without decoding it.

    Raises:
        BadFilm: It has no frames.
        BadImage: Its first frame is no picture.
        DataError: It is not there, or must not be read.
    """
    names = pictures_of(file)
    if names is None:
        found = moving(file)
        return Film(found.frames, found.size, found.channels)
    with named(names[0]), open_named(names[0], file[1]) as stream:
        first = look(stream)
    return Film(len(names), first.size, first.channels)


def pictures_of(file: File) -> list[str] | None:
    """The pictures in a folder, by names that `open_named` takes; None for a file.

    Raises:
        BadFilm: There is none.
        DataError: It is not there, or must not be read.
    """
    place = place_of(*file, directory=True)
    if not os.path.isdir(place):
        return None
    with os.scandir(place) as entries:
        names = [entry.name for entry in entries if is_listed(entry.name) and entry.is_file()]
    pictures = sorted(filter(PICTURE.search, names), key=counted)
    if pictures:
        return [os.path.join(file[0], name) for name in pictures]
    message = f"the folder holds no pictures, and {len(names):,} other files" if names else "the folder holds no files"
    raise BadFilm(message, hint="frames are PNG, JPEG, BMP, GIF or WebP files in the folder itself", rule="no-frames")


def moving(file: File) -> Look:
    """A look at a picture that moves.

    Raises:
        BadFilm: It is a single picture, of a format that does not move.
        BadImage: It is none.
        DataError: It is not there, or must not be read.
    """
    if CODED.search(file[0]):
        hint = f"`ffmpeg -i {os.path.basename(file[0])} frame%d.png` makes a folder of frames of it"
        raise BadFilm("films of its format are not read", hint=hint, rule="no-frames")
    with open_named(*file) as stream:
        found = look(stream, frames=True)
    if found.moves:
        return found
    hint = "`data: {rows: folders}` makes a row of each folder of frames; a picture alone is `type: image`"
    raise BadFilm("it is a single picture, not a film", hint=hint, rule="no-frames")


@contextlib.contextmanager
def named(frame: str) -> Iterator[None]:
    """Say of what is wrong in which frame it is."""
    try:
        yield
    except BadImage as error:
        raise BadImage(f"its frame '{os.path.basename(frame)}': {error}") from None


def counted(name: str) -> tuple[tuple[bool, int, str], ...]:
    """By what names are sorted as people count.

    Example:
        >>> sorted(["f10.png", "f2.png", "f02.png", "e.png"], key=counted)
        ['e.png', 'f02.png', 'f2.png', 'f10.png']
    """
    parts = re.split(r"([0-9]+)", name)
    numbered = [(place % 2 == 1, int(part) if place % 2 else 0, part.lower()) for place, part in enumerate(parts)]
    return (*((is_number, number, "" if is_number else text) for is_number, number, text in numbered), (True, 0, name))
