"""The engine: Keras's own training step, many times for each call from Python.

`fit` makes a round trip through Python for every batch, which takes far longer than a small model's arithmetic. Here
a stack of batches goes into one compiled function that runs `train_step` (Keras's, or the user's own) over its slices.
`fit`, the callbacks and History stay Keras's; only the train function is another, and the test function of a validation
that must go by the config's batches.

    data set  -> (stack, count) -> run: for i < count: train_step(stack[i]) -> metrics so far

The numbers are those of plain `fit` on the same batches, those that random layers draw included.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from dlcli.backend.failures import culprit, not_compiled
from dlcli.backend.numbers import is_number, read_as_numbers
from dlcli.backend.random_state import Drawn, numbers_drawn, put_back, same_draws
from dlcli.backend.randomness import Draws, as_in_fit, foreign_draws
from dlcli.errors import ModelError

__all__ = [
    "COMPILING_FAULTS",
    "Tracing",
    "Trainer",
    "for_any_size",
    "forget_numbers",
    "give_values",
    "install",
    "install_validation",
    "loop",
    "predict_rows",
    "programs",
    "reports_metrics",
]

Logs = dict[str, Any]

PROGRAMS = "_programs_of_dlcli"

BY_BATCH = "by batch"
"""The first of the keys of programs that take single batches."""

MOST_SHAPES = 4
"""Shapes of rows that a model has a program for to predict."""

OWN = "own"
"""Where the variables are that programs have besides the model's, which they keep something in of their own."""

TRAINING = "training"
"""The first of the keys of programs that train."""

MOST = 32
"""Programs that train and are kept of one model: some megabytes each, and one for each size of batches."""

COMPILING_FAULTS = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.InternalError)
"""What is raised where XLA cannot compile a model, and for other reasons too."""


class Tracing:
    """Begins every trace of a step alike: Keras's AugMix chooses by Python's own random numbers while it is traced.

    Args:
        begun: Where these stood at each trace of the training that goes on, whose choices they decide again; the
            numbers that are drawn meanwhile are not drawn a second time. Empty: a training begins.
    """

    def __init__(self, begun: Sequence[Drawn] = ()) -> None:
        self.begun = list(begun)
        self._goes_on = bool(begun)
        self._traces = 0

    @contextlib.contextmanager
    def alike(self) -> Iterator[None]:
        """Trace within, each time as the first."""
        self._traces = 0
        with self._trace():
            put_back(self.begun[0])
            yield

    @contextlib.contextmanager
    def each(self) -> Iterator[None]:
        """Trace within, as often and in the order in which Keras does: for batches of another size once more."""
        with self._trace():
            yield

    @contextlib.contextmanager
    def _trace(self) -> Iterator[None]:
        now = numbers_drawn()
        if self._traces == len(self.begun):
            self.begun.append(now)
        elif self._goes_on:
            put_back(self.begun[self._traces])
        self._traces += 1
        try:
            yield
        finally:
            if self._goes_on:
                put_back(now)


def install(
    model: Any,
    *,
    xla: bool,
    between: Callable[[], None],
    tracing: Tracing | None = None,
    fall_back: Callable[[str], None] | None = None,
    notice: Callable[[str], None] | None = None,
    unkept: Callable[[str], None] | None = None,
) -> Trainer:
    """Make `model.fit` train by stacks of batches.

    The optimizer's and the metrics' variables must exist (`create_state`). The data set given to `fit` has elements
    (batch, count) as `datasets.stacked_dataset` makes them; `fit` then counts stacks, not batches.

    Args:
        model: A compiled `keras.Model`.
        xla: Compile with XLA; else a TensorFlow graph runs the loop.
        between: Called between two stacks; what it raises ends the training there.
        tracing: How the step is traced; None: as that of a training that begins.
        fall_back: Called with a reason when the model trains without XLA instead: XLA cannot compile it, or would draw
            other random numbers. None: the first is an error, and the second goes on.
        notice: Called with what the numbers of the job have that plain `fit`'s have not.
        unkept: Called with what of the step's state nobody can keep; see `watch_steps`.

    Returns:
        What trains: it may be asked for its loop.

    Raises:
        ModelError: In `fit`, when XLA cannot compile the model and there is no `fall_back`.
    """
    trainer = Trainer(model, xla=xla, tracing=tracing or Tracing(), fall_back=fall_back, notice=notice, unkept=unkept)

    def train_function(iterator: Any) -> Logs:
        between()
        return trainer.run(iterator)

    # Keras keeps a train function that is there; see `Trainer.make_train_function`.
    model.train_function = train_function
    return trainer


