"""Which way a number of a run is better: as its record says, else by the catalogue's names of Keras's metrics."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["LAST", "bare", "direction_in"]

BEST, LAST = "best.", "last."
"""Before a name of the History: its best epoch, which is meant where nothing stands, or its last."""

SPLITS = ("train", "validation", "test")

OF_THE_RUN = {"seconds": "min", "started": "max", "finished": "max", "epochs": "max"}


def bare(name: str) -> str:
    """A metric by the name that Keras has for it, wherever it was measured.

    Example:
        >>> bare("test.accuracy"), bare("last.val_loss"), bare("loss")
        ('accuracy', 'loss', 'loss')
    """
    for prefix in (BEST, LAST, *(f"{split}." for split in SPLITS), "val_"):
        name = name.removeprefix(prefix)
    return name


def direction_in(name: str, records: Iterable[Mapping[str, Any]]) -> str | None:
    """`min` or `max`; None where nobody knows, or two runs say otherwise of metrics of their own.

    Args:
        name: A metric, of a split or of the History.
        records: Each run's `run.json`.
    """
    if name in OF_THE_RUN:
        return OF_THE_RUN[name]
    metric, said = bare(name), set()
    for record in records:
        directions = record.get("directions")
        if isinstance(directions, dict) and directions.get(metric) in ("min", "max"):
            said.add(directions[metric])
    if said:
        return said.pop() if len(said) == 1 else None
    return _by_name(metric)


def _by_name(metric: str) -> str | None:
    """By the name alone, for runs of before: `auc_2` is an `auc`, `price_mae` the `mae` of an output."""
    known = _names()
    metric = re.sub(r"_[0-9]+$", "", metric)
    parts = metric.split("_")
    return next((found for start in range(len(parts)) if (found := known.get("_".join(parts[start:])))), None)


@functools.cache
def _names() -> dict[str, str]:
    """The names under which the History has Keras's metrics, and which way each is better; a loss is to be less."""
    from dlcli.config.catalogue.entries import load

    catalogue, known = load(), {"loss": "min"}
    for kind in ("losses", "metrics"):
        for entry in catalogue.entries(kind):
            direction = "min" if kind == "losses" else entry.direction
            for name in (entry.default_name, entry.name, *entry.aliases):
                if name and direction:
                    known[name] = direction
    return known
