"""What every feature codec can do: the contract that the rest of `data` relies on.

A codec turns the cells of its columns into numbers. Its life has two parts:

1. `fit`, once for each chunk of *training* rows, in any chunking; then `finish`, once.
2. `encode`, as often as wanted, on rows of any split; `state` and `from_state` carry it to another process.

Faults of single cells (missing, unknown, not readable, infinite) are passed over by `fit` and reported by
`encode`, which knows the number of the row. Empty cells that it fills in although training rows had none are counted.
Codecs do not know the config: their problems have no path, the caller adds it. What not every codec can do is a
contract of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.config.signature import EntranceLayer, InputDtype
from dlcli.errors import Problem

__all__ = [
    "BeginsNormal",
    "BendsNumbers",
    "Codec",
    "Column",
    "Encoded",
    "FillsUpSteps",
    "HasEntrance",
    "KnowsMean",
    "LeavesRowsOut",
    "MadeOnDemand",
    "MasksPadding",
    "MeasuresNumbers",
    "MeetsUnseenValues",
    "NamesIndices",
    "OpensFiles",
    "SaysWhatItLearnt",
    "ScaledInside",
    "ScalesNumbers",
    "TakesGivenValues",
    "TalliesRows",
]

Column: TypeAlias = pa.Array | NDArray[Any]
"""A column of a table (`pyarrow.Array`), or an array `(rows, *shape)` of an `.npz` file."""

Encoded: TypeAlias = NDArray[np.float32] | NDArray[np.int32] | NDArray[np.uint8]
"""What the model is fed: `(rows, *shape)`."""


class Codec(Protocol):
    """A feature's encoding, fitted on the training split."""

    type: ClassVar[str]
    """The feature type's name in the config."""

    @property
    def reads(self) -> Literal["number", "text"]:
        """As what it wants the cells of new rows: as numbers, or as they are written."""

    gaps: int
    """How many empty cells `encode` has filled in, of columns that had none in training."""

    @property
    def stand_in(self) -> str:
        """What an empty cell becomes, in words: `the mean of the training rows`."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads, in the order in which `fit` and `encode` take them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one encoded sample; `()` for a single index. Known after `finish`."""

    @property
    def dtype(self) -> InputDtype:
        """`int32` for indices into a vocabulary, `uint8` for bytes that the model itself makes numbers of."""

    @property
    def vocabulary(self) -> int | None:
        """How many different indices there are; None for numbers."""

    @property
    def embedding(self) -> int | None:
        """Length of the vector to learn for each index; None when no embedding is asked for."""

    def fit(self, values: Sequence[Column]) -> None:
        """Take in one chunk of training rows, a value of `values` for each of `columns`."""

    def finish(self) -> None:
        """End fitting. Raises DataError when the training rows do not determine the encoding."""

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows.

        Args:
            values: A column for each of `columns`, all of the same number of rows.
            start: Row number, from 0, of the first row in its source: messages count rows from 1.
            out: Where to write, `(rows, *shape)` of `dtype`; a new array when None.

        Returns:
            `out`, or the new array.

        Raises:
            DataError: Cells cannot be encoded; all faults of these rows at once.
        """

    def names(self) -> tuple[str, ...]:
        """A name for each number of the encoded sample, flattened: `island=Biscoe`."""

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is; encodes the same, bit for bit."""


@runtime_checkable
class TakesGivenValues(Protocol):
    """A codec of a feature or target whose values the config may list."""

    def given_problems(self) -> list[Problem]:
        """Warnings where the values given are not those of the training rows; none where none are given."""


@runtime_checkable
class MeetsUnseenValues(Protocol):
    """A codec that encodes values which it has not learnt as one value, the unknown."""

    def unseen_problems(self, where: str) -> list[Problem]:
        """Warnings of the values that `encode` met so, `where` it did in words."""

    def forget_unseen(self) -> None:
        """Count them anew."""


@runtime_checkable
class SaysWhatItLearnt(Protocol):
    """A codec of a feature of whose fitting there is something to say."""

    def learnt(self) -> str:
        """In words, for the line of the feature; empty for nothing. Known after `fit`; not after `from_state`."""


@runtime_checkable
class TalliesRows(Protocol):
    """A codec that counts in each row what a split is to be told of: tokens, and those that are unknown."""

    @property
    def tally(self) -> NDArray[np.int64]:
        """Of the rows that `encode` was given last, `(rows, counts)`."""

    def tally_lines(self, name: str, totals: Mapping[str, NDArray[np.int64]]) -> list[tuple[str, str]]:
        """What is to be said: a heading and a text each.

        Args:
            name: The feature's name.
            totals: For each split the sums of its rows, `(1 + counts,)`, the number of rows first.
        """

    def tally_problems(self, totals: Mapping[str, NDArray[np.int64]]) -> list[Problem]:
        """Warnings of what should not be; of the same totals."""


