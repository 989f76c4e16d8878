"""What is predicted: classes and numbers, encoded for training and decoded for people."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol, Self, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.codecs.category.codec import CategoryCodec
from dlcli.codecs.number.codec import NumberCodec
from dlcli.config.schema.features import CategoryTarget, Target
from dlcli.config.signature import TargetSpec
from dlcli.data.columns.arrays import numbers_array, texts_array
from dlcli.data.columns.cells import labels
from dlcli.data.columns.codec import Column, Encoded
from dlcli.data.columns.globs import expand_columns
from dlcli.data.columns.names import BLANKS, is_code, is_text, text_name, value_names
from dlcli.data.columns.unseen import Strangers
from dlcli.data.preprocessing.building import one_column
from dlcli.errors import ConfigError, DataError, Problem

TargetScale: TypeAlias = Literal["auto", "standard", "min_max", "none"]

__all__ = ["TARGET_CODECS", "CategoryTargetCodec", "NumberTargetCodec", "TargetCodec", "build_target", "class_values"]


@dataclasses.dataclass(frozen=True, slots=True)
class _WayOut:
    """What a fault of a cell is called when the cell is a target's, and what to do about it."""

    rule: str
    hint: str


_MISSING = _WayOut(rule="missing-target", hint="a target must be known in every row: drop these rows, or fill them in")


class TargetCodec(Protocol):
    """A target's encoding, fitted on the training split. Its life is that of a feature's codec."""

    type: ClassVar[str]

    name: str
    """The target's name in the config."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""

    @property
    def components(self) -> tuple[str, ...]:
        """A name for each number that `decode` gives. Known after `finish`."""

    def fit(self, values: Sequence[Column]) -> None:
        """Take in one chunk of training rows."""

    def finish(self) -> None:
        """End fitting. Raises DataError when there is nothing to learn."""

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows: class indices `(rows,)` int32, or numbers `(rows, width)` float32."""

    def decode(self, encoded: NDArray[Any]) -> Column:
        """What `encode` encoded: classes `(rows,)`, or numbers `(rows, width)` float64 in their own unit."""

    @property
    def spec(self) -> TargetSpec:
        """What a model must know of the target. Known after `finish`."""

    def describe(self) -> str:
        """The fitted encoding as a short line for a person."""

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""


