"""A class to predict, or one for each step or pixel: encoded as its index, and decoded for people."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.codecs.category.categories import CategoryCodec
from dlcli.config.signature import TargetSpec
from dlcli.data.baselines.baseline import Baseline, shares_of_classes
from dlcli.data.columns.arrays import numbers_array, texts_array, with_nulls
from dlcli.data.columns.cell_faults import missing_values
from dlcli.data.columns.cells import Labels, labels, numbers
from dlcli.data.columns.codec import Column, Encoded
from dlcli.data.columns.names import BLANKS, is_code, is_text, text_name, value_names
from dlcli.data.columns.target_codec import MISSING, TargetCodec, WayOut, encode_target
from dlcli.data.values.lists import is_list, label_array
from dlcli.errors import ConfigError, DataError, Problem, first_of

if TYPE_CHECKING:
    from dlcli.codecs.category.schema import CategoryTarget

__all__ = ["CODEC", "CategoryTargetCodec", "build", "class_values"]

_NONE, _UNKNOWN = -1, -2


class CategoryTargetCodec:
    """Numbers classes from 0: sorted by number if all are integers, else by text, or in the order given.

    Args:
        name: The target's name.
        columns: The one column, or a column of 0 and 1 for each class.
        classes: The classes in order; learnt from the training rows when None, or the columns.
        shape: Of a sample, where it has a class at each of several places; None: one, or the array's own shape.
        ignore: Values that are no class: nothing is learnt there.
        encode: `auto`, `index` or `one_hot`: passed on to the model's side, which encodes by the loss.
        texts: The source says that the classes are texts, also where they read as numbers.

    Example:
        >>> codec = CategoryTargetCodec("species", ("species",))
        >>> codec.fit([pa.array(["virginica", "setosa"])])
        >>> codec.finish()
        >>> codec.encode([pa.array(["virginica"])])
        array([1], dtype=int32)
        >>> codec.decode(np.array([1])).to_pylist()
        ['virginica']
    """

    type: ClassVar[str] = "category"
    reads: ClassVar[Literal["number", "text"]] = "text"

    def __init__(
        self,
        name: str,
        columns: Sequence[str],
        *,
        classes: Sequence[str] | None = None,
        shape: Sequence[int] | None = None,
        ignore: Sequence[str] = (),
        encode: Literal["auto", "index", "one_hot"] = "auto",
        texts: bool = True,
    ) -> None:
        self.name = name
        self._shape = None if shape is None else tuple(shape)
        self._ignored = tuple(map(text_name, ignore))
        self._gaps = False
        self._encode = encode
        self._texts = texts
        self._spellings: dict[str, str] = {}  # how each class was first written
        self._columns = tuple(columns)
        self._class_names = tuple(classes or ())
        if len(self._columns) > 1 and classes is None:
            classes = self._columns
        self._codec = CategoryCodec(columns[:1], encode="index", unknown="error", missing="error", categories=classes)

    @property
    def columns(self) -> tuple[str, ...]:
        """The one column, or those of the classes."""
        return self._columns

    @property
    def components(self) -> tuple[str, ...]:
        """The one column."""
        return self.columns

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of their indices."""
        return self._codec.categories

    @functools.cached_property
    def values(self) -> pa.Array:
        """The classes as what they were in the data: whole numbers, numbers, booleans or texts."""
        spelled = [self._spellings.get(name, name) for name in self.classes]
        return class_values(self.classes, spelled, texts=self._texts)

    @property
    def counts(self) -> dict[str, int]:
        """How many training rows each class has."""
        return self._codec.counts

    @property
    def axes(self) -> tuple[int, ...]:
        """The shape of a sample. Known after `fit`."""
        return self._shape or ()

    def fit(self, values: Sequence[Column]) -> None:
        """Count the classes of a chunk of training rows.

        Raises:
            DataError: Arrays or lists of another shape.
        """
        column = values[0] if len(values) == 1 else self._chosen(values, 0)
        if (many := self._read(column)) is not None:
            kept = {name: place for place, name in enumerate(name for name in many.names if name not in self._ignored)}
            places = many.translate(lambda name: kept.get(name, _NONE), missing=_NONE).reshape(-1)
            learnt = places[places != _NONE]
            self._gaps = self._gaps or len(learnt) < len(places)
            self._codec.fit([pa.DictionaryArray.from_arrays(numbers_array(learnt), texts_array(list(kept)))])
            return
        self._codec.fit([column])
        if isinstance(column, pa.Array) and is_text(column.type):
            for text in labels(column, as_written=True).names:
                self._spellings.setdefault(text_name(text), text.strip(BLANKS))

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: The training rows hold no class, or one only.
        """
        self._codec.finish()
        seen = [name for name, count in self.counts.items() if count]
        if len(seen) < 2:
            what = f"only the class {seen[0]!r}" if seen else "none of the classes"
            raise DataError(
                Problem(
                    f"column {self.columns[0]!r} holds {what} in the training split, two or more are needed",
                    hint="add rows of another class to data.train; where validation or test are fractions of it, "
                    "`split: stratified` gives each split its share",
                    rule="one-class",
                )
            )

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows as class indices `(rows, *axes)` int32; of several, -1 where there is no class.

        Raises:
            DataError: Missing or unknown classes.
        """
        column = values[0] if len(values) == 1 else self._chosen(values, start)
        if (many := self._read(column, start)) is not None:
            return self._encode_many(many, start, out)
        listed = ", ".join(self.classes[:10]) + (" and more" if len(self.classes) > 10 else "")
        unknown = f"the classes are {listed}; drop rows of other classes, or train with rows of them"
        ways = {"missing-value": MISSING, "unknown-value": WayOut(rule="unknown-class", hint=unknown)}
        return encode_target(self._codec, [column], start=start, out=out, ways=ways)

    def decode(self, encoded: NDArray[Any]) -> Column:
        """The classes of indices, one after the other, as an arrow array of `values`; null for -1."""
        indices = np.asarray(encoded, dtype=np.int64).reshape(-1)
        places = numbers_array(indices)
        return self.values.take(places if (indices >= 0).all() else with_nulls(places, indices >= 0))

    def _chosen(self, values: Sequence[Column], start: int) -> pa.Array:
        """Of columns of 0 and 1 the name of the one that is 1.

        Raises:
            DataError: Rows in which none is, or several are.
        """
        flags = np.stack([numbers(column).values.reshape(len(column)) for column in values], axis=1)
        wrong = ~np.isin(flags, (0.0, 1.0)).all(axis=1) | (flags.sum(axis=1) != 1)
        if wrong.any():
            rows = first_of((str(row + start + 1) for row in np.flatnonzero(wrong)), 5)
            message = (
                f"of the columns {first_of(map(repr, self.columns), 5)} one is 1 in each row and the others 0, save "
            )
            message += f"in row {rows}"
            hint = "`type: categories` is for rows of none or several of them"
            raise DataError(Problem(message, hint=hint, rule="not-a-flag"))
        return pa.DictionaryArray.from_arrays(numbers_array(flags.argmax(axis=1)), texts_array(self._names_of_columns))

    @property
    def _names_of_columns(self) -> tuple[str, ...]:
        return self._class_names if len(self._class_names) == len(self._columns) else self._columns

    def _read(self, column: Column, start: int = 0) -> Labels | None:
        """The cells, where there are several in a sample: `codes` are `(rows, *axes)`."""
        single = not isinstance(column, np.ndarray) or column.size == len(column)
        if self._shape is None and single and not is_list(column):
            return None
        many, self._shape = label_array(column, self._shape, name=self.columns[0], start=start)
        return many

    def _encode_many(self, many: Labels, start: int, out: Encoded | None) -> Encoded:
        places = {name: index for index, name in enumerate(self.classes)} | dict.fromkeys(self._ignored, _NONE)
        indices = many.translate(lambda name: places.get(name, _UNKNOWN), missing=_NONE)
        problems = []
        if (indices == _UNKNOWN).any():
            problems.append(self._unknown(many, indices, start))
        empty = (indices.reshape(len(indices), -1) == _NONE).all(axis=1)
        if empty.any():
            problem = missing_values(self.columns[0], empty, start=start, hint=MISSING.hint)
            problems.append(dataclasses.replace(problem, rule=MISSING.rule))
        if not self._gaps and (indices == _NONE).any():
            # Learnt with a loss that was not told of places without a class.
            row = int(np.argwhere(indices == _NONE)[0][0]) + start + 1
            message = (
                f"column {self.columns[0]!r} has places without a class in row {row}, and none in the training rows"
            )
            problems.append(Problem(message, hint=MISSING.hint, rule=MISSING.rule))
        if problems:
            raise DataError(problems)
        target = np.empty(indices.shape, np.int32) if out is None else out
        target[...] = indices
        return target

    def _unknown(self, many: Labels, indices: NDArray[np.int64], start: int) -> Problem:
        """That there are values which are no class, with their rows."""
        faults = indices == _UNKNOWN
        codes, counts = np.unique(many.codes[faults], return_counts=True)
        rows = [int(np.argwhere(many.codes == code)[0][0]) + start + 1 for code in codes[:5]]
        listed = first_of(
            (
                f"{many.names[code]!r} ({count} time{'s' * (count != 1)}, first in row {row})"
                for code, count, row in zip(codes.tolist(), counts.tolist(), rows, strict=False)
            ),
            5,
        )
        return Problem(
            f"column {self.columns[0]!r} has values that training has not seen: {listed}",
            hint=f"the classes are {first_of(self.classes, 10)}; `ignore` names values that are no class",
            rule="unknown-class",
        )

    @property
    def spec(self) -> TargetSpec:
        """What a model must know of the target. Known after `finish`."""
        return TargetSpec(
            self.name, "category", classes=self.classes, encode=self._encode, axes=self.axes, gaps=self._gaps
        )

    def given_problems(self) -> list[Problem]:
        """Warnings where the classes given are not those of the training rows."""
        return self._codec.given_problems("classes")

    def baselines(self) -> Sequence[Baseline]:
        """The most frequent class."""
        return shares_of_classes(self.classes, self.counts)

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
            "encode": self._encode,
            "texts": self._texts,
            **({} if self._shape is None else {"shape": list(self._shape)}),
            **({"ignore": list(self._ignored)} if self._ignored else {}),
            **({"gaps": True} if self._gaps else {}),
            "classes": list(self.classes),
            "spellings": [self._spellings.get(name, name) for name in self.classes],
            "counts": list(self.counts.values()),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        # Runs of before knew texts alone.
        codec = cls(
            state["name"],
            state["columns"],
            shape=state.get("shape"),
            ignore=state.get("ignore", ()),
            encode=state["encode"],
            texts=state.get("texts", True),
        )
        codec._gaps = bool(state.get("gaps"))
        codec._class_names = tuple(state["classes"])
        codec._codec = CategoryCodec.from_state(
            {
                "columns": state["columns"][:1],
                "encode": "index",
                "embedding": None,
                "unknown": "error",
                "missing": "error",
                "categories": state["classes"],
                "counts": state["counts"],
            }
        )
        codec._spellings = dict(zip(state["classes"], state.get("spellings", state["classes"]), strict=True))
        return codec