def watch_steps(model: Any, *, tracing: Tracing, unkept: Callable[[str], None]) -> None:
    """Make Keras's own train function, which takes batch by batch, be traced as that of the training that goes on.

    Args:
        model: A compiled `keras.Model`.
        tracing: How.
        unkept: Called with what of the step's state nobody can keep: kernels do not tell where their random numbers
            stand, and Keras does not know of variables that are not its own.
    """
    step = model.train_step
    told: set[str] = set()

    @functools.wraps(step)
    def watched(data: Any) -> Logs:
        if not tf.inside_function():
            return step(data)  # type: ignore[no-any-return]
        with tracing.each():
            logs: Logs = step(data)
        for state in _unkept(model, tf.compat.v1.get_default_graph()):
            if state not in told:
                told.add(state)
                unkept(state)
        return logs

    model.train_step = watched


def _unkept(model: Any, graph: Any) -> Iterator[str]:
    """What of the state of a traced step is not in a commit."""
    drawing = foreign_draws(graph).stateful
    if drawing:
        where = culprit(model, drawing) or "the model"
        yield f"where the random numbers of TensorFlow's own stand, which {where} draws"
    optimizer = [] if model.optimizer is None else model.optimizer.variables
    own = programs(model).get(OWN, ())
    known = {id(each.value) for each in (*model.variables, *optimizer, *model.metrics_variables, *own)}
    for variable in getattr(graph, "variables", ()):
        known_ = id(variable) in known or is_number(variable)
        if not known_ and variable.trainable is not None and not _is_of_keras(variable, known):
            yield f"the variable {variable.name.partition(':')[0]}, which is TensorFlow's and none of Keras's"


def _is_of_keras(variable: Any, known: set[int]) -> bool:
    """Whether a variable is one of Keras's under another name: scopes wrap them."""
    return id(getattr(variable, "_variable", variable)) in known


def install_validation(model: Any) -> None:
    """Make validation take stacks of batches, as `datasets.stacked_pass` makes them, in a graph.

    A data set of plain batches, which a callback of the user's may evaluate, goes through Keras's own function.

    Args:
        model: A compiled `keras.Model`.
    """
    if getattr(model.test_function, "takes_stacks", False):
        return  # that of a training before, of the model as it is compiled now
    model.make_test_function(force=True)
    plain, stacked = model.test_function, None

    def test_function(iterator: Any) -> Logs:
        nonlocal stacked
        if not _is_stacked(iterator.element_spec):
            return plain(iterator)  # type: ignore[no-any-return]
        if stacked is None:
            stacked = loop(model, model.test_step, iterator.element_spec, xla=False)
        return stacked(*next(iterator))  # type: ignore[no-any-return]

    test_function.takes_stacks = True  # type: ignore[attr-defined]
    model.test_function = test_function


def programs(model: Any) -> dict[Any, Any]:
    """What was traced of a model's own steps, as it is compiled now; kept at the model, and gone with it."""
    compiled: dict[Any, Any] = vars(model).setdefault(PROGRAMS, {})  # Keras would track what is set as an attribute
    optimizer = getattr(model, "optimizer", None)  # which a model that only predicts has not
    if compiled.get("optimizer") is not optimizer or "train_step" in vars(model):
        compiled.clear()
        compiled["optimizer"] = optimizer
    return compiled


def forget_numbers(model: Any) -> None:
    """Let go of what holds the model's numbers, of which one is another now: Keras's functions. Ours read them."""
    model.test_function = model.predict_function = None


def give_values(variables: Sequence[Any], values: Sequence[Any]) -> None:
    """Give variables of Keras's the values that they had before, without its look at each.

    Args:
        variables: Of one model.
        values: Of the same shapes and types.
    """
    for variable, value in zip(variables, values, strict=True):
        tf.raw_ops.AssignVariableOp(resource=variable.value.handle, value=value)


