"""Everything that a first step would create, created beforehand: optimizer slots and the state of metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlcli.backend import startup
from dlcli.errors import ModelError, Problem
from dlcli.model.faults import model_faults, reason

__all__ = ["MetricsPass", "check_metrics", "create_state", "metric_values"]


def create_state(model: Any, batch: tuple[Any, Any, Any]) -> None:
    """Create the variables of a compiled model's optimizer, loss and metrics.

    A function whose first trace creates variables is traced again, and Keras builds this state from the first
    element of a data set, which must then be a plain batch.

    Args:
        model: A compiled, built `keras.Model`.
        batch: Inputs, targets and weights (or None) of some samples.

    Raises:
        ModelError: A loss or a metric cannot take the outputs and the targets.
    """
    faults = model_faults()
    try:
        model._symbolic_build(data_batch=batch)
    except faults as error:
        raise ModelError(_misfit(model, batch, faults) or _whole(model, batch, error)) from error
    _require_loss(model, batch[0])
    if model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def _require_loss(model: Any, inputs: Any) -> None:
    """Refuse a model that is not told what to learn: no loss, and nothing that layers add to one.

    Raises:
        ModelError: It is not.
    """
    base = startup.load().Model
    own = any(getattr(type(model), name) is not getattr(base, name) for name in ("compute_loss", "train_step"))
    if model._compile_loss is not None or own:
        return
    model(inputs, training=True)
    if not model.losses:
        message = "there is no target, and no layer adds a loss: nothing is to be learnt"
        hint = "name data.target; or add_loss in a layer, or compute_loss in the model's class, under `code:`"
        raise ModelError(Problem(message, path="data.target", hint=hint, rule="no-loss"))


def _whole(model: Any, batch: tuple[Any, Any, Any], error: Exception) -> Problem:
    """What Keras says of the loss, and the shapes that it is about."""
    targets = batch[1] if isinstance(batch[1], (list, tuple)) else [batch[1]]
    of_targets, of_outputs = (" and ".join(map(_shape, each)) for each in (targets, model.outputs))
    return Problem(
        f"Keras cannot compute the loss and the metrics of targets of shape {of_targets} and outputs of shape "
        f"{of_outputs}: {reason(error)}",
        path="compile",
        rule="metric-fit",
    )


def _misfit(model: Any, batch: tuple[Any, Any, Any], faults: tuple[type[Exception], ...]) -> list[Problem]:
    """The metrics that fail on their own on what the model gives for the batch."""
    inputs, targets, _ = batch
    try:
        given = model(inputs, training=False)
    except faults:  # no metric is to blame
        return []
    outputs = given if isinstance(given, (list, tuple)) else [given]
    wanted = targets if isinstance(targets, (list, tuple)) else [targets]
    compiled = model._compile_metrics
    chosen = {**_by_output(model, compiled._user_metrics), **_by_output(model, compiled._user_weighted_metrics)}
    problems = []
    for name, output, target in zip(model.output_names, outputs, wanted, strict=False):
        for metric in chosen.get(name, []):
            if not hasattr(metric, "update_state"):
                continue
            try:
                metric.update_state(target, output)
            except faults as error:
                problems.append(
                    Problem(
                        f"{type(metric).__name__} cannot measure targets of shape {_shape(target)} by outputs of shape "
                        f"{_shape(output)}" + (f": {reason(error)}" if isinstance(error, ValueError) else ""),
                        path="compile.metrics",
                        hint="class indices need a Sparse... metric, or make them vectors: "
                        "data.target: {...: {type: category, encode: one_hot}} with categorical_crossentropy",
                        rule="metric-fit",
                    )
                )
            finally:
                metric.reset_state()
    return problems


def _by_output(model: Any, metrics: Any) -> dict[str, list[Any]]:
    if isinstance(metrics, dict):
        return {name: each if isinstance(each, list) else [each] for name, each in metrics.items()}
    return {model.output_names[0]: list(metrics)} if metrics else {}


def _shape(values: Any) -> str:
    return "(" + ", ".join(["batch", *map(str, values.shape[1:])]) + ")"


def check_metrics(model: Any) -> None:
    """Refuse metrics that are several numbers: history, monitors and file names take one.

    Args:
        model: A model whose state is created.

    Raises:
        ModelError: Such metrics, all of them.
    """
    shapes = {name: tuple(value.shape) for name, value in metric_values(model).items() if hasattr(value, "shape")}
    problems = [
        Problem(
            f"the metric {name!r} gives an array of shape {list(shape)}, expected one number",
            path="compile.metrics",
            hint="F1Score and its like give a number with `average: macro`, others with one threshold",
            rule="metric-shape",
        )
        for name, shape in shapes.items()
        if shape
    ]
    model.reset_metrics()
    if problems:
        raise ModelError(problems)


class MetricsPass:
    """The compiled metrics over samples that come in parts.

    `model.evaluate` wants one data set and `test_on_batch` forgets what came before; this keeps the state between.

    Args:
        model: A compiled `keras.Model`.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._step: Any = None

    def add(self, batch: tuple[Any, Any, Any]) -> None:
        """Take in inputs, targets and weights (or None), each a NumPy array, a dict or a list of them."""
        given = batch if batch[2] is not None else batch[:2]
        if self._step is None:
            from dlcli.backend.engine import for_any_size

            create_state(self._model, batch)
            self._model.reset_metrics()
            self._step = for_any_size(self._model.test_step, given)
        self._step(given)

    def result(self) -> dict[str, float]:
        """The metrics by Keras's names."""
        return {name: float(value) for name, value in metric_values(self._model).items()}


def metric_values(model: Any) -> dict[str, Any]:
    """What a compiled model's loss and metrics are now, by the names that the History has.

    A metric of the user's own may be several numbers, a mapping: those have names of their own.
    """
    values: dict[str, Any] = {}
    for name, value in model.get_metrics_result().items():
        values.update(value if isinstance(value, Mapping) else {name: value})
    return values