def class_values(classes: Sequence[str], spelled: Sequence[str], *, texts: bool) -> pa.Array:
    """Classes as what they were in the data.

    Args:
        classes: Their names.
        spelled: How they are written where they are texts.
        texts: Whether they are texts whatever they look like.

    Example:
        >>> class_values(["0", "1"], ["0", "1"], texts=False).to_pylist()
        [0, 1]
        >>> class_values(["no", "true"], ["no", "True"], texts=False).to_pylist()
        ['no', 'True']
    """
    names = texts_array(classes)
    if texts or any(map(is_code, classes)):
        return texts_array(spelled)
    for kind in (pa.bool_(), pa.int64(), pa.float64()):
        with contextlib.suppress(pa.ArrowInvalid):
            values = names.cast(kind)
            # Only what is written so: "1" is no boolean, and "inf" may be a name.
            if value_names(values).equals(names):
                return values
    return texts_array(spelled)


def build(
    name: str, target: CategoryTarget, columns: Sequence[str], *, texts: bool, scalable: bool
) -> CategoryTargetCodec:
    """The codec that a config asks for.

    Raises:
        ConfigError: A class is listed twice.
    """
    names = list(map(text_name, target.classes or ()))
    if len(set(names)) < len(names):
        repeated = ", ".join(sorted({repr(name) for name in names if names.count(name) > 1}))
        raise ConfigError(
            Problem(f"`classes` lists {repeated} more than once", hint="name each once", rule="listed-twice")
        )
    return CategoryTargetCodec(
        name,
        columns,
        classes=target.classes,
        shape=target.shape,
        ignore=target.ignore or (),
        encode=target.encode,
        texts=texts,
    )


CODEC: type[TargetCodec] = CategoryTargetCodec
