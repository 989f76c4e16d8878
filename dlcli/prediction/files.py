"""From a file of rows to a file of predictions, in bounded memory."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from io import BufferedIOBase
from pathlib import Path

import pyarrow as pa

from dlcli.data.sources.options import Reading
from dlcli.data.sources.registry import by_name
from dlcli.data.sources.standard_input import NAME, Kept, is_stream, keep_input
from dlcli.errors import DataError, Problem
from dlcli.prediction.destination import (
    holder_of,
    standard_output,
    write_directory,
    write_file,
    write_standard_output,
)
from dlcli.prediction.forecast import predictions
from dlcli.prediction.outputs import OUTPUTS, Output, OutputFormat, output_format
from dlcli.prediction.pictures import Picture, PictureFiles, no_pictures, pictures
from dlcli.prediction.prediction import no_predictions
from dlcli.prediction.writers import TableWriter
from dlcli.runs.layout import OWN_NAMES, RunDirectory
from dlcli.trained.decoding import Columns
from dlcli.trained.rows import input_rows
from dlcli.trained.run import TrainedRun, Warn
from dlcli.trained.undefined import Undefined

__all__ = ["STANDARD", "Writing", "check_own", "predict_to"]

STANDARD = "-"
"""Standard input, and standard output."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Writing:
    """Where predictions go, and how.

    Args:
        output: A file, or a directory for predicted images, which appears whole or not at all; None or `-` for standard
            output.
        format: Its format; None: by the file's suffix, and CSV on standard output.
        raw_text: Write texts to CSV as they are, those included that a spreadsheet would run as formulas.
    """

    output: Path | None = None
    format: OutputFormat | None = None
    raw_text: bool = False

    @property
    def target(self) -> Path | None:
        """The file; None for standard output."""
        return None if self.output is None or str(self.output) == STANDARD else self.output

    @property
    def directory(self) -> Path | None:
        """The directory, for images that are predicted: one that is there, or a name without a suffix."""
        target = self.target
        if target is None or self.format is not None:
            return None
        return target if target.is_dir() or not (target.suffix or target.exists()) else None

    @property
    def chosen(self) -> OutputFormat:
        """The format; in a directory that of the table.

        Raises:
            DataError: The file's suffix says none.
        """
        return output_format(None) if self.directory is not None else self.format or output_format(self.target)


def predict_to(
    run: TrainedRun,
    source: str,
    writing: Writing,
    *,
    format: str | None = None,
    keep: Sequence[str] | None = (),
    columns: Columns,
    undefined: Undefined,
    reading: Reading | None = None,
    progress: Callable[[int, int | None], None],
    warn: Warn = lambda problem: None,
) -> int:
    """Predict row for row.

    Args:
        run: The trained model.
        source: The input: a path, a glob, or `-` for standard input.
        writing: Where the predictions go.
        format: What `--input-format` says; None: by the input's name, or its first bytes.
        keep: Columns of the input to copy before the predictions; None for all.
        columns: Which columns of predictions are wanted.
        undefined: Told of the rows for which the model gives no number.
        reading: How an input of text is to be read.
        progress: Called after every chunk with the rows so far, and about how many there are, if that is known.
        warn: Told of doubts about the input.

    Returns:
        The number of rows.

    Raises:
        DataError: The input cannot be used, or the output cannot be written.
        ModelError: The model has not what `columns` asks for.
        BrokenPipeError: Nobody reads the output any more.
    """
    output, target = OUTPUTS[writing.chosen], writing.target
    known = None if format is None else by_name(format)
    reading = (reading or Reading()).or_else({} if known is None else known.spoken[str(format)])
    if target is None:
        standard_output()  # before the input is read
    else:
        check_own(target, run.directory)
    images = _images(run, writing, columns)
    named = next(iter(run.preprocessing.naming_files), None)
    if images and keep is not None and named is not None:
        keep = list(dict.fromkeys([named, *keep]))
    with _opened(source, format) as kept:
        path = source if kept is None else str(kept.file)
        rows = input_rows(
            run, path, keep=keep, format=known, reading=reading, directory=None if kept is None else Path.cwd()
        )
        for doubt in rows.doubts:
            warn(doubt if kept is None else kept.renamed(doubt))
        if target is not None and target.exists() and any(target.samefile(each) for each in rows.source.paths):
            message = f"cannot write the predictions over the input {target}"
            raise DataError(Problem(message, hint="choose another --output", rule="not-writable"))
        if target is not None and (folder := holder_of(target, rows.source.paths)) is not None:
            message = f"{target} would become a row of the input {folder}, when that is read again"
            raise DataError(Problem(message, hint="choose another --output", rule="not-writable"))
        tables = _readable(
            predictions(run, rows, columns=columns, rounded=output.rounded, undefined=undefined, warn=warn),
            name=rows.source.name,
        )
        with contextlib.ExitStack() as stack:
            make = stack.enter_context(_destination(writing, output, images, named))
            stack.enter_context(contextlib.closing(tables))
            count, writer, about = 0, None, rows.source.about_rows()
            for table in tables:
                writer = writer or make(table.schema)
                writer.write(table)
                count += table.num_rows
                progress(count, about)
            if writer is None:
                nothing = no_predictions(run, rows, columns=columns, rounded=output.rounded)
                writer = make(nothing.schema)
                writer.write(nothing)
            writer.close()
    return count


