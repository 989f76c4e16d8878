"""The engine: Keras's own training step, many times for each call from Python.

`fit` makes a round trip through Python for every batch, which takes far longer than a small model's arithmetic. Here
a stack of batches goes into one compiled function that runs `train_step` (Keras's, or the user's own) over its slices.
`fit`, the callbacks and History stay Keras's; only the train function is another.

    data set  -> (stack, count) -> run: for i < count: train_step(stack[i]) -> metrics so far

The numbers are those of plain `fit` on the same batches. Layers that draw random numbers draw others under XLA than
without, so a run never changes from one to the other on its way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from dlcli.errors import ModelError, Problem
from dlcli.training.interruption import Interruption

__all__ = ["install"]

Logs = dict[str, Any]


def install(
    model: Any, *, xla: bool, interruption: Interruption, fall_back: Callable[[str], None] | None = None
) -> None:
    """Make `model.fit` train by stacks of batches.

    The optimizer's and the metrics' variables must exist (`create_state`). The data set given to `fit` has elements
    (batch, count) as `Batches.stacked_dataset` makes them; `fit` then counts stacks, not batches.

    Args:
        model: A compiled `keras.Model`.
        xla: Compile with XLA; else a TensorFlow graph runs the loop.
        interruption: Asked between two stacks.
        fall_back: Called with a reason when XLA cannot compile the model, which then trains without it. None: that is
            an error.

    Raises:
        ModelError: In `fit`, when XLA cannot compile the model and there is no `fall_back`.
    """
    state = _Runner(model, xla=xla, fall_back=fall_back)

    def train_function(iterator: Any) -> Logs:
        interruption.stop_if_requested()
        batch, count = next(iterator)
        return state.run(batch, count)

    # Keras keeps a train function that is there; see `Trainer.make_train_function`.
    model.train_function = train_function


class _Runner:
    """The compiled function, and the one it is replaced by when XLA cannot compile the model."""

    def __init__(self, model: Any, *, xla: bool, fall_back: Callable[[str], None] | None) -> None:
        self._model = model
        self._fall_back = fall_back
        self._untried = xla
        self._function = _loop(model, xla=xla)

    def run(self, batch: Any, count: Any) -> Logs:
        """Train on a stack."""
        if not self._untried:
            return self._function(batch, count)  # type: ignore[no-any-return]
        try:
            logs: Logs = self._function(batch, count)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.InternalError) as error:
            # XLA compiles before anything runs, so no variable has changed.
            problem = _not_compiled(self._model, error)
            if problem is None:
                raise
            if self._fall_back is None:
                raise ModelError(problem) from error
            self._fall_back(problem.message)
            self._function = _loop(self._model, xla=False)
            logs = self._function(batch, count)
        self._untried = False
        return logs


def _loop(model: Any, *, xla: bool) -> Any:
    """A function (stack, count) -> metrics that trains on the first `count` batches of the stack.

    The number of batches is a tensor, and the loop a `while`: one program serves every count. (Under XLA a loop over
    `tf.range` would be compiled again for each.)
    """

    @tf.function(jit_compile=xla, autograph=False)  # type: ignore[untyped-decorator]
    def run(stack: Any, count: Any) -> Logs:
        def step(index: Any) -> tuple[Any]:
            model.train_step(tf.nest.map_structure(lambda array: array[index], stack))
            return (index + 1,)

        tf.while_loop(lambda index: index < count, step, (tf.constant(0, count.dtype),), parallel_iterations=1)
        return model.get_metrics_result()  # type: ignore[no-any-return]

    return run


_MARKS = ("XLA", "tf2xla", "xla", "unsupported operations", "compilation")


def _not_compiled(model: Any, error: Any) -> Problem | None:
    """The problem of a model that XLA cannot compile; None when the error is another."""
    text = str(error)
    if not any(mark in text for mark in _MARKS):
        return None
    named = sorted((layer.name for layer in model.layers if f"/{layer.name}" in text), key=len)
    where = f"the layer {named[-1]!r}" if named else "the model"
    reason = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
    return Problem(
        f"XLA cannot compile {where}: {reason[:200]}",
        path="runtime.execution",
        hint="use execution: auto or graph",
        rule="xla",
    )
