"""The types of features and targets that the config does not give, from the values themselves.

Each type has a rule in its folder (`inference.py`). They are asked in the order of their rank, and the first that fits
gives the type: numbers before words for true and false, dates before free text, categories last.

A column without a single value is left out. What speaks against a type is told as a doubt (`doubts.py`).
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import numpy as np

from dlcli.config.options.types import feature_types, part, target_types
from dlcli.config.schema import Feature, FeatureDefaults, Target
from dlcli.data.columns.chunk import FILE_NAME, FILE_PATH, ColumnInfo
from dlcli.data.types.profile import ColumnProfile, Gather, Values, parts_of, profile
from dlcli.data.types.rule import FeatureRule, Hints, TargetRule
from dlcli.data.values.lists import is_list
from dlcli.errors import Problem, first_of

__all__ = ["Guess", "collect_notes", "filled_in", "infer_feature", "infer_target", "with_defaults"]


@dataclasses.dataclass(frozen=True, slots=True)
class Guess:
    """A feature's type as inferred.

    Args:
        feature: The type; None when the column has to be left out.
        note: A line that says so.
        missing: How many cells are empty; 0 for arrays.
        doubts: What speaks against it.
        odd: Some texts of the column are faults of the type.
    """

    feature: Feature | None
    note: str
    missing: int = 0
    doubts: tuple[Problem, ...] = ()
    odd: bool = False


@functools.cache
def _feature_rules() -> tuple[FeatureRule, ...]:
    found = (getattr(part(name, "inference"), "RULE", None) for name in feature_types())
    return tuple(sorted((rule for rule in found if rule is not None), key=lambda rule: rule.rank))


@functools.cache
def _target_rules() -> tuple[TargetRule, ...]:
    found = (getattr(part(name, "inference"), "TARGET_RULE", None) for name in target_types())
    return tuple(sorted((rule for rule in found if rule is not None), key=lambda rule: rule.rank))


def infer_feature(
    values: Values,
    info: ColumnInfo,
    defaults: FeatureDefaults | None = None,
    *,
    marks: str = "",
    folder: Path | None = None,
) -> Guess:
    """The type of one column that the config says nothing of.

    Args:
        values: The whole column.
        info: What the source says of it.
        defaults: The config's options for all features of a type.
        marks: What to say of marks that stand for empty cells, where they could be values.
        folder: Where files are that the column may name.

    Example:
        >>> infer_feature(pa.chunked_array([["a", "b", "a", None]]), ColumnInfo("x", "text")).note
        'category (2 values, 1 missing)'
    """
    first = next(iter(parts_of(values)), None)
    if isinstance(first, np.ndarray) and first.ndim > 1:
        feature, note = next(array for rule in _feature_rules() if (array := rule.fit_array(first)) is not None)
        return Guess(with_defaults(feature, defaults), note)
    if first is not None and is_list(first):
        return Guess(None, f"left out: lists of texts, or of several lengths; {_OF_LISTS} makes sequences of them")
    if info.dtype == FILE_NAME:
        return Guess(None, "left out: names of files")
    column = dataclasses.replace(profile(values), folder=folder)
    if column.kind is None:
        return Guess(None, f"left out: {column.type} values cannot be read")
    if not column.present:
        return Guess(None, "left out: the column has no values")
    fits = (found for rule in _feature_rules() if (found := rule.fit(column, info.name)) is not None)
    # The paths of files tell of what is in them; as texts or classes they would be learnt by heart.
    fit = next((found for found in fits if info.dtype != FILE_PATH or found.feature.opens_files), None)
    if fit is None:
        return Guess(None, f"left out: no type is known for files of these names ({_suffixes(column)}); give one")
    feature = with_defaults(fit.feature, defaults)
    details = [*fit.details]
    if column.missing:
        details.append(filled_in(column.missing, feature))
        if marks and fit.marks:
            details.append(marks)
    note = f"{feature.type} ({', '.join(details)})" if details else feature.type
    return Guess(feature, note, column.missing, fit.doubts, fit.odd)


_OF_LISTS = "{type: number, pad: auto}"


def _suffixes(column: ColumnProfile) -> str:
    """How names of files end, the most frequent first: `.txt 12, .png 3`."""
    names = [] if column.distinct is None else column.distinct.to_pylist()
    counts = Counter(PurePosixPath(name).suffix.lower() or "no suffix" for name in names)
    return first_of((f"{suffix} {count:,}" for suffix, count in counts.most_common()), 5)


def with_defaults(feature: Feature, defaults: FeatureDefaults | None) -> Feature:
    """The feature with the config's defaults of its type, where it gives no option of its own."""
    options = defaults.of(feature.type) if defaults is not None else None
    if options is None:
        return feature
    wanted = options.model_fields_set - feature.model_fields_set - {"type"}
    return feature.model_copy(update={name: getattr(options, name) for name in wanted})


def filled_in(missing: int, feature: Feature) -> str:
    """What becomes of empty cells: `3 missing: median`."""
    return f"{missing:,} missing{f': {feature.filling}' if feature.filling else ''}"


def infer_target(
    values: Values, info: ColumnInfo, *, classification: bool | None, units: int | None
) -> tuple[Target, str, tuple[Problem, ...]]:
    """The type of a target, a line that says why, and what speaks against it.

    Args:
        values: The whole column.
        info: What the source says of it.
        classification: Whether the loss and the last activation want classes; None when they do not say.
        units: Of the last layer, when known.
    """
    first = next(iter(parts_of(values)), None)
    if isinstance(first, np.ndarray) and first.size != len(first):
        fit = next(array for rule in _target_rules() if (array := rule.fit_array(first)) is not None)
    elif first is not None and is_list(first):
        fit = next(lists for rule in _target_rules() if (lists := rule.fit_lists(first)) is not None)
    else:
        gather: Gather = "texts" if classification is False else "whole" if classification is None else "all"
        column, hints = profile(values, gather=gather), Hints(classification, units)
        fit = next(found for rule in _target_rules() if (found := rule.fit(column, info.name, hints)) is not None)
    return fit.target, fit.note, fit.doubts


def collect_notes(notes: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """One line for neighbouring columns of the same note: `px0 to px783 (784 columns): number`. Targets stand alone.

    Example:
        >>> collect_notes([("a", "number"), ("b", "number"), ("c", "number"), ("d", "boolean")])
        ('a to c (3 columns): number', 'd: boolean')
    """
    lines = []
    for (note, _), group in itertools.groupby(notes, key=lambda pair: (pair[1], pair[0].startswith("target "))):
        names = [name for name, _ in group]
        if len(names) > 2:
            lines.append(f"{names[0]} to {names[-1]} ({len(names)} columns): {note}")
        else:
            lines.extend(f"{name}: {note}" for name in names)
    return tuple(lines)
