"""What the model's numbers mean: classes, probabilities and numbers in their own unit."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.signature import middle
from dlcli.data.columns.arrays import numbers_array, texts_array, with_nulls
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.series.levels import Level, undo_level
from dlcli.errors import ModelError, Problem
from dlcli.trained.undefined import undefined_rows

__all__ = [
    "Columns",
    "Decoded",
    "check_columns",
    "decode",
    "nested",
    "own_scores",
    "sets",
    "sigmoid",
    "softmax",
    "spell",
]

Floats = NDArray[np.floating]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns a file of predictions has.

    Args:
        probabilities: Of class targets: a probability for each class, or for each of the best.
        top: Of class targets: the best classes, each with its probability, instead of the one class and all
            probabilities.
        threshold: Of targets of two classes: the second is predicted where its probability is above this, else 0.5.
    """

    probabilities: bool = True
    top: int | None = None
    threshold: float | None = None


EVERYTHING = Columns()

MOST_LISTED = 20
"""Classes up to which the probabilities of each step or pixel are predicted beside its class: of the words of a
language they would be thousands of lists in a row."""


@dataclasses.dataclass(frozen=True)
class Decoded:
    """The predictions of one target.

    Args:
        target: The target's name; empty where the output has none, or what it gives cannot be read as its target.
        classes: The class names; empty for numbers.
        indices: For classes: the predicted class of each row and place, shape (rows, *axes), -1 where the model gives
            no number; None for numbers.
        probabilities: For classes: shape (rows, *axes, classes); None when the scores are no probabilities (a hinge
            loss, or a linear output under a loss that is not told of logits), and for numbers.
        numbers: For numbers: shape (rows, *axes, width), in the target's own unit; None for classes.
        embedding: For classes whose loss compares rows: where each row stands, shape (rows, units); else None.
        components: For numbers: the names of the target's columns, or of a vector's places, from 0.
        values: For classes: what they were in the data, such as whole numbers; their names when None.
        chosen: Of sets of classes: whether each is in it, shape (rows, classes); else None.
        quantiles: Of numbers: their quantiles, `(level, values)`, each of the shape of `numbers`, which is one of them;
            of each number they ascend.
        separator: What stands between the classes of a set in a cell; empty where a cell is a list.
        sequences: Of a loss that spells sequences: a list of classes for each row; else None.
        called: What the target is called in tables and reports, where that is not its own name: the output's name of
            one that has no target, or shares it.
    """

    target: str
    classes: tuple[str, ...] = ()
    indices: NDArray[np.int64] | None = None
    probabilities: Floats | None = None
    numbers: Floats | None = None
    embedding: Floats | None = None
    components: tuple[str, ...] = ()
    values: pa.Array | None = None
    chosen: NDArray[np.bool_] | None = None
    quantiles: tuple[tuple[float, Floats], ...] = ()
    separator: str = ""
    sequences: pa.Array | None = None
    called: str = ""

    def table(self, *, prefix: bool, columns: Columns = EVERYTHING) -> dict[str, pa.Array]:
        """The columns of a predictions file, in order.

        Args:
            prefix: Put `<target>_` before each name, as for a model with several targets.
            columns: Which are wanted.

        Example:
            `prediction`, `probability_setosa`, `probability_versicolor`, ...; with `top=2` `prediction_1`,
            `probability_1`, `prediction_2`, `probability_2`; of a vector of numbers `prediction_0`, `prediction_1`;
            of an embedding `embedding_0`, `embedding_1`. What is predicted for each step or pixel is a list in a cell.
        """
        start = f"{self.called or self.target}_" if prefix else ""
        if self.sequences is not None:
            return {f"{start}prediction": self.sequences}
        if self.embedding is not None:
            return {f"{start}embedding_{place}": numbers_array(one) for place, one in enumerate(self.embedding.T)}
        if self.indices is None:
            assert self.numbers is not None
            table = self._columns(f"{start}prediction", self.numbers)
            for level, values in self.quantiles:
                table |= self._columns(f"{start}quantile_{level!r}", values)
            return table
        values = texts_array(self.classes) if self.values is None else self.values
        if columns.top is None and self.chosen is not None:
            table = {f"{start}prediction": sets(self.chosen, values, self.separator)}
            if self.probabilities is not None and columns.probabilities:
                for index, name in enumerate(self.classes):
                    table[f"{start}probability_{name}"] = numbers_array(self.probabilities[:, index])
            return table
        if columns.top is None:
            shape = self.indices.shape
            table = {f"{start}prediction": nested(values.take(_places(self.indices.reshape(-1))), shape)}
            few = self.indices.ndim == 1 or len(self.classes) <= MOST_LISTED
            if self.probabilities is not None and columns.probabilities and few:
                for index, name in enumerate(self.classes):
                    one = self.probabilities[..., index].reshape(-1)
                    table[f"{start}probability_{name}"] = nested(numbers_array(one), shape)
            return table
        assert self.probabilities is not None
        table = {}
        best = np.argsort(-self.probabilities, axis=1, kind="stable")[:, : columns.top]
        for place, chosen in enumerate(best.T, start=1):
            table[f"{start}prediction_{place}"] = values.take(_places(np.where(self.indices < 0, -1, chosen)))
            if columns.probabilities:
                of_row = np.take_along_axis(self.probabilities, chosen[:, np.newaxis], axis=1)[:, 0]
                table[f"{start}probability_{place}"] = numbers_array(of_row)
        return table

    def _columns(self, name: str, numbers: Floats) -> dict[str, pa.Array]:
        """Numbers as one column, as one for each number of a vector, or as one of lists."""
        if numbers.ndim > 2:
            return {name: nested(numbers_array(numbers.reshape(-1)), numbers.shape)}
        if numbers.shape[1] == 1:
            return {name: numbers_array(numbers[:, 0])}
        return {
            f"{name}_{component}": numbers_array(column)
            for component, column in zip(self.components, numbers.T, strict=True)
        }


