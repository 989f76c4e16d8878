"""When larger batches may be told: proved for every layer that is held to be indifferent, and doubted otherwise."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dlcli.backend.runtime import configure
from dlcli.config.catalogue.entries import load
from dlcli.config.graph.expanded import expand
from dlcli.config.schema import CompileConfig, ModelConfig, RuntimeConfig
from dlcli.config.schema.component import Component
from dlcli.config.signature import InputSpec
from dlcli.model.batch_division import ROW_BY_ROW, division_matters
from dlcli.model.functional import build

CELLS = {"GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"}


def model_of(layers: list[Any], *inputs: InputSpec) -> Any:
    configure(RuntimeConfig(), 0)
    graph = expand(ModelConfig.model_validate({"layers": layers}), features={spec.name for spec in inputs}).require()
    return build(graph, inputs, code={}, name="m")


def matters(layers: list[Any], loss: Any = "mse", *, metrics: Any = None, code: Any = None, outputs: int = 1) -> bool:
    """What is said of a model of the features `x`, a series."""
    model = model_of(layers, InputSpec("x", (6, 4), named=True))
    compile_ = CompileConfig.model_validate({"loss": loss, "metrics": metrics})
    assert isinstance(compile_.loss, Component)
    config = SimpleNamespace(compile=compile_)
    plans = [SimpleNamespace(loss=compile_.loss)] * outputs
    assembly: Any = SimpleNamespace(model=model, config=config, outputs=plans, code=code or {})
    return division_matters(assembly)


def test_the_names_are_keras() -> None:
    assert set(load().names("layers")) | {"InputLayer"} >= ROW_BY_ROW


@pytest.mark.parametrize("name", sorted(ROW_BY_ROW - CELLS - {"InputLayer"}))
def test_a_layer_makes_each_row_from_that_row_alone_and_draws_nothing(name: str, specimen: Any) -> None:
    sample = specimen(name)
    spec = InputSpec("x", sample.shape, sample.dtype, named=True)
    model = model_of([{name: sample.arguments, "inputs": ["x"] * sample.inputs}], spec)
    x = (np.random.default_rng(0).uniform(0, 4, (7, *sample.shape))).astype(sample.dtype)
    before = [variable.numpy() for variable in model.variables]
    whole = np.asarray(model({"x": x}, training=False))
    parts = [np.asarray(model({"x": part}, training=False)) for part in (x[:5], x[5:])]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5, atol=1e-6)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


LAST = {"Dense": {"units": 1}}

INDIFFERENT: dict[str, list[Any]] = {
    "dense": [LAST],
    "recurrent": [{"LSTM": {"units": 2}}, {"Dropout": {"rate": 0.5}}, LAST],
    "wrapped": [{"Bidirectional": {"layer": {"GRU": {"units": 2}}}}, LAST],
    "along the features": [{"LayerNormalization": {}}, {"Softmax": {}}, {"UnitNormalization": {"axis": [1, 2]}}, LAST],
    "attention": [{"MultiHeadAttention": {"num_heads": 2, "key_dim": 2}, "inputs": ["x", "x"]}, LAST],
    "nested": [{"layers": [{"Dense": {"units": 3, "activation": "softmax"}}]}, LAST],
}

DOUBTED: dict[str, list[Any]] = {
    "dropout that is always drawn": [{"LSTM": {"units": 2, "dropout": 0.1}}, LAST],
    "recurrent dropout": [{"GRU": {"units": 2, "recurrent_dropout": 0.1}}, LAST],
    "in a wrapper": [{"Bidirectional": {"layer": {"LSTM": {"units": 2, "dropout": 0.1}}}}, LAST],
    "in a cell": [{"RNN": {"cell": {"SimpleRNNCell": {"units": 2, "dropout": 0.1}}}}, LAST],
    "in a nested model": [{"layers": [{"SimpleRNN": {"units": 2, "dropout": 0.1}}]}, LAST],
    "along the batch": [{"UnitNormalization": {"axis": 0}}, LAST],
    "along the batch, counted from behind": [{"Softmax": {"axis": -3}}, LAST],
    "an activation along the batch": [{"Dense": {"units": 2, "activation": {"Softmax": {"axis": 0}}}}, LAST],
    "a function with arguments": [{"Dense": {"units": 2, "activation": {"log_softmax": {"axis": 0}}}}, LAST],
    "a loss of a layer": [{"Dense": {"units": 1, "activity_regularizer": "L2"}}],
    "a mask": [{"Masking": {}}, LAST],
    "a layer that looks at all": [{"Flatten": {}}, {"MelSpectrogram": {"fft_length": 4, "sequence_stride": 2}}],
}


@pytest.mark.parametrize("kind", INDIFFERENT)
def test_models_that_are_indifferent(kind: str) -> None:
    assert not matters(INDIFFERENT[kind])


@pytest.mark.parametrize("kind", DOUBTED)
def test_models_that_are_doubted(kind: str) -> None:
    assert matters(DOUBTED[kind])


@pytest.mark.parametrize(
    ("loss", "metrics", "expected"),
    [
        ("mse", ["mae", "AUC", {"Precision": {"thresholds": 0.3}}], False),
        ({"Huber": {"delta": 2.0}}, [], False),
        ({"MeanSquaredError": {"reduction": "sum"}}, [], True),
        ({"MeanSquaredError": {"reduction": "mean_with_sample_weight"}}, [], True),
        ({"SparseCategoricalCrossentropy": {"ignore_class": 0}}, [], True),
        ({"CosineSimilarity": {"axis": 0}}, [], True),
        ("Dice", [], True),
        ("Tversky", [], True),
        ("mse", [{"CosineSimilarity": {"axis": 0}}], True),
        ("mse", [{"MeanIoU": {"num_classes": 2, "ignore_class": 0}}], True),
        ("mse", ["PearsonCorrelation"], True),
    ],
)
def test_losses_and_metrics(loss: Any, metrics: list[Any], expected: bool) -> None:
    assert matters([LAST], loss, metrics=metrics) is expected


def test_several_outputs_and_code_of_ones_own() -> None:
    assert matters([LAST], outputs=2)
    assert matters([LAST], code={"Own": object})
