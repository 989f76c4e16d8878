"""Keras's metrics, shown what they are made for (`dlcli.config.outputs.metric_views`)."""

from __future__ import annotations

from typing import Any

from dlcli.backend import startup
from dlcli.config.outputs.metric_views import MetricView, metric_view, plain_accuracy
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema.component import Component, normal_name

__all__ = ["viewed"]


def viewed(made: Any, metric: Component, plan: OutputPlan) -> Any:
    """The metric with its view of an output; itself where it needs none.

    The object stays one of Keras's own class, so that a saved model holds nothing but Keras's.

    Args:
        made: What `metric` became: an object, or an identifier or function that Keras would make one of.
        metric: The metric in the config.
        plan: The output that it measures.
    """
    view = metric_view(metric, plan)
    chosen = metric.arguments and plan.classes
    if normal_name(metric) == "accuracy" and (chosen or plan.form == "multi_hot"):
        made = _object(made, metric, plan)  # Keras's class of that name compares scores with labels
    if view is None:
        return made
    measure = _object(made, metric, plan)
    update = measure.update_state
    ops = startup.load().ops

    def update_state(y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        if view.skip:
            y_true, sample_weight = _without_gaps(y_true, sample_weight, view)
        if view.deep and sample_weight is not None:  # which the loss takes for each number of a sample alike
            sample_weight = sample_weight[..., 0]
        predicted = _predicted(y_pred, view)
        if view.link == "softmax" and normal_name(metric) == "binarycrossentropy":
            predicted = ops.multiply(predicted, 1.0)  # Keras would take what the softmax was given for a sigmoid's
        return update(_target(y_true, view), predicted, sample_weight=sample_weight)

    measure.update_state = update_state
    return measure


def _object(made: Any, metric: Component, plan: OutputPlan) -> Any:
    keras = startup.load()
    if normal_name(metric) == "accuracy":
        options = {"name": metric.name if metric.name != "Accuracy" else "accuracy", **metric.arguments}
        return getattr(keras.metrics, plain_accuracy(plan)[0])(**options)
    if not isinstance(made, str):
        return made
    measure = keras.metrics.get(made)
    if not isinstance(measure, keras.metrics.Metric):
        measure = keras.metrics.MeanMetricWrapper(measure)
    measure.name = made  # as Keras names what it makes of an identifier
    return measure


def _predicted(values: Any, view: MetricView) -> Any:
    ops = startup.load().ops
    if view.quantiles:
        shape = values.shape
        if not view.deep:
            values = ops.reshape(values, (-1, *shape[1:-1], shape[-1] // view.quantiles, view.quantiles))
        return ops.sort(values, axis=-1)[..., view.middle]
    if view.first:
        values = values[..., : view.first]
    if view.link is not None or view.expand is not None:
        values = ops.cast(values, "float32")
    if view.link is not None:
        values = ops.sigmoid(values) if view.link == "sigmoid" else ops.softmax(values)
    if view.expand is not None:
        first = 1 - values if view.expand == "probabilities" else ops.zeros_like(values)
        values = ops.concatenate([first, values], axis=-1)
    return ops.argmax(values, axis=-1) if view.choose else values


def _without_gaps(labels: Any, weights: Any, view: MetricView) -> tuple[Any, Any]:
    """The labels with some class everywhere, and weights that are 0 where there is none."""
    ops = startup.load().ops
    if len(labels.shape) > 1 + view.places:
        known = ops.any(ops.not_equal(labels, 0), axis=-1)
    else:
        known = ops.greater_equal(labels, 0)
        labels = ops.maximum(labels, 0)
    known = ops.cast(known, "float32")
    return labels, known if weights is None else ops.multiply(known, ops.cast(weights, "float32"))


def _target(values: Any, view: MetricView) -> Any:
    ops = startup.load().ops
    if view.target is None:
        return values
    along = len(values.shape) > 1 + view.places
    if view.target == "column":
        return ops.cast(values if along else ops.expand_dims(values, -1), "float32")
    several = along and values.shape[-1] != 1
    indices = ops.argmax(values, axis=-1) if several else ops.cast(values[..., 0] if along else values, "int32")
    return indices if view.target == "index" else ops.one_hot(indices, view.depth, dtype="float32")
