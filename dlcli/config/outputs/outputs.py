"""Outputs meet targets: which output learns what, with which loss, in which form; and whether that can work."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from dlcli.config.catalogue.facts import loss_facts
from dlcli.config.outputs.conventions import (
    Head,
    TargetForm,
    default_loss,
    default_metrics,
    from_logits,
    head_place,
    layer_head,
    output_losses,
    pair_targets,
    target_form,
)
from dlcli.config.schema import CompileConfig, Config
from dlcli.config.schema.component import Component, normal_name
from dlcli.config.signature import NO_CLASS, TargetSpec
from dlcli.errors import ConfigError, ModelError, Problem, did_you_mean, first_of

__all__ = ["OutputPlan", "Scores", "plan_outputs"]

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

        More numbers than theirs are something else: quantiles, or weights, means and spreads of a mixture. Which of
        them would be the prediction only the loss knows.
        """
        if not self.targets:
            return False
        if self.shape is None or self.is_flat or self.scores in ("embedding", "sequence"):
            return True
        axes, units = self.shape[:-1], self.head.units
        wanted = len(self.classes) or sum(target.width for target in self.targets)
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
        """The unit of each of the output's numbers, `(offset, scale)`; empty when none of its targets is scaled."""
        if not any(target.unit for target in self.targets):
            return ()
        return tuple(pair for target in self.targets for pair in target.unit or ((0.0, 1.0),) * target.width)


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
        loss = _passing_gaps(loss) if target.gaps else loss
        form = target_form(target, loss, head.units)
        plan = OutputPlan(name, paired[name], form, loss, head, shape, shares=learnt[target.name] > 1)
        # A loss or a training step of one's own says itself what the numbers are, and a batch whether it can; the first
        # of them are predicted.
        if not own_model and loss_facts(loss).family != "other":
            problems += _misfits(plan, _layer_path(config, name))
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


def _misfits(plan: OutputPlan, path: str) -> list[Problem]:
    units, count = plan.head.units, len(plan.classes)
    target = plan.targets[0]
    if loss_facts(plan.loss).family in ("embedding", "sequence"):
        return _misfits_of_others(plan, path)
    if units is None:
        return []
    if (misfit := _misfit_of_axes(plan, path)) is not None:
        return [misfit]
    if plan.form == "multi_hot":
        return _misfits_of_sets(plan, path)
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
        if not plan.is_flat and units != width:
            return [
                Problem(
                    f"the output {plan.name} has {units} numbers a sample, and its target {names} has {width}",
                    path=path,
                    hint=f"use units: {width}; a loss of your own under `code:` may take others",
                    rule="units-target",
                )
            ]
        return []
    if plan.gaps and (problem := _misfit_of_gaps(plan, path)) is not None:
        return [problem]
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
    if units < count or (plan.form == "one_hot" and units > count):
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


def _misfits_of_sets(plan: OutputPlan, path: str) -> list[Problem]:
    """The misfits of an output that tells of each class whether it is in the set."""
    target, count = plan.targets[0], len(plan.classes)
    if loss_facts(plan.loss).family == "sparse":
        return [
            Problem(
                f"{plan.loss.name} learns one class a row, and {target.name} is a set of classes",
                path="compile.loss",
                hint="use binary_crossentropy, with activation: sigmoid",
                rule="loss-target",
            )
        ]
    if plan.head.units == count:
        return []
    return [
        Problem(
            f"the output {plan.name} has {plan.head.units} units, {target.name} has {count} classes: "
            f"{first_of(plan.classes, 5)} (each is in the set or not)",
            path=path,
            hint=f"use units: {count} and activation: sigmoid",
            rule="units-target",
        )
    ]


def _misfit_of_axes(plan: OutputPlan, path: str) -> Problem | None:
    """An output that gives its numbers for other steps or pixels than its target has, or for a sample as a whole."""
    target, shape = plan.targets[0], plan.shape
    if shape is None or plan.is_flat:
        return None
    given, wanted = shape[:-1], target.axes
    if len(given) == len(wanted) and all(one in (None, other) for one, other in zip(given, wanted, strict=True)):
        return None
    return Problem(
        f"the output {plan.name} has the shape {_listed(shape)} a sample, and its target {target.name} "
        + (f"has {_listed(target.shape)}" if target.kind == "number" else f"has a class for each of {_listed(wanted)}")
        if wanted
        else f"the output {plan.name} has the shape {_listed(shape)} a sample, and its target {target.name} is "
        + (_whole_kind(target) if target.classes else f"{target.width} number{'s' * (target.width != 1)}"),
        path=path,
        hint=_or_steps(plan, given) + _way_to_axes(given, wanted),
        rule="shape-target",
    )


