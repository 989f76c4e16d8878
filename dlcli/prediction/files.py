"""From a file of rows to a file of predictions, in bounded memory."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from io import BufferedIOBase
from pathlib import Path
from typing import Literal

import pyarrow as pa

from dlcli.data.sources.options import Format, Reading
from dlcli.data.table.size import about_rows
from dlcli.errors import DataError, Problem
from dlcli.prediction.destination import standard_output, write_file, write_standard_output
from dlcli.prediction.prediction import no_predictions, predict_rows
from dlcli.prediction.writers import OutputFormat, output_format, write_stream
from dlcli.runs.layout import OWN_NAMES, RunDirectory
from dlcli.trained.decoding import Columns
from dlcli.trained.rows import input_rows
from dlcli.trained.run import TrainedRun, Warn
from dlcli.trained.undefined import Undefined

__all__ = ["STANDARD", "InputFormat", "Writing", "predict_to"]

STANDARD = "-"
"""Standard input, and standard output."""

InputFormat = Literal["csv", "tsv", "jsonl", "parquet", "npz"]

_INPUT: dict[InputFormat, tuple[Format, str]] = {
    "csv": ("delimited", ".csv"),
    "tsv": ("delimited", ".tsv"),
    "jsonl": ("jsonl", ".jsonl"),
    "parquet": ("parquet", ".parquet"),
    "npz": ("npz", ".npz"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Writing:
    """Where predictions go, and how.

    Args:
        output: A file, which appears whole or not at all; None or `-` for standard output.
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
    def chosen(self) -> OutputFormat:
        """The format.

        Raises:
            DataError: The file's suffix says none.
        """
        if self.format is not None:
            return self.format
        return "csv" if self.target is None else output_format(self.target)


def predict_to(
    run: TrainedRun,
    source: str,
    writing: Writing,
    *,
    format: InputFormat | None = None,
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
        format: The format of the input; by its name, or its first bytes, when None.
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
    chosen, target = writing.chosen, writing.target
    if target is None:
        standard_output()  # before the input is read
    else:
        _check_own(target, run.directory)
    with _opened(source, format) as path:
        known = None if format is None else _INPUT[format][0]
        rows = input_rows(run, path, keep=keep, format=known, reading=_delimited(reading or Reading(), format))
        for doubt in rows.doubts:
            warn(doubt)
        if target is not None and target.exists() and any(target.samefile(each) for each in rows.source.paths):
            message = f"cannot write the predictions over the input {target}"
            raise DataError(Problem(message, hint="choose another --output", rule="not-writable"))
        tables = _readable(
            predict_rows(run, rows.rows(), columns=columns, rounded=chosen != "parquet", undefined=undefined),
            name=rows.source.name,
        )
        with (
            write_standard_output() if target is None else write_file(target) as stream,
            contextlib.closing(tables),
        ):
            count, writer, about = 0, None, about_rows(rows.source.paths, known)
            for table in tables:
                writer = writer or write_stream(stream, table.schema, format=chosen, raw_text=writing.raw_text)
                writer.write(table)
                count += table.num_rows
                progress(count, about)
            if writer is None:
                nothing = no_predictions(run, rows, columns=columns, rounded=chosen != "parquet")
                writer = write_stream(stream, nothing.schema, format=chosen, raw_text=writing.raw_text)
                writer.write(nothing)
            writer.close()
    return count


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


def _check_own(target: Path, run: RunDirectory) -> None:
    """Refuse to write over what the run is made of, by whatever name.

    Raises:
        DataError: `target` is one of the run's own files, or in one of its own directories.
    """
    place = Path(os.path.realpath(target))
    for name in sorted(OWN_NAMES):
        own = run.path / name
        if place.is_relative_to(os.path.realpath(own)) or (own.exists() and place.exists() and place.samefile(own)):
            message = f"cannot write the predictions to {target}: {own} belongs to the run"
            raise DataError(Problem(message, hint="choose another --output", rule="not-writable"))


def _delimited(reading: Reading, format: InputFormat | None) -> Reading:
    """With the delimiter of tab-separated text, whatever the input's name says."""
    return dataclasses.replace(reading, delimiter=reading.delimiter or "\t") if format == "tsv" else reading


@contextlib.contextmanager
def _opened(source: str, format: InputFormat | None) -> Iterator[str]:
    """The path to read."""
    from dlcli.data.sources.standard_input import NAME, is_stream, keep_input

    suffix = None if format is None else _INPUT[format][1]
    if source == STANDARD:
        stream: BufferedIOBase | None = getattr(sys.stdin, "buffer", None)
        if stream is None:
            raise DataError(
                Problem(f"{NAME} cannot be read: it is closed, or gives text alone", rule="unreadable-file")
            )
        with keep_input(stream, suffix=suffix) as file:
            yield str(file)
    elif is_stream(Path(source)):
        with _open(source) as stream, keep_input(stream, suffix=suffix, name=source) as file:
            yield str(file)
    else:
        yield source


def _open(source: str) -> BufferedIOBase:
    try:
        return open(source, "rb")
    except OSError as error:
        raise DataError(Problem(f"{source} cannot be read: {error.strerror}", rule="unreadable-file")) from error
