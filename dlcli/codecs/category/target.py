"""A class to predict: encoded as its index, and decoded for people."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.codecs.category.codec import CategoryCodec
from dlcli.config.signature import TargetSpec
from dlcli.data.columns.arrays import numbers_array, texts_array
from dlcli.data.columns.cells import labels
from dlcli.data.columns.codec import Column, Encoded
from dlcli.data.columns.names import BLANKS, is_code, is_text, text_name, value_names
from dlcli.data.columns.target_codec import MISSING, TargetCodec, WayOut, encode_target
from dlcli.errors import ConfigError, DataError, Problem

if TYPE_CHECKING:
    from dlcli.codecs.category.schema import CategoryTarget

__all__ = ["CODEC", "CategoryTargetCodec", "build", "class_values"]


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
    reads: ClassVar[Literal["number", "text"]] = "text"

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
        ways = {"missing-value": MISSING, "unknown-value": WayOut(rule="unknown-class", hint=unknown)}
        return encode_target(self._codec, values, start=start, out=out, ways=ways)

    def decode(self, encoded: NDArray[Any]) -> Column:
        """The classes of indices `(rows,)`, as an arrow array of `values`."""
        return self.values.take(numbers_array(np.asarray(encoded, dtype=np.int64)))

    @property
    def spec(self) -> TargetSpec:
        """What a model must know of the target. Known after `finish`."""
        return TargetSpec(self.name, "category", classes=self.classes, encode=self._encode)

    def given_problems(self) -> list[Problem]:
        """Warnings where the classes given are not those of the training rows."""
        return self._codec.given_problems("classes")

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
    return CategoryTargetCodec(name, columns, classes=target.classes, encode=target.encode, texts=texts)


CODEC: type[TargetCodec] = CategoryTargetCodec