def sets(chosen: NDArray[np.bool_], classes: pa.Array, separator: str) -> pa.Array:
    """Sets of classes as cells: texts with a separator between the classes, or lists where there is none.

    Example:
        >>> sets(np.array([[True, True], [False, True]]), pa.array(["a", "b"]), "|").to_pylist()
        ['a|b', 'b']
    """
    ends = numbers_array(np.concatenate([[0], np.cumsum(chosen.sum(axis=1))]).astype(np.int32))
    lists = pa.ListArray.from_arrays(ends, classes.take(numbers_array(np.nonzero(chosen)[1].astype(np.int64))))
    return pc.binary_join(lists, separator) if separator else lists


def nested(values: pa.Array, shape: Sequence[int]) -> pa.Array:
    """Values one after the other as cells: themselves for the shape `(rows,)`, else lists of the others' sizes.

    Example:
        >>> nested(numbers_array(np.arange(4)), (2, 2)).to_pylist()
        [[0, 1], [2, 3]]
    """
    for size in reversed(shape[1:]):
        values = pa.FixedSizeListArray.from_arrays(values, size)
    return values


def _places(indices: NDArray[np.int64]) -> pa.Array:
    """Where each row's class stands among the names; null where it has none."""
    places = numbers_array(indices)
    return with_nulls(places, indices >= 0) if (indices < 0).any() else places


