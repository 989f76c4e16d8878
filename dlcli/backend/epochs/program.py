"""Several epochs as one compiled function: learn, validate, measure, without Python between.

    data, orders (epochs, rows), held_out -> for each epoch: reset the metrics, take the rows in their order,
    run the engine's loop over them, measure; the same for what is held out -> logs (epochs, names)

The data lies on the device once, and an epoch is an order of it. The loops inside are the engine's own, with XLA or
without, so the numbers are those of one call for each stack. An epoch whose numbers are not finite is the last one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dlcli.backend import engine
from dlcli.backend.datasets import Batched, stack_signature, structure

__all__ = ["Epoch", "EpochProgram", "Whole"]


class Whole(Batched, Protocol):
    """All samples of a split, and the orders they come in; see `dlcli.data.samples.batches.Batches`."""

    rows: int
    batch_size: int

    def whole(self) -> Any: ...

    def order(self, epoch: int) -> NDArray[np.int64]: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Epoch:
    """What an epoch came to.

    Args:
        logs: As Keras names them, those of the validation with `val_`.
        seconds: That it took.
        training: Those of them that were spent on learning.
    """

    logs: dict[str, float]
    seconds: float
    training: float


@dataclasses.dataclass(frozen=True, slots=True)
class _Pass:
    """How the batches of a split go through a loop of the engine's: the full ones as a stack, then what is left.

    Args:
        loop: Takes (stack, count).
        rows: Of the split.
        size: Of a batch.
    """

    loop: Any
    rows: int
    size: int

    def run(self, samples: Any) -> None:
        full = self.rows // self.size
        if full:
            shape = (full, self.size)
            self.loop(_map(lambda all_: tf.reshape(all_[: full * self.size], (*shape, *all_.shape[1:])), samples), full)
        if self.rows % self.size:
            self.loop(_map(lambda all_: all_[tf.newaxis, full * self.size : self.rows], samples), 1)


class EpochProgram:
    """The epochs of a training.

    Args:
        model: A compiled `keras.Model` whose steps are Keras's own; its state exists.
        trainer: The engine's, installed in the model.
        train: What is learnt.
        validation: What is validated on after each epoch, if anything.
    """

    def __init__(self, model: Any, trainer: engine.Trainer, train: Whole, validation: Whole | None) -> None:
        self._model, self._trainer, self._train, self._validation = model, trainer, train, validation
        self._data = [
            _map(tf.constant, () if each is None else structure(each.whole())) for each in (train, validation)
        ]
        self._proven = False

    def run(self, first: int, count: int) -> list[Epoch]:
        """Train so many epochs, fewer if the numbers of one are not finite.

        Args:
            first: The first of them, counted from 0.
            count: How many.
        """
        before = None if self._proven else self.state()
        orders = np.stack([self._train.order(epoch) for epoch in range(first, first + count)])
        try:
            found = self._call(orders)
        except engine.COMPILING_FAULTS as error:
            self._trainer.leave_xla_after(error)
            assert before is not None  # all is compiled after the first call
            self.give_back(before)
            found = self._call(orders)
        self._proven = True
        return found

    def state(self) -> list[Any]:
        """The values of all variables that training changes."""
        return [tf.convert_to_tensor(variable.value) for variable in self._variables()]

    def give_back(self, state: list[Any]) -> None:
        """Let them be again what they were."""
        for variable, value in zip(self._variables(), state, strict=True):
            variable.assign(value)

    def _variables(self) -> list[Any]:
        model = self._model
        optimizer = [] if model.optimizer is None else model.optimizer.variables
        return [*model.variables, *optimizer, *model.metrics_variables]

    def _call(self, orders: NDArray[np.int64]) -> list[Epoch]:
        function, names = self._function()
        numbers, times, done = (each.numpy() for each in function(tf.constant(orders), *self._data))
        return [
            Epoch(
                dict(zip(names, map(float, row), strict=True)), seconds=float(end - begin), training=float(mid - begin)
            )
            for row, (begin, mid, end) in zip(numbers[:done], times[:done], strict=True)
        ]

    def _function(self) -> tuple[Any, list[str]]:
        """The compiled function and the names of its logs; that of a training before if the model has had the same."""
        signature = stack_signature(self._train)
        learn = _Pass(self._trainer.loop(signature), self._train.rows, self._train.batch_size)
        test, tested = None, None
        if self._validation is not None:
            tested = stack_signature(self._validation)
            test = _Pass(engine.test_loop(self._model, tested), self._validation.rows, self._validation.batch_size)
        programs, key = engine.programs(self._model), ("epochs", learn, test)
        if key not in programs:
            names: list[str] = []
            data = [() if each is None else _map(_of_rows, each[0]) for each in (signature, tested)]
            specs = [tf.TensorSpec((None, None), tf.int64), *data]
            function = tf.function(_epochs(self._model, learn, test, names), input_signature=specs, autograph=False)
            programs[key] = (
                function.get_concrete_function(),
                names,
            )  # TensorFlow warns of many traces where calls make them
        return programs[key]  # type: ignore[no-any-return]


def _epochs(model: Any, learn: _Pass, test: _Pass | None, names: list[str]) -> Callable[..., Any]:
    """The function to trace; it fills in the names of the logs."""

    def epoch(order: Any, data: Any, held_out: Any) -> tuple[Any, Any]:
        begin = tf.timestamp()
        with tf.control_dependencies([begin]):
            model.reset_metrics()
            learn.run(_map(lambda all_: tf.gather(all_, order), data))
            logs = dict(model.get_metrics_result())
        with tf.control_dependencies([*logs.values()]):
            mid = tf.timestamp()
        if test is not None:
            with tf.control_dependencies([mid]):
                model.reset_metrics()
                test.run(held_out)
                logs |= {f"val_{name}": value for name, value in model.get_metrics_result().items()}
        with tf.control_dependencies([*logs.values()]):
            end = tf.timestamp()
        names[:] = logs
        return tf.stack([tf.cast(value, tf.float64) for value in logs.values()]), tf.stack([begin, mid, end])

    def run(orders: Any, data: Any, held_out: Any) -> Any:
        count = tf.shape(orders)[0]

        def step(index: Any, _: Any, rows: Any, times: Any) -> Any:
            numbers, time = epoch(orders[index], data, held_out)
            finite = tf.reduce_all(tf.math.is_finite(numbers))
            return index + 1, finite, rows.write(index, numbers), times.write(index, time)

        arrays = [tf.TensorArray(tf.float64, size=count, element_shape=None) for _ in range(2)]
        done, _, rows, times = tf.while_loop(
            lambda index, finite, *_: tf.logical_and(index < count, finite), step, (0, True, *arrays)
        )
        reached = tf.range(done)
        return rows.gather(reached), times.gather(reached), done

    return run


def _of_rows(spec: Any) -> Any:
    """The spec of all samples, of that of a stack of batches."""
    return tf.TensorSpec(spec.shape[1:], spec.dtype)


def _map(change: Callable[[Any], Any], arrays: Any) -> Any:
    return tf.nest.map_structure(change, arrays)
