"""The types of features and targets that the config does not give, from the values themselves.

The rules for a feature, in their order:

1. Arrays: numbers; unsigned bytes with several dimensions are images and are divided by 255.
2. Booleans, and texts that are one word for true and one for false: boolean.
3. Numbers, and texts that are numbers: number. Codes with leading zeros, such as `007`, are categories.
4. Dates and times, and texts in ISO 8601, months such as `1749-01` included: datetime.
5. Texts of three words or more on average, more than half of them different from each other: text.
6. All other texts: category.

Texts are numbers or dates when nine of ten are: the others are faults that are shown, not a reason to take a column
with a slip of the pen for one of a thousand categories. A column without a single value is left out. What speaks
against a type is told as a doubt (`doubts.py`). The rules for a target are in `infer_target`.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlcli.codecs.boolean.codec import WORDS
from dlcli.config.schema import (
    BooleanFeature,
    CategoryFeature,
    CategoryTarget,
    DatetimeFeature,
    Divide,
    Feature,
    FeatureDefaults,
    NumberFeature,
    NumberTarget,
    Target,
    TextFeature,
)
from dlcli.data.columns.chunk import ColumnInfo
from dlcli.data.types.doubts import doubt_of_numbers, doubts_of
from dlcli.data.types.survey import Gather, Survey, Values, parts_of, survey
from dlcli.data.values.conversion import kind_of
from dlcli.errors import Problem

__all__ = ["Guess", "collect_notes", "filled_in", "infer_feature", "infer_target", "with_defaults"]

WORDS_OF_TEXT = 3
"""Average words from which on texts may be free text."""

FEW_CLASSES = 20
"""Different whole numbers up to which a target may be classes when neither the loss nor the units say."""


MOST = 0.9
"""The part of the texts from which on a column of them is one of numbers, or of dates."""


@dataclasses.dataclass(frozen=True, slots=True)
class Guess:
    """A feature's type as inferred.

    Args:
        feature: The type; None when the column has to be left out.
        note: A line that says so.
        missing: How many cells are empty; 0 for arrays.
        doubts: What speaks against it.
        odd: Some texts of the column are no numbers, and it is one of numbers.
    """

    feature: Feature | None
    note: str
    missing: int = 0
    doubts: tuple[Problem, ...] = ()
    odd: bool = False


def infer_feature(
    values: Values, info: ColumnInfo, defaults: FeatureDefaults | None = None, *, marks: str = ""
) -> Guess:
    """The type of one column that the config says nothing of.

    Args:
        values: The whole column.
        info: What the source says of it.
        defaults: The config's options for all features of a type.
        marks: What to say of marks that stand for empty cells, where they could be values.

    Example:
        >>> infer_feature(pa.chunked_array([["a", "b", "a", None]]), ColumnInfo("x", "text")).note
        'category (2 values, 1 missing)'
    """
    first = next(iter(parts_of(values)), None)
    if isinstance(first, np.ndarray) and first.ndim > 1:
        image = first.dtype == np.uint8 and first.ndim > 2
        shape = ", ".join(map(str, first.shape[1:]))
        scaled = ", image: divided by 255" if image else ""
        array = NumberFeature(scale=Divide(divide=255.0)) if image else NumberFeature()
        return Guess(with_defaults(array, defaults), f"number of shape ({shape}){scaled}")
    column = survey(values)
    kind = kind_of(column.type)
    if kind is None:
        return Guess(None, f"left out: {column.type} values cannot be read")
    if not column.present:
        return Guess(None, "left out: the column has no values")
    found = _text_kind(column) if kind == "text" else str(kind)
    feature = with_defaults(_FEATURES[found](), defaults)
    details = []
    doubts: tuple[Problem, ...] = ()
    if found == "category":
        different = len(_distinct(column))
        details.append(f"{different:,} value{'s' * (different != 1)}")
        if column.codes and column.number_cells:
            details.append("numbers with leading zeros among them")
        doubts = doubts_of(column, ("data", "features", info.name))
    elif found == "text":
        doubts = doubts_of(column, ("data", "features", info.name), prose=True)
    elif found == "number":
        doubts = doubt_of_numbers(column, info.name)
    if found not in ("category", "text") and column.constant:
        details.append("constant")
    if column.missing:
        details.append(filled_in(column.missing, feature))
        if marks and found != "number":  # a number is not mistaken for a mark
            details.append(marks)
    note = f"{found} ({', '.join(details)})" if details else found
    odd = found == "number" and kind == "text" and not column.numbers
    return Guess(feature, note, column.missing, doubts, odd)


_FEATURES: dict[str, type[Feature]] = {
    "boolean": BooleanFeature,
    "category": CategoryFeature,
    "datetime": DatetimeFeature,
    "number": NumberFeature,
    "text": TextFeature,
}


def with_defaults(feature: Feature, defaults: FeatureDefaults | None) -> Feature:
    """The feature with the config's defaults of its type, where it gives no option of its own."""
    options = getattr(defaults, feature.type) if defaults is not None else None
    if options is None:
        return feature
    wanted = options.model_fields_set - feature.model_fields_set - {"type"}
    return feature.model_copy(update={name: getattr(options, name) for name in wanted})