def check_columns(columns: Columns, outputs: Sequence[OutputPlan]) -> None:
    """Refuse what cannot be shown, and what the model's outputs do not have.

    Raises:
        ModelError: `top` without classes that have probabilities, `threshold` without a target of two, both at once,
            or values that they cannot take.
    """
    learners = [output for output in outputs if output.classes and output.scores not in ("embedding", "sequence")]
    without = [output.targets[0].name for output in learners if not _has_probabilities(output)]
    problems = []
    many = [output.targets[0].name for output in learners if output.axes]
    if columns.top is not None and many:
        message = f"the best classes are asked for, and {', '.join(many)} has a class at each of several places"
        problems.append(Problem(message, hint="leave --top out", rule="conflicting-options"))
    if columns.top is not None and columns.top < 1:
        message = f"expected at least 1 of the best classes, got {columns.top}"
        problems.append(Problem(message, hint="give --top a whole number from 1", rule="wrong-value"))
    if columns.threshold is not None and not 0 <= columns.threshold <= 1:
        message = f"expected a probability from 0 to 1 as threshold, got {columns.threshold:g}"
        problems.append(Problem(message, hint="give --threshold such a number", rule="wrong-value"))
        columns = dataclasses.replace(columns, threshold=None)
    if columns.top is not None and columns.threshold is not None:
        message = "the best classes are asked for, and a threshold that chooses one: the order of the best knows none"
        problems.append(Problem(message, hint="leave --top or --threshold out", rule="conflicting-options"))
    if columns.top is not None and not learners:
        classes = any(output.classes for output in outputs)
        message = f"the best classes are asked for, and the model predicts {'numbers' if not classes else 'embeddings'}"
        problems.append(Problem(message, hint="leave --top out", rule="no-classes"))
    cut = [output for output in learners if len(output.classes) == 2 or output.form == "multi_hot"]
    if columns.threshold is not None and not cut:
        message = f"a threshold of {columns.threshold:g} is given, and no target has two classes, or sets of them"
        problems.append(Problem(message, hint="leave --threshold out", rule="no-classes"))
    if without and (columns.top is not None or columns.threshold is not None):
        message = f"the scores of {', '.join(without)} are no probabilities"
        hint = "end the model with a sigmoid or softmax, or give the loss `from_logits: true`"
        problems.append(Problem(message, hint=hint, rule="no-probabilities"))
    if problems:
        raise ModelError(problems)


def _has_probabilities(output: OutputPlan) -> bool:
    """Whether an output of classes gives probabilities, or scores that become some."""
    return output.scores in ("probabilities", "logits")


def decode(
    raw: Sequence[Floats],
    outputs: Sequence[OutputPlan],
    preprocessing: Preprocessing,
    *,
    threshold: float | None = None,
    levels: Mapping[str, Level] = types.MappingProxyType({}),
) -> list[Decoded]:
    """Read the model's outputs.

    Args:
        raw: The outputs in the model's order, each (rows, units).
        outputs: What each of them learnt.
        preprocessing: Knows how numbers were scaled.
        threshold: See `Columns`.
        levels: What targets were measured by, row by row; see `Taken`.
    """
    decoded: list[Decoded] = []
    for values, output in zip(raw, outputs, strict=True):
        if not output.fits:
            called = output.called(output.targets[0].name) if output.targets else output.name
            decoded.append(
                Decoded(
                    "", numbers=_as_it_is(np.asarray(values, np.float32)), components=_numbered(values), called=called
                )
            )
            continue
        called = output.called(output.targets[0].name)
        if output.scores == "sequence":
            learnt = preprocessing.targets[output.targets[0].name]
            spelled = spell(np.asarray(values, np.float32), learnt.values)
            decoded.append(Decoded(learnt.name, output.classes, sequences=spelled, called=called))
            continue
        if output.scores == "embedding":
            flat = np.asarray(values, np.float32).reshape(len(values), math.prod(values.shape[1:]))
            decoded.append(Decoded(output.targets[0].name, output.classes, embedding=flat, called=called))
            continue
        if output.classes:
            codec = preprocessing.targets.get(output.targets[0].name)
            known = None if codec is None else codec.values
            classes = _classes(np.asarray(values, np.float32), output, threshold)
            assert classes.indices is not None
            # The greatest of scores that are not all numbers is the first of those that are none.
            nothing = np.isnan(values).any(axis=-1) if output.axes else undefined_rows(values)
            indices = np.where(nothing, -1, classes.indices)
            decoded.append(dataclasses.replace(classes, indices=indices, values=known, called=called))
            continue
        start = 0
        numbers = own_scores(_in_shape(np.asarray(values, np.float32), output), output)
        numbers = _ascending(numbers, output) if output.quantiles else numbers[..., np.newaxis, :]
        for target in output.targets:
            codec = preprocessing.targets[target.name]
            level = levels.get(target.name)
            encoded = np.moveaxis(numbers[..., start : start + target.width], -2, 0)
            parts = [codec.decode(one if level is None else undo_level(one, level)) for one in encoded]
            start += target.width
            decoded.append(
                Decoded(
                    target.name,
                    numbers=parts[middle(target.quantiles)] if target.quantiles else parts[0],
                    components=codec.components,
                    called=output.called(target.name),
                    quantiles=tuple(zip(target.quantiles, parts, strict=True)) if target.quantiles else (),
                )
            )
    return decoded


