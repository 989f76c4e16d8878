"""Folds before anything is trained: that the rows can be divided so, and that each fold is one of its own."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable

from dlcli.config.schema import Config
from dlcli.data.splits.division import Division
from dlcli.data.stages import divide, fit_targets
from dlcli.data.table.table import Table
from dlcli.errors import DataError, Problem

__all__ = ["require_divisible"]


def require_divisible(table: Table, configs: Iterable[Config]) -> None:
    """Divide the rows for each fold.

    Args:
        table: Checked.
        configs: Those of the folds, one repeat after the other.

    Raises:
        DataError: There are too few rows, or too few of a class or group; a fold has classes that the others do not
            show; a repeat divides the rows as one before it.
    """
    repeats: dict[int, set[bytes]] = {}
    for config in configs:
        fold = config.data.fold
        assert fold is not None
        own = dataclasses.replace(table, config=table.config.at_fold(fold))
        division = divide(own, seed=config.data_seed)
        _require_classes(own, division, f"fold {fold.number} of {fold.of}")
        repeats.setdefault(fold.repeat, set()).add(_held_out(division))
    _require_others(table, repeats)


def _require_classes(table: Table, division: Division, name: str) -> None:
    try:
        fit_targets(table, division)
    except DataError as error:
        problems = [dataclasses.replace(each, message=f"{name}: {each.message}") for each in error.problems]
        raise DataError(problems) from error


def _held_out(division: Division) -> bytes:
    """Which samples a fold is validated on, in short."""
    part = division.parts["validation"]
    return hashlib.sha256((part.rows if part.windows is None else part.windows).tobytes()).digest()


def _require_others(table: Table, repeats: dict[int, set[bytes]]) -> None:
    """Make sure that each repeat divides the rows in a way of its own: else it trains the same models again, and the
    spread is too small.

    Raises:
        DataError: One does not.
    """
    first: dict[frozenset[bytes], int] = {}
    for repeat, folds in repeats.items():
        before = first.setdefault(frozenset(folds), repeat)
        if before != repeat:
            message = f"repeat {repeat} divides the rows as repeat {before} does, and would train the same models again"
            hint = "leave --repeats out: in time, or with a group or a row to each fold, there is one way"
            raise DataError(Problem(message, path="data.split", hint=hint, rule="same-folds"))
