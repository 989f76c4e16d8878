"""What a type says of columns whose type nobody gives: the contract of `dlcli/codecs/<type>/inference.py`."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.config.options.feature import Feature, Target
from dlcli.data.types.profile import ColumnProfile
from dlcli.errors import Problem

__all__ = ["MOST", "FeatureRule", "Fit", "Hints", "TargetFit", "TargetRule", "different", "names_of_files"]

MOST = 0.9
"""The part of the texts from which on a column of them is one of numbers, or of dates: the others are faults that are
shown, not a reason to take a column with a slip of the pen for one of a thousand categories."""

_LOOKED_FOR = 100
"""Names of which one must be a file: that others are missing is then a fault to be told, not another type."""


@dataclasses.dataclass(frozen=True, slots=True)
class Fit:
    """A column as a feature of the type that it fits.

    Args:
        feature: The type, and options that the values show.
        details: What there is to say of the column, in words.
        doubts: What speaks against the type.
        odd: Some of its texts are faults of the type.
        marks: Whether a mark of empty cells could be a value of the type.
    """

    feature: Feature
    details: tuple[str, ...] = ()
    doubts: tuple[Problem, ...] = ()
    odd: bool = False
    marks: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class FeatureRule:
    """When a column is a feature of a type.

    Args:
        rank: The rules of all types are asked from the lowest rank on, and the first that fits gives the type.
        fit: Told of a column of one value a row, by its name; None where the type is another.
        fit_array: Told of the first rows of an array of several values a row: the type and a line that says so.
    """

    rank: int
    fit: Callable[[ColumnProfile, str], Fit | None]
    fit_array: Callable[[NDArray[Any]], tuple[Feature, str] | None] = lambda first: None


@dataclasses.dataclass(frozen=True, slots=True)
class Hints:
    """What the model says of a target.

    Args:
        classification: Whether the loss and the last activation want classes; None when they do not say.
        units: Of the last layer, when known.
    """

    classification: bool | None
    units: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class TargetFit:
    """A column as a target of the type that it fits.

    Args:
        target: The type.
        note: A line that says so.
        doubts: What speaks against it.
    """

    target: Target
    note: str
    doubts: tuple[Problem, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class TargetRule:
    """When a column is a target of a type; as `FeatureRule`. `fit_lists` is told of the first rows of lists that are no
    array: of texts, or of several lengths."""

    rank: int
    fit: Callable[[ColumnProfile, str, Hints], TargetFit | None]
    fit_array: Callable[[NDArray[Any]], TargetFit | None] = lambda first: None
    fit_lists: Callable[[pa.Array], TargetFit | None] = lambda first: None


def different(column: ColumnProfile) -> pa.Array:
    """The different values of a column of texts that are no numbers, or of one of which all values are gathered."""
    assert column.distinct is not None, "the values of texts that are no numbers are always gathered"
    return column.distinct


def names_of_files(column: ColumnProfile, suffix: str) -> tuple[str, ...] | None:
    """What there is to say of a column of names that end as those of a kind of files do, all or nearly all, and of
    which there are files; None where it is none.

    Args:
        column: What is known of it.
        suffix: A regular expression.
    """
    if column.kind != "text" or column.folder is None or column.distinct is None:
        return None
    names = different(column)
    ends = pc.match_substring_regex(names, suffix)
    if not len(names) or pc.sum(ends).as_py() < MOST * len(names):
        return None
    folder, names = column.folder, names.filter(ends)
    if not any(os.path.isfile(folder / each) for each in names.slice(0, _LOOKED_FOR).to_pylist() if "\0" not in each):
        return None
    files = f"{len(names):,} files" if len(names) > 1 else "a file"
    others = len(ends) - len(names)
    return (files, f"{others:,} others") if others else (files,)