def _images(run: TrainedRun, writing: Writing, columns: Columns) -> list[Picture]:
    """What becomes files in a directory; nothing where a file is to be written.

    Raises:
        DataError: The model predicts no images, or the directory cannot be written to.
    """
    directory = writing.directory
    if directory is None:
        return []
    found = [] if columns.top is not None else pictures(run.predictor.outputs)
    if not found:
        raise no_pictures(directory)
    if directory.is_dir() and next(directory.iterdir(), None) is not None:
        message = f"cannot write {directory}: the directory is not empty"
        raise DataError(Problem(message, hint="name one that is not there yet", rule="not-writable"))
    return found


@contextlib.contextmanager
def _destination(
    writing: Writing, output: Output, images: Sequence[Picture], named: str | None
) -> Iterator[Callable[[pa.Schema], TableWriter]]:
    """What makes the writer of tables of a schema, onto what takes its name when all goes well."""
    if writing.directory is not None:
        with write_directory(writing.directory) as draft:
            yield lambda schema: PictureFiles(draft, images, named, schema, raw_text=writing.raw_text)
        return
    with write_standard_output() if writing.target is None else write_file(writing.target) as stream:
        yield lambda schema: output.writer(stream, schema, writing.raw_text)


def _readable(tables: Iterable[pa.Table], *, name: str) -> Generator[pa.Table, None, None]:
    """The tables.

    Raises:
        DataError: The disk or the network fails in the middle of the input.
    """
    try:
        yield from tables
    except OSError as error:
        message = f"'{name}' cannot be read: {error.strerror or error}"
        raise DataError(Problem(message, rule="unreadable-file")) from error


def check_own(target: Path, run: RunDirectory, *, what: str = "the predictions") -> None:
    """Refuse to write over what the run is made of, by whatever name.

    Raises:
        DataError: `target` is one of the run's own files, or in one of its own directories.
    """
    place = Path(os.path.realpath(target))
    for name in sorted(OWN_NAMES):
        own = run.path / name
        if place.is_relative_to(os.path.realpath(own)) or (own.exists() and place.exists() and place.samefile(own)):
            message = f"cannot write {what} to {target}: {own} belongs to the run"
            raise DataError(Problem(message, hint="choose another --output", rule="not-writable"))


@contextlib.contextmanager
def _opened(source: str, format: str | None) -> Iterator[Kept | None]:
    """What is kept of a stream; None for a path that can be read as it is."""
    suffix = None if format is None else f".{format}"
    if source == STANDARD:
        stream: BufferedIOBase | None = getattr(sys.stdin, "buffer", None)
        if stream is None:
            raise DataError(
                Problem(f"{NAME} cannot be read: it is closed, or gives text alone", rule="unreadable-file")
            )
        with keep_input(stream, suffix=suffix) as kept:
            yield kept
    elif is_stream(Path(source)):
        with _open(source) as stream, keep_input(stream, suffix=suffix, name=source) as kept:
            yield kept
    else:
        yield None


def _open(source: str) -> BufferedIOBase:
    try:
        return open(source, "rb")
    except OSError as error:
        raise DataError(Problem(f"{source} cannot be read: {error.strerror}", rule="unreadable-file")) from error
