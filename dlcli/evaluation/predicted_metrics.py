"""The compiled loss and metrics from predictions alone, where they can be had as Keras has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.config.checks.history_names import metric_names
from dlcli.config.outputs.conventions import from_logits
from dlcli.config.outputs.metric_views import MetricView, metric_view
from dlcli.config.outputs.outputs import OutputPlan
from dlcli.config.schema import CompileConfig, Config
from dlcli.config.schema.component import Component, normal_name
from dlcli.evaluation.measures import CROSSENTROPIES, LOSSES, Measure, find_metric
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
        if output.head.units is None or not _has_loss(output, predictor):
            return f"the loss {output.loss.name}"
        for component in _metrics_of(config.compile, output):
            if _measure(component, output) is None:
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
        self._rows = self._batches = 0
        self._weights = config.compile.loss_weights or {}
        self._losses = dict.fromkeys((output.name for output in predictor.outputs), 0.0)
        self._parts = dict(self._losses)
        self._measures = [_measures(config.compile, output) for output in predictor.outputs]
        self._names = metric_names(config.compile, list(self._losses))

    @property
    def rows_at_once(self) -> int:
        """As many as the model takes. The parts of a loss of several outputs are Keras's, a mean over batches."""
        return self._predictor.rows_at_once if len(self._losses) == 1 else self._batch_size

    def add(self, inputs: Any, labels: Any, weights: Any, outputs: Sequence[NDArray[Any]]) -> None:
        """Take in some rows; see `dlcli.evaluation.evaluation.Metrics`."""
        self._rows += len(outputs[0])
        self._batches += 1
        for place, (output, raw) in enumerate(zip(self._predictor.outputs, outputs, strict=True)):
            true = np.asarray(_of_output(labels, place), np.float64)
            weight = _of_output(weights, place)
            values = self._loss(output, true, raw.astype(np.float64), inputs)
            loss = float((values if weight is None else values * weight).sum())
            self._losses[output.name] += loss
            self._parts[output.name] += loss / max(len(raw), 1)
            if output.unit:
                offset, scale = np.array(output.unit).T
                true, raw = true * scale + offset, raw * scale + offset
            for measure, view in self._measures[place]:
                measure.add(*see(view, true, raw))

    def result(self) -> dict[str, float]:
        """The metrics by Keras's names, in Keras's order."""
        rows = max(self._rows, 1)
        losses = {name: value / rows for name, value in self._losses.items()}
        whole = sum(value * self._weights.get(name, 1.0) for name, value in losses.items())
        batches = max(self._batches, 1)
        parts = {f"{name}_loss": value / batches for name, value in self._parts.items()} if len(losses) > 1 else {}
        values = [measure.result() for measures in self._measures for measure, _ in measures]
        named = {"loss": whole, **dict(zip(self._names, values, strict=True)), **parts}
        return {name: float(np.float32(value)) for name, value in named.items()}  # as many digits as Keras has

    def _loss(
        self, output: OutputPlan, true: NDArray[Any], predicted: NDArray[np.float64], inputs: Any
    ) -> NDArray[np.float64]:
        name = normal_name(output.loss)
        if name in CROSSENTROPIES:
            if not from_logits(output.loss):
                (logits,) = self._predictor.session.run(inputs, [output.name + LOGITS])
                predicted = logits.astype(np.float64)
            return CROSSENTROPIES[name](true, predicted)
        options = {key: value for key, value in output.loss.arguments.items() if key in _OPTIONS[name]}
        return LOSSES[name](true, predicted, **options)


_OPTIONS: dict[str, tuple[str, ...]] = {**dict.fromkeys(LOSSES, ()), "huber": ("delta",)}


def _of_output(values: Any, place: int) -> Any:
    """What belongs to an output: batches hold an array for one output, and a tuple for several."""
    return values[place] if isinstance(values, (list, tuple)) else values


def _has_loss(output: OutputPlan, predictor: OnnxPredictor) -> bool:
    name = normal_name(output.loss)
    arguments = set(output.loss.arguments) - {"name"}
    if name in CROSSENTROPIES:
        if arguments - {"from_logits"}:
            return False
        return from_logits(output.loss) != (output.name + LOGITS in predictor.session.outputs)
    return name in LOSSES and arguments <= set(_OPTIONS[name])


def _metrics_of(config: CompileConfig, output: OutputPlan) -> Sequence[Component]:
    metrics = config.metrics
    return (metrics.get(output.name, ()) if isinstance(metrics, Mapping) else metrics) or ()


def _measures(config: CompileConfig, output: OutputPlan) -> list[tuple[Measure, MetricView | None]]:
    found = ((_measure(each, output), metric_view(each, output)) for each in _metrics_of(config, output))
    return [(measure, view) for measure, view in found if measure is not None]


def _measure(metric: Component, output: OutputPlan) -> Measure | None:
    """The measure of what a metric is shown."""
    view = metric_view(metric, output) or MetricView()
    units = output.head.units or 1
    sparse = output.form == "index" if view.target is None else view.target == "index"
    return find_metric(metric, units=units + (view.expand is not None), sparse=sparse)


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
