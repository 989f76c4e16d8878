"""The rows that the model is most wrong about: as a table, and as pictures where they are pictures."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.data.written_rows import file_columns
from dlcli.reporting.document import Block, Picture, Pictures, Section, Table, Text
from dlcli.reporting.gathering import Facts
from dlcli.reporting.looking import Look, Part
from dlcli.reporting.mistake_sizes import mistake_sizes
from dlcli.reporting.plots.axes import short_number
from dlcli.reporting.plots.png import data_uri, thumbnail
from dlcli.reporting.plots.svg import shortened
from dlcli.reporting.seen import Seen
from dlcli.reporting.shown_rows import FeaturePart, feature_parts, is_long, pixels_of, shown_cell, stretched

__all__ = ["mistakes"]

MOST_ROWS = 12
MOST_LOOKED = 200
MOST_FEATURES = 10
MOST_TARGETS = 4
SIDE = 64
"""Pixels of a picture's longer side, at most; it is shown at least twice as large."""

MOST_LETTERS = 60
MOST_LISTED = 8
MOST_SHOWN = 160
FEW_COLUMNS = 6
"""Cells that are shown as one feature, as they are written."""


def mistakes(facts: Facts) -> Section | None:
    """The section; None where no row was looked at, or nothing is wrong."""
    if facts.look is None:
        return None
    blocks = tuple(_blocks(facts.look))
    return Section("mistakes", "The worst mistakes", blocks) if blocks else None


def _blocks(look: Look) -> Iterator[Block]:
    for seen in look.seen[:MOST_TARGETS]:
        sizes = _sizes(seen)
        if sizes is None:
            continue
        worst = _once(look, _worst(seen, sizes))[:MOST_ROWS]
        if not worst:
            yield Text(f"{seen.name}: nothing is wrong in {look.all_of_them}.")
            continue
        yield from _of_target(look, seen, worst, sizes)


def _sizes(seen: Seen) -> NDArray[np.float64] | None:
    """How wrong each row is; of sequences how many of their classes are others."""
    if seen.decoded.sequences is None:
        return mistake_sizes(seen)
    return None


def _worst(seen: Seen, sizes: NDArray[np.float64]) -> list[int]:
    """The rows, the worst first; of classes only those that are wrong."""
    wrong = np.isfinite(sizes) & (sizes > 0)
    if seen.decoded.indices is not None and seen.decoded.chosen is None:
        other = (seen.decoded.indices != seen.true) & (seen.true >= 0)
        wrong &= other.reshape(len(other), -1).any(axis=1)
    elif seen.decoded.chosen is not None:
        wrong &= (seen.decoded.chosen != seen.true).any(axis=1)
    order = np.argsort(-np.where(wrong, sizes, -np.inf), kind="stable")
    return [int(row) for row in order[:MOST_LOOKED] if wrong[row]]


def _once(look: Look, rows: Sequence[int]) -> list[int]:
    """Each row of the source once: of several repeats that in which it is worst."""
    numbers = {row: look.number(row) for row in rows}
    first = {number: row for row, number in reversed(numbers.items()) if number is not None}
    return [row for row, number in numbers.items() if number is None or first[number] == row]


def _of_target(look: Look, seen: Seen, worst: Sequence[int], sizes: NDArray[np.float64]) -> Iterator[Block]:
    """What is known of the worst rows of a target: their pictures, and what is none as a table."""
    rows = [_row(look, row) for row in worst]
    written = look.written([each.number for each in rows if each.number is not None])
    rows = [
        each if each.number is None else dataclasses.replace(each, written=written.get(each.number, {}))
        for each in rows
    ]
    caption = f"{seen.name}: the worst of {look.all_of_them}"
    pictured = {name for name, pixels in rows[0].pixels.items() if pixels is not None}
    if pictured:
        pictures = [
            _picture(seen, row, [each.pixels[name] for name in each.pixels if name in pictured], each.source)
            for row, each in zip(worst, rows, strict=True)
        ]
        yield Pictures(caption, pictures)
    others = [name for name in rows[0].parts if name not in pictured and not rows[0].is_long(name)]
    told = others[:MOST_FEATURES]
    if not told and pictured:
        return
    said = _known(seen, worst, rows, sizes)
    known = {name: cells for name, cells in said.items() if any(cell is not None for cell in cells)}
    features = _merged({name: [each.cell(name) for each in rows] for name in told})
    yield Table(caption, (*known, *features), list(zip(*known.values(), *features.values(), strict=True)))
    if len(others) > len(told):
        yield Text(f"The first {len(told)} of {len(others):,} features.", "note")


