"""Targets in the form that each output's loss takes, and the weight of every sample."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.data.columns.names import text_name
from dlcli.data.samples.samples import Samples, Taken, blocks
from dlcli.errors import ConfigError, DataError, Problem, did_you_mean

__all__ = ["ClassWeights", "Labels", "class_weights", "make_labels", "weigh_classes"]


@dataclasses.dataclass(frozen=True, eq=False)
class ClassWeights:
    """The weights of the classes of an output.

    Args:
        output: Its name.
        target: The target that it learns.
        weights: `(classes,)` float64.
    """

    output: str
    target: str
    weights: NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Labels:
    """What the outputs learn: arranged batch by batch from the targets.

    Args:
        targets: For each output the targets that it learns; the numbers of several stand side by side.
        one_hot: The outputs whose indices become one-hot vectors along a last axis, with their number of classes; where
            there is no class, zeros.
        columns: The outputs whose indices, 0 and 1, become numbers along a last axis of one.
        sequences: The outputs whose loss wants indices from 1 on, and 0 where there is no class any more.
        each_number: The outputs whose loss has a value for each number of the target, not for each sample or place.
        shapes: The outputs that give their numbers in another shape than the target's, with that shape.
        class_weights: What the classes of an output weigh; None when all are alike.

    Example:
        >>> taken = Taken({}, {"y": np.array([0, 1, 1], np.int32)})
        >>> Labels({"y": ("y",)}, {}, frozenset({"y"})).arrange(taken)[0].tolist()
        [[0.0], [1.0], [1.0]]
    """

    targets: Mapping[str, tuple[str, ...]]
    one_hot: Mapping[str, int] = dataclasses.field(default_factory=dict)
    columns: frozenset[str] = frozenset()
    sequences: frozenset[str] = frozenset()
    each_number: frozenset[str] = frozenset()
    shapes: Mapping[str, tuple[int, ...]] = dataclasses.field(default_factory=dict)
    class_weights: ClassWeights | None = None

    def arrange(self, taken: Taken) -> tuple[Any, Any]:
        """The labels of some samples and their weights as Keras wants them: an array for one output, else a list.

        Without weights of samples or of classes the second is None. Of an output that learns nothing the labels are
        zeros, for Keras wants some.
        """
        labels = [self._of(output, taken) for output in self.targets] or [np.zeros(_count(taken), np.float32)]
        if taken.weights is None and self.class_weights is None:
            return _single(labels), None
        return _single(labels), _single(
            [self._weights(output, taken, len(labels[0])) for output in self.targets or ("",)]
        )

    def _in_places(self, weights: NDArray[np.float32], output: str, taken: Taken) -> NDArray[np.float32]:
        """Weights of samples as weights of each place of theirs: Keras multiplies losses by them, place by place.

        Raises:
            DataError: There is a weight for each of other places than the output learns something of.
        """
        axes: tuple[int, ...] = ()
        if self.targets.get(output) and output not in self.sequences:
            target = taken.targets[self.targets[output][0]]
            whole = target.dtype.kind == "i" or output in self.each_number
            axes = target.shape[1:] if whole else target.shape[1:-1]
        if weights.ndim > 1:
            if weights.shape[1:] != axes:
                said = f"weights of {list(weights.shape[1:])} a sample, and {output!r} learns something for "
                said += f"each of {list(axes)}" if axes else "each sample"
                hint = "a weight a sample, or one for each step or pixel of every target"
                raise DataError(Problem(said, path="data.sample_weight", hint=hint, rule="sample-weight"))
            return weights
        if not axes:
            return weights
        return np.broadcast_to(weights.reshape(-1, *[1] * len(axes)), (len(weights), *axes)).astype(np.float32)

    def _of(self, output: str, taken: Taken) -> NDArray[Any]:
        """The labels as the loss of an output takes them."""
        if not self.targets[output]:
            return np.zeros(_count(taken), np.float32)
        first, *others = (taken.targets[name] for name in self.targets[output])
        if others:
            return np.concatenate([first, *others], axis=-1)
        if output in self.sequences:
            return first + np.int32(1)
        if output in self.columns:
            return first.astype(np.float32)[..., np.newaxis]
        if output in self.shapes:
            return first.reshape(len(first), *self.shapes[output])
        if output not in self.one_hot:
            return first
        vectors = np.zeros((*first.shape, self.one_hot[output]), np.float32)
        np.put_along_axis(vectors, np.maximum(first, 0)[..., np.newaxis], (first >= 0)[..., np.newaxis], axis=-1)
        return vectors

    def _weights(self, output: str, taken: Taken, count: int) -> NDArray[np.float32]:
        weights = np.ones(count, np.float32) if taken.weights is None else taken.weights
        weights = self._in_places(weights, output, taken)
        own = self.class_weights
        if own is None or own.output != output:
            return weights
        table: NDArray[np.float64] = np.append(own.weights, 0.0)[taken.targets[own.target]]
        return np.asarray(weights * table, np.float32)


def _count(taken: Taken) -> int:
    return len(next(iter((*taken.inputs.values(), *taken.targets.values()))))


def _single(values: list[NDArray[Any]]) -> Any:
    return values[0] if len(values) == 1 else values


def make_labels(outputs: Sequence[OutputPlan], weights: ClassWeights | None = None) -> Labels:
    """What the outputs of a model learn.

    Args:
        outputs: The model's outputs.
        weights: What the classes of one of them weigh, from `weigh_classes`.
    """
    return Labels(
        {
            output.name: tuple(target.name for target in output.targets)
            for output in outputs
            if output.form != "nothing"
        },
        one_hot={output.name: len(output.classes) for output in outputs if output.form == "one_hot"},
        columns=frozenset(output.name for output in outputs if output.form == "column"),
        shapes={output.name: _known(output.shape) for output in outputs if output.form == "number" and output.is_flat},
        sequences=frozenset(output.name for output in outputs if output.form == "sequence"),
        each_number=frozenset(
            output.name for output in outputs if output.form == "number" and (output.is_flat or output.is_deep)
        ),
        class_weights=weights,
    )


def _known(shape: Sequence[int | None] | None) -> tuple[int, ...]:
    return tuple(size for size in shape or () if size is not None)


def class_weights(
    setting: Literal["balanced"] | Mapping[str, float] | None, outputs: Sequence[OutputPlan]
) -> OutputPlan | None:
    """The output that the class weights are for; None when there are none.

    Raises:
        ConfigError: The model learns no class, or several, or a name is no class.
    """
    if setting is None:
        return None
    learners = [output for output in outputs if output.classes and output.form not in ("sequence", "multi_hot")]
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


def weigh_classes(
    setting: Literal["balanced"] | Mapping[str, float] | None, weighted: OutputPlan | None, samples: Samples
) -> ClassWeights | None:
    """What the classes of an output weigh; None when all are alike.

    `balanced` gives class c the weight `samples / (classes * samples of c)`, so that every class weighs the same in sum
    and the mean weight is 1.

    Args:
        setting: The config's `fit.class_weight`.
        weighted: The output that the class weights are for, from `class_weights`.
        samples: Those of training.
    """
    if weighted is None or setting is None:
        return None
    name, count = weighted.targets[0].name, len(weighted.classes)
    if setting == "balanced":
        present = np.zeros(count, np.int64)
        for block in blocks(samples, inputs=()):
            found = block.targets[name].reshape(-1)
            present += np.bincount(found[found >= 0], minlength=count)
        weights = present.sum() / (np.count_nonzero(present) * np.maximum(present, 1))
    else:
        given = {text_name(name): weight for name, weight in setting.items()}
        weights = np.array([given.get(name, 1.0) for name in weighted.classes])
    return ClassWeights(weighted.name, name, weights)
