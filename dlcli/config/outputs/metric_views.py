"""What each metric of Keras's is shown, so that it measures what its name says and agrees with the predictions.

Keras hands a metric what the loss takes: raw scores under `from_logits`, class indices under the sparse losses, one
number for two classes. A metric that cuts probabilities at 0.5, or looks for the greatest of several numbers, then
computes something else, and says nothing. A view says how to turn the one into the other.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from dlcli.config.catalogue.facts import MetricFacts, metric_facts
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema.component import Component, normal_name
from dlcli.config.signature import middle

__all__ = ["MetricView", "metric_view", "plain_accuracy"]

_IOU = ("iou", "meaniou", "onehotiou", "onehotmeaniou")


@dataclasses.dataclass(frozen=True, slots=True)
class MetricView:
    """How a metric sees targets and predictions; the steps are taken in the order in which they stand here.

    Args:
        first: So many of an output's numbers are the prediction, and the others for its loss alone; 0: all.
        link: What makes probabilities of the predictions: `sigmoid`, `softmax`, or nothing.
        expand: One number for two classes becomes one for each: of probabilities, their rest and themselves; of
            scores, 0 and themselves.
        choose: Predictions become the index of the class that they choose.
        target: The target becomes class indices, a 0/1 column, or a 0/1 vector; or stays.
        depth: Length of that vector.
        places: How many axes of steps or pixels the target has, each place of which has a class of its own.
        skip: Places without a class do not count.
        quantiles: The output gives so many of each number, of which one is the prediction; 0: it gives the number.
        middle: Which of them, once they ascend.
        deep: They stand along an axis of their own.
    """

    first: int = 0
    link: Literal["sigmoid", "softmax"] | None = None
    expand: Literal["probabilities", "scores"] | None = None
    choose: bool = False
    target: Literal["index", "column", "vector"] | None = None
    depth: int = 0
    places: int = 0
    skip: bool = False
    quantiles: int = 0
    middle: int = 0
    deep: bool = False


def metric_view(metric: Component, plan: OutputPlan) -> MetricView | None:
    """How a metric is to see an output; None when what Keras shows it is right.

    Args:
        metric: A metric, not one of the user's own.
        plan: The output that it measures.

    Example:
        >>> loss = Component("BinaryCrossentropy", {"from_logits": True})
        >>> target = TargetSpec("y", "category", classes=("no", "yes"))
        >>> metric_view(Component("Recall"), OutputPlan("out", (target,), "column", loss, Head(1, "linear"))).link
        'sigmoid'
    """
    facts = plain_accuracy(plan)[1] if normal_name(metric) == "accuracy" else metric_facts(metric)
    if facts is None:
        return None
    facts = _with_arguments(facts, metric, plan)
    link = plan.link if facts.predicted == "probability" and not _takes_scores(metric) else None
    if plan.form == "multi_hot":
        view = MetricView(0, link)
    elif plan.quantiles:
        view = MetricView(0, link, quantiles=len(plan.quantiles), middle=middle(plan.quantiles), deep=plan.is_deep)
    elif not plan.classes:
        width = sum(target.width for target in plan.targets)
        view = MetricView(width if (plan.head.units or 0) > width else 0, link)
    elif plan.head.units is None:
        return None
    else:
        view = _of_classes(facts, plan, link)
    view = dataclasses.replace(view, skip=plan.gaps)
    return None if view == MetricView() else dataclasses.replace(view, places=len(plan.axes))


def plain_accuracy(plan: OutputPlan) -> tuple[str, MetricFacts]:
    """The metric of Keras's that `accuracy` means for an output, and what it wants."""
    if plan.head.units == 1 or plan.form == "multi_hot":
        name = "BinaryAccuracy"
    else:
        name = "SparseCategoricalAccuracy" if plan.form == "index" else "CategoricalAccuracy"
    facts = metric_facts(Component(name))
    assert facts is not None
    return name, facts


def _of_classes(facts: MetricFacts, plan: OutputPlan, link: Literal["sigmoid", "softmax"] | None) -> MetricView:
    units = plan.head.units
    assert units is not None
    choose = facts.predicted == "class"
    expand: Literal["probabilities", "scores"] | None = None
    if units == 1 and (facts.each_class or choose):
        expand = "scores" if link is None and plan.scores in ("logits", "signed") else "probabilities"
        units = 2
    if facts.target == "index":
        return MetricView(0, link, expand, choose, None if plan.form == "index" else "index")
    if units == 1:
        return MetricView(0, link, expand, choose, "column" if plan.form == "index" else None)
    fits = plan.form == "one_hot" and len(plan.classes) == units
    return MetricView(0, link, expand, choose, None if fits else "vector", 0 if fits else units)


def _with_arguments(facts: MetricFacts, metric: Component, plan: OutputPlan) -> MetricFacts:
    """What a metric wants when its arguments are set."""
    arguments = metric.arguments
    name = normal_name(metric)
    if name in _IOU:
        one_hot = name.startswith("onehot") or arguments.get("sparse_y_true") is False
        chosen = arguments.get("sparse_y_pred", not name.startswith("onehot")) is not False
        return MetricFacts("vector" if one_hot else "index", "class" if chosen else "score", each_class=True)
    if name in ("f1score", "fbetascore") and arguments.get("threshold") is not None:
        return dataclasses.replace(facts, each_class=False)
    if plan.head.units == 1 and (arguments.get("class_id") is not None or arguments.get("top_k") is not None):
        return dataclasses.replace(facts, each_class=True)
    return facts


def _takes_scores(metric: Component) -> bool:
    """Whether the config says that this metric is made for raw scores."""
    threshold: Any = metric.arguments.get("threshold")
    cuts_scores = normal_name(metric) == "binaryaccuracy" and isinstance(threshold, (int, float)) and threshold <= 0
    return metric.arguments.get("from_logits") is True or cuts_scores
