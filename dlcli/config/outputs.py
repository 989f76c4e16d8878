"""Outputs meet targets: which output learns what, with which loss, in which form; and whether that can work."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from dlcli.config.component import Component
from dlcli.config.conventions import (
    Head,
    TargetForm,
    default_loss,
    default_metrics,
    default_targets,
    from_logits,
    layer_head,
    loss_family,
    output_losses,
    target_form,
)
from dlcli.config.schema import CompileConfig, Config
from dlcli.config.signature import TargetSpec
from dlcli.errors import ConfigError, ModelError, Problem

__all__ = ["OutputPlan", "plan_outputs"]


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
        problems += _misfits(plan, _layer_path(config, name))
        plans.append(plan)
    if problems:
        raise ModelError(problems)
    return tuple(plans), _filled(config.compile, plans)


def _check_output_names(compile_: CompileConfig, names: list[str]) -> None:
    problems = [
        Problem(
            f"{key!r} is no output of the model; its outputs are {', '.join(names)}",
            path=f"compile.{section}.{key}",
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
    for index, item in enumerate(config.model.layers):
        if item.name == output:
            return f"model.layers[{index}]"
    return f"model.layers[{len(config.model.layers) - 1}]"


def _misfits(plan: OutputPlan, path: str) -> list[Problem]:
    units, count = plan.head.units, len(plan.classes)
    target = plan.targets[0]
    if units is None:
        return []
    if target.kind == "number":
        width = sum(each.width for each in plan.targets)
        names = ", ".join(each.name for each in plan.targets)
        if loss_family(plan.loss) in ("sparse",):
            return [
                Problem(
                    f"{plan.loss.name} learns classes, and the target {names} is a number",
                    path="compile.loss",
                    hint=f"use mean_squared_error, or declare data.target: {{{target.name}: category}}",
                    rule="loss-target",
                )
            ]
        if units != width:
            return [
                Problem(
                    f"the output {plan.name} has {units} numbers a sample, and its target {names} has {width}",
                    path=path,
                    hint=f"use units: {width}",
                    rule="units-target",
                )
            ]
        return []
    if count == 2 and plan.form == "column":
        return []
    if plan.form == "column":
        return [
            Problem(
                f"one unit can tell two classes apart, and {target.name} has {count}: {_some(plan.classes)}",
                path=path,
                hint=f"use units: {count}, activation: softmax and loss: sparse_categorical_crossentropy",
                rule="units-target",
            )
        ]
    if (plan.form == "one_hot" and units != count) or (plan.form == "index" and units < count):
        hint = f"use units: {count}"
        if units == 1 and count == 2:
            hint = "use units: 2 with softmax, or keep one sigmoid unit with loss: binary_crossentropy"
        return [
            Problem(
                f"the output {plan.name} has {units} units, {target.name} has {count} classes: {_some(plan.classes)}"
                f" ({plan.loss.name} needs a unit for each)",
                path=path,
                hint=hint,
                rule="units-target",
            )
        ]
    return []


def _some(names: Sequence[str], limit: int = 5) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _filled(compile_: CompileConfig, plans: Sequence[OutputPlan]) -> CompileConfig:
    if len(plans) == 1:
        plan = plans[0]
        metrics = compile_.metrics
        if metrics is None:
            metrics = default_metrics(plan.targets[0], plan.loss, plan.head)
        elif isinstance(metrics, list):
            metrics = [_fitting(metric, plan, compile_) for metric in metrics]
        loss: Component | dict[str, Component] = plan.loss
    else:
        loss = {plan.name: plan.loss for plan in plans}
        metrics = compile_.metrics
        if metrics is None:
            metrics = {plan.name: default_metrics(plan.targets[0], plan.loss, plan.head) for plan in plans}
        elif isinstance(metrics, list):
            metrics = {plan.name: [_fitting(metric, plan, compile_) for metric in metrics] for plan in plans}
    return compile_.model_copy(update={"loss": loss, "metrics": metrics})


def _fitting(metric: Component, plan: OutputPlan, compile_: CompileConfig) -> Component:
    """The metric, or for the accuracy of one raw score its like with the threshold at 0.

    Only where the loss was filled in too: whoever writes `from_logits` gets what Keras gives.
    """
    filled_in = compile_.loss is None and from_logits(plan.loss) and plan.head.units == 1
    if filled_in and metric.name in ("accuracy", "acc", "binary_accuracy", "BinaryAccuracy"):
        name = "binary_accuracy" if metric.name == "BinaryAccuracy" else metric.name
        return Component("BinaryAccuracy", {"name": name, "threshold": 0.0, **metric.arguments})
    return metric
