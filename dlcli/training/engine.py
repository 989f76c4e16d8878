"""The engine: Keras's own training step, many times for each call from Python.

`fit` makes a round trip through Python for every batch, which takes far longer than a small model's arithmetic. Here
a stack of batches goes into one compiled function that runs `train_step` (Keras's, or the user's own) over its slices.
`fit`, the callbacks and History stay Keras's; only the train function is another.

    data set  -> (stack, count) -> run: for i < count: train_step(stack[i]) -> metrics so far

The numbers are those of plain `fit` on the same batches, those that random layers draw included.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from dlcli.errors import ModelError
from dlcli.training.failures import not_compiled
from dlcli.training.interruption import Interruption
from dlcli.training.randomness import as_in_fit

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
    runner = _Runner(model, xla=xla, fall_back=fall_back)

    def train_function(iterator: Any) -> Logs:
        interruption.stop_if_requested()
        return runner.run(iterator)

    # Keras keeps a train function that is there; see `Trainer.make_train_function`.
    model.train_function = train_function


class _Runner:
    """The compiled function, and the one it is replaced by when XLA cannot compile the model."""

    def __init__(self, model: Any, *, xla: bool, fall_back: Callable[[str], None] | None) -> None:
        self._model = model
        self._fall_back = fall_back
        self._xla = xla
        self._function: Any = None

    def run(self, iterator: Any) -> Logs:
        """Train on the iterator's next stack."""
        element = next(iterator)
        if self._function is not None:
            return self._function(*element)  # type: ignore[no-any-return]
        function = _loop(self._model, iterator.element_spec, xla=self._xla)
        try:
            logs: Logs = function(*element)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.InternalError) as error:
            # XLA compiles before anything runs, so no variable has changed.
            problem = not_compiled(self._model, error) if self._xla else None
            if problem is None:
                raise
            if self._fall_back is None:
                raise ModelError(problem) from error
            self._fall_back(problem.message)
            function = _loop(self._model, iterator.element_spec, xla=False)
            logs = function(*element)
        self._function = function
        return logs


def _loop(model: Any, signature: Any, *, xla: bool) -> Any:
    """A function (stack, count) -> logs that trains on the first `count` batches of the stack.

    Traced once, for a batch of any size as in `fit`: Keras weighs the parts of a loss by a size that it knows.
    The number of batches is a tensor, and the loop a `while`: one program serves every count. (Under XLA a loop over
    `tf.range` would be compiled again for each.)
    """

    def run(stack: Any, count: Any) -> Logs:
        def train(index: Any) -> Logs:
            batch = tf.nest.map_structure(lambda array: array[index], stack)
            return model.train_step(batch)  # type: ignore[no-any-return]

        first = tf.zeros_like(count)
        if _reports_metrics(model):
            tf.while_loop(lambda index: index < count, lambda index: (train(index), (index + 1,))[1], (first,))
            return model.get_metrics_result()  # type: ignore[no-any-return]
        # A training step of one's own may report anything: what the loop carries has the form of what the first gives.
        _, logs = tf.while_loop(
            lambda index, logs: index < count, lambda index, logs: (index + 1, train(index)), (first + 1, train(first))
        )
        return logs  # type: ignore[no-any-return]

    def trace(stack: Any, count: Any) -> Logs:
        with as_in_fit() if xla else contextlib.nullcontext():
            return run(stack, count)

    return tf.function(trace, input_signature=signature, jit_compile=xla, autograph=False)


def _reports_metrics(model: Any) -> bool:
    """Whether a training step returns the state of the metrics, as Keras's own does."""
    kind = type(model)
    return kind.train_step is keras.Model.train_step and kind.compute_metrics is keras.Model.compute_metrics
