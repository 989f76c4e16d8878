"""What one output of a model learns, and what it gives."""

from __future__ import annotations

import dataclasses
from typing import Literal

from dlcli.config.catalogue.facts import loss_facts
from dlcli.config.outputs.conventions import (
    Head,
    TargetForm,
    from_logits,
)
from dlcli.config.schema.component import Component
from dlcli.config.signature import TargetSpec

__all__ = ["NO_LOSS", "OutputPlan", "Scores"]

Scores = Literal["probabilities", "logits", "signed", "scores", "embedding", "sequence"]
"""What an output gives for a class: its probability; what a sigmoid or softmax makes one of; a number that is above 0
for the second of two classes, as hinge losses teach it; any number that is greater for the class that is meant; or
nothing: a place of the row that is near those of its class; or, at each step, scores of which the first is that of no
class, whose greatest spell a sequence."""


NO_LOSS = Component("none")
"""The loss of an output that learns nothing by one."""


@dataclasses.dataclass(frozen=True, slots=True)
class OutputPlan:
    """What one output of the model learns.

    Args:
        name: The output's name (its layer's).
        targets: One class target, or one or more number targets side by side; none of an output that learns nothing by
            a loss of its own.
        form: How the target reaches the loss: indices (batch, *axes), one-hot (batch, *axes, classes), 0/1
            (batch, *axes, 1) or numbers (batch, *axes, width).
        loss: Its loss, the default filled in.
        head: Size of its last dimension and activation, as far as they are known.
        shape: Of what it gives for a sample; None for a size that differs, or altogether when it is not known.
        shares: Another output learns the same target.
    """

    name: str
    targets: tuple[TargetSpec, ...]
    form: TargetForm
    loss: Component
    head: Head
    shape: tuple[int | None, ...] | None = None
    shares: bool = False

    def called(self, target: str) -> str:
        """What a target of it is called in reports and predictions: as it is, or as the output where it is shared."""
        return self.name if self.shares else target

    @property
    def fits(self) -> bool:
        """Whether what it gives can be read as its targets: it has their axes, and a number for each of theirs.

        More numbers than theirs are something else, such as weights, means and spreads of a mixture. Which of them
        would be the prediction only the loss knows.
        """
        if not self.targets:
            return False
        if self.shape is None or self.is_flat or self.is_deep or self.scores in ("embedding", "sequence"):
            return True
        axes, units = self.shape[:-1], self.head.units
        wanted = len(self.classes) or self.width
        same = len(axes) == len(self.axes) and all(
            one in (None, other) for one, other in zip(axes, self.axes, strict=True)
        )
        one_of_two = units == 1 and len(self.classes) == 2
        enough = units is None or units == wanted or (bool(self.classes) and units > wanted) or one_of_two
        return (same or not self.axes) and enough

    @property
    def axes(self) -> tuple[int, ...]:
        """What its target has several of: steps, or rows and columns of pixels; () for one a sample."""
        return self.targets[0].axes if self.targets else ()

    @property
    def gaps(self) -> bool:
        """Whether some places along `axes` hold no class."""
        return any(target.gaps for target in self.targets)

    @property
    def is_flat(self) -> bool:
        """Whether it gives each number of its target along an axis of its own, of 1."""
        return bool(self.targets) and self.shape == (*self.targets[0].shape, 1)

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Those that it gives of each number, one after the other; none where it gives the number."""
        return self.targets[0].quantiles if self.targets else ()

    @property
    def is_deep(self) -> bool:
        """Whether the quantiles of each number of its target stand along an axis of their own."""
        return bool(self.quantiles) and self.shape == (*self.targets[0].shape, len(self.quantiles))

    @property
    def width(self) -> int:
        """How many numbers it gives along its last axis for the numbers of its targets."""
        return sum(target.width for target in self.targets) * max(len(self.quantiles), 1)

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names; empty for numbers."""
        return self.targets[0].classes if self.targets else ()

    @property
    def scores(self) -> Scores:
        """What the output's numbers are to those who learn classes from them."""
        activation = self.head.activation
        if loss_facts(self.loss).family == "embedding":
            return "embedding"
        if self.form == "sequence":
            return "sequence"
        if from_logits(self.loss):
            # Keras's crossentropies look behind a sigmoid or softmax themselves, and learn what was meant.
            return "probabilities" if activation == self._logit_link else "logits"
        if activation == "sigmoid" or (activation == "softmax" and self.head.units != 1):
            return "probabilities"
        if self.head.units == 1 and loss_facts(self.loss).family == "hinge":
            return "signed"
        # Of a head that the config does not tell (a layer of one's own) the loss decides.
        return "probabilities" if activation is None else "scores"

    @property
    def link(self) -> Literal["sigmoid", "softmax"] | None:
        """What makes probabilities of the output's numbers; of signed ones something like them, parted at 0.5."""
        if self.scores == "signed":
            return "sigmoid"
        return self._logit_link if self.scores == "logits" else None

    @property
    def _logit_link(self) -> Literal["sigmoid", "softmax"]:
        if self.form == "multi_hot":
            return "sigmoid"
        return "sigmoid" if self.head.units == 1 or loss_facts(self.loss).family == "binary" else "softmax"

    @property
    def unit(self) -> tuple[tuple[float, float], ...]:
        """The unit of each of the targets' numbers, `(offset, scale)`; empty when none of them is scaled."""
        if not any(target.unit for target in self.targets):
            return ()
        return tuple(pair for target in self.targets for pair in target.unit or ((0.0, 1.0),) * target.width)

    @property
    def given_unit(self) -> tuple[tuple[float, float], ...]:
        """The unit of each of the numbers that it gives along its last axis; where that is one of quantiles, of each
        number of the target along the axis before."""
        times = 1 if self.is_deep else max(len(self.quantiles), 1)
        return tuple(pair for pair in self.unit for _ in range(times))
