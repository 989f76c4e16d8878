"""Targets in the form that each output's loss takes, and the weight of every row."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlcli.config.outputs.outputs import OutputPlan
from dlcli.data.cache.mapped import take
from dlcli.data.columns.names import text_name
from dlcli.errors import ConfigError, Problem, did_you_mean

__all__ = ["Labels", "class_weights", "make_labels", "row_weights"]


@dataclasses.dataclass(frozen=True)
class Labels:
    """What the outputs learn. Arrays are kept as they were encoded, in memory or mapped, and arranged batch by batch.

    Args:
        arrays: For each output: class indices (rows,) int32, or numbers (rows, width) float32; numbers of several
            targets as a tuple of arrays.
        one_hot: The outputs whose indices become one-hot vectors (rows, classes), with their number of classes.
        columns: The outputs whose indices, 0 and 1, become numbers (rows, 1).

    Example:
        >>> Labels({"y": np.array([0, 1, 1], np.int32)}, {}, frozenset({"y"})).take("y", slice(1, 3))
        array([[1.],
               [1.]], dtype=float32)
    """

    arrays: Mapping[str, NDArray[Any] | tuple[NDArray[Any], ...]]
    one_hot: Mapping[str, int]
    columns: frozenset[str] = frozenset()

    def take(self, output: str, rows: NDArray[np.int64] | slice) -> NDArray[Any]:
        """The labels of some rows, as the loss of the output takes them.

        Args:
            output: The output's name.
            rows: Which, in any order.
        """
        held = self.arrays[output]
        if isinstance(held, tuple):
            return np.concatenate([take(array, rows) for array in held], axis=1)
        values = take(held, rows)
        if output in self.columns:
            return values.astype(np.float32).reshape(-1, 1)
        if output not in self.one_hot:
            return values
        vectors = np.zeros((len(values), self.one_hot[output]), np.float32)
        vectors[np.arange(len(values)), values] = 1
        return vectors


def make_labels(targets: Mapping[str, NDArray[np.generic]], outputs: Sequence[OutputPlan]) -> Labels:
    """Arrange the encoded targets by output.

    Args:
        targets: For each target: class indices (rows,) or numbers (rows, width).
        outputs: The model's outputs.
    """
    values = {output.name: tuple(targets[target.name] for target in output.targets) for output in outputs}
    return Labels(
        {name: arrays if len(arrays) > 1 else arrays[0] for name, arrays in values.items()},
        one_hot={output.name: len(output.classes) for output in outputs if output.form == "one_hot"},
        columns=frozenset(output.name for output in outputs if output.form == "column"),
    )


def class_weights(
    setting: Literal["balanced"] | Mapping[str, float] | None, outputs: Sequence[OutputPlan]
) -> OutputPlan | None:
    """The output that the class weights are for; None when there are none.

    Raises:
        ConfigError: The model learns no class, or several, or a name is no class.
    """
    if setting is None:
        return None
    learners = [output for output in outputs if output.classes]
    if len(learners) != 1:
        found = "learns no class" if not learners else "learns several: " + ", ".join(o.name for o in learners)
        raise ConfigError(
            Problem(
                f"class_weight needs one class target, and the model {found}",
                path="fit.class_weight",
                rule="class-weight",
            )
        )
    if setting != "balanced":
        classes = learners[0].classes
        unknown = [name for name in setting if text_name(name) not in classes]
        if unknown:
            raise ConfigError(
                [
                    Problem(
                        f"{name!r} is no class of {learners[0].targets[0].name!r}; there are {', '.join(classes)}",
                        path=f"fit.class_weight.{name}",
                        hint=did_you_mean(name, classes),
                        rule="class-weight",
                    )
                    for name in unknown
                ]
            )
    return learners[0]


def row_weights(
    *,
    sample_weight: NDArray[np.floating] | None,
    setting: Literal["balanced"] | Mapping[str, float] | None,
    weighted: OutputPlan | None,
    targets: Mapping[str, NDArray[np.generic]],
    outputs: Sequence[OutputPlan],
) -> dict[str, NDArray[np.float32]] | None:
    """The weight of every row for every output; None when all are 1.

    Class weights are multiplied in here, before batching. `balanced` gives class c the weight
    `rows / (classes * rows of c)`, so that every class weighs the same in sum and the mean weight is 1.

    Args:
        sample_weight: A weight for each row, shape (rows,).
        setting: The config's `fit.class_weight`.
        weighted: The output that the class weights are for, from `class_weights`.
        targets: The encoded targets of the rows.
        outputs: The model's outputs.
    """
    if sample_weight is None and weighted is None:
        return None
    rows = len(next(iter(targets.values())))
    base = np.ones(rows, np.float32) if sample_weight is None else sample_weight.astype(np.float32)
    weights = {output.name: base for output in outputs}
    if weighted is not None and setting is not None:
        indices = targets[weighted.targets[0].name].astype(np.int64)
        count = len(weighted.classes)
        if setting == "balanced":
            present = np.bincount(indices, minlength=count)
            table = rows / (np.count_nonzero(present) * np.maximum(present, 1))
        else:
            given = {text_name(name): weight for name, weight in setting.items()}
            table = np.array([given.get(name, 1.0) for name in weighted.classes])
        weights[weighted.name] = (base * table[indices]).astype(np.float32)
    return weights
