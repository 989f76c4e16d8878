"""What the model's numbers mean: classes, probabilities and numbers in their own unit."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.config.conventions import from_logits, loss_family
from dlcli.config.outputs import OutputPlan
from dlcli.data.preprocessing import Preprocessing

__all__ = ["Decoded", "decode"]

Floats = NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class Decoded:
    """The predictions of one target.

    Args:
        target: The target's name.
        classes: The class names; empty for numbers.
        indices: For classes: the predicted class of each row, shape (rows,); None for numbers.
        probabilities: For classes: shape (rows, classes); None when the scores are no probabilities (a hinge loss, or
            a linear output under a loss that is not told of logits), and for numbers.
        numbers: For numbers: shape (rows, width), in the target's own unit; None for classes.
        columns: For numbers: the names of the target's columns.
    """

    target: str
    classes: tuple[str, ...] = ()
    indices: NDArray[np.int64] | None = None
    probabilities: Floats | None = None
    numbers: Floats | None = None
    columns: tuple[str, ...] = ()

    def table(self, *, prefix: bool) -> dict[str, NDArray[np.generic]]:
        """The columns of a predictions file, in order.

        Args:
            prefix: Put `<target>_` before each name, as for a model with several targets.

        Example:
            `prediction`, `probability_setosa`, `probability_versicolor`, ...
        """
        start = f"{self.target}_" if prefix else ""
        if self.indices is None:
            assert self.numbers is not None
            if self.numbers.shape[1] == 1:
                return {f"{start}prediction": self.numbers[:, 0]}
            return {f"{start}prediction_{name}": self.numbers[:, i] for i, name in enumerate(self.columns)}
        table: dict[str, NDArray[np.generic]] = {
            f"{start}prediction": np.array(self.classes, dtype=object)[self.indices]
        }
        if self.probabilities is not None:
            for index, name in enumerate(self.classes):
                table[f"{start}probability_{name}"] = self.probabilities[:, index]
        return table


def decode(raw: Sequence[Floats], outputs: Sequence[OutputPlan], preprocessing: Preprocessing) -> list[Decoded]:
    """Read the model's outputs.

    Args:
        raw: The outputs in the model's order, each (rows, units).
        outputs: What each of them learnt.
        preprocessing: Knows how numbers were scaled.
    """
    decoded: list[Decoded] = []
    for values, output in zip(raw, outputs, strict=True):
        if output.classes:
            decoded.append(_classes(np.asarray(values, np.float32), output))
            continue
        start = 0
        flat = np.asarray(values, np.float32).reshape(len(values), -1)
        for target in output.targets:
            codec = preprocessing.targets[target.name]
            part = flat[:, start : start + target.width]
            start += target.width
            decoded.append(Decoded(target.name, numbers=codec.decode(part), columns=tuple(codec.columns)))
    return decoded


def _classes(values: Floats, output: OutputPlan) -> Decoded:
    target = output.targets[0]
    logits = from_logits(output.loss)
    if values.shape[-1] == 1:
        score = values.reshape(len(values))
        if loss_family(output.loss) == "hinge" and output.head.activation != "sigmoid":
            return Decoded(target.name, target.classes, indices=(score > 0).astype(np.int64))
        positive = 1 / (1 + np.exp(-score)) if logits else score
        probabilities = np.stack([1 - positive, positive], axis=1)
        return Decoded(target.name, target.classes, (positive > 0.5).astype(np.int64), probabilities)
    scores = values.reshape(len(values), -1)
    indices = scores[:, : len(target.classes)].argmax(axis=1)
    if logits:
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        scores = exponentials / exponentials.sum(axis=1, keepdims=True)
    elif output.head.activation not in ("softmax", "sigmoid", None):
        return Decoded(target.name, target.classes, indices)
    return Decoded(target.name, target.classes, indices, scores[:, : len(target.classes)])
