"""A directory of predicted images and masks: a PNG file for each row, and a table that names them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.config.document.file_names import leaves
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.signature import TargetSpec
from dlcli.data.columns.arrays import plain_numbers, texts_array
from dlcli.errors import DataError, Problem
from dlcli.prediction.lists import as_array
from dlcli.prediction.png import Color, png
from dlcli.prediction.writers import DelimitedWriter

__all__ = ["CLASSES", "TABLE", "Picture", "PictureFiles", "no_pictures", "pictures"]

TABLE = "predictions.csv"
"""The table of a directory of predictions: the columns that are kept, and in place of an image the name of its file."""

CLASSES = "classes.csv"
"""Beside masks whose classes have names: which number is which."""

_MOST_COLORS = 256


@dataclasses.dataclass(frozen=True)
class Picture:
    """A column of predictions whose cells become files.

    Args:
        column: Its name.
        of: What the target is called.
        numbers: Of masks the number of each class, in their order; empty for images.
        classes: Of masks the names of the classes.
    """

    column: str
    of: str
    numbers: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def is_named(self) -> bool:
        """Whether its numbers are not what the classes are called."""
        return self.classes != tuple(map(str, self.numbers))


def pictures(outputs: Sequence[OutputPlan]) -> list[Picture]:
    """The columns of predictions that are images, or masks.

    Args:
        outputs: The model's outputs.
    """
    prefix = sum(max(len(output.targets), 1) for output in outputs) > 1
    found = []
    for output in outputs:
        for target in output.targets if output.fits else ():
            called = output.called(target.name)
            column = f"{called}_prediction" if prefix else "prediction"
            if target.kind == "category" and len(target.axes) == 2:
                found.append(Picture(column, called, _numbers(target.classes), target.classes))
            elif _is_image(target) and len(output.targets) == 1:
                found.append(Picture(column, called))
    return found


def _is_image(target: TargetSpec) -> bool:
    whole = target.pixels and not target.quantiles
    return whole and target.kind == "number" and len(target.axes) == 2 and target.width in (1, 3, 4)


def _numbers(classes: Sequence[str]) -> tuple[int, ...]:
    """What stands for each class in a mask: its own number where that fits into 16 bits, else its place."""
    own = [int(name) for name in classes if name.isdecimal() and str(int(name)) == name and int(name) < 65_536]
    return tuple(own) if len(own) == len(classes) else tuple(range(len(classes)))


class PictureFiles:
    """Writes chunks of predictions into a directory.

    Args:
        directory: Empty.
        wanted: The columns that become files.
        named: The column whose cells name the files that rows are made of; None where there is none.
        schema: Of the chunks.
        raw_text: See `DelimitedWriter`.
    """

    def __init__(
        self, directory: Path, wanted: Sequence[Picture], named: str | None, schema: pa.Schema, *, raw_text: bool
    ) -> None:
        self._directory = directory
        self._wanted = {each.column: each for each in wanted}
        self._named = named
        self._taken: set[str] = set()
        self._rows = 0
        self._raw_text = raw_text
        self._stream = (directory / TABLE).open("xb")
        self._table = DelimitedWriter(
            self._stream, self._plain(schema.empty_table(), []).schema, ",", raw_text=raw_text
        )

    def write(self, table: pa.Table) -> None:
        """Write the files of some rows, and their lines of the table."""
        names = [self._name(cell) for cell in self._cells(table)]
        self._table.write(self._plain(table, names))

    def close(self) -> None:
        """End the table, and say what the numbers of masks mean."""
        self._table.close()
        self._stream.close()
        lines = [
            (each.of, number, name)
            for each in self._wanted.values()
            if each.is_named
            for number, name in zip(each.numbers, each.classes, strict=True)
        ]
        if lines:
            targets, numbers, names = zip(*lines, strict=True)
            legend = pa.table({"target": list(targets), "number": list(numbers), "class": list(names)})
            with (self._directory / CLASSES).open("xb") as stream:
                writer = DelimitedWriter(stream, legend.schema, ",", raw_text=self._raw_text)
                writer.write(legend)
                writer.close()

    def _cells(self, table: pa.Table) -> Sequence[str | None]:
        if self._named is None or self._named not in table.column_names:
            return [None] * table.num_rows
        return [None if cell is None else str(cell) for cell in table[self._named].to_pylist()]

    def _name(self, cell: str | None) -> str:
        """The name of a row's files: as the file that it is made of, or its number."""
        self._rows += 1
        path = PurePosixPath((cell or "").strip().replace("\\", "/"))
        name = str(path.with_suffix("")) if path.name else f"{self._rows:06}"
        if leaves(name) or ":" in name:
            name = path.stem.replace(":", "-")
        if name.casefold() in self._taken:  # 1.jpg and 1.png
            name = f"{name}-{self._rows}"
        self._taken.add(name.casefold())
        return f"{name}.png"

    def _plain(self, table: pa.Table, names: Sequence[str]) -> pa.Table:
        """The table without lists: files are named, and what belongs to a pixel has no place in it."""
        columns: dict[str, Any] = {}
        drop = [self._probabilities(each) for each in self._wanted.values()]
        for name in table.column_names:
            if name in self._wanted:
                columns[name] = pa.array(self._files(self._wanted[name], table[name], names), pa.string())
            elif not any(name.startswith(start) and name not in columns for start in drop):
                columns[name] = table[name]
        return pa.table(columns)

    @staticmethod
    def _probabilities(picture: Picture) -> str:
        return f"{picture.column.removesuffix('prediction')}probability_"

    def _files(self, picture: Picture, column: pa.ChunkedArray, names: Sequence[str]) -> list[str | None]:
        cells = _masks(picture, column) if picture.classes else _images(column)
        folder = picture.of if len(self._wanted) > 1 else ""
        said: list[str | None] = []
        for name, cell in zip(names, cells, strict=True):
            place = os.path.join(folder.replace("/", "-"), name) if folder else name
            if cell is None:
                said.append(None)
                continue
            file = self._directory / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(png(cell, palette=_palette(picture)))
            said.append(place)
        return said


