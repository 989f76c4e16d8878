"""What a sample looks like, where it is no vector: the size of pictures, the shape of arrays, the length of sounds."""

from __future__ import annotations

import dataclasses
import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from dlcli.data.columns.named_files import NamedFiles
from dlcli.data.media.files import files_of
from dlcli.drafting.columns import Column
from dlcli.drafting.pixels import find_picture
from dlcli.drafting.recipes.setting import Form

__all__ = ["Sample", "look_at_form"]

_LOOKED_AT = 200
"""Pictures that are opened, of which only the first bytes are read."""

_LARGEST = 96
"""Pixels of a side: a small network on a CPU is done with such in seconds an epoch."""

_SMALLEST = 8
"""Pixels of a side of what may be seen as a picture."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """How the features come to the network.

    Args:
        form: As one vector, or in another form.
        shape: Of that.
        columns: The columns, those that do not fit beside the form left out.
    """

    form: Form
    shape: tuple[int, ...]
    columns: list[Column]


def look_at_form(columns: Sequence[Column], folder: Path | None, *, multiple: int = 1) -> Sample:
    """What the features are together. Beside pictures, sounds and arrays of several dimensions no others are kept.

    Args:
        columns: The columns.
        folder: Where files are that they name.
        multiple: What the sides of pictures in files are to be a multiple of.
    """
    used = [column for column in columns if column.used]
    special = next((column for column in used if _is_special(column)), None)
    if special is None:
        if (picture := find_picture(columns)) is not None:
            return Sample("image", (picture.side, picture.side, 1), picture.columns)
        return Sample("table", (), list(columns))
    others = len(used) - 1
    why = f"a network for {special.name!r} alone is drafted; docs/graphs.md shows how branches are joined"
    kept = [
        column
        if column is special or not column.used
        else dataclasses.replace(column, used=False, why=why, by_itself=False)
        for column in columns
    ]
    found, form, shape = _special(special, folder, multiple)
    if others:
        found = dataclasses.replace(found, why=f"{found.why}; the other {others} columns are not used")
    return Sample(form, shape, [found if column is special else column for column in kept])


def _is_special(column: Column) -> bool:
    if column.feature is None:
        return False
    return column.feature.type in ("image", "audio") or len(column.cells.info.shape) > 1


def _special(column: Column, folder: Path | None, multiple: int) -> tuple[Column, Form, tuple[int, ...]]:
    assert column.feature is not None
    shape = column.cells.info.shape
    if column.feature.type == "audio":
        return _sound(column, folder)
    if column.feature.type != "image":
        return column, _form_of(shape), shape
    if len(shape) > 1:
        return column, "image", (*shape, 1)[:3]
    return _pictures(column, folder, multiple)


def _form_of(shape: tuple[int, ...]) -> Form:
    """Whether numbers in dimensions are a picture, with or without channels, a film, or steps of several numbers."""
    if len(shape) == 3 and min(shape[:2]) >= 4:
        return "image"
    if len(shape) == 4:
        return "film"
    square = len(shape) == 2 and min(shape) >= _SMALLEST and max(shape) <= 2 * min(shape)
    return "grid" if square else "series"


def _pictures(column: Column, folder: Path | None, multiple: int) -> tuple[Column, Form, tuple[int, ...]]:
    """Pictures in files: one size for all of them, and one number of channels."""
    from dlcli.data.media.decoding import Look
    from dlcli.data.media.loading import looks

    assert column.feature is not None
    step = max(len(column.cells.column) // _LOOKED_AT, 1)
    files, _ = files_of(NamedFiles(column.cells.column[::step], folder))
    seen = [look for look in looks(files) if isinstance(look, Look)]
    if not seen:
        return column, "image", (_LARGEST, _LARGEST, 3)
    height, width = (round(statistics.median(look.size[axis] for look in seen)) for axis in (0, 1))
    alike = len({look.size for look in seen}) == 1
    large = max(height, width) > _LARGEST
    if large:
        height, width = (max(round(side * _LARGEST / max(height, width)), _SMALLEST) for side in (height, width))
    height, width = (max(round(side / multiple), 1) * multiple for side in (height, width))
    alike = alike and seen[0].size == (height, width)
    channels = Counter(look.channels for look in seen).most_common(1)[0][0]
    feature = column.feature.model_copy(update={"size": [height, width], "channels": channels})
    why = f"{column.why.partition('(')[2].rstrip(')')}, " + _sizes(seen, alike=alike, large=large)
    return dataclasses.replace(column, feature=feature, why=why), "image", (height, width, channels)


def _sizes(seen: Sequence[object], *, alike: bool, large: bool) -> str:
    if large:
        return "made smaller, so that a CPU is quick with them; a larger `size` shows more"
    return "all of this size" if alike else "of several sizes, brought to one"


def _sound(column: Column, folder: Path | None) -> tuple[Column, Form, tuple[int, ...]]:
    import wave

    from dlcli.data.columns.named_files import open_named
    from dlcli.errors import DataError

    assert column.feature is not None
    step = max(len(column.cells.column) // _LOOKED_AT, 1)
    files, _ = files_of(NamedFiles(column.cells.column[::step], folder))
    found: list[tuple[int, int]] = []
    for file in files:
        try:
            with open_named(*file) as stream, wave.open(stream) as sound:
                found.append((sound.getframerate(), sound.getnframes()))
        except (DataError, OSError, EOFError, wave.Error):
            continue
    if not found:
        return column, "sound", (16_000, 1)
    rate = Counter(rate for rate, _ in found).most_common(1)[0][0]
    seconds = statistics.median(frames / each for each, frames in found)
    length = round(max(seconds, 0.01), 3)
    options = {"rate": rate, "length": length, "resample": len({rate for rate, _ in found}) > 1}
    feature = column.feature.model_copy(update={key: value for key, value in options.items() if value})
    why = f"{column.why.partition('(')[2].rstrip(')')}, of {rate:,} samples a second and about {length:g} s"
    return dataclasses.replace(column, feature=feature, why=why), "sound", (int(rate * length), 1)
