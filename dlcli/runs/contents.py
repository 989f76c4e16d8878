"""What a run directory holds: that dlcli wrote it, and whether anything else is in it. Asked before one is replaced."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dlcli.errors import RunError
from dlcli.files.replacing import is_draft
from dlcli.runs.commits import COMMIT_FILES
from dlcli.runs.inside import read_inside
from dlcli.runs.layout import FORMAT, OWN_NAMES, RunDirectory
from dlcli.runs.members import member_names
from dlcli.runs.strict_json import read_strict

__all__ = ["foreign_files", "is_vacant", "is_written_by_dlcli", "matches", "special_files"]

STATUSES = frozenset({"running", "completed", "interrupted", "failed"})

LARGEST_RECORD = 64 * 2**20
"""Bytes of a `run.json` that are read: one has some thousand."""

LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""What file managers leave wherever they look."""

FOLDERS = ("checkpoints", "evaluations", "code", "plots")

OWN_FILES = OWN_NAMES - set(FOLDERS)

_LITERAL = re.compile(r"\[[*?[]\]")
"""How `glob.escape` writes a character that would stand for others."""

_WILD = re.compile(r"[*?[]")

ALWAYS = (
    "evaluations/*.json",
    "evaluations/*.html",
    "plots/*.svg",
    "code/__pycache__/*.pyc",
    *(f"checkpoints/{draft}epoch-[0-9]*/{name}" for name in COMMIT_FILES for draft in ("", ".????????????.")),
)


def is_vacant(directory: Path) -> bool:
    """Whether a directory is empty but for what a process leaves that is killed before it has written `run.json`."""
    return all(
        not link and (name == ".lock" or is_draft(name.rpartition("/")[2]) or name in FOLDERS)
        for name, link in _entries(directory)
    )


def is_written_by_dlcli(run: RunDirectory) -> bool:
    """Whether the directory's `run.json` is one that `dlcli train` has written."""
    record = _record(run)
    versions, found = record.get("versions"), record.get("format")
    return (
        isinstance(found, int)
        and not isinstance(found, bool)
        and 1 <= found <= FORMAT
        and record.get("status") in STATUSES
        and isinstance(versions, Mapping)
        and isinstance(versions.get("dlcli"), str)
    )


def foreign_files(run: RunDirectory) -> list[str]:
    """What is in a run directory and not of the run: relative names, sorted.

    A file is the run's when it has one of its names, or one that `run.json` says under `writes`: patterns of the files
    of its callbacks, and its copies of the user's code. Of a folder of several runs each member has its own.
    """
    record = _record(run)
    written = record.get("writes")
    said = [each for each in written if isinstance(each, str)] if isinstance(written, list) else []
    patterns = [*ALWAYS, *(each for each in said if _names_its_place(each))]
    members = _members(run, record)
    found = [f"{name}/{each}" for name in members for each in foreign_files(RunDirectory(run.path / name))]
    own = (entry for entry in _entries(run.path) if entry[0].partition("/")[0] not in members)
    return sorted([*found, *(name for name, link in own if link or not _is_own(name, run.path / name, patterns))])


def _members(run: RunDirectory, record: Mapping[str, Any]) -> frozenset[str]:
    """The directories of a folder that are runs of their own, or are about to be."""
    if record.get("kind") is None:
        return frozenset()
    try:
        names = member_names(record)
    except RunError:
        return frozenset()
    places = ((name, run.path / name) for name in names)
    return frozenset(name for name, place in places if place.is_dir() and not place.is_symlink())


def special_files(directory: Path) -> list[str]:
    """What is in a directory, at any depth, and is neither a regular file nor a directory: links, pipes, devices."""
    return sorted(name for name, special in _entries(directory) if special)


def _names_its_place(pattern: str) -> bool:
    """Whether a pattern says where it begins, as those of dlcli do: by `**` all that lies there would be the run's."""
    return _WILD.search(_LITERAL.sub("", pattern.partition("/")[0])) is None and not pattern.startswith("/")


def _is_own(name: str, path: Path, patterns: list[str]) -> bool:
    if path.is_dir():
        return name not in OWN_FILES
    last = name.rpartition("/")[2]
    return name in OWN_FILES or is_draft(last) or last in LITTER or any(matches(name, each) for each in patterns)


def matches(name: str, pattern: str) -> bool:
    """Whether a relative name is of a pattern, part by part; a last part `**` is all that is below."""
    parts, wanted = name.split("/"), pattern.split("/")
    if wanted[-1] == "**":
        wanted.pop()
        parts = parts[: len(wanted)] if len(parts) > len(wanted) else []
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _entries(directory: Path) -> Iterator[tuple[str, bool]]:
    """Every entry at any depth by its relative name with `/`, and whether it is something that is not followed or read:
    a link, a device, a named pipe."""
    for place, folders, files in os.walk(directory):
        for name in (*folders, *files):
            path = Path(place, name)
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:  # a draft that has its name by now
                continue
            yield path.relative_to(directory).as_posix(), not (stat.S_ISDIR(mode) or stat.S_ISREG(mode))


def _record(run: RunDirectory) -> dict[str, Any]:
    """`run.json`; empty when it is no regular file, too large, or no JSON object."""
    try:
        return read_strict(read_inside(run.record, most=LARGEST_RECORD))
    except (OSError, ValueError, RunError):
        return {}
