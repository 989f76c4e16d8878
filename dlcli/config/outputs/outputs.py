"""Outputs meet targets: which output learns what, with which loss, in which form; and whether that can work."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

from dlcli.config.catalogue.facts import loss_facts
from dlcli.config.outputs.conventions import (
    Head,
    TargetForm,
    default_loss,
    default_metrics,
    default_targets,
    from_logits,
    head_place,
    layer_head,
    output_losses,
    target_form,
)
from dlcli.config.schema import CompileConfig, Config
from dlcli.config.schema.component import Component
from dlcli.config.signature import TargetSpec
from dlcli.errors import ConfigError, ModelError, Problem, did_you_mean, first_of

__all__ = ["OutputPlan", "Scores", "plan_outputs"]

Scores = Literal["probabilities", "logits", "signed", "scores", "embedding"]
"""What an output gives for a class: its probability; what a sigmoid or softmax makes one of; a number that is above 0
for the second of two classes, as hinge losses teach it; any number that is greater for the class that is meant; or
nothing: a place of the row that is near those of its class."""


@dataclasses.dataclass(frozen=True, slots=True)
class OutputPlan:
    """What one output of the model learns.

    Args:
        name: The output's name (its layer's).
        targets: One class target, or one or more number targets side by side.
        form: How the target reaches the loss: indices (batch,), one-hot (batch, classes), 0/1 (batch, 1) or
            numbers (batch, width).
        loss: Its loss, the default filled in.
        head: Size of its last dimension and activation, as far as they are known.
    """

    name: str
    targets: tuple[TargetSpec, ...]
    form: TargetForm
    loss: Component
    head: Head

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names; empty for numbers."""
        return self.targets[0].classes

    @property
    def scores(self) -> Scores:
        """What the output's numbers are to those who learn classes from them."""
        activation = self.head.activation
        if loss_facts(self.loss).family == "embedding":
            return "embedding"
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
        return "sigmoid" if self.head.units == 1 or loss_facts(self.loss).family == "binary" else "softmax"

    @property
    def unit(self) -> tuple[tuple[float, float], ...]:
        """The unit of each of the output's numbers, `(offset, scale)`; empty when none of its targets is scaled."""
        if not any(target.unit for target in self.targets):
            return ()
        return tuple(pair for target in self.targets for pair in target.unit or ((0.0, 1.0),) * target.width)


def plan_outputs(
    config: Config, *, outputs: Mapping[str, int | None], targets: Sequence[TargetSpec]
) -> tuple[tuple[OutputPlan, ...], CompileConfig]:
    """Pair outputs with targets, and fill in the losses and metrics that the config leaves out.

    Args:
        config: The config.
        outputs: The built model's outputs in order, with the size of their last dimension.
        targets: The targets, in the config's order.

    Returns:
        One plan an output, and the compile section without gaps.

    Raises:
        ModelError: The outputs do not fit the targets; with every misfit.
    """
    names = list(outputs)
    _check_output_names(config.compile, names)
    paired = default_targets(names, targets)
    if paired is None:
        raise ModelError(_unpaired(names, targets))
    losses = output_losses(config.compile, names)
    plans, problems = [], []
    for name in names:
        declared = layer_head(config.model.layers, name if config.model.outputs else None)
        head = Head(outputs[name], declared.activation)
        target = paired[name][0]
        loss = losses[name] or default_loss(target, head)
        plan = OutputPlan(name, paired[name], target_form(target, loss, head.units), loss, head)
        # A loss or a training step of one's own says itself what the numbers are; the first of them are predicted.
        free = config.model.class_ is not None or loss_facts(loss).family == "other"
        problems += _misfits(plan, _layer_path(config, name), free=free)
        plans.append(plan)
    if problems:
        raise ModelError(problems)
    return tuple(plans), _filled(config.compile, plans)


def _check_output_names(compile_: CompileConfig, names: list[str]) -> None:
    problems = [
        Problem(
            f"{key!r} is no output of the model; its outputs are {', '.join(names)}",
            path=f"compile.{section}.{key}",
            hint=did_you_mean(key, names),
            rule="unknown-output",
        )
        for section in ("loss", "metrics", "weighted_metrics", "loss_weights")
        if isinstance(value := getattr(compile_, section), dict)
        for key in value
        if key not in names
    ]
    if problems:
        raise ConfigError(problems)


def _unpaired(names: list[str], targets: Sequence[TargetSpec]) -> Problem:
    learnt = ", ".join(f"{target.name} ({target.kind})" for target in targets)
    if len(names) == 1:
        return Problem(
            f"the model has one output and {len(targets)} targets: {learnt}; only number targets can share an output",
            path="model.outputs",
            hint="name an output layer for each target: outputs: [a, b]",
            rule="outputs-targets",
        )
    return Problem(
        f"the model has {len(names)} outputs ({', '.join(names)}) and {len(targets)} targets: {learnt}",
        path="model.outputs",
        hint="an output learns one target; they are paired by name, else in order",
        rule="outputs-targets",
    )