def _masks(picture: Picture, column: pa.ChunkedArray) -> list[NDArray[Any] | None]:
    """The numbers of pixels; None where a pixel has no class, because the model gives no number."""
    column = column.combine_chunks()
    shape = (column.type.list_size, column.type.value_type.list_size)
    leaves_ = column.flatten().flatten()
    places = plain_numbers(pc.fill_null(pc.index_in(leaves_.cast(pa.string()), texts_array(picture.classes)), -1))
    numbers = np.array([*picture.numbers, -1])[places].reshape(-1, *shape)
    kind = np.uint8 if max(picture.numbers) < _MOST_COLORS else np.uint16
    return [None if (each < 0).any() else each.astype(kind) for each in numbers]


def _images(column: pa.ChunkedArray) -> list[NDArray[Any] | None]:
    """The pixels; None where one is no number."""
    values = as_array(column)
    return [np.clip(np.round(each), 0, 255).astype(np.uint8) if np.isfinite(each).all() else None for each in values]


def _palette(picture: Picture) -> list[Color]:
    """Colours far apart for the numbers of a mask; none for images, and for more classes than a palette has."""
    most = max(picture.numbers, default=_MOST_COLORS)
    return [] if most >= _MOST_COLORS else [_color(number) for number in range(most + 1)]


def _color(number: int) -> Color:
    """Black, dark red, dark green, ...: the bits of the number, dealt out to the three colours from the highest on."""
    parts = [0, 0, 0]
    for bit in range(8):
        parts[bit % 3] |= (number >> bit & 1) << (7 - bit // 3)
    return parts[0], parts[1], parts[2]


def no_pictures(target: Path) -> DataError:
    """What is said where a directory is to be written and nothing is an image."""
    hint = "name a file, such as predictions.csv or predictions.npz"
    what = "is a directory" if target.is_dir() else "has no suffix, as directories have"
    message = f"the output {str(target)!r} {what}: that is for predicted images, and the model predicts none"
    return DataError(Problem(message, hint=hint, rule="unknown-format"))
