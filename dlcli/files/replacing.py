"""The one way in which files are written: under another name beside, then renamed, so that each is whole or not there.

Permissions are those that the system gives a new file, as the umask says, or those of the file that is replaced.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from dlcli.files import syncing
from dlcli.files.syncing import Sync

__all__ = ["Replacement", "is_draft", "move_into_place", "replacing", "write_file"]

_LONGEST = 60
"""Characters that a draft takes of its file's name, from the end: a name may have 255 bytes in all."""

_DRAFT = re.compile(r"\.[0-9a-f]{12}\..+", re.DOTALL)


def is_draft(name: str) -> bool:
    """Whether a file name is one that a draft has, which a killed process may leave behind.

    Example:
        >>> is_draft(".0123456789ab.run.json"), is_draft("run.json")
        (True, False)
    """
    return _DRAFT.fullmatch(name) is not None


class Replacement:
    """A file, or a directory, that is written as a draft and then takes its name.

    Args:
        target: The name. A link is itself replaced, and not what it names.

    Example:
        >>> Replacement(Path("run.json")).draft.name.endswith(".run.json")
        True
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.draft = target.with_name(f".{secrets.token_hex(6)}.{target.name[-_LONGEST:].lstrip('.')}")
        """Where to write: beside the target, hidden, with its suffixes; nothing is there yet."""

    def keep_mode(self) -> None:
        """Give the draft the permissions of the file that it will replace. Raises OSError."""
        if self.target.is_file() and not self.target.is_symlink():
            os.chmod(self.draft, self.target.stat().st_mode & 0o777)

    def commit(self, *, sync: Sync = Sync.NOW) -> None:
        """Give the draft its name.

        Args:
            sync: When it has to be on the disk; a crash of the machine, not of the process, may leave it empty before.

        Raises:
            OSError: The disk is full, or the system refuses.
        """
        now = sync is Sync.NOW or (sync is Sync.SOON and self.target.exists())
        if self.draft.is_file():
            self.keep_mode()
            if now:
                syncing.sync(self.draft)
        elif now:
            syncing.sync_directory(self.draft)
        os.replace(self.draft, self.target)
        if now:
            syncing.sync_directory(self.target.parent)
        elif sync is Sync.SOON:
            syncing.owe(self.target)

    def discard(self) -> None:
        """Remove the draft, if it is there."""
        with contextlib.suppress(OSError):
            if self.draft.is_dir() and not self.draft.is_symlink():
                shutil.rmtree(self.draft)
            else:
                self.draft.unlink()


def move_into_place(draft: Path, target: Path) -> None:
    """Give a file, or a directory with all that is in it, its name, when it is on the disk.

    Args:
        draft: What was written, on the same file system.
        target: The name; of a directory nothing is there.

    Raises:
        OSError: The disk is full, or the system refuses.
    """
    replacement = Replacement(target)
    replacement.draft = draft
    syncing.sync_together([*draft.rglob("*")] if draft.is_dir() else [])
    replacement.commit()


@contextlib.contextmanager
def replacing(target: Path, *, sync: Sync = Sync.NOW) -> Iterator[Path]:
    """The draft of a file: it takes the name when the block ends well, and is gone when it does not.

    Args:
        target: See `Replacement`.
        sync: See `Replacement.commit`.

    Raises:
        OSError: The draft cannot get its name.
    """
    replacement = Replacement(target)
    try:
        yield replacement.draft
        replacement.commit(sync=sync)
    finally:
        replacement.discard()


def write_file(target: Path, content: str | bytes, *, sync: Sync = Sync.NOW) -> None:
    """Write a file at once.

    Args:
        target: See `Replacement`.
        content: All of it; text is written as UTF-8.
        sync: See `Replacement.commit`.

    Raises:
        OSError: The disk is full, or the system refuses.
    """
    with replacing(target, sync=sync) as draft:
        draft.write_bytes(content.encode() if isinstance(content, str) else content)