def _forget_some(traced: dict[Any, Any]) -> None:
    """Let go of the programs that were not wanted for longest."""
    training = [each for each in traced if isinstance(each, tuple) and each[0] == TRAINING]
    for key in training[:-MOST]:
        del traced[key]


def for_any_size(step: Callable[[Any], Any], batch: tuple[Any, ...]) -> Callable[[Any], Any]:
    """A step for batches of any size, as `fit` traces it: by a size that it knows Keras weighs a loss of parts;
    and without AutoGraph, which would rewrite Keras and whatever it calls.

    Args:
        step: Takes a batch.
        batch: One of them: a structure of NumPy arrays.
    """
    signature = _any_size(batch)
    model = getattr(step, "__self__", None)
    if not isinstance(model, keras.Model):
        return tf.function(step, input_signature=[signature], autograph=False)  # type: ignore[no-any-return]
    traced, key = programs(model), (BY_BATCH, step.__name__, repr(signature))
    if key not in traced:

        def reading(batch: Any) -> Any:
            with read_as_numbers(model):
                return step(batch)

        traced[key] = tf.function(reading, input_signature=[signature], autograph=False)
    return traced[key]  # type: ignore[no-any-return]


def predict_rows(model: Any, inputs: Mapping[str, Any], *, own_code: bool) -> Any:
    """What `predict_on_batch` gives, by a program that is traced once for any number of rows.

    Args:
        model: A `keras.Model`.
        inputs: Arrays `(rows, ...)` by name. Of more than a few other shapes Keras's function takes over: it learns to
            leave them open.
        own_code: Layers of the user's own may ask for the number of rows while they are traced.
    """
    step, traced = model.predict_step, programs(model)
    key = (BY_BATCH, step.__name__, repr(_any_size((inputs,))))
    ours = sum(isinstance(each, tuple) and each[:2] == key[:2] for each in traced)
    if own_code or "train_step" in vars(model) or (key not in traced and ours >= MOST_SHAPES):
        return model.predict_on_batch(inputs)
    values = for_any_size(step, (inputs,))((inputs,))
    return tf.nest.map_structure(lambda value: value.numpy(), values)


def _any_size(batch: tuple[Any, ...]) -> Any:
    return tf.nest.map_structure(lambda array: tf.TensorSpec((None, *array.shape[1:]), array.dtype), batch)


def _is_stacked(signature: Any) -> bool:
    """Whether the elements of a data set are stacks with their counts: no batch is a single number."""
    return isinstance(signature, tuple) and len(signature) == 2 and getattr(signature[1], "shape", None) == ()


