"""The arrays of an `.npz` archive."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from dlcli.data.arrays.numpy_format import NpyHeader, read_header
from dlcli.data.arrays.stored import Blocks, StoredArray, unreadable_array
from dlcli.data.sources.access import check_readable
from dlcli.data.sources.npz.archive import broken_archive
from dlcli.errors import DataError, Problem

__all__ = ["members"]

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)


def members(file: Path) -> dict[str, StoredArray]:
    """The arrays by their names. Pickled objects are never read: they could run code.

    Raises:
        DataError: The archive is damaged, or holds what cannot be read.
    """
    check_readable(file)
    found: dict[str, StoredArray] = {}
    problems: list[Problem] = []
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                with archive.open(member) as stream:
                    try:
                        header = read_header(stream, member.file_size)
                    except ValueError as error:
                        problems.append(unreadable_array(file, f"array '{name}' cannot be read: {error}"))
                        continue
                found[name] = _stored(file, member.filename, name, header)
    except _BROKEN as error:
        raise broken_archive(file, str(error)) from None
    if not found and not problems:
        problems.append(unreadable_array(file, "it holds no arrays"))
    if problems:
        raise DataError(problems)
    return found


def _stored(file: Path, member: str, name: str, header: NpyHeader) -> StoredArray:
    def blocks(step: int) -> Blocks:
        try:
            with zipfile.ZipFile(file) as archive, archive.open(member) as stream:
                read_header(stream, archive.getinfo(member).file_size)
                yield from header.blocks(stream, step, what=f"array '{name}'")
        except _BROKEN as error:
            raise broken_archive(file, str(error)) from None

    return StoredArray(file, header.shape, header.dtype, blocks)
