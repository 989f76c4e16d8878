"""The directory of an `.npz` archive. Imports nothing heavy: the first stage of `check` looks here."""

from __future__ import annotations

import zipfile
from pathlib import Path

from dlcli.data.arrays.splits import by_splits
from dlcli.data.sources.format import Peek
from dlcli.data.sources.options import TableOptions
from dlcli.errors import DataError, Problem, first_of

__all__ = ["broken_archive", "peek"]


def peek(file: Path, options: TableOptions) -> Peek:
    """The names of the arrays."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = tuple(name.removesuffix(".npy") for name in archive.namelist())
    except zipfile.BadZipFile as error:
        raise broken_archive(file, str(error)) from None
    hint = by_splits(file.name, names)
    message = f"the arrays of '{file.name}' are called as if they were those of several splits: {first_of(names, 6)}"
    doubts = (Problem(message, hint=hint, file=file, rule="unequal-arrays"),) if hint and options.only is None else ()
    return Peek(names, doubts=doubts)


def broken_archive(file: Path, reason: str) -> DataError:
    """An `.npz` file that is none."""
    return DataError(
        Problem(
            f"'{file.name}' is no .npz file: {reason.lower()}",
            hint="write it with numpy.savez(file, x=x, y=y); copy it again if it was cut short",
            file=file,
            rule="damaged-file",
        )
    )