def _whole_kind(target: TargetSpec) -> str:
    return "one class" if target.kind == "category" else "one set of classes"


def _or_steps(plan: OutputPlan, given: Sequence[int | None]) -> str:
    """The way out for classes of steps that were taken for a vector of numbers."""
    target = plan.targets[0]
    if target.kind != "number" or (*given,) != target.shape:
        return ""
    return f"if {target.name} is a class for each step, declare data.target: {{{target.name}: category}}; else "


def _listed(shape: Sequence[int | None]) -> str:
    return "(" + ", ".join("any" if size is None else str(size) for size in shape) + ")"


def _way_to_axes(given: Sequence[int | None], wanted: Sequence[int]) -> str:
    if not wanted:
        return (
            "put a Flatten or a GlobalAveragePooling before the last layer, or return_sequences: false into a "
            "recurrent one"
        )
    if len(given) < len(wanted):
        return (
            "a layer of steps keeps them: return_sequences: true in a recurrent one, RepeatVector, Reshape; no Flatten"
        )
    if len(given) == len(wanted):
        return "padding: same, Conv...Transpose, UpSampling, Cropping or Resizing bring the sizes together"
    return "Flatten, Reshape or pooling take axes away"


def _misfit_of_gaps(plan: OutputPlan, path: str) -> Problem | None:
    """A loss that cannot pass over places without a class."""
    kind = normal_name(plan.loss)
    zeros = plan.form == "one_hot" and kind in ("categoricalcrossentropy", "categoricalfocalcrossentropy")
    if zeros or kind == "sparsecategoricalcrossentropy" or loss_facts(plan.loss).family == "other":
        return None
    return Problem(
        f"{plan.targets[0].name} has places without a class, and {plan.loss.name} cannot pass over them",
        path=path if plan.form == "column" else "compile.loss",
        hint=f"use units: {len(plan.classes)}, activation: softmax and loss: sparse_categorical_crossentropy",
        rule="loss-target",
    )


def _misfits_of_others(plan: OutputPlan, path: str) -> list[Problem]:
    """The misfits of losses that learn no number and no score for each class."""
    loss, target = plan.loss.name, plan.targets[0]
    if loss_facts(plan.loss).family == "sequence":
        return _misfits_of_sequences(plan, path)
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


def _misfits_of_sequences(plan: OutputPlan, path: str) -> list[Problem]:
    """The misfits of a loss that spells sequences: it wants a series of classes, and a unit more than these."""
    loss, target, shape, count = plan.loss.name, plan.targets[0], plan.shape, len(plan.classes)
    if target.kind == "number" or len(target.axes) != 1:
        return [
            Problem(
                f"{loss} learns sequences of classes, and the target {target.name} is {_a_kind(target)} for each row",
                path="compile.loss",
                hint=f"declare data.target: {{{target.name}: {{type: category, shape: [20]}}}}, 20 being the longest, "
                "of cells that hold lists",
                rule="loss-target",
            )
        ]
    if shape is None:
        return []
    if len(shape) != 2 or (shape[0] is not None and shape[0] < target.axes[0]):
        return [
            Problem(
                f"the output {plan.name} has the shape {_listed(shape)} a sample, and {loss} spells up to "
                f"{target.axes[0]} classes along its steps",
                path=path,
                hint=f"give (steps, {count + 1}), of at least {target.axes[0]} steps",
                rule="shape-target",
            )
        ]
    if shape[1] is not None and shape[1] < count + 1:
        return [
            Problem(
                f"the output {plan.name} has {shape[1]} units, and {loss} needs one for each of the {count} classes of "
                f"{target.name} and one, the first, for none",
                path=path,
                hint=f"use units: {count + 1}",
                rule="units-target",
            )
        ]
    return []


def _a_kind(target: TargetSpec) -> str:
    if target.kind != "category":
        return "a number" if target.kind == "number" else "a set of classes"
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