def _layer_path(config: Config, output: str) -> str:
    place = head_place(config.model.layers, output)
    return f"model.layers[{len(config.model.layers) - 1 if place is None else place}]"


def _misfits(plan: OutputPlan, path: str, *, free: bool) -> list[Problem]:
    units, count = plan.head.units, len(plan.classes)
    target = plan.targets[0]
    if loss_facts(plan.loss).family in ("embedding", "sequence"):
        return _misfits_of_others(plan, path)
    if units is None:
        return []
    if target.kind == "number":
        width = sum(each.width for each in plan.targets)
        names = ", ".join(each.name for each in plan.targets)
        if loss_facts(plan.loss).family == "sparse":
            return [
                Problem(
                    f"{plan.loss.name} learns classes, and the target {names} is a number",
                    path="compile.loss",
                    hint=f"use mean_squared_error, or declare data.target: {{{target.name}: category}}",
                    rule="loss-target",
                )
            ]
        if units < width or (units > width and not free):
            return [
                Problem(
                    f"the output {plan.name} has {units} numbers a sample, and its target {names} has {width}",
                    path=path,
                    hint=f"use units: {width}, or more with a loss of your own" if free else f"use units: {width}",
                    rule="units-target",
                )
            ]
        return []
    if count == 2 and plan.form == "column":
        return []
    if plan.form == "column":
        return [
            Problem(
                f"one unit can tell two classes apart, and {target.name} has {count}: {first_of(plan.classes, 5)}",
                path=path,
                hint=_or_a_number(
                    plan, f"use units: {count}, activation: softmax and loss: sparse_categorical_crossentropy"
                ),
                rule="units-target",
            )
        ]
    if units < count or (plan.form == "one_hot" and units > count and not free):
        hint = f"use units: {count}"
        if units == 1 and count == 2:
            hint = "use units: 2 with softmax, or keep one sigmoid unit with loss: binary_crossentropy"
        return [
            Problem(
                f"the output {plan.name} has {units} units, {target.name} has {count} classes: "
                f"{first_of(plan.classes, 5)} ({plan.loss.name} needs a unit for each)",
                path=path,
                hint=hint,
                rule="units-target",
            )
        ]
    return []


def _misfits_of_others(plan: OutputPlan, path: str) -> list[Problem]:
    """The misfits of losses that learn no number and no score for each class."""
    loss, target = plan.loss.name, plan.targets[0]
    if loss_facts(plan.loss).family == "sequence":
        return [
            Problem(
                f"{loss} learns sequences of classes, and the target {target.name} is {_a_kind(target)} for each row",
                path="compile.loss",
                hint="a loss of your own under `code:` can call it, for a target of numbers; ctc_decode of keras.ops "
                "reads what the run's model.keras gives",
                rule="loss-target",
            )
        ]
    if plan.form != "index":
        declared = "category" if target.kind == "number" else "{type: category}, without `encode`"
        return [
            Problem(
                f"{loss} compares rows by their classes, and the target {target.name} is {_a_kind(target)}",
                path="compile.loss",
                hint=f"declare data.target: {{{target.name}: {declared}}}",
                rule="loss-target",
            )
        ]
    if plan.head.units == 1:
        return [
            Problem(
                f"the output {plan.name} has one number, and {loss} wants vectors of length 1, of several numbers",
                path=path,
                hint="use units: 16, say, and UnitNormalization after them",
                rule="units-target",
            )
        ]
    return []


def _a_kind(target: TargetSpec) -> str:
    if target.kind == "number":
        return "a number"
    return "a class" if target.encode != "one_hot" else "a one-hot vector"


def _or_a_number(plan: OutputPlan, hint: str) -> str:
    """The way out for a number that a sigmoid or the loss made a class of."""
    name = plan.targets[0].name
    try:
        values = [float(one) for one in plan.classes]
    except ValueError:
        return hint
    scale = "standard"
    if plan.head.activation == "sigmoid":
        scale = "none" if 0 <= min(values) <= max(values) <= 1 else "min_max"  # a sigmoid reaches from 0 to 1
    declared = "number" if scale == "none" else f"{{type: number, scale: {scale}}}"
    return f"if {name} is a number, declare data.target: {{{name}: {declared}}} and a loss for numbers; else {hint}"


def _filled(compile_: CompileConfig, plans: Sequence[OutputPlan]) -> CompileConfig:
    metrics = compile_.metrics
    loss: Component | dict[str, Component] = {plan.name: plan.loss for plan in plans}
    if metrics is None:
        metrics = {plan.name: default_metrics(plan.targets[0], plan.loss) for plan in plans}
    elif isinstance(metrics, list) and len(plans) > 1:
        metrics = {plan.name: metrics for plan in plans}
    if len(plans) == 1:
        loss = plans[0].loss
        metrics = metrics[plans[0].name] if compile_.metrics is None and isinstance(metrics, dict) else metrics
    return compile_.model_copy(update={"loss": loss, "metrics": metrics})