class Trainer:
    """The compiled function, and the one it is replaced by when XLA cannot compile the model; see `install`."""

    def __init__(
        self,
        model: Any,
        *,
        xla: bool,
        tracing: Tracing,
        fall_back: Callable[[str], None] | None,
        notice: Callable[[str], None] | None,
        unkept: Callable[[str], None] | None,
    ) -> None:
        self._model = model
        self._fall_back = fall_back
        self._notice = notice
        self._unkept = unkept
        self._xla = xla
        self._mine: dict[Hashable, Any] = {}
        self._loops: dict[bool, Any] = {}
        self._tracing = tracing
        self._told: list[str] = []

    def run(self, iterator: Any) -> Logs:
        """Train on the iterator's next stack."""
        element = next(iterator)
        try:
            logs: Logs = self._loop(iterator.element_spec)(*element)
        except COMPILING_FAULTS as error:
            self.leave_xla_after(error)
            logs = self._loop(iterator.element_spec)(*element)
        return logs

    @property
    def under_xla(self) -> bool:
        """Whether it trains under XLA, as far as is known by now."""
        return self._xla

    def program(self, key: Hashable, make: Callable[[bool], Any]) -> Any:
        """A function that trains, that of a training before if the model has had one that is the same; else traced now.

        Args:
            key: Tells it from others of this model.
            make: Traces it, with XLA or without, and gives the concrete function.
        """
        key = (TRAINING, key, self._xla, self._fall_back is None)
        if key not in self._mine:
            self._mine[key] = self._that_of_before(key, make)
        return self._mine[key]

    def _that_of_before(self, key: Hashable, make: Callable[[bool], Any]) -> Any:
        traced = programs(self._model)
        if key in traced and not self._tracing.begun:
            with self._tracing.alike():
                traced[key] = traced.pop(key)
                return traced[key]
        begins, told, xla = numbers_drawn(), len(self._told), self._xla
        function = self._trace_now(make)
        # One that has chosen by Python's random numbers, or was told of, is of this training alone.
        if same_draws(numbers_drawn(), begins) and len(self._told) == told and xla == self._xla:
            traced[key] = function
            _forget_some(traced)
        return function

    def leave_xla_after(self, error: Exception) -> None:
        """Go on without XLA if that is what has failed: it compiles before anything runs, so no variable has changed.

        Raises:
            ModelError: It is, and there is no going on without.
        """
        problem = not_compiled(self._model, error) if self._xla else None
        if problem is None:
            raise error
        if self._fall_back is None:
            raise ModelError(problem) from error
        self._leave_xla(problem.message)

    def _loop(self, signature: Any) -> Any:
        """The function (stack, count) -> logs, traced at most once."""
        if self._loops.get(self._xla) is None:
            self._loops[self._xla] = self._traced(signature)
        return self._loops[self._xla]

    def _traced(self, signature: Any) -> Any:

        def make(xla: bool) -> Any:
            return loop(self._model, self._model.train_step, signature, xla=xla).get_concrete_function()

        return self.program(repr(signature), make)

    def _trace_now(self, make: Callable[[bool], Any]) -> Any:
        """A function: without XLA where that would draw other numbers than the kernels."""
        with self._tracing.alike():
            function = make(self._xla)
            draws = foreign_draws(function.graph)
        self._tell(draws)
        if self._unkept is not None:
            for state in _unkept(self._model, function.graph):
                self._told.append(state)
                self._unkept(state)
            self._unkept = None
        if not self._xla or self._fall_back is None or draws == Draws():
            return function
        where = culprit(self._model, (*draws.stateless, *draws.stateful)) or "the model"
        self._leave_xla(f"under XLA {where} would draw other random numbers than in plain Keras")
        with self._tracing.alike():
            return make(False)

    def _leave_xla(self, reason: str) -> None:
        assert self._fall_back is not None
        self._fall_back(reason)
        self._xla = False

    def _tell(self, draws: Draws) -> None:
        """Say once what stays unlike plain `fit`; nothing where that is what XLA is left for."""
        stateless = draws.stateless if self._xla and self._fall_back is None else ()
        if self._notice is None or not (stateless or draws.stateful):
            return
        where = culprit(self._model, (*stateless, *draws.stateful)) or "the model"
        self._told.append(where)
        self._notice(f"{where} draws other random numbers than in plain Keras")
        self._notice = None


def loop(model: Any, step: Callable[[Any], Logs], signature: Any, *, xla: bool) -> Any:
    """A function (stack, count) -> logs that trains or tests on the first `count` batches of the stack.

    Traced once, for a batch of any size as in `fit`: Keras weighs the parts of a loss by a size that it knows.
    The number of batches is a tensor, and the loop a `while`: one program serves every count. (Under XLA a loop over
    `tf.range` would be compiled again for each.)
    """

    def run(stack: Any, count: Any) -> Logs:
        def take(index: Any) -> Logs:
            return step(tf.nest.map_structure(lambda array: array[index], stack))

        first = tf.zeros_like(count)
        if reports_metrics(model, step):
            tf.while_loop(lambda index: index < count, lambda index: (take(index), (index + 1,))[1], (first,))
            return model.get_metrics_result()  # type: ignore[no-any-return]
        # A step of one's own may report anything: what the loop carries has the form of what the first gives.
        _, logs = tf.while_loop(
            lambda index, logs: index < count, lambda index, logs: (index + 1, take(index)), (first + 1, take(first))
        )
        return logs  # type: ignore[no-any-return]

    def trace(stack: Any, count: Any) -> Logs:
        with read_as_numbers(model), as_in_fit() if xla else contextlib.nullcontext():
            return run(stack, count)

    return tf.function(trace, input_signature=signature, jit_compile=xla, autograph=False)


def reports_metrics(model: Any, step: Callable[[Any], Logs]) -> bool:
    """Whether a step returns the state of the metrics, as Keras's own do."""
    kind, name = type(model), step.__name__
    return getattr(kind, name) is getattr(keras.Model, name) and kind.compute_metrics is keras.Model.compute_metrics
