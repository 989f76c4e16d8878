"""Every component of the catalogue, checked as Keras itself would judge it."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any, Literal

import pytest

from dlcli.config.catalogue.entries import KERAS_KINDS, Catalogue, Entry, load
from dlcli.config.schema.component import Component
from dlcli.config.validation.components import check_components
from dlcli.errors import Problem

pytestmark = pytest.mark.tensorflow

SAMPLES: dict[str, Any] = {
    "axes": 1,
    "backup_dir": "backup",
    "boundaries": [10, 20],
    "cell": {"LSTMCell": {"units": 2}},
    "cells": [{"LSTMCell": {"units": 2}}, {"GRUCell": {"units": 2}}],
    "decay_rate": 0.9,
    "decay_steps": 10,
    "default_value": 0.0,
    "dims": [2, 1],
    "equation": "ab,bc->ac",
    "factor": 0.5,
    "filename": "log.csv",
    "filepath": "x.keras",
    "filters": 4,
    "first_decay_steps": 10,
    "head_dim": 2,
    "height": 4,
    "height_factor": 0.1,
    "initial_learning_rate": 0.1,
    "inner_optimizer": "adam",
    "input_dim": 10,
    "kernel_size": 3,
    "key_dim": 2,
    "layer": {"LSTM": {"units": 2}},
    "layers": ["Flatten", {"Dense": {"units": 2}}],
    "max_number": 4,
    "activation": "relu",
    "n": 2,
    "num_bins": 4,
    "num_classes": 3,
    "num_heads": 2,
    "num_key_value_heads": 2,
    "num_query_heads": 2,
    "num_tokens": 4,
    "output_dim": 2,
    "output_shape": 4,
    "output_size": 2,
    "pool_size": 2,
    "precision": 0.5,
    "rate": 0.5,
    "recall": 0.5,
    "scale": 2.0,
    "schedule": {"ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.9}},
    "sensitivity": 0.5,
    "specificity": 0.5,
    "stddev": 0.1,
    "target_class_ids": [0],
    "target_shape": [2, 2],
    "threshold": 1.0,
    "units": 4,
    "values": [0.1, 0.01, 0.001],
    "width": 4,
    "width_factor": 0.1,
}
OWN_SAMPLES: dict[tuple[str, str], Any] = {("RandomPosterization", "factor"): 4}

# They need other packages, or files that exist.
NOT_MADE_HERE = {"OrbaxCheckpoint", "STFT", "STFTSpectrogram"}

# Either of two arguments must be given.
EITHER = {"Discretization": {"bin_boundaries": [0.0, 1.0]}}

# They throw away unknown arguments without a word; dlcli says so.
SILENT = {"HashedCrossing", "ReduceLROnPlateau"}

CATALOGUE = load()
# Networks are made, and swept, in tests/model/test_pretrained.py: each is many layers.
ENTRIES = [
    pytest.param(entry, id=f"{kind}.{entry.name}")
    for kind in KERAS_KINDS
    if kind != "applications"
    for entry in CATALOGUE.entries(kind)
    if entry.usable and not (entry.shorthand or entry.own or entry.name in NOT_MADE_HERE)
]


def sample(entry: Entry) -> dict[str, Any]:
    """Values for the required arguments."""
    needed = {name: OWN_SAMPLES.get((entry.name, name), SAMPLES.get(name)) for name in entry.required}
    return {**EITHER.get(entry.name, {}), **needed}


def make(catalogue: Catalogue, kind: str, value: Any) -> Any:
    """The Keras object of a component."""
    import keras

    component = Component.parse(value)
    entry = catalogue.get(kind, component.name)
    assert entry is not None
    arguments = {
        name: made(catalogue, entry.arguments[name].takes if name in entry.arguments else None, value)
        for name, value in component.arguments.items()
    }
    module = keras.optimizers.schedules if entry.kind == "schedules" else getattr(keras, entry.kind)
    thing = getattr(module, entry.name)
    if entry.kind == "activations":
        return thing(keras.ops.ones((2, 4)), **arguments)
    return thing(**arguments)


def made(catalogue: Catalogue, takes: str | None, value: Any) -> Any:
    if takes is None or value is None or isinstance(value, (int, float)):
        return tuple(value) if isinstance(value, list) and takes is None else value
    if isinstance(value, list):
        return [made(catalogue, takes, item) for item in value]
    if takes == "activations":
        return value
    return make(catalogue, takes, value)


def problems(kind: str, value: Any) -> list[Problem]:
    """Check one component by itself, wrapped so that any kind can stand there."""
    places = {
        "layers": {"model": {"layers": [value]}},
        "optimizers": {"compile": {"optimizer": value}},
        "losses": {"compile": {"loss": value}},
        "metrics": {"compile": {"metrics": [value]}},
        "callbacks": {"callbacks": [value]},
        "schedules": {"compile": {"optimizer": {"SGD": {"learning_rate": value}}}},
        "activations": {"model": {"layers": [{"Dense": {"units": 1, "activation": value}}]}},
        "initializers": {"model": {"layers": [{"Dense": {"units": 1, "kernel_initializer": value}}]}},
        "regularizers": {"model": {"layers": [{"Dense": {"units": 1, "kernel_regularizer": value}}]}},
        "constraints": {"model": {"layers": [{"Dense": {"units": 1, "kernel_constraint": value}}]}},
    }
    # Layers that Keras makes, and that do nothing where they stand, have a test of their own.
    return [one for one in check_components(places[kind], {}) if one.rule not in ("needs-adapt", "mixes-labels")]


@pytest.mark.parametrize("entry", ENTRIES)
def test_check_and_keras_agree_on_every_component(entry: Entry) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        valid = {entry.name: sample(entry)}
        assert problems(entry.kind, valid) == []
        make(CATALOGUE, entry.kind, valid)

        unknown = {entry.name: {**sample(entry), "zzz": 1}}
        assert [problem.rule for problem in problems(entry.kind, unknown)] == ["unknown-argument"]
        if entry.name not in SILENT:
            with pytest.raises((TypeError, ValueError)):
                make(CATALOGUE, entry.kind, unknown)

        for name in entry.required:
            lacking = {entry.name: {key: value for key, value in sample(entry).items() if key != name}}
            assert [problem.rule for problem in problems(entry.kind, lacking)] == ["missing-argument"]
            with pytest.raises((TypeError, ValueError)):
                make(CATALOGUE, entry.kind, lacking)


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_argument_of_the_catalogue_is_one_of_keras_with_its_default(entry: Entry) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, argument in entry.arguments.items():
            if argument.required or argument.deprecated or argument.default_text or name in EITHER.get(entry.name, {}):
                continue
            value = {entry.name: {**sample(entry), name: argument.default}}
            assert problems(entry.kind, value) == [], name
            make(CATALOGUE, entry.kind, value)


@pytest.mark.parametrize("entry", ENTRIES)
def test_keras_accepts_every_choice(entry: Entry) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, argument in entry.arguments.items():
            for choice in argument.choices:
                value = {entry.name: {**sample(entry), name: choice}}
                assert problems(entry.kind, value) == [], (name, choice)
                make(CATALOGUE, entry.kind, value)


def rules(config: dict[str, Any], names: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    return [(problem.path, problem.rule) for problem in check_components(config, names or {})]


def layers(*items: Any, **model: Any) -> dict[str, Any]:
    return {"model": {"layers": list(items), **model}}


@pytest.mark.parametrize(
    ("config", "found"),
    [
        (layers({"Dens": {"units": 1}}), ("model.layers[0].Dens", "unknown-component")),
        (layers("Adam"), ("model.layers[0]", "unknown-component")),
        (layers({"Dense": None}), ("model.layers[0].Dense", "missing-argument")),
        (layers({"Dense": {"units": "ten"}}), ("model.layers[0].Dense.units", "argument-value")),
        (layers({"Dense": {"units": -1}}), ("model.layers[0].Dense.units", "argument-value")),
        (layers({"Dense": {"units": 0}}), ("model.layers[0].Dense.units", "argument-value")),
        (layers({"Dense": {"units": None}}), ("model.layers[0].Dense.units", "argument-value")),
        (layers({"Dense": {"units": True}}), ("model.layers[0].Dense.units", "argument-value")),
        (layers({"Dense": {"units": {"L2": {}}}}), ("model.layers[0].Dense.units", "argument-value")),
        (layers({"Dense": {"units": 1, "unit": 2}}), ("model.layers[0].Dense.unit", "unknown-argument")),
        (
            layers({"Dense": {"units": 1, "activation": "rleu"}}),
            ("model.layers[0].Dense.activation", "unknown-component"),
        ),
        (
            layers({"Dense": {"units": 1, "kernel_regularizer": 0.01}}),
            ("model.layers[0].Dense.kernel_regularizer", "argument-value"),
        ),
        (
            layers({"Dense": {"units": 1, "kernel_regularizer": {"L2": {"l3": 1}}}}),
            ("model.layers[0].Dense.kernel_regularizer.L2.l3", "unknown-argument"),
        ),
        (
            layers({"Dense": {"units": 1, "kernel_regularizer": {"L1": {}, "L2": {}}}}),
            ("model.layers[0].Dense.kernel_regularizer", "notation"),
        ),
        (layers({"Dropout": {"rate": 1.5}}), ("model.layers[0].Dropout.rate", "argument-value")),
        (
            layers({"Conv2D": {"filters": 1, "kernel_size": 3, "padding": "sam"}}),
            ("model.layers[0].Conv2D.padding", "argument-value"),
        ),
        (layers({"Lambda": {"function": "x"}}), ("model.layers[0].Lambda", "needs-python")),
        (layers("Sequential"), ("model.layers[0]", "unknown-component")),
        (
            layers({"layers": [{"layers": [{"Dense": {"unit": 1, "units": 1}}]}]}),
            ("model.layers[0].layers[0].layers[0].Dense.unit", "unknown-argument"),
        ),
        (
            layers({"Bidirectional": {"layer": {"LSTM": {"units": 0}}}}),
            ("model.layers[0].Bidirectional.layer.LSTM.units", "argument-value"),
        ),
        (
            layers({"RNN": {"cell": [{"LSTMCell": {"units": 1}}, "GRUCell"]}}),
            ("model.layers[0].RNN.cell[1]", "missing-argument"),
        ),
        (layers({"Dense": None, "for": {"units": [1, "x"]}}), ("model.layers[0].for.units[1]", "argument-value")),
        (layers({"Dense": {"units": 1}, "for": {"unit": [1]}}), ("model.layers[0].for.unit", "unknown-argument")),
        (
            layers({"block": "b", "with": {"units": "x"}}, blocks={"b": [{"Dense": None}]}),
            ("model.layers[0].with.units", "argument-value"),
        ),
        (layers({"block": "b"}, blocks={"b": [{"Dense": None}]}), ("model.blocks.b[0].Dense", "missing-argument")),
        (layers("Flatten", blocks={"b": [{"Dens": None}]}), ("model.blocks.b[0].Dens", "unknown-component")),
        ({"compile": {"optimizer": "adm"}}, ("compile.optimizer", "unknown-component")),
        (
            {"compile": {"optimizer": {"SGD": {"learning_rate": "fast"}}}},
            ("compile.optimizer.SGD.learning_rate", "unknown-component"),
        ),
        (
            {"compile": {"optimizer": {"SGD": {"learning_rate": [1]}}}},
            ("compile.optimizer.SGD.learning_rate", "argument-value"),
        ),
        ({"compile": {"loss": "mean_square_error"}}, ("compile.loss", "unknown-component")),
        (
            {"compile": {"loss": {"price": {"Huber": {"delt": 1}}}}},
            ("compile.loss.price.Huber.delt", "unknown-argument"),
        ),
        ({"compile": {"loss": {"a": "mse", "b": "mxe"}}}, ("compile.loss.b", "unknown-component")),
        ({"compile": {"metrics": ["accuracy", "acuracy"]}}, ("compile.metrics[1]", "unknown-component")),
        ({"compile": {"metrics": {"a": ["AUC", "AUD"]}}}, ("compile.metrics.a[1]", "unknown-component")),
        ({"compile": {"metrics": {"accuracy": {"name": "x"}}}}, ("compile.metrics.accuracy.name", "unknown-argument")),
        (
            {"callbacks": [{"EarlyStopping": {"patience": "x"}}]},
            ("callbacks[0].EarlyStopping.patience", "argument-value"),
        ),
        (
            {"callbacks": [{"LearningRateScheduler": {"schedule": 0.1}}]},
            ("callbacks[0].LearningRateScheduler.schedule", "argument-value"),
        ),
    ],
)
def test_each_mistake_is_found_at_its_place(config: dict[str, Any], found: tuple[str, str]) -> None:
    assert rules(config) == [found]


@pytest.mark.parametrize(
    "config",
    [
        layers({"Conv2D": {"filters": 1, "kernel_size": [3, 3], "strides": [2, 2], "padding": "SAME"}}),
        layers({"Dense": None, "for": {"units": [3, 2]}, "name": "x"}),
        layers({"block": "b", "with": {"units": 3}}, blocks={"b": [{"Dense": {"activation": "relu"}}]}),
        layers({"block": "a", "with": {"units": 3}}, blocks={"a": [{"block": "b"}], "b": [{"Dense": None}]}),
        layers({"layers": [{"Dense": None}], "for": {"units": [3]}}),
        layers(
            {"block": "b", "for": {"units": [1]}}, blocks={"b": [{"Dense": None}, {"Bidirectional": {"layer": "LSTM"}}]}
        ),
        layers({"Dense": {"units": 1, "activation": {"LeakyReLU": {"negative_slope": 0.1}}}}),
        layers({"Dense": {"units": 1, "activation": None, "kernel_initializer": "he_normal", "input_shape": [2]}}),
        layers({"shared": "x"}),
        {"compile": {"optimizer": {"adam": {"learning_rate": 1}}, "loss": None, "metrics": "accuracy"}},
        {
            "compile": {
                "optimizer": "sgd",
                "loss": {"price": "mse"},
                "metrics": {"price": ["mae", {"AUC": {"name": "a"}}]},
            }
        },
        {"compile": {"optimizer": {"LossScaleOptimizer": {"inner_optimizer": "sgd"}}, "loss": "crossentropy"}},
        {"callbacks": ["TerminateOnNaN", {"ModelCheckpoint": {"filepath": "a.keras", "save_freq": "epoch"}}]},
    ],
)
def test_what_keras_accepts_is_not_refused(config: dict[str, Any]) -> None:
    assert rules(config) == []


@pytest.mark.parametrize(
    "value", [None, [], "x", {"model": 3}, {"model": {"layers": {"Dense": 1}}}, {"callbacks": "x"}]
)
def test_what_cannot_be_read_is_left_to_the_schema(value: Any) -> None:
    assert check_components(value, {}) == []


@dataclasses.dataclass
class Own:
    """What is known of a class in the user's own file."""

    arguments: list[str]
    required: list[str]
    extra: bool = False
    kind: Literal["class", "function"] = "class"


