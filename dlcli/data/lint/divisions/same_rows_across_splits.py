"""Rows that are in training too are predicted from memory: what is measured on them says nothing of others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dlcli.config.signature import SplitName
from dlcli.data.lint.row_hashes import row_hashes
from dlcli.data.lint.sight import DividedSight, Finding
from dlcli.data.values.lists import is_list

__all__ = ["find"]

FEWEST, PART = 5, 0.05
"""Held-out rows, and the part of them, from which on it matters that they are known."""

MOST_ROWS = 200_000
"""Rows of each split that are compared."""

MOST_CELLS = 20_000_000
"""Numbers of each split that are compared."""

_HELD: tuple[SplitName, ...] = ("test", "validation")


def find(sight: DividedSight) -> Iterator[Finding]:
    """The first split that shares rows with training."""
    names = _columns(sight)
    held = [name for name in _HELD if name in sight.division.parts]
    if not held or not names or not sight.apart:
        return
    trained = np.unique(_hashes(sight, "train", names))
    for name in held:
        found = _hashes(sight, name, names)
        known = int(np.isin(found, trained).sum())
        if known >= max(FEWEST, PART * len(found)):
            drawn = name in sight.fractions
            way_out = "drop the rows that are there twice" if drawn else "take them out of one of the two"
            yield Finding(
                f"data.{name}",
                f"{known:,} of the {len(found):,} {name} rows that were looked at are rows of training too",
                f"{way_out}; rows that belong together are kept so by split: {{group: column}}",
            )
            return


def _columns(sight: DividedSight) -> list[str]:
    """The columns of features and targets; none where a look at cells does not tell rows apart."""
    roles, config = sight.table.roles, sight.table.config
    if sight.is_series or any(
        feature is not None and feature.opens_files for feature in (config.features or {}).values()
    ):
        return []
    names = [*roles.features.values(), *roles.targets.values()]
    return list(dict.fromkeys(column for columns in names for column in columns))


def _hashes(sight: DividedSight, split: SplitName, names: list[str]) -> NDArray[np.uint64]:
    part = sight.division.parts[split]
    rows = sight.table.rows[part.source]
    width = sum(int(np.prod(sight.table.infos[name].shape or (1,))) for name in names)
    most = max(min(MOST_ROWS, MOST_CELLS // max(width, 1)), 1)
    wanted = part.rows[:: max(-(-len(part.rows) // most), 1)]
    found = []
    for chunk in rows.chunks(wanted, names):
        if any(is_list(column) for column in chunk.columns.values()):
            return np.empty(0, np.uint64)
        found.append(row_hashes(chunk))
    return np.concatenate(found) if found else np.empty(0, np.uint64)
