"""A target that names pictures of classes: the mask of each picture, and the network that predicts its pixels."""

from __future__ import annotations

import numpy as np

from dlcli.data.columns.named_files import NamedFiles
from dlcli.data.lint.cells import Cells
from dlcli.data.media.files import files_of
from dlcli.data.types.inference import infer_feature
from dlcli.drafting.looking.first_rows import Glance
from dlcli.drafting.page import Line, entry, item
from dlcli.drafting.task import Choice, Task, refused
from dlcli.errors import Problem, first_of

__all__ = ["MULTIPLE", "find_mask", "over_pixels", "rare_pixels"]

MULTIPLE = 4
"""What the sides of a picture are a multiple of, which is made smaller twice and larger again."""

_LOOKED_AT = 100
"""Masks that are opened."""

_MOST_CLASSES = 64
"""Values of the pixels of a mask; a picture has more."""

_RARE = 0.05
"""The part of the pixels below which a class would hardly be learnt."""


def find_mask(target: Choice, seen: Glance) -> Task | None:
    """The task where cells name pictures of classes; None where they name none.

    Raises:
        DataError: They name pictures of another kind.
    """
    cells = seen.columns[target.name]
    if cells.is_array or not _names_pictures(cells, seen):
        return None
    counts = _counts(cells, seen)
    if not counts:
        raise refused(target, "names pictures, of which none can be read", "are they where the table says?")
    if len(counts) > _MOST_CLASSES:
        hint = "a mask has a gray value, or a place in its palette, for each class: PNG keeps them, and JPEG does not"
        raise refused(target, f"names pictures of {len(counts)} values, for which no network is drafted", hint)
    if len(counts) < 2:
        raise refused(target, "names masks of one value", "there is nothing to learn: name another target")
    names = tuple(map(str, sorted(counts)))
    why = f"masks, whose gray values, or places in their palette, are classes: {first_of(names, 6)}"
    shares = tuple(counts[int(name)] for name in names)
    return Task(target, "mask", names, shares, why=why, missing=cells.missing)


def _names_pictures(cells: Cells, seen: Glance) -> bool:
    guess = infer_feature(list(cells.chunks), cells.info, folder=seen.folder)
    return guess.feature is not None and guess.feature.opens_files and guess.feature.type == "image"


def _counts(cells: Cells, seen: Glance) -> dict[int, int]:
    """How many pixels some masks have of each value."""
    from dlcli.data.media.loading import load_masks

    step = max(len(cells.column) // _LOOKED_AT, 1)
    files, _ = files_of(NamedFiles(cells.column.drop_null()[::step], seen.folder))
    found: dict[int, int] = {}
    for mask in load_masks(files, size=None):
        if not isinstance(mask, Problem):
            values, counts = np.unique(mask, return_counts=True)
            for value, count in zip(values.tolist(), counts.tolist(), strict=True):
                found[value] = found.get(value, 0) + count
    return found


def rare_pixels(task: Task) -> str:
    """Which class of pixels is rare; empty where none is."""
    least = min(task.counts, default=0)
    if least >= _RARE * sum(task.counts):
        return ""
    name = task.classes[task.counts.index(least)]
    return f"the class {name} has {100 * least / sum(task.counts):.1g} % of the pixels"


def over_pixels(classes: int) -> list[Line]:
    """A small U-Net: what is there is seen in small, and where it is, in full size."""
    lines: list[Line] = []
    for place, filters in enumerate((16, 32)):
        lines.append(_convolution(filters, "what is near belongs together" if not place else ""))
        lines.append(entry(3, "name", f"before_pooling_{place + 1}"))
        lines.append(item(2, "MaxPooling2D"))
    lines.append(_convolution(64, "what is there, seen in small"))
    for place, filters in ((2, 32), (1, 16)):
        lines.append(Line(2, "- UpSampling2D:", "where it is, in full size" if place == 2 else ""))
        lines.append(entry(3, "name", f"enlarged_{place}"))
        lines.append(Line(2, "- Concatenate:"))
        lines.append(entry(3, "inputs", [f"enlarged_{place}", f"before_pooling_{place}"]))
        lines.append(_convolution(filters))
    last = {"filters": classes, "kernel_size": 1, "activation": "softmax"}
    return [*lines, item(2, {"Conv2D": last}, "a probability for each class, of each pixel")]


def _convolution(filters: int, why: str = "") -> Line:
    return item(2, {"Conv2D": {"filters": filters, "kernel_size": 3, "padding": "same", "activation": "relu"}}, why)
