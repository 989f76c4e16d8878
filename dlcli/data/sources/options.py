"""How files are to be read: what is said of them, and what a trained model knows. Imports nothing heavy."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.config.schema import DataConfig
from dlcli.data.columns.globs import expand_ranges
from dlcli.data.values.number_forms import USUAL, NumberForms
from dlcli.data.values.sightings import Sightings
from dlcli.errors import DataError, Problem

__all__ = ["Reading", "TableOptions", "Trained"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How one file of text is to be read; what is None is found out from the file itself.

    Args:
        delimiter: Between the cells: one character, or `blanks` for runs of spaces and tabs.
        header: Whether the first row holds the names.
        encoding: A text encoding that Python knows.
        decimal: `.` or `,`.
        thousands: What stands between the thousands of a number.
        comment: What begins a row that is none.
        missing_values: Further cells that count as empty, in files of every format.
    """

    delimiter: str | None = None
    header: bool | None = None
    encoding: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    comment: str | None = None
    missing_values: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            DataError: All of it.
        """
        object.__setattr__(self, "missing_values", tuple(self.missing_values))  # options are compared, and hashed
        texts = (self.delimiter, self.encoding, self.comment)
        if any(text is not None and not isinstance(text, str) for text in texts):
            message = "the delimiter, the encoding and the mark of comments are texts"
            raise DataError(Problem(message, hint="Reading(delimiter=';', encoding='latin-1')", rule="wrong-value"))
        marks = (".", ",")
        decimal = self.decimal or ("," if self.thousands == "." else ".")
        faults = [
            (
                "delimiter",
                self.delimiter,
                "one character, or blanks",
                self.delimiter in ("blanks", None) or len(str(self.delimiter)) == 1,
            ),
            ("header", self.header, "true or false", self.header in (True, False, None)),
            ("decimal", self.decimal, "a point or a comma", self.decimal in (*marks, None)),
            (
                "thousands",
                self.thousands,
                "one of , . ' _ or a blank, and not the decimal mark",
                self.thousands in (*",. '_", None) and self.thousands != decimal,
            ),
            (
                "comment",
                self.comment,
                "a text",
                self.comment != "",
            ),
        ]
        problems = [
            Problem(
                f"expected {expected} as {name}, got {value!r}",
                hint=f"--{name} on the command line",
                rule="wrong-value",
            )
            for name, value, expected, good in faults
            if not good
        ]
        if problems:
            raise DataError(problems)

    def or_else(self, usual: Mapping[str, Any]) -> Reading:
        """With what is usual where nothing is said."""
        return dataclasses.replace(
            self, **{name: value for name, value in usual.items() if getattr(self, name) is None}
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a trained model knows of the files that it is applied to.

    Args:
        needed: The columns that its features read.
        layouts: Columns that a file without a header may have, in their order, the most first.
        headerless: Whether the files that it was trained on had no header.
        like: How these were read: what is tried first.
        files: Those of the needed columns whose cells name files.
    """

    needed: frozenset[str]
    layouts: tuple[tuple[str, ...], ...]
    headerless: bool
    like: Reading
    files: frozenset[str] = frozenset()

    @property
    def only_file(self) -> str | None:
        """The column, where it needs no other and opens the files that are named there."""
        return next(iter(self.files)) if len(self.files) == 1 and self.needed == self.files else None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """How to read the cells of text files.

    Args:
        columns: Column names of files without a header; None when the first row is the header.
        reading: Delimiter, encoding and the like.
        missing_values: Cells that count as empty, in every format.
        trained: Of a model that the rows are for.
        sightings: Told which of the marks for empty cells are met.
        directory: Of the files that cells name; that of the table when None.
        beside: In place of the table's own directory, for one that came through a pipe.
        only: The arrays that are wanted of a file with several; all when None.
        folders_are_rows: Of a folder: each folder of files in it is a row, and not each file.
        piece: Bytes of text to read at a time: small where only the first rows may be wanted.
        forms: How the numbers of some columns are written, where these are texts.
    """

    columns: tuple[str, ...] | None = None
    reading: Reading = Reading()
    missing_values: tuple[str, ...] = ("",)
    trained: Trained | None = None
    sightings: Sightings | None = dataclasses.field(default=None, compare=False, repr=False)
    directory: Path | None = None
    beside: Path | None = None
    only: frozenset[str] | None = None
    folders_are_rows: bool = False
    piece: int | None = None
    forms: NumberForms = USUAL

    @classmethod
    def of(cls, config: DataConfig) -> TableOptions:
        """The options of a `data` section."""
        return cls(
            columns=None if config.columns is None else expand_ranges(config.columns),
            reading=Reading(
                delimiter=config.delimiter,
                header=config.header,
                encoding=config.encoding,
                decimal=config.decimal,
                thousands=config.thousands,
                comment=config.comment,
            ),
            missing_values=config.empty_cells,
            directory=None if config.directory is None else Path(config.directory),
            folders_are_rows=config.rows == "folders",
            forms=NumberForms.of_config(config),
        )

    def only_column(self, file: Path) -> str:
        """What the column of a file of one array is called: as the config says, or the one that a trained model needs,
        or as the file is.

        Example:
            >>> TableOptions().only_column(Path("images.npy"))
            'images'
        """
        if self.columns is not None and len(self.columns) == 1:
            return self.columns[0]
        if self.trained is not None and len(self.trained.needed) == 1:
            return next(iter(self.trained.needed))
        return Path(file.stem if file.suffix.lower() == ".gz" else file.name).stem

    def folders(self, file: Path | None) -> tuple[Path, ...]:
        """Where the files are looked for that the cells of a table name; none when that is the table's own folder.

        New rows come with files of their own: they are looked for beside the table first.

        Args:
            file: The table; None for one in memory.
        """
        beside = self.beside or (Path.cwd() if file is None else file.parent)
        if self.directory is None:
            return () if self.beside is None else (beside,)
        return (self.directory,) if self.trained is None else (beside, self.directory)

    def for_new_rows(
        self,
        reading: Reading,
        *,
        like: Reading | None,
        features: Sequence[str],
        columns: Sequence[str],
        targets: Collection[str],
        files: Collection[str] = (),
    ) -> TableOptions:
        """The options for files that a trained model is applied to: what held in training is a guess, no more.

        Args:
            reading: What is said of these files.
            like: How the files of the training were read; as the config says when None.
            features: The columns that the features read.
            columns: All columns of the files of the training, in their order; none when that is not known.
            targets: The columns that are no inputs.
            files: Those of the features whose cells name files.
        """
        whole = tuple(self.columns or columns)
        layouts = [
            whole,
            tuple(name for name in whole if name not in targets),
            tuple(name for name in whole if name in features),
        ]
        trained = Trained(
            needed=frozenset(features),
            layouts=tuple(dict.fromkeys(layout for layout in (*layouts, tuple(features)) if layout)),
            headerless=(like or self.reading).header is False or (like is None and self.columns is not None),
            like=like or self.reading,
            files=frozenset(files),
        )
        if reading.comment is None:
            reading = dataclasses.replace(reading, comment=self.reading.comment)
        marks = (*self.missing_values, *(mark.strip() for mark in reading.missing_values))
        return dataclasses.replace(self, columns=None, reading=reading, trained=trained, missing_values=marks)