def filled_in(missing: int, feature: Feature) -> str:
    """What becomes of empty cells: `3 missing: median`."""
    become = {"auto": "median", "most_frequent": "most frequent", "bucket": "", "empty": "", "error": ""}
    word = become.get(str(feature.missing), str(feature.missing).lower())
    return f"{missing:,} missing{f': {word}' if word else ''}"


def _text_kind(column: Survey) -> str:
    """What texts are: `text` for free text, `category` when they are nothing else."""
    if column.numbers or (column.number_cells >= MOST * column.present and not column.codes):
        return "number"
    distinct = _distinct(column)
    words = {word.strip().lower() for word in distinct.to_pylist()} if len(distinct) <= len(WORDS) else set()
    if words and words <= WORDS.keys() and len(words) == len({WORDS[word] for word in words}):
        return "boolean"
    if column.moment_cells >= MOST * column.present:
        return "datetime"
    spaces = pc.mean(pc.count_substring_regex(pc.utf8_trim_whitespace(distinct), r"\s+")).as_py()
    free = spaces + 1 >= WORDS_OF_TEXT and len(distinct) > column.present / 2
    return "text" if free and len(distinct) > 2 else "category"


def infer_target(
    values: Values, info: ColumnInfo, *, classification: bool | None, units: int | None
) -> tuple[Target, str, tuple[Problem, ...]]:
    """The type of a target, a line that says why, and what speaks against it.

    Texts and booleans are classes, arrays with several numbers a row and numbers with a fraction are numbers.
    Whole numbers are classes when the loss or the activation says so, or when there are as many different ones
    as the last layer has units (more than one); when the units are not known, when there are at most 20 that
    count up from 0 or 1. Otherwise they are numbers.

    Args:
        values: The whole column.
        info: What the source says of it.
        classification: Whether the loss and the last activation want classes; None when they do not say.
        units: Of the last layer, when known.
    """
    first = next(iter(parts_of(values)), None)
    if isinstance(first, np.ndarray) and first.size != len(first):
        return NumberTarget(), f"number of shape ({', '.join(map(str, first.shape[1:]))})", ()
    gather: Gather = "texts" if classification is False else "whole" if classification is None else "all"
    column = survey(values, gather=gather)
    kind = "number" if column.numbers else kind_of(column.type)
    classes = f"category ({0 if column.distinct is None else len(column.distinct)} classes)"
    if classification is False or (kind == "number" and not classification and not column.whole):
        return NumberTarget(), "number", ()
    if kind != "number" or classification:
        doubts = doubts_of(column, ("data", "target", info.name)) if kind == "text" else ()
        return CategoryTarget(), classes, doubts
    distinct = _distinct(column)
    if units is None:
        numbers = sorted(int(value) for value in distinct.to_pylist()[: FEW_CLASSES + 1])
        counting = (
            len(numbers) > 1 and numbers[0] in (0, 1) and numbers == [*range(numbers[0], numbers[0] + len(numbers))]
        )
        if counting and len(numbers) <= FEW_CLASSES:
            return CategoryTarget(), classes, ()
    elif units > 1 and units == len(distinct):
        return CategoryTarget(), f"{classes}, as many as the last layer has units", ()
    return NumberTarget(), "number", ()


def _distinct(column: Survey) -> pa.Array:
    assert column.distinct is not None, "the values of texts that are no numbers are always gathered"
    return column.distinct


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
