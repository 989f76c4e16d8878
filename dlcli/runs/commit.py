"""The commit of the repository that a config lies in, read from git's files.

git itself is not asked: the settings of a repository name programs that it runs (`core.fsmonitor`, filters, aliases),
and a config may lie in a repository of anybody's. As git does, a repository that belongs to another user is left alone.
Whether files differ from the commit is not said: to find out is to do what those settings say. The run keeps the
config, the code and the hashes of the data itself.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from dlcli.errors import RunError
from dlcli.runs.inside import open_inside, read_inside

__all__ = ["commit_of"]

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REFERENCE = re.compile(r"refs(?:/(?!\.)[^/\x00-\x20~^:?*\[\\\x7f]+)+")

_MOST_BYTES = 2**16
_MOST_PACKED_BYTES = 64 * 2**20
_MOST_STEPS = 5
"""How far one reference may lead to another; git allows as many."""


def commit_of(directory: Path) -> str | None:
    """The hash of the commit that is checked out in the repository around a directory.

    Args:
        directory: Where to begin; the repository may be further up.

    Returns:
        40 or 64 hexadecimal digits. None outside of a repository, in one without a commit, in one that belongs to
        another user, and where git's files are of a form that is not known here.
    """
    try:
        found = _repository(directory.resolve())
        return None if found is None else _commit(*found)
    except (OSError, RunError, ValueError):  # ValueError: no text, or a name with a NUL
        return None


def _repository(directory: Path) -> tuple[Path, Path] | None:
    """What a working tree has for itself, and what all of them share; None where there is none, or it is another's."""
    for tree in (directory, *directory.parents):
        entry = tree / ".git"
        own = entry
        if entry.is_file():
            text = _text(entry)
            if not text.startswith("gitdir: "):
                return None
            own = tree / text.removeprefix("gitdir: ")
        if not (own / "HEAD").is_file():
            continue
        if not all(_is_ours(path) for path in (tree, entry, own)):
            return None
        shared = own / _text(own / "commondir") if (own / "commondir").is_file() else own
        return own, shared
    return None


def _is_ours(path: Path) -> bool:
    """Whether a file belongs to who runs the program; under sudo also to who called it, as for git."""
    if not hasattr(os, "geteuid"):
        return True  # on Windows owners are no numbers
    owners = {os.geteuid()}
    caller = os.environ.get("SUDO_UID", "")
    if os.geteuid() == 0 and caller.isascii() and caller.isdigit():
        owners.add(int(caller))
    return os.stat(path).st_uid in owners


def _commit(own: Path, shared: Path) -> str | None:
    value: str | None = _text(own / "HEAD")
    for _ in range(_MOST_STEPS):
        if value is None or _HASH.fullmatch(value):
            return value
        name = value.removeprefix("ref:").strip()
        if not value.startswith("ref:") or ".." in name or not _REFERENCE.fullmatch(name):
            return None
        loose = next((place / name for place in (own, shared) if (place / name).is_file()), None)
        value = _text(loose) if loose is not None else _packed(shared / "packed-refs", name)
    return None


def _packed(file: Path, name: str) -> str | None:
    """The hash of a reference among those that git has put into one file."""
    wanted = f" {name}".encode()
    with open_inside(file) as stream:
        while (line := stream.readline(_MOST_BYTES)) and stream.tell() <= _MOST_PACKED_BYTES:
            if line.rstrip(b"\r\n").endswith(wanted):
                found = line.split(b" ", 1)[0].decode("ascii", "replace")
                return found if _HASH.fullmatch(found) else None
    return None


def _text(file: Path) -> str:
    return read_inside(file, most=_MOST_BYTES).decode("utf-8").strip()