def _merged(cells: Mapping[str, list[str | None]]) -> dict[str, list[str | None]]:
    """The columns `store=north`, `store=south` of marks as one `store` of what is marked: north, or south."""
    found: dict[str, list[str | None]] = {}
    for name, column in cells.items():
        feature, _, value = name.partition("=")
        if not value or not all(cell in ("0", "1") for cell in column):
            found[name] = column
            continue
        before = found.get(feature, [None] * len(column))
        found[feature] = [value if cell == "1" else old for cell, old in zip(column, before, strict=True)]
    return found


def _known(seen: Seen, worst: Sequence[int], rows: Sequence[_Row], sizes: NDArray[np.float64]) -> dict[str, list[Any]]:
    """What the table of the worst rows says before their features; of some targets and sources None."""
    return {
        "row": [None if each.number is None else each.number + 1 for each in rows],
        "file": [each.file for each in rows],
        "off by": [float(sizes[row]) if seen.decoded.numbers is not None else None for row in worst],
        "true": [_true(seen, row) for row in worst],
        "predicted": [_predicted(seen, row) for row in worst],
        "probability of the true": [_own_chance(seen, row) for row in worst],
    }


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """A row as people see it.

    Args:
        part: The rows that it is among, and their model.
        place: Which of them it is.
        parts: Its features by their names.
        number: In its source, from 0; None where it has none.
        files: The columns of the source whose cells name files.
        written: Its cells in the source; none where they cannot be told.
    """

    part: Part
    place: int
    parts: Mapping[str, FeaturePart]
    number: int | None
    files: tuple[str, ...] = ()
    written: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def pixels(self) -> dict[str, NDArray[np.uint8] | None]:
        """For each feature its picture; None where it is none."""
        return {name: pixels_of(part, self._values(part)) for name, part in self.parts.items()}

    @property
    def file(self) -> str | None:
        """The files that the row is made of, as the source names them."""
        names = [self.written.get(column, "") for column in self.files]
        return ", ".join(name for name in names if name) or None

    @property
    def source(self) -> list[str]:
        """Where a picture comes from: its row, and its file."""
        row = [] if self.number is None else [f"row {self.number + 1:,}"]
        return row if self.file is None else [*row, shortened(self.file, MOST_LETTERS)]

    def is_long(self, name: str) -> bool:
        """Whether a feature is of more numbers than a cell shows, and not known as it is written: steps of a window."""
        return self._as_written(name) is None and is_long(self.parts[name], self._values(self.parts[name]))

    def cell(self, name: str) -> str | None:
        """What a feature is, in words; None where this model has no such feature."""
        part = self.parts.get(name)
        if part is None:
            return None
        written = self._as_written(name)
        return shown_cell(part, self._values(part)) if written is None else written

    def _values(self, part: FeaturePart) -> NDArray[Any]:
        return np.asarray(part.of(self.part.taken.inputs)[self.place])

    def _as_written(self, name: str) -> str | None:
        """The cells of a feature; None where it is made of many, or they are the names of files."""
        codec = self.parts[name].codec
        if codec is None or len(codec.columns) > FEW_COLUMNS or set(codec.columns) & set(self.files):
            return None
        cells = [self.written.get(column) for column in codec.columns]
        return None if None in cells else shortened(", ".join(str(cell) for cell in cells), MOST_SHOWN)


def _row(look: Look, row: int) -> _Row:
    part, place = look.place(row)
    parts = {each.name: each for each in feature_parts(part.preprocessing, part.taken.inputs)}
    return _Row(part, place, parts, look.number(row), file_columns(part.preprocessing))


def _own_chance(seen: Seen, row: int) -> float | None:
    """The probability of what is right, of one class a row."""
    decoded = seen.decoded
    if decoded.probabilities is None or decoded.indices is None or decoded.chosen is not None or seen.true.ndim > 1:
        return None
    return float(decoded.probabilities[row, seen.true[row]]) if seen.true[row] >= 0 else None


def _true(seen: Seen, row: int) -> Any:
    return _said(seen, seen.true[row])


