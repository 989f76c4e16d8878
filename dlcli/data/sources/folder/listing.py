"""What a folder holds, and what looks as if it were meant otherwise. Imports nothing heavy."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from pathlib import Path, PurePosixPath

from dlcli.data.sources.registry import by_suffix
from dlcli.errors import DataError, Problem, first_of
from dlcli.files.folders import Folder, list_folder

__all__ = ["COLUMNS", "FoundRows", "empty_columns", "find_rows", "folder_doubts"]

COLUMNS = ("path", "name", "folder")

ONE_HOT = "_classes.csv"
"""The table that annotation services put beside the images: a column of file names, and one for each class."""

_SPLITS = {"train": "train", "training": "train", "valid": "validation", "val": "validation"} | {
    name: name for name in ("validation", "test")
}


@dataclasses.dataclass(frozen=True, slots=True)
class FoundRows:
    """The rows of a folder.

    Args:
        paths: Of the file or the folder that each row is, relative to `beside`, its parts parted by `/`.
        beside: What the paths are relative to: the folder itself, or the one that it is in where it is the only row.
        folder: All that is in it.
        loose: Files that are in no row: they lie beside folders that are rows.
    """

    paths: tuple[str, ...]
    beside: Path
    folder: Folder
    loose: tuple[str, ...] = ()


def find_rows(place: Path, *, folders: bool) -> FoundRows:
    """The rows of a folder: its files, or the folders of files in it that hold no further ones.

    Args:
        place: The folder.
        folders: Whether folders are rows. One that holds nothing but files is a row itself.

    Raises:
        DataError: There are none (`empty-folder`), or it cannot be read as it is.
    """
    found = list_files(place)
    if not folders:
        return FoundRows(tuple(file.path for file in found.files), place, found)
    holders = dict.fromkeys(file.path.rpartition("/")[0] for file in found.files)
    above = {path[:end] for path in holders for end, letter in enumerate(path) if letter == "/"} | {""}
    rows = tuple(path for path in holders if path not in above)
    loose = tuple(file.path for file in found.files if file.path.rpartition("/")[0] in above)
    if rows:
        return FoundRows(rows, place, found, loose)
    whole = Path(os.path.abspath(place))
    return FoundRows((whole.name,), whole.parent, found)


def list_files(place: Path) -> Folder:
    """The files in a folder and below.

    Raises:
        DataError: There are none (`empty-folder`), or it cannot be read as it is.
    """
    found = list_folder(place)
    if found.files:
        return found
    below = f"; the folders in it are empty: {first_of(found.empty, 5)}" if found.empty else ""
    raise DataError(
        Problem(
            f"the folder '{place.name}' holds no files{below}",
            hint="hidden files, and those that systems put there, are no rows; is it the right folder?",
            file=place,
            rule="empty-folder",
        )
    )


def folder_doubts(place: Path, rows: FoundRows) -> tuple[Problem, ...]:
    """What the names tell that may not be meant so."""
    folder = rows.folder
    own = _tables(place, folder) if rows.beside == place and not rows.loose else []
    return (*_splits(place, folder), *_annotated(place), *own, *_loose(place, rows), *_empty(place, folder))


def empty_columns(place: Path, rows: FoundRows) -> dict[str, tuple[str, str]]:
    """`folder`, where all rows lie in the folder itself: why, and the way out."""
    if any("/" in path for path in rows.paths):
        return {}
    if rows.loose or rows.paths != tuple(file.path for file in rows.folder.files):
        reason = f"the folders that are rows lie in '{place.name}' itself, and none in a folder of a class"
        return {"folder": (reason, f"put those of each class into a folder of its own, {place.name}/cat/1/frame1.png")}
    reason = f"all files lie in '{place.name}' itself, and none in a folder of a class"
    hint = f"put the files of each class into a folder of its own, {place.name}/cat/1.png; or is it the one above?"
    return {"folder": (reason, hint)}


def _doubt(place: Path, message: str, hint: str) -> Problem:
    return Problem(message, hint=hint, file=place, rule="folder-of-files")


def _splits(place: Path, folder: Folder) -> list[Problem]:
    """The folder above those of the splits, whose names would become part of the classes."""
    tops = {file.path.partition("/")[0] for file in folder.files if "/" in file.path}
    splits = {_SPLITS[name.lower()]: name for name in sorted(tops) if name.lower() in _SPLITS}
    if "train" not in splits or len(splits) < 2:
        return []
    order = [split for split in ("train", "validation", "test") if split in splits]
    said = ", ".join(f"{split}: {place.name}/{splits[split]}" for split in order)
    return [_doubt(place, f"'{place.name}' holds folders of splits, {', '.join(sorted(tops))}", f"name each: {said}")]


def _annotated(place: Path) -> list[Problem]:
    if not (place / ONE_HOT).is_file():
        return []
    message = f"'{place.name}' has a table of classes, {ONE_HOT}, which is not read with the folder"
    hint = f"to read it as the table, whose column of file names is that of the images, name it: {place / ONE_HOT}"
    return [_doubt(place, message, hint)]


def _tables(place: Path, folder: Folder) -> list[Problem]:
    """A folder of tables; a text file is none, it may be a row as well as an image."""
    suffixes = Counter(PurePosixPath(file.path).suffix.lower() for file in folder.files)
    (suffix, _), *others = suffixes.most_common()
    format = by_suffix(Path(f"table{suffix}"))
    if others or format is None or suffix == ".txt":
        return []
    message = f"'{place.name}' is read as a table of its files, not of what is in them"
    return [_doubt(place, message, f"to read the rows of the files, write a glob such as '{place}/*{suffix}'")]


def _loose(place: Path, rows: FoundRows) -> list[Problem]:
    if not rows.loose:
        return []
    message = f"files in '{place.name}' lie beside folders that are rows, and are in none: {first_of(rows.loose, 5)}"
    return [_doubt(place, message, "put the pictures of each film into a folder of its own; others may stay")]


def _empty(place: Path, folder: Folder) -> list[Problem]:
    if not folder.empty:
        return []
    message = f"folders in '{place.name}' hold no files, and become no class: {first_of(folder.empty, 5)}"
    return [_doubt(place, message, "remove them, or see what was to fill them")]
