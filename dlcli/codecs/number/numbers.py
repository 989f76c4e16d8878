"""Numbers: a column, several columns as a vector or tensor, or an array of any rank."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.number.curves import CURVED, KEPT, Knots, quartiles
from dlcli.data.columns.cell_faults import faulty_values, infinite_values, missing_values, no_values
from dlcli.data.columns.cells import Numbers, numbers
from dlcli.data.columns.codec import Column, Encoded
from dlcli.data.columns.median import Median
from dlcli.data.columns.moments import LARGEST, Moments
from dlcli.data.columns.names import is_text
from dlcli.data.values.lists import is_list, number_array
from dlcli.data.values.soft_clip import clip, unclip
from dlcli.errors import ConfigError, DataError, Problem

__all__ = ["NumberCodec", "check_shape"]

Floats = NDArray[np.float64]


class NumberCodec:
    """Scales numbers: `(value - offset) / scale` in float64, then float32.

    A vector (columns) has an offset and a scale for each of its numbers. A sample of higher rank has one for each
    entry of its last axis, the channels, over all other axes: what Keras's `Normalization(axis=-1)` does.
    Statistics come from the values that are there; missing ones are filled in the column's own unit, before scaling.
    A channel of one value only has scale 1, so that `standard` and `min_max` make it 0.

    `robust` subtracts the median, divides by the distance of the quartiles (where that is 0 by half the distance of the
    least and the greatest) and clips smoothly, `x / sqrt(1 + (x / 3)^2)`. `quantile` makes the quantiles of the
    training rows (10 to 1000 of them, by their number) those of a normal, from -5.2 to 5.2.

    Args:
        columns: The columns, or one array.
        shape: Shape of a sample; None for a vector of the columns, or the array's own shape.
        scale: `standard` (zero mean, unit variance), `min_max` (to 0..1), `robust`, `quantile`, `none`, or the number
            to divide by.
        missing: What an empty cell becomes: `error`, the `mean` or `median` of its channel, `zero`, or a number.
        seed: Of the sample that the median of more than 1,000,000 values is taken from.
        ragged: The way out for lists of several lengths.

    Example:
        >>> codec = NumberCodec(("age",))
        >>> codec.fit([pa.array([20.0, 40.0])])
        >>> codec.finish()
        >>> codec.encode([pa.array([30.0, 40.0])])
        array([[0.],
               [1.]], dtype=float32)
    """

    type: ClassVar[str] = "number"
    dtype: Literal["float32"] = "float32"
    embedding: None = None

    def __init__(
        self,
        columns: Sequence[str],
        *,
        shape: Sequence[int] | None = None,
        scale: Literal["standard", "min_max", "robust", "quantile", "none"] | float = "standard",
        missing: Literal["error", "mean", "median", "zero"] | float = "error",
        seed: int = 0,
        ragged: str = "lists of numbers have one length",
    ) -> None:
        self.columns = tuple(columns)
        self._ragged = ragged
        self._shape = None if shape is None else tuple(shape)
        self._in_texts = False
        self._scaling = scale
        self._missing = missing
        self._seed = seed
        self._moments: Moments | None = None
        self._samples: list[Median] = []
        self._medians: Floats | None = None
        self._spread: list[Median] = []
        self._quartiles: Floats | None = None
        self._knots: list[Knots] = []
        self._offset: Floats = np.zeros(1)
        self._scale: Floats = np.ones(1)
        self._fill: Floats | None = None
        self._rows = 0
        self._complete: NDArray[np.bool_] = np.zeros(1, np.bool_)  # the channels without a gap in training
        self.gaps = 0

    @property
    def reads(self) -> Literal["number", "text"]:
        """As numbers; as texts where lists of them stand in a cell of text."""
        return "text" if self._in_texts else "number"

    @property
    def stand_in(self) -> str:
        """What an empty cell becomes."""
        if self._missing in ("mean", "median"):
            return f"the {self._missing} of the training rows"
        return "0" if self._missing == "zero" else f"{self._missing}"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self._shape if self._shape is not None else (len(self.columns),)

    @property
    def vocabulary(self) -> int | None:
        """How many there are from 0 to the greatest, of whole numbers that are left as they are: rows of a table."""
        if self._scaling != "none":
            return None
        least, most = float(self.minimum.min()), float(self.maximum.max())
        whole = least >= 0 and least.is_integer() and most.is_integer() and most < np.iinfo(np.int32).max
        return int(most) + 1 if whole else None

    @property
    def offset(self) -> NDArray[np.float64]:
        """What is subtracted, `(channels,)`."""
        return self._offset

    @property
    def scale(self) -> NDArray[np.float64]:
        """What is divided by, `(channels,)`."""
        return self._scale

    @property
    def linear(self) -> bool:
        """Whether `offset` and `scale` are all of the scaling."""
        return self._scaling not in CURVED

    @property
    def measures(self) -> int:
        """All of its numbers measure something."""
        return self.shape[0]

    @property
    def knots(self) -> tuple[Knots, ...]:
        """Of a scale by quantiles, those of each channel."""
        return tuple(self._knots)

    @property
    def fill(self) -> NDArray[np.float64] | None:
        """What missing numbers become, `(channels,)`; None when they are errors."""
        return self._fill

    @property
    def minimum(self) -> NDArray[np.float64]:
        """The least training value of each channel, in its own unit."""
        return self._fitted.minimum

    @property
    def maximum(self) -> NDArray[np.float64]:
        """The greatest training value of each channel, in its own unit."""
        return self._fitted.maximum

    @property
    def absent(self) -> int:
        """How many numbers are missing in the training rows. Known after `fit`; 0 of a codec that was read again."""
        return max(0, int((self._rows - self._fitted.count).sum())) if self._rows else 0

    @property
    def absent_shares(self) -> NDArray[np.float64]:
        """The part of the training rows in which each channel is missing. Known after `fit`; not after `from_state`."""
        return (self._rows - self._fitted.count) / max(self._rows, 1)

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean of the training values of each channel, in its own unit."""
        return self._fitted.mean

    def fit(self, values: Sequence[Column]) -> None:
        """Take in a chunk of training rows."""
        self.take_in(values)

    def take_in(self, values: Sequence[Column]) -> Floats:
        """Take in a chunk of training rows; their numbers `(values, channels)`, NaN where there is none."""
        block, _ = self._read(values)
        channels = block.reshape(-1, block.shape[-1])
        self._rows += len(channels)
        if self._moments is None:
            self._moments = Moments(channels.shape[1])
            if self._scaling in CURVED:
                self._spread = [Median(self._seed, KEPT) for _ in range(channels.shape[1])]
            if self._missing == "median":
                self._samples = [Median(self._seed) for _ in range(channels.shape[1])]
        self._moments.update(channels)
        for samples in (self._samples, self._spread):
            for sample, channel in zip(samples, channels.T, strict=False):
                sample.update(channel[np.abs(channel) <= LARGEST])
        return channels

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: A column, or a channel, has no values.
        """
        if self._moments is None:
            raise no_values(self.columns)
        empty = self._moments.count == 0
        if empty.any():
            by_column = len(self.shape) == 1 and len(self.columns) == len(empty)
            named = [column for column, none in zip(self.columns, empty, strict=True) if none] if by_column else None
            raise no_values(named or self.columns)
        self._complete = self._moments.count == self._rows
        if self._samples:
            self._medians = np.array([sample.value() for sample in self._samples])
            self._samples = []
        if self._scaling == "robust":
            self._quartiles = quartiles(self._spread)
        elif self._scaling == "quantile":
            counts = self._moments.count.tolist()
            self._knots = [Knots.of(sample, count) for sample, count in zip(self._spread, counts, strict=True)]
        self._spread = []
        self._set_scale()

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows as `(rows, *shape)` float32.

        Raises:
            DataError: Cells that are missing (with `missing: error`), no numbers, infinite, or too large for float32.
        """
        block, problems = self._read(values, start=start)
        target = np.empty(block.shape, dtype=np.float32) if out is None else out
        # A sum is NaN or infinite when one of its terms is: one pass tells that nothing needs a closer look.
        with np.errstate(invalid="ignore"):
            total = float(block.sum())
        if problems or not abs(total) <= LARGEST:
            problems += self._faults(values, block, start)
        if problems:
            raise DataError(problems)
        np.subtract(block, self._offset, out=block)
        np.divide(block, self._scale, out=block)
        if not self.linear:
            block = self._bent(block)
        with np.errstate(over="ignore"):
            target[...] = block
        if not np.isfinite(target).all():
            raise DataError(self._overflows(values, block, start))
        return target

    def missing(self, values: Sequence[Column]) -> NDArray[np.bool_]:
        """Which numbers of rows are not there, `(rows, *shape)`; cells that hold something else are not either."""
        return np.isnan(self._read(values)[0])

    def decode(self, encoded: NDArray[Any]) -> NDArray[np.float64]:
        """The numbers in their own unit again, in the shape of `encoded`."""
        scaled = np.asarray(encoded, dtype=np.float64)
        if not self.linear:
            scaled = self._straightened(scaled)
        return scaled * self._scale + self._offset

    def names(self) -> tuple[str, ...]:
        """The columns; of an array, its name and the place: `x[0,3]`."""
        if len(self.columns) == math.prod(self.shape):
            return self.columns
        places = np.ndindex(*self.shape)
        return tuple(f"{self.columns[0]}[{','.join(map(str, place))}]" for place in places)

    def describe(self) -> str:
        """Such as `1 number, 0.1 to 2.5, standardised`."""
        size = " x ".join(map(str, self.shape)) + (" number" if self.shape == (1,) else " numbers")
        scaling = {
            "standard": "standardised",
            "min_max": "scaled to 0..1",
            "robust": "scaled by their quartiles",
            "quantile": "to a normal by their quantiles",
            "none": "as they are",
        }
        how = scaling[self._scaling] if isinstance(self._scaling, str) else f"divided by {self._scaling:g}"
        return f"{size}, {self.minimum.min():g} to {self.maximum.max():g}, {how}"

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {
            "type": self.type,
            "columns": list(self.columns),
            "shape": list(self.shape),
            "scale": self._scaling,
            "missing": self._missing,
            "statistics": self._fitted.state(),
            "median": None if self._medians is None else self._medians.tolist(),
            "complete": self._complete.tolist(),
            **({"quartiles": self._quartiles.tolist()} if self._quartiles is not None else {}),
            **({"knots": [each.state() for each in self._knots]} if self._knots else {}),
            **({"in_texts": True} if self._in_texts else {}),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        codec = cls(state["columns"], shape=state["shape"], scale=state["scale"], missing=state["missing"])
        codec._moments = Moments.from_state(state["statistics"])
        codec._medians = None if state["median"] is None else np.array(state["median"], float)
        # Runs of before refused empty cells where training had none, and do not say which these are.
        codec._complete = np.array(state.get("complete", [False]), np.bool_)
        if codec._scaling == "robust":
            codec._quartiles = np.array(state["quartiles"], float).reshape(3, len(codec._moments.count))
        elif codec._scaling == "quantile":
            codec._knots = [Knots.from_state(each) for each in state["knots"]]
            if len(codec._knots) != len(codec._moments.count):
                raise ValueError("knots of another number of channels")
        codec._set_scale()
        codec._in_texts = bool(state.get("in_texts"))
        return codec

    @property
    def _fitted(self) -> Moments:
        if self._moments is None:
            raise no_values(self.columns)
        return self._moments

    def _set_scale(self) -> None:
        """Offset, scale and fill from the statistics."""
        moments = self._fitted
        channels = len(moments.count)
        self._offset, self._scale = np.zeros(channels), np.ones(channels)
        if self._scaling == "standard":
            self._offset, self._scale = moments.mean, np.sqrt(moments.variance)
        elif self._scaling == "min_max":
            self._offset, self._scale = moments.minimum, moments.maximum - moments.minimum
        elif self._quartiles is not None:
            lower, self._offset, upper = self._quartiles
            self._scale = np.where(upper > lower, upper - lower, (moments.maximum - moments.minimum) / 2)
        elif not isinstance(self._scaling, str):
            self._scale = np.full(channels, float(self._scaling))
        self._scale = np.where(self._scale == 0, 1.0, self._scale)
        match self._missing:
            case "error":
                self._fill = None
            case "mean":
                self._fill = moments.mean
            case "median":
                self._fill = self._medians
            case "zero":
                self._fill = np.zeros(channels)
            case constant:
                self._fill = np.full(channels, float(constant))

    def _bent(self, scaled: Floats) -> Floats:
        """Numbers `(..., channels)` after a scale that is no straight line."""
        if self._scaling == "robust":
            return clip(scaled)
        channels = [knots.apply(scaled[..., place]) for place, knots in enumerate(self._knots)]
        return np.stack(channels, axis=-1)

    def _straightened(self, bent: Floats) -> Floats:
        """What `_bent` makes these of."""
        if self._scaling == "robust":
            return unclip(bent)
        channels = [knots.invert(bent[..., place]) for place, knots in enumerate(self._knots)]
        return np.stack(channels, axis=-1)

    def _read(self, values: Sequence[Column], *, start: int = 0) -> tuple[Floats, list[Problem]]:
        """The rows `(rows, *shape)`, NaN where there is no number, as an array of our own; and unreadable cells."""
        cells = [self._numbers(column, start) for column in values]
        hint = "mend the data, or name another type, such as `category`"
        problems = [
            faulty_values(
                name, column, cell.unreadable, start=start, what="are not numbers", hint=hint, rule="not-a-number"
            )
            for name, column, cell in zip(self.columns, values, cells, strict=True)
            if cell.unreadable is not None
        ]
        rows = len(cells[0].values)
        if len(cells) == 1:
            own = cells[0].values
            shape = self._sample_shape(own.shape[1:])
            return np.array(own, order="C").reshape(rows, *shape), problems
        for name, cell in zip(self.columns, cells, strict=True):
            if cell.values.size != rows:
                raise DataError(_not_scalar(name, cell.values.shape[1:]))
        # Columns are written one after the other, not across: strided writes are several times slower.
        block = np.empty((len(cells), rows))
        for place, cell in enumerate(cells):
            block[place] = cell.values.reshape(rows)
        shape = self._sample_shape((len(cells),))
        return (block.T if len(shape) == 1 else np.ascontiguousarray(block.T).reshape(rows, *shape)), problems

    def _numbers(self, column: Column, start: int = 0) -> Numbers:
        """The numbers of a column; those of lists, which may be written as texts where a shape is given."""
        if isinstance(column, np.ndarray) or len(self.columns) > 1:
            return numbers(column)
        several = self._shape is not None and math.prod(self._shape) > 1
        written = several and is_text(column.type)
        self._in_texts = self._in_texts or written
        if written or is_list(column):
            return number_array(column, self._shape, name=self.columns[0], start=start, ragged=self._ragged)
        return numbers(column)

    def _sample_shape(self, own: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of a sample, given that of the data; learnt from the first chunk when not configured."""
        own = own or (1,)
        if self._shape is None:
            self._shape = own
        if math.prod(self._shape) != math.prod(own) or (0 in own):
            raise DataError(
                Problem(
                    f"a sample of {self.columns[0]!r} has shape {list(own)}, expected {list(self._shape)}"
                    if len(self.columns) == 1
                    else f"{math.prod(own)} columns do not make shape {list(self._shape)}",
                    hint=f"a sample has {math.prod(own)} numbers, the shape {math.prod(self._shape)}",
                    rule="array-shape",
                )
            )
        return self._shape

    def _faults(self, values: Sequence[Column], block: Floats, start: int) -> list[Problem]:
        """Fill missing cells in `block`, or report them; report infinite ones."""
        missing = np.isnan(block)
        infinite = np.abs(block) > LARGEST
        if self._fill is not None:
            np.copyto(block, self._fill, where=missing)
            self.gaps += int((missing & self._complete).sum())
            missing[...] = False
        if not (missing.any() or infinite.any()):
            return []
        problems: list[Problem] = []
        for place, (name, column) in enumerate(zip(self.columns, values, strict=True)):
            unreadable = self._numbers(column).unreadable
            empty = self._rows_of(missing, place)
            if unreadable is not None:
                empty &= ~unreadable
            if empty.any():
                hint = "`missing: error` refuses them; `missing: median` (or mean, zero, a number) fills them in"
                problems.append(missing_values(name, empty, start=start, hint=hint))
            if (rows := self._rows_of(infinite, place)).any():
                problems.append(infinite_values(name, column, rows, start=start))
        return problems

    def _overflows(self, values: Sequence[Column], scaled: Floats, start: int) -> list[Problem]:
        large = np.abs(scaled) > LARGEST
        return [
            infinite_values(name, column, rows, start=start)
            for place, (name, column) in enumerate(zip(self.columns, values, strict=True))
            if (rows := self._rows_of(large, place)).any()
        ]

    def _rows_of(self, faults: NDArray[np.bool_], place: int) -> NDArray[np.bool_]:
        """The rows in which a column has a fault: its own number, or any number of the one array."""
        flat = faults.reshape(len(faults), math.prod(self.shape))
        own = flat if len(self.columns) == 1 else flat[:, place : place + 1]
        rows: NDArray[np.bool_] = np.logical_or.reduce(own, axis=1)
        return rows


def _not_scalar(name: str, shape: tuple[int, ...]) -> Problem:
    return Problem(
        f"array {name!r} has shape {list(shape)} a sample and cannot be joined with other columns",
        hint="make it a feature of its own",
        rule="array-shape",
    )


def check_shape(shape: Sequence[int] | None, columns: Sequence[str]) -> None:
    """Refuse a shape that several columns do not fill.

    Raises:
        ConfigError: They do not. The problem has no path.
    """
    if shape is not None and len(columns) > 1 and math.prod(shape) != len(columns):
        raise ConfigError(
            Problem(
                f"shape {list(shape)} has {math.prod(shape)} numbers, got {len(columns)} columns",
                hint="the product of the shape is the number of columns",
                rule="array-shape",
            )
        )
