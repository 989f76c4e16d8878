"""Several epochs as one compiled function: learn, validate, measure, without Python between.

    data, orders (epochs, rows), held_out -> for each epoch: reset the metrics, take the rows in their order,
    run the engine's loop over them, measure; the same for what is held out -> logs (epochs, names)

The data lies on the device once, and an epoch is an order of it. The loops inside are the engine's own, with XLA or
without, so the numbers are those of one call for each stack. An epoch whose numbers are not finite is the last one.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework.config import is_op_determinism_enabled

from dlcli.backend import engine
from dlcli.backend.datasets import Batched, stack_signature, structure
from dlcli.backend.epochs.keeping import Kept, Watch
from dlcli.backend.numbers import read_as_numbers
from dlcli.backend.runtime import in_turn

__all__ = ["Epoch", "EpochProgram", "Whole"]

_BRANCHES = {"Case", "If", "StatelessCase", "StatelessIf"}
"""Operations of which one thread waits until another has come to their end: for ever where there is none."""


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
    """How the batches of a split go through a step of Keras's.

    Args:
        step: `train_step` or `test_step`.
        size: Of a batch; the last one may be shorter.
        parts: Whether there are batches of full size, and whether there is a shorter one. How many, is seen by the run:
            folds have some rows more or less.
        compiled: The engine's loop under XLA, which takes (stack, count); None: a graph.
    """

    step: Callable[[Any], Any]
    size: int
    parts: tuple[bool, bool]
    compiled: Any = None

    def run(self, samples: Any) -> None:
        rows = tf.shape(tf.nest.flatten(samples)[0])[0]
        if self.compiled is not None:
            self._by_stacks(samples, rows)
        elif not self.parts[0]:
            self.step(samples)
        else:
            self._by_batches(samples, rows)

    def _by_batches(self, samples: Any, rows: Any) -> None:
        def take(start: Any) -> tuple[Any]:
            self.step(_map(lambda all_: part(all_, start), samples))
            return (start + self.size,)

        def part(all_: Any, start: Any) -> Any:
            taken = all_[start : tf.minimum(start + self.size, rows)]
            if not self.parts[1]:  # all are of one size: no update need ask for the sizes of its gradients
                taken.set_shape((self.size, *all_.shape[1:]))
            return taken

        tf.while_loop(lambda start: start < rows, take, (0,))

    def _by_stacks(self, samples: Any, rows: Any) -> None:
        """Those of full size, then what is left: XLA compiles for each shape."""
        full = rows // self.size
        if self.parts[0]:
            shape = (full, self.size)
            stack = _map(lambda all_: tf.reshape(all_[: full * self.size], (*shape, *all_.shape[1:])), samples)
            self.compiled(stack, full)
        if self.parts[1]:
            self.compiled(_map(lambda all_: all_[tf.newaxis, full * self.size :], samples), 1)


@dataclasses.dataclass(slots=True)
class _Found:
    """What the trace of a program has found.

    Args:
        names: Of its logs.
        in_turn: Whether its operations run one after the other in one thread.
    """

    names: list[str] = dataclasses.field(default_factory=list)
    in_turn: bool = False


class EpochProgram:
    """The epochs of a training.

    Args:
        model: A compiled `keras.Model` whose steps are Keras's own; its state exists.
        trainer: The engine's, installed in the model.
        train: What is learnt.
        validation: What is validated on after each epoch, if anything.
        in_turn: Whether a graph's operations run one after the other in one thread: those of a small network take less
            time than another thread takes to begin. Not under XLA, nor where there are branches among them.
    """

    def __init__(
        self, model: Any, trainer: engine.Trainer, train: Whole, validation: Whole | None, *, in_turn: bool = False
    ) -> None:
        self._in_turn = in_turn
        self._kept: Kept | None = None
        self._model, self._trainer, self._train, self._validation = model, trainer, train, validation
        self._data = [
            _map(tf.constant, () if each is None else structure(each.whole())) for each in (train, validation)
        ]
        self._proven = False

    def keep(self, watch: Watch, best: float | None, weights: Sequence[NDArray[Any]] | None) -> None:
        """Keep the weights of the best epoch from here on; to be called before the first epoch.

        Args:
            watch: Which it is.
            best: See `Kept.begin`.
            weights: See `Kept.begin`.
        """
        self._kept = Kept.of(self._model, watch)
        self._kept.begin(best, weights)

    def kept_weights(self) -> list[NDArray[Any]]:
        """The weights of the best epoch."""
        assert self._kept is not None
        return self._kept.weights()

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
        engine.give_values(self._variables(), state)

    def _variables(self) -> list[Any]:
        model = self._model
        optimizer = [] if model.optimizer is None else model.optimizer.variables
        return [*model.variables, *optimizer, *model.metrics_variables, *(self._kept.variables if self._kept else ())]

    def _call(self, orders: NDArray[np.int64]) -> list[Epoch]:
        function, found = self._function()
        began = time.perf_counter()
        with in_turn(found.in_turn):
            numbers, times, done = (each.numpy() for each in function(tf.constant(orders), *self._data))
        if not times.any():
            times[:, 1:] = (time.perf_counter() - began) / done
        return [
            Epoch(
                dict(zip(found.names, map(float, row), strict=True)),
                seconds=float(end - begin),
                training=float(mid - begin),
            )
            for row, (begin, mid, end) in zip(numbers[:done], times[:done], strict=True)
        ]

    def _function(self) -> tuple[Any, _Found]:
        """The compiled function and what its trace has found."""
        splits = [each for each in (self._train, self._validation) if each is not None]
        signatures = [stack_signature(each) for each in splits]
        watch = None if self._kept is None else self._kept.watch
        key = ("epochs", repr(signatures), *map(_batches, splits), self._in_turn, watch)
        found = engine.programs(self._model).setdefault(("found", key), _Found())
        return self._trainer.program(key, functools.partial(self._traced, found, signatures)), found

    def _traced(self, found: _Found, signatures: list[Any], xla: bool) -> Any:
        model = self._model
        learn = _Pass(model.train_step, *_batches(self._train))
        if xla:
            compiled = engine.loop(model, model.train_step, signatures[0], xla=True)
            learn = dataclasses.replace(learn, compiled=compiled)
        test = None
        if self._validation is not None:
            test = _Pass(model.test_step, *_batches(self._validation))
            if model.jit_compile:
                compiled = engine.loop(model, model.test_step, signatures[1], xla=True)
                test = dataclasses.replace(test, compiled=compiled)
        data = [_map(_of_rows, stack) for stack, _ in signatures] + [()] * (2 - len(signatures))
        specs = [tf.TensorSpec((None, None), tf.int64), *data]
        function = tf.function(
            _epochs(model, learn, test, found.names, self._kept), input_signature=specs, autograph=False
        )
        found.in_turn = self._in_turn and not xla
        with in_turn(found.in_turn):
            concrete = function.get_concrete_function()
        found.in_turn = found.in_turn and not _has_branches(concrete)
        return concrete


def _epochs(model: Any, learn: _Pass, test: _Pass | None, names: list[str], kept: Kept | None) -> Callable[..., Any]:
    """The function to trace; it fills in the names of the logs."""

    def epoch(order: Any, data: Any, held_out: Any) -> tuple[Any, Any]:
        begin = _now()
        with tf.control_dependencies([begin]):
            model.reset_metrics()
            learn.run(_map(lambda all_: tf.gather(all_, order), data))
            logs = dict(model.get_metrics_result())
        with tf.control_dependencies([*logs.values()]):
            mid = _now()
        if test is not None:
            with tf.control_dependencies([mid]):
                model.reset_metrics()
                test.run(held_out)
                logs |= {f"val_{name}": value for name, value in model.get_metrics_result().items()}
        with tf.control_dependencies([*logs.values()]):
            end = _now()
        if kept is not None:
            kept.look(logs)
        names[:] = logs
        return tf.stack([tf.cast(value, tf.float64) for value in logs.values()]), tf.stack([begin, mid, end])

    def run(orders: Any, data: Any, held_out: Any) -> Any:
        with read_as_numbers(model):
            return epochs(orders, data, held_out)

    def epochs(orders: Any, data: Any, held_out: Any) -> Any:
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


def _has_branches(concrete: Any) -> bool:
    """Whether a traced function has branches, at any depth."""
    graph = concrete.graph.as_graph_def()
    bodies = [graph.node, *(body.node_def for body in graph.library.function)]
    return any(node.op in _BRANCHES for nodes in bodies for node in nodes)


def _now() -> Any:
    """The time, in a program; always 0 where operations are to be deterministic, which forbids to ask for it."""
    return tf.constant(0.0, tf.float64) if is_op_determinism_enabled() else tf.timestamp()


def _batches(split: Whole) -> tuple[int, tuple[bool, bool]]:
    """The size of a batch, and whether there are such of full size, and one that is shorter."""
    return split.batch_size, (split.rows >= split.batch_size, split.rows % split.batch_size > 0)


def _of_rows(spec: Any) -> Any:
    """The spec of all samples, of that of a stack of batches."""
    return tf.TensorSpec(spec.shape[1:], spec.dtype)


def _map(change: Callable[[Any], Any], arrays: Any) -> Any:
    return tf.nest.map_structure(change, arrays)
