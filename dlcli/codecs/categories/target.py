"""Sets of classes to predict: a number for each class, 1 where it is in the set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.config.signature import TargetSpec
from dlcli.data.baselines.baseline import Baseline, Constant, Guess
from dlcli.data.columns.arrays import EMPTY, FALSE, plain_booleans, texts_array
from dlcli.data.columns.cell_faults import missing_values, no_values
from dlcli.data.columns.cells import as_arrow, labels, numbers, sort_labels
from dlcli.data.columns.codec import Column, Encoded
from dlcli.data.columns.names import BLANKS, is_text, text_name
from dlcli.data.columns.target_codec import MISSING, TargetCodec
from dlcli.data.values.lists import is_list, list_ends, split_texts
from dlcli.errors import ConfigError, DataError, Problem, first_of

if TYPE_CHECKING:
    from dlcli.codecs.categories.schema import CategoriesTarget

__all__ = ["CODEC", "CategoriesTargetCodec", "build"]

SEPARATORS = ("|", ";", ",")
"""What stands between classes where the config does not say, in the order in which they are looked for."""


class CategoriesTargetCodec:
    """Sets of classes as vectors of 0 and 1.

    Args:
        name: The target's name.
        columns: One column of texts or lists, an array of 0 and 1, or a column of 0 and 1 for each class.
        classes: The classes in order; learnt when None, or the columns.
        separator: Between the classes of a text; found when None.
        missing: Whether an empty cell is no class at all, or an error.

    Example:
        >>> codec = CategoriesTargetCodec("tags", ("tags",))
        >>> codec.fit([pa.array(["cat|dog", "dog", ""])])
        >>> codec.finish()
        >>> codec.encode([pa.array(["dog", "cat|dog"])])
        array([[0., 1.],
               [1., 1.]], dtype=float32)
    """

    type: ClassVar[str] = "categories"
    reads: ClassVar[Literal["number", "text"]] = "text"

    def __init__(
        self,
        name: str,
        columns: Sequence[str],
        *,
        classes: Sequence[str] | None = None,
        separator: str | None = None,
        missing: Literal["empty", "error", "drop"] = "empty",
    ) -> None:
        self.name = name
        self.columns = tuple(columns)
        self._given = None if classes is None else tuple(map(text_name, classes))
        if self._given is None and len(columns) > 1:
            self._given = tuple(columns)
        self._separator = separator
        self._missing: Literal["empty", "error", "drop"] = missing
        self._seen: Counter[str] = Counter()
        self._spellings: dict[str, str] = {}
        self._rows = 0
        self._lists = False
        self.classes: tuple[str, ...] = ()

    @property
    def components(self) -> tuple[str, ...]:
        """The classes."""
        return self.classes

    @property
    def values(self) -> pa.Array:
        """The classes as texts, as they were first written."""
        return texts_array([self._spellings.get(name, name) for name in self.classes])

    @property
    def counts(self) -> dict[str, int]:
        """How many training rows each class has."""
        return {name: self._seen[name] for name in self.classes}

    def fit(self, values: Sequence[Column]) -> None:
        """Count the classes of a chunk of training rows.

        Raises:
            DataError: Columns or arrays that hold something else than 0 and 1.
        """
        self._rows += len(values[0])
        if _is_flags(values):
            flags = self._flags(values, start=0)
            names = self._given or tuple(map(str, range(flags.shape[1])))
            self._given = names
            self._seen.update(dict(zip(names, flags.sum(axis=0).astype(int).tolist(), strict=False)))
            return
        self._lists = self._lists or is_list(values[0])
        leaves, _ = self._cells(values[0])
        cells = labels(leaves)
        self._seen.update(cells.counts())
        if is_text(leaves.type):
            for text in labels(leaves, as_written=True).names:
                self._spellings.setdefault(text_name(text), text.strip(BLANKS))

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: The training rows hold no class.
        """
        self.classes = self._given or tuple(sort_labels(name for name, count in self._seen.items() if count))
        if not self.classes or not any(self.counts.values()):
            raise no_values(self.columns, "classes")

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows as `(rows, classes)` float32.

        Raises:
            DataError: Classes that training has not seen, empty cells where they are errors.
        """
        vectors: Encoded = np.zeros((len(values[0]), len(self.classes)), np.float32) if out is None else out
        if _is_flags(values):
            vectors[...] = self._flags(values, start=start)
            return vectors
        vectors[...] = 0
        leaves, rows = self._cells(values[0])
        problems = []
        empty = plain_booleans(as_arrow(values[0]).is_null())
        if self._missing == "error" and empty.any():
            problems.append(missing_values(self.columns[0], empty, start=start, hint=MISSING.hint))
        cells = labels(leaves)
        index = {name: place for place, name in enumerate(self.classes)}
        places = cells.translate(lambda name: index.get(name, -2), missing=-1)
        if (unknown := places == -2).any():
            problems.append(self._unknown(cells.names, cells.codes[unknown], rows[unknown] + start + 1))
        if problems:
            raise DataError(problems)
        known = places >= 0
        vectors[rows[known], places[known]] = 1
        return vectors

    def decode(self, encoded: NDArray[Any]) -> Column:
        """The classes of each row, as lists."""
        chosen = np.asarray(encoded) > 0.5
        offsets = np.concatenate([[0], np.cumsum(chosen.sum(axis=1))]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), self.values.take(pa.array(np.nonzero(chosen)[1])))

    @property
    def spec(self) -> TargetSpec:
        """What a model must know of the target. Known after `finish`."""
        return TargetSpec(
            self.name,
            "categories",
            width=len(self.classes),
            classes=self.classes,
            separator="" if self._lists else self._separator or SEPARATORS[0],
        )

    def baselines(self) -> Sequence[Baseline]:
        """Each class where most training rows have it, and its share as its probability."""
        if not self._rows:  # a run of before
            return ()
        shares = np.array(list(self.counts.values()), np.float64) / self._rows
        words = "always predicting what most rows have"
        guess = Guess(probabilities=np.minimum(shares, 1.0))
        return (Constant("majority", words, ("accuracy", "log_loss"), guess),)

    def decided(self) -> str:
        """Nothing."""
        return ""

    def left_alone(self, reason: str) -> list[Problem]:
        """None."""
        return []

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {
            "name": self.name,
            "type": self.type,
            "columns": list(self.columns),
            "classes": list(self.classes),
            "spellings": [self._spellings.get(name, name) for name in self.classes],
            "counts": list(self.counts.values()),
            "separator": self._separator,
            "missing": self._missing,
            "lists": self._lists,
            "rows": self._rows,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        codec = cls(
            state["name"],
            state["columns"],
            classes=state["classes"],
            separator=state["separator"],
            missing=state["missing"],
        )
        codec.classes = tuple(state["classes"])
        codec._seen = Counter(dict(zip(state["classes"], state["counts"], strict=True)))
        codec._spellings = dict(zip(state["classes"], state["spellings"], strict=True))
        codec._lists = bool(state["lists"])
        codec._rows = int(state.get("rows", 0))
        return codec

    def _cells(self, column: Column) -> tuple[pa.Array, NDArray[np.int64]]:
        """The classes of all rows, one after the other, and the row of each."""
        cells = as_arrow(column) if isinstance(column, np.ndarray) else column
        if is_text(cells.type):
            if self._separator is None:
                found = (each for each in SEPARATORS if pc.any(pc.match_substring(cells, each)).as_py())
                self._separator = next(found, None)
            cells = split_texts(cells, self._separator or SEPARATORS[0])
        if not is_list(cells):
            places = np.arange(len(cells))
            return cells, places
        leaves, ends = list_ends(cells)
        rows = np.repeat(np.arange(len(cells)), np.diff(ends))
        if is_text(leaves.type):
            leaves = pc.utf8_trim_whitespace(leaves)
            there = pc.fill_null(pc.not_equal(leaves, EMPTY), FALSE)
            leaves, rows = leaves.filter(there), rows[plain_booleans(there)]
        return leaves, rows

    def _flags(self, values: Sequence[Column], *, start: int) -> NDArray[np.float32]:
        """The columns or the array of 0 and 1, `(rows, classes)`."""
        parts = [numbers(column) for column in values]
        columns = [part.values.reshape(len(part.values), -1) for part in parts]
        flags = np.concatenate(columns, axis=1)
        if self._given is not None and flags.shape[1] != len(self._given):
            message = f"{flags.shape[1]} columns of 0 and 1 are there for {len(self._given)} classes"
            hint = f"the classes are {first_of(self._given, 10)}"
            raise DataError(Problem(message, hint=hint, rule="array-shape"))
        if self._missing == "empty":
            flags = np.where(np.isnan(flags), 0.0, flags)
        unreadable = [part.unreadable for part in parts if part.unreadable is not None]
        wrong = ~np.isin(flags, (0.0, 1.0)).all(axis=1)
        for each in unreadable:
            wrong |= each
        if wrong.any():
            rows = (np.flatnonzero(wrong) + start + 1).tolist()
            message = f"{first_of(map(repr, self.columns), 3)}: what says whether a class is there must be 0 or 1, and "
            message += f"row {first_of(map(str, rows), 5)} holds something else"
            hint = "a column of texts with a `separator` is one column"
            raise DataError(Problem(message, hint=hint, rule="not-a-flag"))
        return flags.astype(np.float32)

    def _unknown(self, names: Sequence[str], codes: NDArray[np.int64], rows: NDArray[np.int64]) -> Problem:
        """That there are classes which training has not seen, with their rows."""
        found, first, counts = np.unique(codes, return_index=True, return_counts=True)
        listed = first_of(
            (
                f"{names[code]!r} ({count} time{'s' * (count != 1)}, first in row {rows[place]})"
                for code, place, count in zip(found.tolist(), first.tolist(), counts.tolist(), strict=True)
            ),
            5,
        )
        return Problem(
            f"column {self.columns[0]!r} has classes that training has not seen: {listed}",
            hint=f"the classes are {first_of(self.classes, 10)}; {self._separator or SEPARATORS[0]!r} parts them",
            rule="unknown-class",
        )


def _is_flags(values: Sequence[Column]) -> bool:
    """Whether they are columns of 0 and 1, or an array of them."""
    return len(values) > 1 or (isinstance(values[0], np.ndarray) and values[0].size != len(values[0]))


def build(
    name: str, target: CategoriesTarget, columns: Sequence[str], *, texts: bool, scalable: bool
) -> CategoriesTargetCodec:
    """The codec that a config asks for.

    Raises:
        ConfigError: A class is listed twice, or there are not as many as columns.
    """
    names = list(map(text_name, target.classes or ()))
    problems = []
    if len(set(names)) < len(names):
        repeated = ", ".join(sorted({repr(each) for each in names if names.count(each) > 1}))
        problems.append(
            Problem(f"`classes` lists {repeated} more than once", hint="name each once", rule="listed-twice")
        )
    if names and len(columns) not in (1, len(names)):
        message = f"`classes` names {len(names)}, and there are {len(columns)} columns"
        problems.append(
            Problem(message, hint="leave `classes` out: they are called as the columns", rule="array-shape")
        )
    if problems:
        raise ConfigError(problems)
    return CategoriesTargetCodec(
        name, columns, classes=target.classes, separator=target.separator, missing=target.missing
    )


CODEC: type[TargetCodec] = CategoriesTargetCodec