def test_classes_of_the_user_stand_anywhere_and_are_checked_as_far_as_they_are_known() -> None:
    names = {
        "Mine": Own(["units", "gain"], ["units"]),
        "Open": Own(["units"], [], extra=True),
        "Any": None,
        "my_loss": Own(["y_true", "y_pred", "power"], ["y_true", "y_pred"], kind="function"),
    }
    valid = {
        **layers(
            {"Mine": {"units": 1}}, {"Open": {"x": 1}}, {"Any": {"y": 2}}, {"Dense": {"units": 1, "activation": "Any"}}
        ),
        "compile": {"optimizer": "Any", "loss": {"Any": {"a": 1}}, "metrics": ["Any"]},
    }
    assert rules(valid, names) == []
    # A function is handed over itself, so Keras fills in what it requires.
    assert rules({"compile": {"loss": "my_loss", "metrics": [{"my_loss": {"power": 3}}]}}, names) == []
    assert rules(layers({"Mine": {"gane": 1}}), names) == [
        ("model.layers[0].Mine.gane", "unknown-argument"),
        ("model.layers[0].Mine", "missing-argument"),
    ]
    assert "did you mean 'Mine'?" in str(check_components(layers("Mnie"), names)[0])


def test_messages_say_what_was_received_what_is_taken_and_the_way_out() -> None:
    config = layers(
        {"Dens": {"units": 3}},
        "Adam",
        {"Dense": {"units": "ten"}},
        {"Conv1D": {"filters": 3, "kernel_size": 3, "padding": "sam"}},
        {"Dense": {"units": 3, "inputs": "a"}},
        {"Dense": {"units": {"L2": {"l2": 0.1}}}},
    )
    units = (
        "units: Positive integer, dimensionality of the output space. `auto` in an output: as many as its target has."
    )
    assert [str(problem) for problem in check_components(config, {})] == [
        "model.layers[0].Dens: unknown layer 'Dens' (did you mean 'Dense'?)",
        "model.layers[1]: Adam is an optimizer, not a layer (the optimizer stands in `compile.optimizer`)",
        (
            "model.layers[2].Dense.units: units of Dense takes a whole number of at least 1, or `auto`, got 'ten' "
            f"({units})"
        ),
        (
            "model.layers[3].Conv1D.padding: padding of Conv1D takes 'valid', 'same' or 'causal', got 'sam' "
            "(did you mean 'same'?)"
        ),
        (
            "model.layers[4].Dense.inputs: Dense takes no argument 'inputs' "
            "(write `inputs` beside Dense, not among its arguments)"
        ),
        (
            "model.layers[5].Dense.units: units of Dense takes a whole number of at least 1, or `auto`, got the "
            f"regularizer L2 ({units})"
        ),
    ]


def test_blocks_that_double_are_checked_in_bounded_time() -> None:
    blocks: dict[str, Any] = {"b0": [{"Dense": {"units": 1}}]}
    for number in range(1, 40):
        blocks[f"b{number}"] = [{"block": f"b{number - 1}", "with": {"units": 2}}, {"block": f"b{number - 1}"}]
    assert rules(layers({"block": "b39"}, blocks=blocks)) == []