def _predicted(seen: Seen, row: int) -> Any:
    decoded = seen.decoded
    if decoded.numbers is not None:
        return _said(seen, decoded.numbers[row])
    return _said(seen, decoded.chosen[row] if decoded.chosen is not None else decoded.indices[row])  # type: ignore[index]


def _said(seen: Seen, value: NDArray[Any]) -> Any:
    """A class, a set of them, or numbers, as a cell."""
    decoded = seen.decoded
    if decoded.numbers is not None:
        flat = np.asarray(value, np.float64).reshape(-1)
        if len(flat) == 1:
            return float(flat[0])
        more = ", …" if len(flat) > MOST_LISTED else ""
        return ", ".join(short_number(float(each)) for each in flat[:MOST_LISTED]) + more
    if decoded.chosen is not None:
        return shortened(
            ", ".join(name for name, there in zip(decoded.classes, value, strict=True) if there), MOST_LETTERS
        )
    names = [decoded.classes[index] if index >= 0 else "–" for index in np.asarray(value).reshape(-1)[:20].tolist()]
    return shortened(" ".join(names), MOST_LETTERS)


def _picture(seen: Seen, row: int, pixels: Sequence[NDArray[np.uint8] | None], source: Sequence[str]) -> Picture:
    """The pictures of a row side by side, with masks of the true and the predicted classes where there are such; below
    them what was said, and where they come from."""
    there = [thumbnail(_colored(each), SIDE) for each in pixels if each is not None]
    shape = next(each.shape for each in pixels if each is not None)
    masks = _masks(seen, row, shape)
    there += [thumbnail(_colored(each), SIDE) for each in masks]
    height = max(len(each) for each in there)
    padded = [_padded(each, height, last=each is there[-1]) for each in there]
    whole = np.ascontiguousarray(np.concatenate(padded, axis=1))
    times = max(1, round(2 * SIDE / max(there[0].shape[:2])))
    lines = [*_lines(seen, row, masks=bool(masks)), *source]
    return Picture(data_uri(whole), "; ".join(lines), lines, whole.shape[1] * times, whole.shape[0] * times)


def _lines(seen: Seen, row: int, *, masks: bool) -> list[str]:
    """What stands below a picture; `masks` are what is true and predicted, beside it."""
    if masks:
        return ["input, true, predicted"]
    chance = _own_chance(seen, row)
    lines = [f"true {_text(_true(seen, row))}", f"predicted {_text(_predicted(seen, row))}"]
    return lines if chance is None else [*lines, f"probability of the true {short_number(chance)}"]


def _text(said: Any) -> str:
    return short_number(said) if isinstance(said, float) else str(said)


def _masks(seen: Seen, row: int, shape: tuple[int, ...]) -> list[NDArray[np.uint8]]:
    """What is true and what is predicted of each pixel; `shape` is that of the picture, which may be what is learnt."""
    decoded, true = seen.decoded, seen.true[row]
    if decoded.indices is not None and true.ndim == 2 and decoded.chosen is None:
        most = max(len(decoded.classes) - 1, 1)
        both = (true, decoded.indices[row])
        return [(np.maximum(each, 0) * (255 / most)).astype(np.uint8)[..., np.newaxis] for each in both]
    if decoded.numbers is not None:
        predicted = np.asarray(decoded.numbers[row], np.float64)
        if true.ndim < 3 and true.size == math.prod(shape):
            true, predicted = true.reshape(shape), predicted.reshape(shape)
        if true.ndim != 3 or true.shape[-1] not in (1, 3):
            return []
        both_ = stretched(np.concatenate([true, predicted], axis=0))
        return [both_[: len(true)], both_[len(true) :]]
    return []


def _colored(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Three channels; what is transparent shows a gray ground."""
    if pixels.shape[-1] == 1:
        return np.repeat(pixels, 3, axis=-1)
    if pixels.shape[-1] == 4:
        share = pixels[..., 3:].astype(np.float32) / 255
        return np.asarray(pixels[..., :3] * share + 160 * (1 - share), np.uint8)
    return pixels


def _padded(pixels: NDArray[np.uint8], height: int, *, last: bool) -> NDArray[np.uint8]:
    """As high as the others, with a gap at the right."""
    below, beside = height - len(pixels), 0 if last else 2
    return np.pad(pixels, ((0, below), (0, beside), (0, 0)), constant_values=136)
