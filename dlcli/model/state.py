"""Everything that a first step would create, created beforehand: optimizer slots and the state of metrics."""

from __future__ import annotations

from typing import Any

from dlcli.errors import ModelError, Problem

__all__ = ["MetricsPass", "check_metrics", "create_state"]


def create_state(model: Any, batch: tuple[Any, Any, Any]) -> None:
    """Create the variables of a compiled model's optimizer, loss and metrics.

    A `tf.function` whose first trace creates variables is traced again, and Keras builds this state from the first
    element of a data set, which must then be a plain batch.

    Args:
        model: A compiled, built `keras.Model`.
        batch: Inputs, targets and weights (or None) of some samples.
    """
    model._symbolic_build(data_batch=batch)
    if model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def check_metrics(model: Any) -> None:
    """Refuse metrics that are several numbers: history, monitors and file names take one.

    Args:
        model: A model whose state is created.

    Raises:
        ModelError: Such metrics, all of them.
    """
    shapes = {name: tuple(value.shape) for name, value in model.get_metrics_result().items() if hasattr(value, "shape")}
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
        import tensorflow as tf

        self._model = model
        self._step: Any = tf.function(model.test_step, reduce_retracing=True)
        self._started = False

    def add(self, batch: tuple[Any, Any, Any]) -> None:
        """Take in inputs, targets and weights (or None), each a NumPy array, a dict or a list of them."""
        if not self._started:
            create_state(self._model, batch)
            self._model.reset_metrics()
            self._started = True
        self._step(batch)

    def result(self) -> dict[str, float]:
        """The metrics by Keras's names."""
        return {name: float(value) for name, value in self._model.get_metrics_result().items()}
