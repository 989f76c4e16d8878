"""The encoded store: arrays that are encoded once, kept in memory or in files, and found again by the next run.

What is small is encoded anew each time and leaves nothing behind. What takes a moment to encode is written to the
cache; what is too large for memory is only there, and mapped.
"""

from __future__ import annotations

import contextlib
import functools
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from dlcli.config.signature import SplitName
from dlcli.data.cache.cache import Cache, Scratch
from dlcli.data.cache.entry import ArrayName, CorruptEntry, Draft, Entry, read_known, write_known
from dlcli.data.cache.known_files import DataFiles, KnownFile, still_known
from dlcli.data.samples.encoding import Arrays, Destination, MemoryArrays
from dlcli.data.samples.keys import content_key, place_key
from dlcli.data.table import memory
from dlcli.data.table.rows import no_room
from dlcli.errors import DataError, Problem

__all__ = ["CACHED_FROM", "Notify", "Store"]

Notify = Callable[[Problem], None]
"""Told what the person should know and cannot be helped."""

CACHED_FROM = 16 * 2**20
"""Bytes, of the files or of the arrays, from which on these are cached. Less is read and encoded in a fifth of a
second, which finding and checking an entry would not make much shorter."""


class Store:
    """Where the encoded arrays of one recipe are kept.

    Args:
        cache: Where arrays are kept; None keeps everything in memory.
        files: The data files.
        scratch: A directory for what is being written; needed with a cache.
        recipe: Gives the pattern of the names of the entries that would do, without the content's key: `<recipe>-*`.
            It takes a while, and is asked for where there may be such, or are to be.
        notify: Told what the person should know.
    """

    def __init__(
        self,
        cache: Cache | None,
        files: DataFiles,
        scratch: Scratch | None,
        *,
        recipe: Callable[[], str],
        notify: Notify,
    ) -> None:
        self._cache = cache
        self._files = files
        self._scratch = scratch
        self._recipe = functools.cache(recipe)
        self._notify = notify
        self._useless: set[Path] = set()

    def find(self, split: SplitName | None = None) -> Entry | None:
        """The entry with the arrays of these very files, checked; None when there is none.

        The files are not opened when they are surely those that the entry was made from.

        Args:
            split: The split whose arrays are wanted, and are checked; all when None.
        """
        if self._cache is None or not self._files.identities or not self._cache.find("*"):
            return None
        found = [(directory, read_known(directory)) for directory in self._cache.find(f"{self._recipe()}-*")]
        for directory, files in found:
            known = {file.identity.path: file for file in files}
            if not all(one.path in known and known[one.path].speaks_for(one) for one in self._files.identities):
                continue
            if still_known((file for file in files if file.listed), hashing=False) is None:
                continue
            if directory.name.endswith(f"-{self._content(known)}") and (entry := self._open(directory, split)):
                self._files.know(known)
                return entry
        if not found:
            return None
        # Moved, touched, or just written: the content tells.
        own = self._files.known()
        self._files.require_unchanged()
        for directory, files in found:
            listed = still_known((file for file in files if file.listed), hashing=True)
            if listed is None or not directory.name.endswith(f"-{self._content({**own, **listed})}"):
                continue
            if entry := self._open(directory, split):
                with contextlib.suppress(OSError):
                    write_known(directory, (*own.values(), *listed.values()))
                self._files.know({**own, **listed})
                return entry
        return None

    @contextlib.contextmanager
    def building(self) -> Iterator[Entry | None]:
        """Read and encode the files, and be the only process that does; gives the entry if another was faster.

        At the end the files must be what they were at the beginning.

        Raises:
            DataError: A file has changed meanwhile.
        """
        with contextlib.ExitStack() as stack:
            entry = None
            if self._cache is not None and self._files.bytes >= CACHED_FROM:
                key = place_key(self._recipe(), [one.path for one in self._files.identities])
                stack.enter_context(self._cache.building(key, waiting=self._wait))
                entry = self.find()  # made since we looked, whether we waited for it or not
            if entry is None:
                self._files.hash()
            yield entry
            self._files.require_unchanged()

    def keep(
        self,
        num_bytes: int,
        fill: Callable[[Destination], None],
        *,
        name: Callable[[], str] | None = None,
        content: Callable[[], Mapping[str, Any]] = dict,
        for_once: bool = False,
    ) -> Arrays:
        """Encode arrays to where they are kept.

        Args:
            num_bytes: What they take.
            fill: Writes them; may be called again.
            name: Gives what an entry with them is called, without the content's key; None when they are for once only.
            content: JSON values to keep with them.
            for_once: Whatever the name, they are for this job alone: they mean nothing to another.

        Raises:
            DataError: There is room neither in memory nor in the cache directory.
        """
        name = None if for_once else name
        if self._cache is not None and num_bytes > memory.ARRAYS_BUDGET:
            try:
                return self._to_disk(fill, name, content)
            except OSError as error:
                failure = self._failure(error)
                if not memory.fits_in_memory(num_bytes):
                    raise DataError(no_room(failure)) from None
                self._tell_unusable(failure, "the encoded data is kept in memory")
                name = None
        arrays = MemoryArrays()
        fill(arrays)
        if self._cache is not None and name and max(self._files.bytes, num_bytes) >= CACHED_FROM:
            try:
                with self._draft() as draft:
                    for array_name, array in arrays.arrays.items():
                        draft.add(array_name, array)
                    self._add(draft, name, content())
            except OSError as error:
                self._tell_unusable(self._failure(error), "the encoded data is not kept for the next run")
        return arrays.arrays

    def has_room(self, num_bytes: int) -> bool:
        """Whether arrays of so many bytes can be kept: in memory, or in the cache beside what others keep there."""
        if num_bytes <= memory.ARRAYS_BUDGET:
            return True
        if self._cache is None:
            return memory.fits_in_memory(num_bytes)
        try:
            there = next(each for each in (self._cache.directory, *self._cache.directory.parents) if each.exists())
            return num_bytes <= min(self._cache.limit, shutil.disk_usage(there).free) // 2
        except OSError:
            return True  # what fails when it is written is told then

    def read(self, entry: Entry, names: Collection[ArrayName] | None = None) -> Arrays:
        """Arrays of an entry, in memory when they fit, else mapped."""
        wanted = [name for name in entry.names if names is None or name in names]
        arrays = {name: entry.map(name) for name in wanted}
        if sum(array.nbytes for array in arrays.values()) <= memory.ARRAYS_BUDGET:
            arrays = {name: entry.read(name) for name in wanted}
        return arrays

    def _content(self, known: Mapping[str, KnownFile]) -> str:
        return content_key(self._files.by_source(known))

    def _open(self, directory: Path, split: SplitName | None) -> Entry | None:
        """The entry, if every byte of it that is wanted is as it was written; one that is not is removed."""
        assert self._cache is not None
        if directory in self._useless:
            return None
        try:
            entry = Entry.open(directory)
            if entry is not None:
                entry.verify([name for name in entry.names if split in (None, name[0])])
            return entry
        except (CorruptEntry, FileNotFoundError) as error:
            self._cache.remove(directory, damaged=True)
            message = f"the cached data in {directory} is damaged ({error}); it is made again"
            hint = "see whether the disk is sound, if that happens again"
            self._notify(Problem(message, hint=hint, rule="cache-damaged"))
        except OSError as error:  # it may be sound, and another's
            message = f"the cached data in {directory} cannot be read ({error.strerror or error})"
            hint = "mend its permissions, or name another directory with --cache-dir"
            self._notify(Problem(message, hint=hint, rule="cache-unusable"))
        self._useless.add(directory)
        return None

    def _to_disk(
        self,
        fill: Callable[[Destination], None],
        name: Callable[[], str] | None,
        content: Callable[[], Mapping[str, Any]],
    ) -> Arrays:
        with self._draft() as draft:
            fill(draft)
            directory = self._add(draft, name, content())
        try:
            entry = Entry.open(directory)
        except CorruptEntry as error:
            raise OSError(str(error)) from None
        if entry is None:
            raise OSError(f"{directory} was removed")
        return {array: entry.map(array) for array in entry.names}

    def _draft(self) -> Draft:
        assert self._scratch is not None
        directory = self._scratch.directory() / f"entry-{secrets.token_hex(6)}"
        directory.mkdir()
        return Draft(directory)

    def _add(self, draft: Draft, name: Callable[[], str] | None, content: Mapping[str, Any]) -> Path:
        """Finish a draft, and make it an entry if it has a name; where it is then."""
        assert self._cache is not None
        if name is None:
            draft.finish(content, ())
            return draft.directory
        known = self._files.known()
        # What was read must be what was hashed: else the arrays would get another file's name.
        self._files.require_unchanged()
        draft.finish(content, tuple(known.values()))
        entry = f"{name()}-{self._content(known)}"
        if any(useless.name == entry and useless.exists() for useless in self._useless):
            return draft.directory  # what is in its place could not be used, nor removed
        return self._cache.add(draft.directory, entry)

    def _wait(self) -> None:
        self._notify(Problem("another run is encoding the same data: waiting for it", rule="cache-waiting"))

    def _failure(self, error: OSError) -> str:
        assert self._cache is not None
        return f"{self._cache.directory}: {error.strerror or error}"

    def _tell_unusable(self, failure: str, consequence: str) -> None:
        self._notify(
            Problem(
                f"the cache directory cannot be written ({failure}); {consequence}",
                hint="name another directory with --cache-dir, or make room",
                rule="cache-unusable",
            )
        )
