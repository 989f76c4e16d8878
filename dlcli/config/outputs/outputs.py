"""Outputs meet targets: which output learns what, with which loss, in which form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from dlcli.config.catalogue.facts import loss_facts
from dlcli.config.outputs.conventions import (
    Head,
    default_loss,
    default_metrics,
    head_place,
    layer_head,
    output_losses,
    pair_targets,
    target_form,
)
from dlcli.config.outputs.misfits import misfits
from dlcli.config.outputs.output_plan import NO_LOSS, OutputPlan
from dlcli.config.outputs.quantiles import with_quantiles
from dlcli.config.schema import CompileConfig, Config
from dlcli.config.schema.component import Component, normal_name
from dlcli.config.signature import NO_CLASS, TargetSpec
from dlcli.errors import ConfigError, ModelError, Problem, did_you_mean

__all__ = ["plan_outputs"]


def plan_outputs(
    config: Config, *, outputs: Mapping[str, tuple[int | None, ...] | None], targets: Sequence[TargetSpec]
) -> tuple[tuple[OutputPlan, ...], CompileConfig]:
    """Pair outputs with targets, and fill in the losses and metrics that the config leaves out.

    Args:
        config: The config.
        outputs: The built model's outputs in order, with the shape of what they give for a sample; None where nothing
            but the last dimension could be known, and is not.
        targets: The targets, in the config's order.

    Returns:
        One plan an output, and the compile section without gaps.

    Raises:
        ModelError: The outputs do not fit the targets; with every misfit.
    """
    names = list(outputs)
    _check_output_names(config.compile, names)
    own_model = config.model.class_ is not None
    paired = pair_targets(names, targets, config.compile.loss, own_model=own_model)
    if paired is None:
        raise ModelError(_unpaired(names, targets))
    learnt = Counter(target.name for each in paired.values() for target in each)
    losses = output_losses(config.compile, names)
    plans, problems = [], []
    for name in names:
        declared = layer_head(config.model.layers, name if config.model.outputs else None)
        shape = outputs[name]
        head = Head(shape[-1] if shape else None, declared.activation)
        if not paired[name]:
            plans.append(OutputPlan(name, (), "nothing" if own_model else "zeros", NO_LOSS, head, shape))
            continue
        target = paired[name][0]
        loss = losses[name] or default_loss(target, head)
        loss = _passing_gaps(loss) if target.gaps else with_quantiles(loss, target.quantiles)
        form = target_form(target, loss, head.units)
        plan = OutputPlan(name, paired[name], form, loss, head, shape, shares=learnt[target.name] > 1)
        # A loss or a training step of one's own says itself what the numbers are, and a batch whether it can; the first
        # of them are predicted.
        if not own_model and loss_facts(loss).family != "other":
            problems += misfits(plan, _layer_path(config, name))
        plans.append(plan)
    if problems:
        raise ModelError(problems)
    return tuple(plans), _filled(config.compile, plans)


def _passing_gaps(loss: Component) -> Component:
    """The loss, told of the places without a class, which are -1 among indices and zeros among one-hot vectors."""
    if normal_name(loss) != "sparsecategoricalcrossentropy":
        return loss
    return Component("SparseCategoricalCrossentropy", {**loss.arguments, "ignore_class": NO_CLASS})


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


def _filled(compile_: CompileConfig, plans: Sequence[OutputPlan]) -> CompileConfig:
    metrics = compile_.metrics
    learning = [plan for plan in plans if plan.targets]
    loss: Component | dict[str, Component] | None = {plan.name: plan.loss for plan in learning} or None
    if metrics is None:
        metrics = {plan.name: default_metrics(plan.targets[0], plan.loss) if plan.fits else [] for plan in learning}
    elif isinstance(metrics, list) and len(plans) > 1:
        metrics = {plan.name: metrics for plan in learning}
    if not learning:
        metrics = metrics or []
    elif len(plans) == 1:
        loss = plans[0].loss
        metrics = metrics[plans[0].name] if compile_.metrics is None and isinstance(metrics, dict) else metrics
    return compile_.model_copy(update={"loss": loss, "metrics": metrics})
