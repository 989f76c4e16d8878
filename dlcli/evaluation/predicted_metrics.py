"""The compiled loss and metrics from predictions alone, where they can be had as Keras has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.config.checks.history_names import metric_names
from dlcli.config.outputs.conventions import from_logits
from dlcli.config.outputs.metric_views import MetricView, metric_view
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema import CompileConfig, Config
from dlcli.config.schema.component import Component, normal_name
from dlcli.evaluation.measures import Mean, find_mean
from dlcli.evaluation.metric_sight import see
from dlcli.exports.to_onnx import LOGITS
from dlcli.trained.onnx_predictor import OnnxPredictor

__all__ = ["PredictedMetrics", "left_to_keras"]


def left_to_keras(config: Config, predictor: OnnxPredictor) -> str:
    """What of the evaluation only Keras can compute, in words; empty when there is nothing.

    Args:
        config: The resolved config.
        predictor: The portable model.
    """
    if config.code:
        return "the run has code of its own"
    if config.runtime.precision != "float32":
        return f"the run computes in {config.runtime.precision}"
    if config.compile.weighted_metrics:
        return "weighted metrics"
    if _adds_losses(config.model.model_dump(by_alias=True)):
        return "the losses of regularizers"
    for output in predictor.outputs:
        if not output.targets:
            return "what layers or the model itself add to the loss"
        if output.gaps:
            return "losses that pass over places without a class"
        if output.axes and (_masks(config.model.model_dump(by_alias=True)) or _features_mask(config)):
            return "losses over the steps that a mask leaves"
        loss = _loss(output)
        if output.head.units is None or loss is None or not _is_given(loss, output, predictor):
            return f"the loss {output.loss.name}"
        for component in _metrics_of(config.compile, output):
            if _metric(component, output) is None:
                return f"the metric {component.name}"
    return ""


class PredictedMetrics:
    """Loss and metrics of a portable model, for which nothing is `left_to_keras`.

    Args:
        config: The resolved config.
        predictor: The portable model.
        batch_size: Rows of a training batch.
    """

    def __init__(self, config: Config, predictor: OnnxPredictor, *, batch_size: int) -> None:
        self._predictor = predictor
        self._batch_size = batch_size
        self._batches = 0
        self._weights = config.compile.loss_weights or {}
        self._losses = {output.name: loss for output in predictor.outputs if (loss := _loss(output)) is not None}
        self._parts = dict.fromkeys(self._losses, 0.0)
        self._metrics = [_metrics(config.compile, output) for output in predictor.outputs]
        self._names = metric_names(config.compile, list(self._losses))

    @property
    def rows_at_once(self) -> int:
        """As many as the model takes. The parts of a loss of several outputs are Keras's, a mean over batches."""
        return self._predictor.rows_at_once if len(self._losses) == 1 else self._batch_size

    def add(self, inputs: Any, labels: Any, weights: Any, outputs: Sequence[NDArray[Any]]) -> None:
        """Take in some rows; see `dlcli.evaluation.evaluation.Metrics`."""
        self._batches += 1
        for place, (output, raw) in enumerate(zip(self._predictor.outputs, outputs, strict=True)):
            true = np.asarray(_of_output(labels, place), np.float64)
            loss = self._losses[output.name]
            taken = self._logits(output, inputs) if loss.scores and not from_logits(output.loss) else raw
            self._parts[output.name] += loss.add(true, taken.astype(np.float64), _of_output(weights, place))
            if output.unit:
                true = _in_own_unit(true, output.unit, along=output.is_flat)
                raw = _in_own_unit(raw, output.given_unit, along=output.is_flat or output.is_deep)
            for metric, view in self._metrics[place]:
                metric.add(*see(view, true, raw))

    def result(self) -> dict[str, float]:
        """The metrics by Keras's names, in Keras's order."""
        losses = {name: loss.result() for name, loss in self._losses.items()}
        whole = sum(value * self._weights.get(name, 1.0) for name, value in losses.items())
        batches = max(self._batches, 1)
        parts = {f"{name}_loss": value / batches for name, value in self._parts.items()} if len(losses) > 1 else {}
        values = [metric.result() for metrics in self._metrics for metric, _ in metrics]
        named = {"loss": whole, **dict(zip(self._names, values, strict=True)), **parts}
        return {name: float(np.float32(value)) for name, value in named.items()}  # as many digits as Keras has

    def _logits(self, output: OutputPlan, inputs: Any) -> NDArray[Any]:
        """What the sigmoid or softmax of an output was given."""
        return self._predictor.session.run(inputs, [output.name + LOGITS])[0]


def _in_own_unit(values: NDArray[Any], unit: Sequence[tuple[float, float]], *, along: bool) -> NDArray[Any]:
    """Scaled numbers in their own unit; `along` the axis before the last."""
    offset, scale = np.array(unit).T[..., np.newaxis] if along else np.array(unit).T
    return np.asarray(values * scale + offset)


def _of_output(values: Any, place: int) -> Any:
    """What belongs to an output: batches hold an array for one output, and a tuple for several."""
    return values[place] if isinstance(values, (list, tuple)) else values


def _loss(output: OutputPlan) -> Mean | None:
    return find_mean(output.loss, "loss", units=output.head.units or 1, index=output.form == "index")


def _is_given(loss: Mean, output: OutputPlan, predictor: OnnxPredictor) -> bool:
    """Whether the model gives what the loss takes: raw scores, if so, in the output or beside it."""
    return not loss.scores or from_logits(output.loss) != (output.name + LOGITS in predictor.session.outputs)


def _metrics_of(config: CompileConfig, output: OutputPlan) -> Sequence[Component]:
    metrics = config.metrics
    return (metrics.get(output.name, ()) if isinstance(metrics, Mapping) else metrics) or ()


def _metrics(config: CompileConfig, output: OutputPlan) -> list[tuple[Mean, MetricView | None]]:
    found = ((_metric(each, output), metric_view(each, output)) for each in _metrics_of(config, output))
    return [(metric, view) for metric, view in found if metric is not None]


def _metric(metric: Component, output: OutputPlan) -> Mean | None:
    """The mean of what a metric is shown."""
    view = metric_view(metric, output) or MetricView()
    if output.form == "multi_hot" and normal_name(metric) == "accuracy":
        metric = Component("BinaryAccuracy", metric.arguments)
    units = (output.head.units or 1) + (view.expand is not None)
    index = output.form == "index" if view.target is None else view.target == "index"
    return find_mean(metric, "metric", units=units, index=index)


def _masks(value: Any) -> bool:
    """Whether layers mask steps: Masking, and embeddings of padded indices."""
    if isinstance(value, Component):
        return value.name == "Masking" or _masks({value.name: dict(value.arguments)})
    if isinstance(value, Mapping):
        return any((key == "mask_zero" and item is True) or _masks(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return any(map(_masks, value))
    return bool(value == "Masking")


def _features_mask(config: Config) -> bool:
    """Whether features tell layers which of their steps are padding."""
    return any(feature is not None and feature.masks_steps for feature in (config.data.features or {}).values())


def _adds_losses(value: Any) -> bool:
    """Whether layers add losses of their own: regularizers."""
    if isinstance(value, Component):
        return _adds_losses({value.name: dict(value.arguments)})
    if isinstance(value, Mapping):
        return any(
            (str(key).endswith("regularizer") and item is not None) or _adds_losses(key) or _adds_losses(item)
            for key, item in value.items()
        )
    if isinstance(value, (list, tuple)):
        return any(map(_adds_losses, value))
    return bool(value == "ActivityRegularization")
