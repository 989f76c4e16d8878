"""Arrays of an `.npz` archive: each a column of its own shape, by its name, read rows by rows."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import zipfile
import zlib
from collections.abc import Generator, Iterator, Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from dlcli.data.columns.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.sources.access import check_readable
from dlcli.data.sources.npz.archive import broken_archive
from dlcli.data.sources.source import FileSource
from dlcli.data.values.typed import typed_chunk
from dlcli.errors import DataError, Problem

__all__ = ["ArrayFile"]

BLOCK_BYTES = 8 << 20


@dataclasses.dataclass(frozen=True)
class _Header:
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def row_bytes(self) -> int:
        return math.prod(self.shape[1:]) * self.dtype.itemsize


@dataclasses.dataclass(frozen=True)
class ArrayFile(FileSource):
    """One `.npz` file. Pickled objects are never read: they could run code."""

    def columns(self, *, whole: bool = False) -> tuple[ColumnInfo, ...]:
        """Names, shapes and types of the arrays."""
        return tuple(
            ColumnInfo(name, _kind(header), header.shape[1:], str(header.dtype))
            for name, header in self._headers().items()
        )

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """Blocks of rows of the wanted arrays; memory is bounded by the block, unless an array is in Fortran order."""
        headers = self._headers()
        num_rows = next(iter(headers.values())).shape[0]
        row_bytes = max(1, sum(headers[name].row_bytes for name in kinds))
        step = max(1, BLOCK_BYTES // row_bytes)
        try:
            with zipfile.ZipFile(self.path) as archive, contextlib.ExitStack() as stack:
                readers = {
                    name: stack.enter_context(contextlib.closing(_rows(archive, name, headers[name], step)))
                    for name in kinds
                }
                for start in range(0, num_rows, step):
                    arrays = {name: next(reader) for name, reader in readers.items()}
                    yield typed_chunk(
                        arrays,
                        kinds,
                        missing=self.options.missing_values,
                        sightings=self.options.sightings,
                        num_rows=min(step, num_rows - start),
                        start=start,
                        file=self.path,
                        bases=self.options.bases(self.path),
                    )
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise broken_archive(self.path, str(error)) from None

    def _headers(self) -> dict[str, _Header]:
        check_readable(self.path)
        headers: dict[str, _Header] = {}
        problems: list[Problem] = []
        try:
            with zipfile.ZipFile(self.path) as archive:
                for member in archive.infolist():
                    name = member.filename.removesuffix(".npy")
                    with archive.open(member) as stream:
                        try:
                            headers[name] = _header(stream, member.file_size)
                        except ValueError as error:
                            problems.append(self._problem(f"array '{name}' cannot be read: {error}"))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise broken_archive(self.path, str(error)) from None
        if not headers and not problems:
            problems.append(self._problem("it holds no arrays"))
        lengths = {name: header.shape[0] for name, header in headers.items()}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"'{name}' {length}" for name, length in lengths.items())
            problems.append(
                Problem(
                    f"the arrays of '{self.name}' have different numbers of rows: {listed}",
                    hint="the first dimension of every array is the samples",
                    file=self.path,
                    rule="unequal-arrays",
                )
            )
        if problems:
            raise DataError(problems)
        return headers

    def _problem(self, message: str) -> Problem:
        return Problem(
            message,
            hint="write plain arrays of numbers, text or booleans with numpy.savez(file, x=x, y=y)",
            file=self.path,
            rule="unreadable-array",
        )


def _header(stream: IO[bytes], file_size: int) -> _Header:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are never unpickled")
    if not shape:
        raise ValueError("it is a single value without rows")
    expected = math.prod(shape) * dtype.itemsize
    if expected != file_size - stream.tell():
        raise ValueError(f"its shape {shape} needs {expected} bytes, and it has {file_size - stream.tell()}")
    return _Header(shape, fortran, dtype)


def _rows(archive: zipfile.ZipFile, name: str, header: _Header, step: int) -> Generator[NDArray[Any], None, None]:
    member = f"{name}.npy" if f"{name}.npy" in archive.namelist() else name
    with archive.open(member) as stream:
        _header(stream, archive.getinfo(member).file_size)
        num_rows = header.shape[0]
        if header.fortran:
            # Columns first: no row is complete before the end of the array.
            whole = np.frombuffer(stream.read(), header.dtype).reshape(header.shape, order="F")
            for start in range(0, num_rows, step):
                yield np.ascontiguousarray(whole[start : start + step])
            return
        for start in range(0, num_rows, step):
            rows = min(step, num_rows - start)
            data = stream.read(rows * header.row_bytes)
            if len(data) != rows * header.row_bytes:
                raise EOFError(f"array '{name}' is cut short")
            yield np.frombuffer(data, header.dtype).reshape(rows, *header.shape[1:])


def _kind(header: _Header) -> Kind | None:
    scalar = len(header.shape) == 1
    match header.dtype.kind:
        case "b":
            return "boolean" if scalar else "number"
        case "i" | "u" | "f":
            return "number"
        case "U" if scalar:
            return "text"
        case "M" if scalar:
            return "datetime"
        case _:
            return None
