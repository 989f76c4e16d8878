"""One of a known set of values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.category.marks import scaled
from dlcli.data.columns.cell_faults import faulty_values, missing_values, no_values
from dlcli.data.columns.cells import labels, sort_labels
from dlcli.data.columns.codec import Column, Encoded
from dlcli.data.columns.names import text_name
from dlcli.data.columns.unseen import UnseenValues
from dlcli.errors import DataError, Problem, did_you_mean, first_of

__all__ = ["CategoryCodec"]

_UNKNOWN, _MISSING = -1, -2

MOST_MARKS, AUTO_EMBEDDING, AUTO_DEVIATION = 8, 8, 1.0
"""With `encode: auto`, the most categories that are one-hot, and the vectors that are learnt for more (RealMLP's)."""


class CategoryCodec:
    """Numbers the categories, sorted: by number if all are integers, else by text.

    With a bucket, which there is when `unknown` or `missing` is `bucket`, index 0 is the bucket and the categories
    start at 1, as in Keras's `StringLookup` with its one out-of-vocabulary index. Without one they start at 0.

    Args:
        columns: The one column.
        encode: `one_hot`: a vector, `(size,)` float32; `index`: `()` int32; `marks`: two categories are -1 and 1,
            `(1,)`, more a vector in which unknown values are all 0, `(categories,)`; `auto`: marks, and of more than 8
            indices to embed.
        embedding: Length of the vector that the model learns for each index; for `index` only.
        deviation: Of the numbers of these vectors to begin with; None for what Keras draws.
        scale: `robust`: vectors and signs are scaled by the quartiles of the training rows; else `none`.
        unknown: A value that training has not seen goes to the `bucket`, or is an `error`.
        missing: An empty cell goes to the `bucket`, is an `error`, or is the `most_frequent` category.
        max_categories: Keep the most frequent (the first by name among equals); the others count as unknown.
        categories: The categories in their order, in any spelling; learnt from the training rows when None.

    Example:
        >>> codec = CategoryCodec(("island",), encode="index")
        >>> codec.fit([pa.array(["Dream", "Biscoe"])])
        >>> codec.finish()
        >>> codec.encode([pa.array(["Biscoe", "Dream", "Mars", None])])
        array([1, 2, 0, 0], dtype=int32)
    """

    type: ClassVar[str] = "category"
    reads: ClassVar[Literal["number", "text"]] = "text"
    padding: int | None = None

    def __init__(
        self,
        columns: Sequence[str],
        *,
        encode: Literal["one_hot", "index", "auto", "marks"] = "one_hot",
        embedding: int | None = None,
        deviation: float | None = None,
        scale: Literal["none", "robust"] = "none",
        unknown: Literal["bucket", "error"] = "bucket",
        missing: Literal["bucket", "error", "most_frequent"] = "bucket",
        max_categories: int | None = None,
        categories: Sequence[str] | None = None,
    ) -> None:
        self.columns = tuple(columns)
        self.embedding = embedding
        self.deviation = deviation
        self._encode = encode
        self._form: Literal["one_hot", "index", "marks", "signs"] = "index" if encode == "index" else "one_hot"
        self._scale = scale
        self._rows = 0
        self._unknown = unknown
        self._missing = missing
        self._max_categories = max_categories
        self._given = None if categories is None else tuple(map(text_name, categories))
        self._seen: Counter[str] = Counter()
        self._counts: dict[str, int] = {}
        self._index: dict[str, int] = {}
        self.unseen = UnseenValues()
        """The values that `encode` met, that are no category, and put into the bucket."""
        self.others = UnseenValues()
        """The values of the training rows that are none of the categories given."""
        self._complete = True
        self.gaps = 0

    @property
    def stand_in(self) -> str:
        """What an empty cell becomes."""
        return "the most frequent category" if self._missing == "most_frequent" else "the unknown category"

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories, in the order of their indices."""
        return tuple(self._counts)

    @property
    def counts(self) -> dict[str, int]:
        """How often each category occurs in the training split."""
        return dict(self._counts)

    @property
    def bucket(self) -> bool:
        """Whether index 0 is the bucket of unknown or missing values."""
        return "bucket" in (self._unknown, self._missing)

    @property
    def size(self) -> int:
        """How many indices there are, the bucket included."""
        return len(self._counts) + self.bucket

    @property
    def vocabulary(self) -> int | None:
        """The size, for indices; None for vectors."""
        return self.size if self._form == "index" else None

    @property
    def form(self) -> Literal["one_hot", "index", "marks", "signs"]:
        """What a category is: a place in a vector, an index, a place in a vector without one for the unknown, or a
        sign. Known after `finish`."""
        return self._form

    @property
    def shape(self) -> tuple[int, ...]:
        """`(size,)` for one-hot vectors, `()` for indices."""
        return {"one_hot": (self.size,), "index": (), "marks": (len(self._counts),), "signs": (1,)}[self._form]

    @property
    def dtype(self) -> Literal["float32", "int32"]:
        """`int32` for indices."""
        return "int32" if self._form == "index" else "float32"

    def fit(self, values: Sequence[Column]) -> None:
        """Count the categories of a chunk of training rows."""
        (column,) = values
        cells = labels(column)
        self._rows += len(cells.codes)
        self._complete = self._complete and not (cells.codes < 0).any()
        counts = cells.counts()
        if self._given is None:
            self._seen.update(counts)
            return
        self._seen.update({name: counts[name] for name in self._given if name in counts})
        self.others.add({name: count for name, count in counts.items() if name not in self._seen})

    def finish(self) -> None:
        """Choose and order the categories.

        Raises:
            DataError: There is no value to learn from.
        """
        if self._given is not None:
            chosen = list(self._given)
        else:
            by_frequency = sorted(self._seen, key=lambda name: (-self._seen[name], name))
            chosen = sort_labels(by_frequency[: self._max_categories])
        self._set_counts({name: self._seen[name] for name in chosen})
        if not (self._seen or self.others) or (self._missing == "most_frequent" and not any(self._counts.values())):
            raise no_values(self.columns)
        self._seen.clear()

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows: `(rows, size)` float32 or `(rows,)` int32.

        Raises:
            DataError: Missing or unknown values, where they are errors.
        """
        indices = self._indices(values, start)
        target = np.empty((len(indices), *self.shape), dtype=self.dtype) if out is None else out
        if self.plain:
            target[...] = 0
            target[np.arange(len(indices)), indices] = 1
        else:
            target[...] = indices if self._form == "index" else self.table()[indices]
        return target

    @property
    def plain(self) -> bool:
        """Whether it is one-hot, of 0 and 1 alone."""
        return self._form == "one_hot" and self._scale == "none"

    def table(self) -> NDArray[np.float32]:
        """What each index is, of vectors, marks and signs: `(size, *shape)`."""
        bucket = int(self.bucket)
        if self._form == "signs":
            table = np.array([*[0.0] * bucket, -1.0, 1.0])[:, np.newaxis]
        else:
            table = np.eye(self.size)[:, bucket if self._form == "marks" else 0 :]
        if self._scale == "robust":
            known = list(self._counts.values())
            counts = np.array([self._rows - sum(known), *known] if bucket else known)
            table = scaled(table, counts) if counts.any() else table
        return table.astype(np.float32)

    def names(self) -> tuple[str, ...]:
        """`island=Biscoe` for each category, the bucket being `island=<unknown>`; the column for an index."""
        (column,) = self.columns
        if self._form == "index":
            return (column,)
        if self._form == "signs":
            return (f"{column}={self.categories[1]}",)
        bucket = (f"{column}=<unknown>",) if self.bucket and self._form == "one_hot" else ()
        return (*bucket, *(f"{column}={name}" for name in self._counts))

    def index_names(self) -> tuple[str, ...]:
        """The categories; the bucket is `<unknown>`."""
        return (*(("<unknown>",) if self.bucket else ()), *self._counts)

    def frequencies(self) -> tuple[int, ...]:
        """For each of them in how many training rows it is; the bucket counts for none."""
        return (*((0,) if self.bucket else ()), *self._counts.values())

    def given_problems(self, what: str = "categories") -> list[Problem]:
        """Warnings where the categories given are not those of the training rows.

        Args:
            what: What they are called: values that are none of the `classes` given are errors, which `encode` tells.
        """
        column = self.columns[0]
        problems: list[Problem] = []
        if self._given is None:
            return problems
        if self.others and what == "categories":
            problems.append(
                Problem(
                    f"column {column!r} holds in the training split {_values(self.others.cells)} none of the "
                    f"{what} given: {self.others}",
                    hint="they are encoded as unknown; add them to the list, or see how its values are written",
                    rule="unknown-value",
                )
            )
        absent = [name for name, count in self.counts.items() if not count]
        if absent:
            listed = first_of(map(repr, absent), 5)
            problems.append(
                Problem(
                    f"no training row has the {what} {listed} of column {column!r}",
                    hint="a model learns nothing of them; see whether they are written as in the data",
                    rule="absent-value",
                )
            )
        return problems

    def unseen_problems(self, where: str) -> list[Problem]:
        """A warning of the values that `encode` put into the bucket."""
        if not self.unseen:
            return []
        message = (
            f"column {self.columns[0]!r} holds {where}{_values(self.unseen.cells)} none of the "
            f"{len(self.categories)} categories learnt: {self.unseen}"
        )
        hint = "they are encoded as unknown; `unknown: error` would refuse them"
        return [Problem(message, hint=hint, rule="unknown-value")]

    def forget_unseen(self) -> None:
        """Count them anew."""
        self.unseen = UnseenValues()

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {
            "type": self.type,
            "columns": list(self.columns),
            "encode": self._encode,
            "embedding": self.embedding,
            **({"deviation": self.deviation} if self.deviation is not None else {}),
            **({"scale": self._scale, "rows": self._rows} if self._scale != "none" else {}),
            "unknown": self._unknown,
            "missing": self._missing,
            "categories": list(self._counts),
            "counts": list(self._counts.values()),
            "complete": self._complete,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is. Raises ValueError when it is none."""
        options = {key: state[key] for key in ("encode", "embedding", "unknown", "missing", "categories")}
        if options["missing"] not in ("bucket", "error", "most_frequent"):
            raise ValueError(f"missing is {options['missing']!r}")
        if not all(type(count) is int for count in state["counts"]):
            raise ValueError("a count is no whole number")
        scale, rows = state.get("scale", "none"), state.get("rows", 0)
        if scale not in ("none", "robust") or type(rows) is not int or rows < sum(state["counts"]) * (scale != "none"):
            raise ValueError(f"a scale {scale!r} of {rows!r} rows")
        codec = cls(state["columns"], **options, scale=scale, deviation=state.get("deviation"))
        codec._rows = rows
        codec._set_counts(dict(zip(state["categories"], state["counts"], strict=True)))
        codec._complete = state.get("complete", False)
        return codec

    def _set_counts(self, counts: dict[str, int]) -> None:
        self._counts = counts
        if self._encode in ("auto", "marks"):
            self._form = "signs" if len(counts) == 2 else "marks"
        if self._encode == "auto" and len(counts) > MOST_MARKS:
            self._form, self.embedding, self.deviation = "index", AUTO_EMBEDDING, AUTO_DEVIATION
        self._index = {name: index for index, name in enumerate(counts, start=int(self.bucket))}
        # Runs of before may have other spellings as categories.
        for name, index in tuple(self._index.items()):
            self._index.setdefault(text_name(name), index)

    def _indices(self, values: Sequence[Column], start: int) -> NDArray[np.int64]:
        (column,) = values
        (name,) = self.columns
        most_frequent = self._index[max(self._counts, key=self._counts.__getitem__)]
        unknown = 0 if self._unknown == "bucket" else _UNKNOWN
        missing = {"bucket": 0, "error": _MISSING, "most_frequent": most_frequent}[self._missing]
        cells = labels(column)
        indices = cells.translate(lambda value: self._index.get(value, unknown), missing=missing)
        if self._complete and self._missing != "error":
            self.gaps += int((cells.codes < 0).sum())
        problems = []
        unseen = [value for value in cells.names if value not in self._index]
        if unseen and self._unknown == "bucket":
            counts = cells.counts()
            self.unseen.add({value: counts[value] for value in unseen if counts[value]})
        if (faults := indices == _UNKNOWN).any():
            hint = did_you_mean(unseen[0], self._counts) if len(unseen) == 1 else ""
            hint = (hint + " " if hint else "") + "`unknown: bucket` gives unknown values an index of their own"
            problems.append(
                faulty_values(
                    name, cells, faults, start=start, what="training has not seen", hint=hint, rule="unknown-value"
                )
            )
        if (faults := indices == _MISSING).any():
            hint = "`missing: error` refuses them; `missing: bucket` or `missing: most_frequent` fills them in"
            problems.append(missing_values(name, faults, start=start, hint=hint))
        if problems:
            raise DataError(problems)
        return indices


def _values(cells: int) -> str:
    return f"{cells:,} value{'s that are' if cells != 1 else ' that is'}"
