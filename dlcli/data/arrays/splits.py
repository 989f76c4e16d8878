"""Arrays that are called by splits, as `x_train` and `x_test` in one file. Imports nothing heavy."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["by_splits"]

_SPLIT = re.compile(r"(?:^|_)(train|training|test|val|valid|validation)(?:_|$)", re.IGNORECASE)
_PLACES = {"train": "train", "training": "train", "test": "test"}


def by_splits(file: str, names: Iterable[str]) -> str:
    """What to write for a file whose arrays are called by splits, `x_train` or `val_images`; empty for others.

    Example:
        >>> by_splits("a.npz", ["x_train", "x_test", "y_train", "y_test"])
        'train: {file: a.npz, columns: {x: x_train, y: y_train}}, test: {file: a.npz, columns: {x: x_test, y: y_test}}'
    """
    splits: dict[str, dict[str, str]] = {}
    for name in names:
        if found := _SPLIT.search(name):
            column = (name[: found.start()] + "_" + name[found.end() :]).strip("_") or "x"
            splits.setdefault(_PLACES.get(found[1].lower(), "validation"), {})[column] = name
    if "train" not in splits or len(splits) < 2:
        return ""
    written = {
        split: ", ".join(f"{column}: {name}" for column, name in columns.items()) for split, columns in splits.items()
    }
    order = [split for split in ("train", "validation", "test") if split in written]
    return ", ".join(f"{split}: {{file: {file}, columns: {{{written[split]}}}}}" for split in order)