def _ascending(values: Floats, output: OutputPlan) -> Floats:
    """The quantiles of each number in order, `(rows, *axes, quantiles, width)`: a network may let them cross.

    Where one of them is no number, none is.
    """
    apart = values if output.is_deep else values.reshape(*values.shape[:-1], -1, len(output.quantiles))
    nothing = np.isnan(apart).any(axis=-1, keepdims=True)
    return np.moveaxis(np.where(nothing, np.nan, np.sort(apart, axis=-1)), -1, -2)


def _as_it_is(values: Floats) -> Floats:
    """What an output gives that is no target's, as numbers `(rows, ..., units)`."""
    return values.reshape(len(values), 1) if values.ndim == 1 else values


def _numbered(values: Floats) -> tuple[str, ...]:
    return tuple(map(str, range(values.shape[-1] if values.ndim > 1 else 1)))


def spell(scores: Floats, classes: pa.Array | None) -> pa.Array:
    """The sequence of classes that the greatest score at each step spells: one that goes on counts once, the first
    score is that of no class.

    Args:
        scores: `(rows, steps, 1 + classes)`.
        classes: What they are; their places from 0 when None.

    Example:
        >>> spell(np.eye(3)[[[1, 1, 0, 1, 2]]], pa.array(["a", "b"])).to_pylist()
        [['a', 'a', 'b']]
    """
    best = scores.argmax(axis=-1)
    goes_on = np.zeros(best.shape, np.bool_)
    goes_on[:, 1:] = best[:, 1:] == best[:, :-1]
    kept = (best > 0) & ~goes_on & ~np.isnan(scores).any(axis=-1)
    places = numbers_array(best[kept].astype(np.int64) - 1)
    offsets = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int32)
    return pa.ListArray.from_arrays(numbers_array(offsets), places if classes is None else classes.take(places))


def _in_shape(values: Floats, output: OutputPlan) -> Floats:
    """An output's numbers `(rows, *axes, units)`; of one class or vector a row, all that there are."""
    if output.is_flat:
        return values.reshape(len(values), *output.targets[0].shape)
    if output.is_deep:
        return values
    return values if output.axes else values.reshape(len(values), math.prod(values.shape[1:]))


def own_scores(values: Floats, output: OutputPlan) -> Floats:
    """An output's numbers `(rows, ..., units)` as its loss compares them: probabilities where it learnt from scores."""
    if output.scores != "logits":
        return values
    return sigmoid(values) if output.link == "sigmoid" else softmax(values)


def sigmoid(scores: Floats) -> Floats:
    with np.errstate(over="ignore"):  # far below zero the probability is 0
        return np.asarray(1 / (1 + np.exp(-scores)))


def softmax(scores: Floats) -> Floats:
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def _classes(values: Floats, output: OutputPlan, threshold: float | None) -> Decoded:
    target = output.targets[0]
    is_one = values.shape[-1] == 1
    if not output.axes:
        values = values.reshape(len(values), math.prod(values.shape[1:]))
    scores = own_scores(values, output)
    if output.form == "multi_hot":
        chosen = scores > np.float32(0.5 if threshold is None else threshold)
        if not _has_probabilities(output):
            chosen = scores > np.float32(0.0 if output.scores == "signed" else 0.5)
        chosen &= ~undefined_rows(values)[:, np.newaxis]
        return Decoded(
            target.name,
            target.classes,
            scores.argmax(axis=-1),
            scores if _has_probabilities(output) else None,
            chosen=chosen,
            separator=target.separator,
        )
    if is_one:
        positive = scores[..., 0]
        if not _has_probabilities(output):
            middle = 0.0 if output.scores == "signed" else 0.5
            return Decoded(target.name, target.classes, indices=(positive > middle).astype(np.int64))
        probabilities = np.stack([1 - positive, positive], axis=-1)
        above = positive > np.float32(0.5 if threshold is None else threshold)
        return Decoded(target.name, target.classes, above.astype(np.int64), probabilities)
    indices = values[..., : len(target.classes)].argmax(axis=-1)
    if not _has_probabilities(output):
        return Decoded(target.name, target.classes, indices)
    if threshold is not None and len(target.classes) == 2:
        indices = (scores[..., 1] > np.float32(threshold)).astype(np.int64)
    return Decoded(target.name, target.classes, indices, scores[..., : len(target.classes)])
