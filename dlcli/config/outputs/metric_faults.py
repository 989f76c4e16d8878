"""Metrics that cannot measure what an output gives: they would show a number that means nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from dlcli.config.catalogue.facts import MEASURES_OF_NUMBERS, metric_facts
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema import CompileConfig
from dlcli.config.schema.component import Component, normal_name
from dlcli.errors import Problem

__all__ = ["check_metrics_of", "metrics_of_parts"]


def check_metrics_of(
    compile_: CompileConfig, plans: Sequence[OutputPlan], *, code: Collection[str] = ()
) -> list[Problem]:
    """The faults of Keras's metrics, of all outputs.

    Args:
        compile_: The `compile` section, metrics filled in.
        plans: What each output learns.
        code: Names that the user's own files define.
    """
    problems: list[Problem] = []
    for key, metrics in (("metrics", compile_.metrics), ("weighted_metrics", compile_.weighted_metrics)):
        for plan in plans:
            by_output = isinstance(metrics, Mapping)
            chosen = (metrics.get(plan.name) if isinstance(metrics, Mapping) else metrics) or ()
            for index, metric in enumerate(chosen):
                path = f"compile.{key}" + (f".{plan.name}" if by_output else "") + f"[{index}].{metric.name}"
                if metric.name in code:
                    continue
                if not plan.targets:
                    problems.append(_of_nothing(metric, plan, path))
                    continue
                if plan.scores == "sequence":
                    problems.append(_of_sequences(metric, plan, path))
                    continue
                if plan.form == "multi_hot" and (fault := _of_sets(metric, plan, path)) is not None:
                    problems.append(fault)
                    continue
                if plan.scores == "embedding":
                    problems += _of_embeddings(metric, plan, path)
                    continue
                if plan.quantiles and (fault := _of_quantiles(metric, plan, path)) is not None:
                    problems.append(fault)
                    continue
                problems += [*_alone(metric, plan, path), *_of_other_classes(metric, plan, path)]
    return list(dict.fromkeys(problems))


def metrics_of_parts(
    compile_: CompileConfig, plans: Sequence[OutputPlan], *, code: Collection[str] = ()
) -> list[Problem]:
    """What is said of metrics that see the first numbers alone of an output that gives more than its targets have.

    Args:
        compile_: The `compile` section, metrics filled in.
        plans: What each output learns.
        code: Names that the user's own files define.
    """
    told = []
    for plan in plans:
        metrics = compile_.metrics
        chosen = (metrics.get(plan.name) if isinstance(metrics, Mapping) else metrics) or ()
        names = [metric.name for metric in chosen if metric.name not in code]
        width = sum(target.width for target in plan.targets)
        if names and plan.form == "number" and not plan.quantiles and (plan.head.units or 0) > width > 0:
            some = "the first number" if width == 1 else f"the first {width} numbers"
            message = (
                f"{' and '.join(names)} measure{'s' * (len(names) == 1)} {some} of the {plan.head.units} that "
                f"{plan.name!r} gives: what the others are only the loss {plan.loss.name} knows"
            )
            hint = "let the first be what is to be measured, such as a mean; or measure in a metric of your own"
            told.append(Problem(message, path="compile.metrics", hint=hint, rule="metric-of-part"))
    return told


def _of_embeddings(metric: Component, plan: OutputPlan, path: str) -> Iterator[Problem]:
    yield Problem(
        f"{metric.name} compares a target with a prediction, and the output {plan.name} predicts none: "
        f"{plan.loss.name} teaches it where a row stands among the others",
        path=path,
        hint="use metrics: []; evaluating tells how often the nearest other row is of the same class",
        rule="metric-fit",
    )


def _of_quantiles(metric: Component, plan: OutputPlan, path: str) -> Problem | None:
    name = normal_name(metric)
    if name in MEASURES_OF_NUMBERS or (metric_facts(metric) is None and name != "accuracy"):
        return None
    return Problem(
        f"{metric.name} measures classes, and the output {plan.name} gives quantiles of the number "
        f"{plan.targets[0].name}",
        path=path,
        hint="use mae, mse, RootMeanSquaredError or R2Score, which measure the median; evaluating shows the pinball "
        "loss and the coverage of each quantile",
        rule="metric-fit",
    )


def _of_sets(metric: Component, plan: OutputPlan, path: str) -> Problem | None:
    facts = metric_facts(metric)
    one = facts is not None and (facts.target == "index" or facts.predicted in ("class", "score"))
    if not one or normal_name(metric) in ("hinge", "squaredhinge"):
        return None
    return Problem(
        f"{metric.name} looks for the one class that is right, and {plan.targets[0].name} is a set of classes",
        path=path,
        hint="use binary_accuracy, AUC with multi_label: true, Precision, Recall or F1Score with a threshold",
        rule="metric-fit",
    )


def _of_nothing(metric: Component, plan: OutputPlan, path: str) -> Problem:
    return Problem(
        f"{metric.name} compares a target with a prediction, and the output {plan.name} has no target",
        path=path,
        hint="use metrics: []; a layer or the model can add metrics of its own",
        rule="metric-fit",
    )


def _of_sequences(metric: Component, plan: OutputPlan, path: str) -> Problem:
    return Problem(
        f"{metric.name} compares a class with a prediction step by step, and the steps of the output {plan.name} are "
        f"not those of {plan.targets[0].name}",
        path=path,
        hint="use metrics: []; evaluating tells how many sequences are right, and how many of their classes are not",
        rule="metric-fit",
    )


def _alone(metric: Component, plan: OutputPlan, path: str) -> Iterator[Problem]:
    facts = metric_facts(metric)
    along_rows = metric.arguments.get("axis", -1) in (-1, 1)
    if facts is None or not facts.within_rows or not _gives_one(plan) or not along_rows:
        return
    if plan.classes and facts.each_class:
        return  # which sees both classes
    yield Problem(
        f"{metric.name} compares the numbers of a row with each other, and the output {plan.name} gives one a row",
        path=path,
        hint="use R2Score or RootMeanSquaredError for numbers, AUC for classes",
        rule="metric-fit",
    )


def _gives_one(plan: OutputPlan) -> bool:
    """Whether it gives one number a row; of quantiles the metric sees one of each number."""
    return plan.width == len(plan.quantiles) if plan.quantiles else plan.head.units == 1


def _of_other_classes(metric: Component, plan: OutputPlan, path: str) -> Iterator[Problem]:
    """Keras leaves out what is beyond the number of classes that it was told, and takes what is not there for 0."""
    count = len(plan.classes)
    if not count:
        return
    told = metric.arguments.get("num_classes")
    if isinstance(told, int) and told != count:
        message = f"{metric.name} is told of {told} classes, and {plan.targets[0].name} has {count}"
        yield Problem(message, path=f"{path}.num_classes", hint=f"use num_classes: {count}", rule="metric-classes")
    asked = metric.arguments.get("target_class_ids", metric.arguments.get("class_id"))
    beyond = [one for one in (asked if isinstance(asked, list) else [asked]) if isinstance(one, int) and one >= count]
    if beyond:
        name = "class_id" if "class_id" in metric.arguments else "target_class_ids"
        message = f"there is no class {beyond[0]}: {plan.targets[0].name} has {count}, counted from 0"
        hint = ", ".join(f"{index}: {one}" for index, one in enumerate(plan.classes[:5]))
        yield Problem(
            message,
            path=f"{path}.{name}",
            hint=f"they are {hint}" + (", ..." if count > 5 else ""),
            rule="metric-classes",
        )