class CategoryTargetCodec:
    """Numbers classes from 0: sorted by number if all are integers, else by text, or in the order given.

    Args:
        name: The target's name.
        columns: The one column.
        classes: The classes in order; learnt from the training rows when None.
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

    def __init__(
        self,
        name: str,
        columns: Sequence[str],
        *,
        classes: Sequence[str] | None = None,
        encode: Literal["auto", "index", "one_hot"] = "auto",
        texts: bool = True,
    ) -> None:
        self.name = name
        self._encode = encode
        self._texts = texts
        self._spellings: dict[str, str] = {}  # how each class was first written
        self._codec = CategoryCodec(columns, encode="index", unknown="error", missing="error", categories=classes)

    @property
    def columns(self) -> tuple[str, ...]:
        """The one column."""
        return self._codec.columns

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
    def given(self) -> bool:
        """Whether the classes were given, and not learnt."""
        return self._codec.given

    @property
    def others(self) -> Strangers:
        """The values of the training rows that are none of the classes given."""
        return self._codec.others

    @property
    def counts(self) -> dict[str, int]:
        """How many training rows each class has."""
        return self._codec.counts

    def fit(self, values: Sequence[Column]) -> None:
        """Count the classes of a chunk of training rows."""
        self._codec.fit(values)
        (column,) = values
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
        """Encode rows as class indices `(rows,)` int32.

        Raises:
            DataError: Missing or unknown classes.
        """
        listed = ", ".join(self.classes[:10]) + (" and more" if len(self.classes) > 10 else "")
        unknown = f"the classes are {listed}; drop rows of other classes, or train with rows of them"
        ways = {"missing-value": _MISSING, "unknown-value": _WayOut(rule="unknown-class", hint=unknown)}
        return _encode(self._codec, values, start=start, out=out, ways=ways)

    def decode(self, encoded: NDArray[Any]) -> Column:
        """The classes of indices `(rows,)`, as an arrow array of `values`."""
        return self.values.take(numbers_array(np.asarray(encoded, dtype=np.int64)))

    @property
    def spec(self) -> TargetSpec:
        """What a model must know of the target. Known after `finish`."""
        return TargetSpec(self.name, "category", classes=self.classes, encode=self._encode)

    def describe(self) -> str:
        """Such as `3 classes: setosa (40), versicolor (38), virginica (42)`."""
        listed = ", ".join(f"{name} ({count})" for name, count in list(self.counts.items())[:10])
        more = f" and {len(self.classes) - 10} more" if len(self.classes) > 10 else ""
        return f"{len(self.classes)} classes: {listed}{more}"

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {
            "name": self.name,
            "type": self.type,
            "columns": list(self.columns),
            "encode": self._encode,
            "texts": self._texts,
            "classes": list(self.classes),
            "spellings": [self._spellings.get(name, name) for name in self.classes],
            "counts": list(self.counts.values()),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        # Runs of before knew texts alone.
        codec = cls(state["name"], state["columns"], encode=state["encode"], texts=state.get("texts", True))
        codec._codec = CategoryCodec.from_state(
            {
                "columns": state["columns"],
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


class NumberTargetCodec:
    """Numbers to predict, scaled for training if so wished.

    Args:
        name: The target's name.
        columns: The columns, or one array of rank 1 or 2.
        scale: `standard`, `min_max` or `none`; fitted on the training split, undone by `decode`. `auto` is `standard`
            for numbers that are not near unit scale.
        scalable: Whether the loss and the output allow `auto` to scale.
    """

    type: ClassVar[str] = "number"

    def __init__(
        self, name: str, columns: Sequence[str], *, scale: TargetScale = "none", scalable: bool = True
    ) -> None:
        self.name = name
        self.near_unit = True
        """Whether the training rows have about the size that a fresh network gives. Known after `finish`."""
        self.far = False
        """Whether a network would hardly come to learn them as they are. Known after `finish`."""
        self._scaling: TargetScale = scale
        self._scalable = scalable
        self._codec = NumberCodec(columns, scale="none" if scale == "auto" else scale)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns."""
        return self._codec.columns

    @property
    def components(self) -> tuple[str, ...]:
        """A name for each of the target's numbers: its columns, or in a vector the place, from 0. Known after `finish`.

        Example:
            `("u", "v")`; `("0", "1", "2")` of an array `(rows, 3)`.
        """
        width = self._codec.shape[0]
        return self.columns if len(self.columns) == width else tuple(map(str, range(width)))

    @property
    def scaling(self) -> TargetScale:
        """`standard`, `min_max` or `none`; until `finish` it may be `auto`."""
        return self._scaling

    @property
    def offset(self) -> NDArray[np.float64]:
        """What `decode` adds to each number, after `scale`: `(width,)`."""
        return self._codec.offset

    @property
    def scale(self) -> NDArray[np.float64]:
        """What `decode` multiplies each number by: `(width,)`."""
        return self._codec.scale

    def fit(self, values: Sequence[Column]) -> None:
        """Take in a chunk of training rows.

        Raises:
            DataError: An array of more than one axis a row.
        """
        self._codec.fit(values)
        if len(self._codec.shape) != 1:
            raise DataError(
                Problem(
                    f"array {self.columns[0]!r} has shape {list(self._codec.shape)} a sample; a target is a number, "
                    "or a vector of them",
                    hint="flatten the array in the file",
                    rule="array-shape",
                )
            )

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: A column has no values.
        """
        self._codec.finish()
        standard = NumberCodec.from_state({**self._codec.state(), "scale": "standard"})
        self.near_unit, self.far = _near_unit(standard.offset, standard.scale), _far(standard.offset, standard.scale)
        if self._scaling == "auto":
            self._scaling = "standard" if self._scalable and not self.near_unit else "none"
            self._codec = standard if self._scaling == "standard" else self._codec

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows as `(rows, width)` float32.

        Raises:
            DataError: Missing values, or values that are no finite numbers.
        """
        return _encode(self._codec, values, start=start, out=out, ways={"missing-value": _MISSING})

    def decode(self, encoded: NDArray[Any]) -> Column:
        """Numbers `(rows, width)` float64 in their own unit."""
        return self._codec.decode(encoded)

    @property
    def spec(self) -> TargetSpec:
        """What a model must know of the target. Known after `finish`."""
        pairs = tuple(zip(self.offset.tolist(), self.scale.tolist(), strict=True))
        unit = pairs if self._scaling != "none" else ()
        return TargetSpec(self.name, "number", width=self._codec.shape[0], unit=unit)

    def describe(self) -> str:
        """Such as `1 number, 25 to 346, as they are`."""
        return self._codec.describe()

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {"name": self.name, **self._codec.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        codec = cls(state["name"], state["columns"], scale=state["scale"])
        codec._codec = NumberCodec.from_state(state)
        return codec


def _near_unit(mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> bool:
    near = (deviation >= 0.1) & (deviation <= 3) & (np.abs(mean) <= np.minimum(3, 3 * deviation))
    return bool(near.all())


def _far(mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> bool:
    return bool(((np.maximum(np.abs(mean), deviation) > 30) | (deviation < 0.01)).any())


TARGET_CODECS: dict[str, type[TargetCodec]] = {codec.type: codec for codec in (CategoryTargetCodec, NumberTargetCodec)}
"""The codec of each target type, by the type's name in the config."""


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


def build_target(
    name: str, target: Target, *, available: Sequence[str], texts: Collection[str] = (), scalable: bool = True
) -> TargetCodec:
    """The codec of a target, not fitted yet.

    Args:
        name: The target's name: its column, when it names none.
        target: Its type and options.
        available: The columns of the data.
        texts: Those that the data says to be of texts.
        scalable: Whether numbers may be scaled when the config does not say.

    Raises:
        ConfigError: A column is not there, or the options are wrong. The problems have no path.
    """
    columns = expand_columns(target.columns or [name], available)
    if not isinstance(target, CategoryTarget):
        return NumberTargetCodec(name, columns, scale=target.scale, scalable=scalable)
    one_column("category", columns)
    names = list(map(text_name, target.classes or ()))
    if len(set(names)) < len(names):
        repeated = ", ".join(sorted({repr(name) for name in names if names.count(name) > 1}))
        raise ConfigError(
            Problem(f"`classes` lists {repeated} more than once", hint="name each once", rule="listed-twice")
        )
    return CategoryTargetCodec(name, columns, classes=target.classes, encode=target.encode, texts=columns[0] in texts)


def _encode(
    codec: CategoryCodec | NumberCodec,
    values: Sequence[Column],
    *,
    start: int,
    out: Encoded | None,
    ways: Mapping[str, _WayOut],
) -> Encoded:
    """Encode; what a feature's hints say is not the way out of a target's faults."""
    try:
        return codec.encode(values, start=start, out=out)
    except DataError as error:
        problems = []
        for problem in error.problems:
            way = ways.get(problem.rule)
            problems.append(dataclasses.replace(problem, rule=way.rule, hint=way.hint) if way else problem)
        raise DataError(problems) from None
