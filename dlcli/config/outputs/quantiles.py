"""Targets of which quantiles are learnt: the loss that does it, and others that would teach something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlcli.config.catalogue.facts import loss_facts
from dlcli.config.outputs.conventions import output_losses, pair_targets
from dlcli.config.schema import CompileConfig, DataConfig, ModelConfig
from dlcli.config.schema.component import Component, normal_name
from dlcli.config.signature import TargetSpec
from dlcli.errors import Problem

__all__ = ["declared_misfits", "is_pinball", "misfit_of_quantiles", "with_quantiles"]


def is_pinball(loss: Component | None) -> bool:
    """Whether a loss is the one that learns quantiles."""
    return loss is not None and normal_name(loss) == "pinball"


def with_quantiles(loss: Component, quantiles: Sequence[float]) -> Component:
    """The loss, told which quantiles it learns, where it learns some and does not say."""
    if not is_pinball(loss) or not quantiles or "quantiles" in loss.arguments:
        return loss
    return Component(loss.name, {"quantiles": list(quantiles), **loss.arguments})


def misfit_of_quantiles(targets: Sequence[TargetSpec], loss: Component) -> Problem | None:
    """Why targets cannot be learnt by a loss, for the quantiles that are asked of them; None where they can.

    Args:
        targets: Numbers that share an output.
        loss: Its loss, the default filled in.
    """
    first, *others = targets
    if any(other.quantiles != first.quantiles for other in others):
        message = f"{', '.join(each.name for each in targets)} share an output, and not the same quantiles are asked"
        hint = "give all the same `quantiles`, or each an output of its own: outputs: [a, b]"
        return Problem(message, path="data.target", hint=hint, rule="loss-target")
    name, asked = first.name, list(first.quantiles)
    if not is_pinball(loss):
        return _of_other_loss(name, asked, loss) if asked and loss_facts(loss).family != "other" else None
    if not asked:
        return Problem(
            f"{loss.name} learns quantiles, and the target {name} says none",
            path="compile.loss",
            hint=f"declare data.target: {{{name}: {{type: number, quantiles: [0.1, 0.5, 0.9]}}}}",
            rule="loss-target",
        )
    own = loss.arguments.get("quantiles", asked)
    if own != asked:
        return Problem(
            f"{loss.name} is told of the quantiles {own}, and the target {name} of {asked}",
            path=f"compile.loss.{loss.name}.quantiles",
            hint="leave `quantiles` of the loss out: it learns those of its target",
            rule="loss-target",
        )
    return None


def declared_misfits(data: DataConfig, model: ModelConfig, compile_: CompileConfig) -> Iterator[Problem]:
    """`misfit_of_quantiles`, as far as the config alone shows it: of targets whose options it gives."""
    asked = {name: target.learnt_quantiles if target is not None else () for name, target in data.target.items()}
    outputs = list(model.outputs or [""])
    losses = output_losses(compile_, outputs)
    if model.class_ is not None or not (any(asked.values()) or any(map(is_pinball, losses.values()))):
        return
    specs = [
        TargetSpec(name, "number" if target is None else target.kind, quantiles=asked[name])
        for name, target in data.target.items()
    ]
    for output, targets in (pair_targets(outputs, specs, compile_.loss) or {}).items():
        loss = losses.get(output) or Component("pinball" if targets and targets[0].quantiles else "mse")
        if targets and all(target.kind == "number" for target in targets):
            problem = misfit_of_quantiles(targets, loss)
            if problem is not None:
                yield problem


def _of_other_loss(name: str, asked: Sequence[float], loss: Component) -> Problem:
    several = f"the {len(asked)} quantiles" if len(asked) > 1 else "a quantile"
    return Problem(
        f"{loss.name} learns one number, and {several} of {name} are asked"
        if len(asked) > 1
        else f"{loss.name} learns no quantile, and one of {name} is asked",
        path="compile.loss",
        hint="use loss: pinball, or leave `quantiles` of the target out",
        rule="loss-target",
    )
