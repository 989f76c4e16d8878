"""Whether an output can learn its target: sizes, axes, classes and losses that do not go together."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dlcli.config.catalogue.facts import loss_facts
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.outputs.quantiles import misfit_of_quantiles
from dlcli.config.schema.component import normal_name
from dlcli.config.signature import TargetSpec
from dlcli.errors import Problem, first_of

__all__ = ["misfits"]


def misfits(plan: OutputPlan, path: str) -> list[Problem]:
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
        if (misfit := misfit_of_quantiles(plan.targets, plan.loss)) is not None:
            return [misfit]
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
        if not (plan.is_flat or plan.is_deep) and units != plan.width:
            return [
                Problem(
                    f"the output {plan.name} has {units} number{'s' * (units != 1)} {_a_place(plan)}, and its target "
                    f"{names} {_wanted(plan)}",
                    path=path,
                    hint=f"use units: {plan.width}; a loss of your own under `code:` may take others",
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


def _a_place(plan: OutputPlan) -> str:
    return "a step" if plan.axes and plan.quantiles else "a sample"


def _wanted(plan: OutputPlan) -> str:
    """How many numbers the targets have, as what."""
    count = len(plan.quantiles)
    if not count:
        return f"has {plan.width}"
    own = plan.width // count
    quantiles = f"{count} quantile{'s' * (count != 1)}"
    return f"wants {quantiles}" if own == 1 else f"wants {plan.width}: {quantiles} of each of its {own} numbers"


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
    if shape is None or plan.is_flat or plan.is_deep:
        return None
    given, wanted = shape[:-1], target.axes
    if len(given) == len(wanted) and all(one in (None, other) for one, other in zip(given, wanted, strict=True)):
        return None
    return Problem(
        f"the output {plan.name} has the shape {_listed(shape)} a sample, and its target {target.name} "
        + (
            f"{'wants' if plan.quantiles else 'has'} {_listed(_own_shape(plan))}"
            if target.kind == "number"
            else f"has a class for each of {_listed(wanted)}"
        )
        if wanted
        else f"the output {plan.name} has the shape {_listed(shape)} a sample, and its target {target.name} is "
        + (_whole_kind(target) if target.classes else f"{plan.width} number{'s' * (plan.width != 1)}"),
        path=path,
        hint=_or_steps(plan, given) + (_reshaped(plan) or _way_to_axes(given, wanted)),
        rule="shape-target",
    )


def _own_shape(plan: OutputPlan) -> tuple[int, ...]:
    """What an output of numbers is to give for a sample."""
    return (*plan.axes, plan.width)


def _reshaped(plan: OutputPlan) -> str:
    """The way out for all the numbers that there are to be, in another shape."""
    if plan.targets[0].kind != "number" or plan.shape is None or None in plan.shape:
        return ""
    known = [size for size in plan.shape if size is not None]
    if math.prod(known) != math.prod(_own_shape(plan)):
        return ""
    return f"put `- Reshape: {{target_shape: {list(_own_shape(plan))}}}` after it"


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