@runtime_checkable
class BeginsNormal(Protocol):
    """A codec of a feature whose vectors, learnt for each index, may begin as normal numbers."""

    @property
    def deviation(self) -> float | None:
        """Theirs; None for what Keras draws. Known after `finish`."""


@runtime_checkable
class HasEntrance(Protocol):
    """A codec of a feature that passes layers of its own before those of the config see it."""

    @property
    def entrance(self) -> tuple[EntranceLayer, ...]:
        """The layers, from the first on. Known after `finish`."""


@runtime_checkable
class MeasuresNumbers(Protocol):
    """A codec of a feature whose numbers measure something, and are no marks of one value among several."""

    @property
    def measures(self) -> int:
        """How many of its numbers do; they are the first."""


@runtime_checkable
class ScalesNumbers(Protocol):
    """A codec of numbers that can be brought back into their own unit: `scaled * scale + offset`."""

    @property
    def offset(self) -> NDArray[np.float64]:
        """For each number along the last axis."""

    @property
    def scale(self) -> NDArray[np.float64]:
        """For each number along the last axis."""

    @property
    def linear(self) -> bool:
        """Whether that is all of it; else `decode` alone brings them back."""


@runtime_checkable
class BendsNumbers(ScalesNumbers, Protocol):
    """A codec of numbers whose scale may be no straight line."""

    def decode(self, encoded: NDArray[Any]) -> NDArray[np.float64]:
        """The numbers in their own unit again, in the shape of `encoded`."""


@runtime_checkable
class KnowsMean(Protocol):
    """A codec of numbers that has kept their mean."""

    @property
    def mean(self) -> NDArray[np.float64]:
        """In its own unit, of the training values of each number along the last axis. Known after `finish`."""


@runtime_checkable
class ScaledInside(ScalesNumbers, Protocol):
    """A codec that hands over bytes, which the model scales: what it sees of them is made by `offset` and `scale`."""

    @property
    def axes_order(self) -> tuple[int, ...]:
        """The axes of a sample in the order in which layers are given them."""


@runtime_checkable
class NamesIndices(Protocol):
    """A codec whose indices stand for words or categories."""

    padding: int | None
    """The index that stands for nothing: the end of a sequence that is shorter than others."""

    def index_names(self) -> tuple[str, ...]:
        """What each index stands for; what stands for nothing is named so that nobody takes it for a value."""

    def frequencies(self) -> tuple[int, ...]:
        """For each of them in how many training rows it is; 0 for what stands for nothing."""


@runtime_checkable
class MasksPadding(Protocol):
    """A codec of indices of which 0 is padding."""

    @property
    def masked(self) -> bool:
        """Whether the vectors that the model learns for them pass over it."""


@runtime_checkable
class FillsUpSteps(Protocol):
    """A codec of sequences of numbers that are filled up to one length."""

    def there(self, sample: NDArray[Any]) -> NDArray[np.bool_]:
        """Which steps of an encoded sample `(steps, ...)` were not filled up, `(steps,)`."""


@runtime_checkable
class OpensFiles(Protocol):
    """A codec whose cells may name files: it is given `NamedFiles` in the place of a column of texts."""

    @property
    def opens_files(self) -> Literal[True]:
        """It does."""


@runtime_checkable
class LeavesRowsOut(Protocol):
    """A codec that may be told to leave out rows which it cannot use, before rows are divided."""

    def unusable(self, values: Sequence[Column]) -> tuple[NDArray[np.bool_], list[Problem]]:
        """Which rows `(rows,)` are to be left out, and why; none where their faults are errors. Needs no `fit`."""


@runtime_checkable
class MadeOnDemand(Protocol):
    """A codec whose samples can be made when they are taken, where all of them are too many to be kept encoded."""

    @property
    def can_wait(self) -> bool:
        """Whether they can, of these columns. Known after `fit`."""

    def keys(self, values: Sequence[Column], *, start: int = 0) -> NDArray[np.int64]:
        """A number for each row, `(rows,)`, from which `make` makes its sample; arguments as of `encode`.

        Raises:
            DataError: Rows of which a cheap look shows that nothing can be made of them.
        """

    def make(self, keys: NDArray[np.int64]) -> Encoded:
        """The samples of keys, `(rows, *shape)`: what `encode` gives.

        Raises:
            DataError: What they are made of has gone, or changed so that it cannot be used.
        """
