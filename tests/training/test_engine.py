"""The engine: stacks of any size give the same weights, one trace serves a job, and XLA's failures are told."""

from __future__ import annotations

import os
import signal
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.batches import Batches
from dlcli.data.samples.labels import Labels
from dlcli.data.samples.samples import Taken
from dlcli.errors import ModelError
from dlcli.training.guards.interruption import Interruption, StopTraining

numbers = np.random.default_rng(1)
X = numbers.normal(size=(60, 3)).astype(np.float32)
Y = (X[:, :1] - 2 * X[:, 1:2]).astype(np.float32)

Spec = dict[str, Any]


def small(*layers: Any, **keys: Any) -> Spec:
    """A network with an output of one number."""
    return {
        "layers": [*layers, {"Dense": {"units": 1}, "name": "y"}],
        "inputs": {"features": X},
        "targets": {"y": Y},
        "compile": {"loss": "mean_squared_error", "optimizer": "adam", "metrics": ["mae"]},
        **keys,
    }


class Twin:
    """A compiled model that trains again and again from its first state, by Keras alone or by the engine."""

    def __init__(self, model: Any, interruption: Interruption | None) -> None:
        from dlcli.backend import engine
        from dlcli.model.state import create_state

        self._model = model
        self._stacked = interruption is not None
        create_state(model, next(batches(4, 2).slices()))
        if interruption is not None:
            engine.install(model, xla=False, between=interruption.stop_if_requested)
        self._variables = [*model.variables, *model.optimizer.variables]
        self._first = [each.numpy().copy() for each in self._variables]

    def train(self, rows: Batches, stack: int) -> tuple[dict[str, list[float]], list[Any]]:
        from dlcli.backend.datasets import dataset, stacked_dataset
        from dlcli.training.epoch_order import EpochOrder

        for variable, value in zip(self._variables, self._first, strict=True):
            variable.assign(value)
        given = stacked_dataset(rows, stack) if self._stacked else dataset(rows)
        steps = rows.num_stacks(stack) if self._stacked else None
        history = self._model.fit(
            given, steps_per_epoch=steps, epochs=2, callbacks=[EpochOrder(rows)], shuffle=False, verbose=0
        )
        return history.history, [each.numpy().copy() for each in self._variables]


def batches(rows: int, batch_size: int, *, drop_last: bool = False) -> Batches:
    samples = ArraySamples(Taken({"features": X[:rows]}, {"y": Y[:rows]}), np.arange(rows))
    return Batches(samples, Labels({"y": ("y",)}), batch_size=batch_size, shuffle=True, drop_last=drop_last)


@pytest.fixture(scope="module")
def twins(model_of: Any) -> tuple[Twin, Twin]:
    """The same model for Keras alone and for the engine; what each compiled stays, so that an example is quick."""
    spec = small({"Dense": {"units": 3, "activation": "tanh"}}, {"Dropout": {"rate": 0.2}})
    return Twin(model_of(spec), None), Twin(model_of(spec), Interruption())


@settings(max_examples=4, deadline=None)
@given(st.integers(1, 60), st.integers(1, 70), st.integers(1, 70), st.booleans())
@example(60, 1, 7, False)
@example(60, 1, 1, False)
@example(60, 60, 3, False)
@example(60, 70, 3, True)
@example(60, 59, 1, False)
@example(60, 59, 1, True)
@example(60, 30, 2, True)
@example(60, 8, 256, True)
@example(1, 1, 1, False)
def test_stacks_of_any_size_train_the_same(
    twins: tuple[Twin, Twin], rows: int, batch_size: int, stack: int, drop_last: bool
) -> None:
    keras_alone, engine = (twin.train(batches(rows, batch_size, drop_last=drop_last), stack) for twin in twins)
    for name, values in keras_alone[0].items():
        np.testing.assert_allclose(engine[0][name], values, rtol=1e-5, atol=1e-6, err_msg=name)
    for one, other in zip(engine[1], keras_alone[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("xla", [False, True])
def test_a_job_is_traced_once(xla: bool, model_of: Any) -> None:
    """One trace serves whole, padded and short stacks over all epochs."""
    import keras

    from dlcli.backend import engine
    from dlcli.backend.datasets import stacked_dataset
    from dlcli.model.state import create_state

    traces: list[Any] = []

    class Counted(keras.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            traces.append(inputs)
            return inputs * 1

    model, rows = model_of(small({"Counted": {}}, code={"Counted": Counted})), batches(60, 8)
    create_state(model, next(rows.slices()))
    engine.install(model, xla=xla, between=lambda: None)
    traces.clear()
    model.fit(stacked_dataset(rows, 4), steps_per_epoch=rows.num_stacks(4), epochs=3, shuffle=False, verbose=0)
    assert len(traces) == 1


def odd_layer(kind: str) -> Any:
    """A layer with an operation that XLA does not have."""
    import keras
    import tensorflow as tf

    class Odd(keras.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            if kind == "python":
                result = tf.py_function(lambda values: values, [inputs], inputs.dtype)
                result.set_shape(inputs.shape)
                return result
            return inputs + 0 * tf.strings.to_number(tf.strings.as_string(inputs))

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    return Odd


@pytest.mark.parametrize("kind", ["python", pytest.param("text", marks=pytest.mark.soak)])
def test_what_xla_cannot_compile_trains_without(kind: str, train: Any) -> None:
    """`auto` says so once, and the numbers are those of the graph."""
    spec = small({"Dense": {"units": 3}}, {"Odd": {}, "name": "curious"}, code={"Odd": odd_layer(kind)})
    reasons: list[str] = []
    fallen = train(spec, "xla", fall_back=reasons.append)
    assert len(reasons) == 1
    assert "'curious'" in reasons[0]
    graph = train(spec, "graph")
    assert fallen.history == graph.history
    assert all(np.array_equal(one, other) for one, other in zip(fallen.weights, graph.weights, strict=True))


def test_what_xla_cannot_compile_is_an_error_that_names_the_layer(train: Any) -> None:
    spec = small({"Dense": {"units": 3}}, {"Odd": {}, "name": "curious"}, code={"Odd": odd_layer("text")})
    with pytest.raises(ModelError) as error:
        train(spec, "xla")
    (problem,) = error.value.problems
    assert problem.path == "runtime.execution"
    assert problem.rule == "xla"
    assert "'curious'" in problem.message
    assert "AsString" in problem.message
    assert "auto" in problem.hint
    assert "graph" in problem.hint


def test_ctrl_c_stops_between_two_stacks(model_of: Any) -> None:
    """Weights are those of whole stacks, and nothing goes on in the background."""
    import keras

    from dlcli.backend import engine
    from dlcli.backend.datasets import stacked_dataset
    from dlcli.model.state import create_state

    class Press(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 1:
                os.kill(os.getpid(), signal.SIGINT)

    model, rows = model_of(small()), batches(60, 4)
    create_state(model, next(rows.slices()))
    with Interruption() as interruption:
        engine.install(model, xla=False, between=interruption.stop_if_requested)
        with pytest.raises(StopTraining):
            model.fit(
                stacked_dataset(rows, 3), steps_per_epoch=5, epochs=5, callbacks=[Press()], shuffle=False, verbose=0
            )
    assert int(model.optimizer.iterations) == 2 * 3
