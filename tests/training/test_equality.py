"""The engine's numbers are those of Keras's own `fit`: History, weights and optimizer, for models of every kind."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from dlcli.config.catalogue import entries as catalogue

ROWS = 52
"""Six batches of 8 and a short one of 4: with stacks of 4 batches, one whole, one padded and the short one."""

numbers = np.random.default_rng(1)
X = numbers.normal(size=(ROWS, 6)).astype(np.float32)
SERIES = numbers.normal(size=(ROWS, 6, 3)).astype(np.float32)
IMAGES = numbers.normal(size=(ROWS, 8, 8, 2)).astype(np.float32)
WORDS = numbers.integers(1, 9, (ROWS, 5)).astype(np.int32)
WORDS[:, 3:] *= numbers.integers(0, 2, (ROWS, 2)).astype(np.int32)  # zeros are padding
NUMBER = (X[:, :1] * 2 - X[:, 1:2]).astype(np.float32)
BINARY = (NUMBER > 0).astype(np.float32)
CLASSES = (np.arange(ROWS) % 3).astype(np.int32)
WEIGHTS = numbers.uniform(0.2, 2, ROWS).astype(np.float32)

Spec = dict[str, Any]


def dense(units: int = 1, **keys: Any) -> dict[str, Any]:
    """A Dense layer."""
    return {"Dense": {"units": units, **keys}}


def learn(*layers: Any, x: Any = X, y: Any = NUMBER, loss: Any = "mean_squared_error", **keys: Any) -> Spec:
    """A case of one input and one output; what is no argument of `Case` goes to the `compile` section."""
    case: Spec = {key: keys.pop(key) for key in ("one_hot", "weights", "precision", "code", "adapt") if key in keys}
    return {
        "layers": [*layers[:-1], {**layers[-1], "name": "y"}],
        "inputs": {"features": x},
        "targets": {"y": y},
        "compile": {"loss": loss, "optimizer": {"SGD": {"learning_rate": 0.05}}, **keys},
        **case,
    }


def optimizer(name: str, **arguments: Any) -> Spec:
    """The smallest network with this optimizer."""
    return learn(dense(), optimizer={name: arguments})


DECAY = {"ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.8}}
COSINE = {"CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 4}}

KINDS: dict[str, Spec] = {
    "dense": learn(dense(5, activation="relu"), dense(), metrics=["mae", "R2Score", "RootMeanSquaredError"]),
    "batch normalization": learn(dense(4), {"BatchNormalization": {}}, {"PReLU": {}}, dense()),
    "conv 1d": learn(
        {"Conv1D": {"filters": 3, "kernel_size": 2}}, {"MaxPooling1D": {}}, {"Flatten": {}}, dense(), x=SERIES
    ),
    "conv 2d": learn(
        {"Conv2D": {"filters": 3, "kernel_size": 3, "padding": "same"}},
        {"MaxPooling2D": {}},
        {"DepthwiseConv2D": {"kernel_size": 2}},
        {"GlobalAveragePooling2D": {}},
        dense(),
        x=IMAGES,
    ),
    "gru": learn({"GRU": {"units": 3}}, dense(), x=SERIES),
    "simple rnn": learn({"SimpleRNN": {"units": 3}}, dense(), x=SERIES),
    "bidirectional": learn({"Bidirectional": {"layer": {"SimpleRNN": {"units": 2}}}}, dense(), x=SERIES),
    "embedding": learn(
        {"Embedding": {"input_dim": 9, "output_dim": 4}},
        {"GlobalAveragePooling1D": {}},
        dense(),
        x=WORDS,
        optimizer="adam",
    ),
    "masked embedding": learn(
        {"Embedding": {"input_dim": 9, "output_dim": 4, "mask_zero": True}}, {"LSTM": {"units": 3}}, dense(), x=WORDS
    ),
    "attention": {
        "layers": [
            {"MultiHeadAttention": {"num_heads": 2, "key_dim": 3}, "inputs": ["series", "series"], "name": "mixed"},
            {"Add": {}, "inputs": ["series", "mixed"]},
            {"LayerNormalization": {}},
            {"GlobalAveragePooling1D": {}},
            dense(),
        ],
        "inputs": {"series": SERIES},
        "targets": {"dense": NUMBER},
        "compile": {"loss": "mean_squared_error", "optimizer": {"SGD": {"momentum": 0.9}}},
    },
    "residual": learn(
        {**dense(6, activation="relu"), "name": "one"},
        {"Add": {}, "inputs": ["features", "one"], "name": "sum"},
        {**dense(6), "inputs": "sum", "name": "two"},
        {"Concatenate": {}, "inputs": ["sum", "two"]},
        dense(),
    ),
    "several inputs and outputs": {
        "layers": [
            {"LSTM": {"units": 3}, "inputs": "series", "name": "read"},
            {"Concatenate": {}, "inputs": ["read", "plain"], "name": "trunk"},
            {**dense(), "inputs": "trunk", "name": "size"},
            {**dense(3, activation="softmax"), "inputs": "trunk", "name": "sort"},
        ],
        "inputs": {"series": SERIES, "plain": X},
        "targets": {"size": NUMBER, "sort": CLASSES},
        "outputs": ["size", "sort"],
        "one_hot": {"sort": 3},
        "weights": {"size": WEIGHTS, "sort": WEIGHTS[::-1].copy()},
        "compile": {
            "loss": {"size": "mse", "sort": "categorical_crossentropy"},
            "loss_weights": {"size": 0.3, "sort": 2.0},
            "metrics": {"size": ["mae"], "sort": ["accuracy", "AUC"]},
            "weighted_metrics": {"sort": ["accuracy", {"F1Score": {"average": "macro"}}]},
        },
    },
    "class indices": learn(
        dense(3, activation="softmax"),
        y=CLASSES,
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy", {"SparseTopKCategoricalAccuracy": {"k": 2}}],
    ),
    "metrics with state and weights": learn(
        dense(1, activation="sigmoid"),
        y=BINARY,
        loss="binary_crossentropy",
        metrics=[
            "AUC",
            "Precision",
            "Recall",
            "accuracy",
            {"F1Score": {"average": "macro", "threshold": 0.5}},
            {"BinaryIoU": {"target_class_ids": [0, 1]}},
            {"SensitivityAtSpecificity": {"specificity": 0.5}},
            "TruePositives",
        ],
        weighted_metrics=["accuracy", "AUC", "Recall"],
        weights={"y": WEIGHTS},
    ),
    "regularizers": learn(
        dense(4, kernel_regularizer={"L2": {"l2": 0.1}}, activity_regularizer={"L1": {"l1": 0.1}}),
        {"ActivityRegularization": {"l2": 0.1}},
        dense(kernel_constraint={"MaxNorm": {"max_value": 0.5}}),
    ),
    "gradient accumulation": optimizer("Adam", gradient_accumulation_steps=3),
    "moving average": optimizer("SGD", use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=4),
    "moving average at the end": optimizer("Adam", use_ema=True),
    "clipped": optimizer("SGD", momentum=0.9, nesterov=True, clipnorm=0.3),
    "decay": optimizer("SGD", learning_rate=DECAY),
    "cosine": optimizer("Adam", learning_rate=COSINE, weight_decay=0.1, global_clipnorm=0.5),
    "bfloat16": learn(dense(4, activation="relu"), dense(), precision="mixed_bfloat16", optimizer="adam"),
    "float16": learn(dense(4, activation="relu"), dense(), precision="mixed_float16", optimizer="adam"),
}

RANDOM: dict[str, Spec] = {
    "dropout": learn(dense(8), {"Dropout": {"rate": 0.4}}, dense()),
    "noise": learn({"GaussianNoise": {"stddev": 0.5}}, {"AlphaDropout": {"rate": 0.2}}, dense()),
    "dropout in bfloat16": learn(dense(8), {"Dropout": {"rate": 0.4}}, dense(), precision="mixed_bfloat16"),
    "dropout in float16": learn(dense(8), {"Dropout": {"rate": 0.4}}, dense(), precision="mixed_float16"),
    "images": learn(
        {"RandomContrast": {"factor": 0.3}},
        {"SpatialDropout2D": {"rate": 0.3}},
        {"Flatten": {}},
        {"GaussianDropout": {"rate": 0.2}},
        dense(),
        x=IMAGES,
    ),
    "recurrent dropout": learn({"GRU": {"units": 3, "dropout": 0.3, "recurrent_dropout": 0.2}}, dense(), x=SERIES),
}

NEEDS_ARGUMENTS: dict[str, dict[str, Any]] = {
    "LossScaleOptimizer": {"inner_optimizer": {"SGD": {"learning_rate": 0.05}}, "dynamic_growth_steps": 3},
}


def assert_same(one: Any, other: Any, *, tolerance: float = 2e-5) -> None:
    """Every value of History, every weight and every variable of the optimizer."""
    assert list(one.history) == list(other.history)
    for name, values in one.history.items():
        np.testing.assert_allclose(values, other.history[name], rtol=tolerance, atol=tolerance, err_msg=name)
    for kind in ("weights", "optimizer"):
        mine, others = getattr(one, kind), getattr(other, kind)
        assert len(mine) == len(others) > 0
        for left, right in zip(mine, others, strict=True):
            np.testing.assert_allclose(
                left.astype(np.float64), right.astype(np.float64), rtol=tolerance, atol=tolerance, err_msg=kind
            )


def tolerance_of(spec: Spec) -> float:
    """Half precision rounds at another place when operations are fused."""
    return {"mixed_bfloat16": 3e-2, "mixed_float16": 4e-3}.get(spec.get("precision", ""), 2e-5)


@pytest.fixture(scope="module")
def keras_alone(train: Any) -> Callable[[str], Any]:
    """A kind trained by Keras's own `fit`, once."""
    return functools.cache(lambda kind: train(KINDS[kind], "step"))


ANOTHER_S_WAY = {
    "graph": {
        "gru",
        "simple rnn",
        "bidirectional",
        "conv 1d",
        "embedding",
        "residual",
        "decay",
        "moving average at the end",
        "float16",
    },
    "xla": {
        "moving average",
        "regularizers",
        "cosine",
        "bfloat16",
        "float16",
        "masked embedding",
        "attention",
        "several inputs and outputs",
        "metrics with state and weights",
    },
    "validation": {"several outputs"},
}
"""Loops as in `masked embedding`, convolutions as in `conv 2d`; sums, schedules, half precision as in other kinds."""


def kinds(names: Iterable[str], execution: str) -> list[Any]:
    """What goes the way of another is a long proof."""
    long = ANOTHER_S_WAY[execution]
    return [pytest.param(name, marks=pytest.mark.soak) if name in long else name for name in names]


@pytest.mark.parametrize("kind", kinds(KINDS, "graph"))
def test_models_of_every_kind(kind: str, train: Any, keras_alone: Any) -> None:
    spec = KINDS[kind]
    assert_same(train(spec, "graph", stack=4), keras_alone(kind), tolerance=tolerance_of(spec))


XLA = [
    "batch normalization",
    "masked embedding",
    "attention",
    "several inputs and outputs",
    "metrics with state and weights",
    "regularizers",
    "gradient accumulation",
    "moving average",
    "cosine",
    "bfloat16",
    "float16",
]
"""What differs for XLA: loops, gathers, conditions, state."""


@pytest.mark.parametrize("kind", kinds(XLA, "xla"))
def test_models_of_every_kind_with_xla(kind: str, train: Any, keras_alone: Any) -> None:
    spec = KINDS[kind]
    # XLA fuses and orders sums in its own way.
    assert_same(train(spec, "xla", stack=4), keras_alone(kind), tolerance=max(1e-4, tolerance_of(spec)))


IN_THE_KINDS = ("Adam", "SGD")
"""Optimizers by which models of every kind learn."""

OF_ONES_OWN_WAY = ("Adafactor", "AdamOfSchedules", "Ftrl", "LossScaleOptimizer", "Muon", "Nadam", "ScheduleFreeAdamW")
"""Optimizers with branches, state that is no variable of a weight's shape, or an update of their own."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.soak] * (name not in OF_ONES_OWN_WAY))
        for name in catalogue.load().names("optimizers")
        if name not in ("MultiOptimizer", *IN_THE_KINDS)
    ],
)
def test_every_optimizer(name: str, train: Any) -> None:
    spec = optimizer(name, **NEEDS_ARGUMENTS.get(name, {}))
    # One short batch more: less to compile, and the counts of both programs are in the optimizer's variables.
    assert_same(train(spec, "graph", epochs=1, batch_size=16), train(spec, "step", epochs=1, batch_size=16))


@pytest.mark.parametrize("execution", ["graph", pytest.param("xla", marks=pytest.mark.soak)])
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=[pytest.mark.soak] * (kind in ("dropout in bfloat16", "recurrent dropout")))
        for kind in RANDOM
        if kind != "dropout"
    ],
)
def test_random_layers_draw_the_same_numbers(kind: str, execution: str, train: Any) -> None:
    spec = RANDOM[kind]
    tolerance = max(1e-4 if execution == "xla" else 0, tolerance_of(spec))
    assert_same(train(spec, execution, stack=4), train(spec, "step"), tolerance=tolerance)


@pytest.mark.parametrize("execution", ["graph", "xla"])
def test_dropout_draws_the_same_numbers(execution: str, train: Any) -> None:
    spec = RANDOM["dropout"]
    assert_same(
        train(spec, execution, stack=4),
        train(spec, "step"),
        tolerance=1e-4 if execution == "xla" else tolerance_of(spec),
    )


@pytest.mark.parametrize("execution", ["graph", pytest.param("xla", marks=pytest.mark.soak)])
def test_the_same_seed_gives_the_same_bits(execution: str, train: Any) -> None:
    spec = learn(dense(16, activation="relu"), {"Dropout": {"rate": 0.3}}, dense(), optimizer="adam")
    one, other = (train(spec, execution, stack=4) for _ in range(2))
    assert one.history == other.history
    assert all(np.array_equal(left, right) for left, right in zip(one.weights, other.weights, strict=True))
    assert all(np.array_equal(left, right) for left, right in zip(one.optimizer, other.optimizer, strict=True))


VALIDATED: dict[str, Spec] = {
    "dropout that is drawn in validation": learn(
        {"Bidirectional": {"layer": {"SimpleRNN": {"units": 2, "dropout": 0.3}}}}, dense(), x=SERIES
    ),
    "colours that are drawn in validation": learn(
        {"RandomGrayscale": {"factor": 0.5, "data_format": "channels_last"}},
        {"Flatten": {}},
        dense(),
        x=numbers.uniform(0, 1, (ROWS, 4, 4, 3)).astype(np.float32),
    ),
    "several outputs": KINDS["several inputs and outputs"],
    "a class to ignore": learn(
        dense(3, activation="softmax"), y=CLASSES, loss={"SparseCategoricalCrossentropy": {"ignore_class": 1}}
    ),
    "along the batch": learn(
        {"UnitNormalization": {"axis": 0}}, dense(3, activation={"Softmax": {"axis": 0}}), dense()
    ),
    "a metric along the batch": learn(dense(), metrics=[{"CosineSimilarity": {"axis": 0}}]),
}


@pytest.mark.parametrize("kind", kinds(VALIDATED, "validation"))
def test_validation_is_that_of_the_config_s_batches(kind: str, train: Any) -> None:
    """Six batches and a short one: no number is another than Keras's, nor are the later draws of training."""
    spec = VALIDATED[kind]
    assert_same(train(spec, "graph", validation=spec), train(spec, "step", validation=spec))


def test_validation_is_of_the_weights_after_the_epoch(train: Any) -> None:
    spec = learn(dense(3, activation="tanh"), {"BatchNormalization": {}}, dense(), metrics=["mae"])
    keys: dict[str, Any] = {"epochs": 5, "validation": {**spec, "targets": {"y": NUMBER + 1}}, "validation_freq": 2}
    engine, keras = train(spec, "graph", **keys), train(spec, "step", **keys)
    assert_same(engine, keras)
    assert len(engine.history["val_loss"]) == 2


def test_callbacks_that_steer(train: Any) -> None:
    """They change the learning rate and stop early between epochs, and the engine's compiled loop follows."""
    import keras

    def steered(execution: str) -> Any:
        callbacks = [
            keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5),
            keras.callbacks.EarlyStopping(monitor="mae", patience=1, min_delta=0.05, restore_best_weights=True),
        ]
        return train(spec, execution, epochs=30, callbacks=callbacks, validation=spec)

    spec = learn(dense(3, activation="tanh"), dense(), metrics=["mae"])
    engine = steered("graph")
    assert_same(engine, steered("step"))
    assert 1 < len(engine.history["loss"]) < 30
    assert engine.history["learning_rate"][1] == engine.history["learning_rate"][0] / 2


def _own_model(model: Any) -> Any:
    """A model with a training step of its own: a second loss, and logs that are no metrics of Keras's."""
    import keras
    import tensorflow as tf

    class Smooth(keras.Model):  # type: ignore[misc]
        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            with tf.GradientTape() as tape:
                prediction = self(x, training=True)
                loss = self.compute_loss(x=x, y=y, y_pred=prediction)
                size = tf.reduce_mean(tf.square(prediction))
                total = loss + 0.1 * size
            gradients = tape.gradient(total, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": loss, "size": size, "total": total}

    return Smooth(model.input, model.output)


@pytest.mark.parametrize("execution", ["graph", pytest.param("xla", marks=pytest.mark.soak)])
def test_a_training_step_of_ones_own(execution: str, train: Any) -> None:
    spec = learn(dense(3, activation="tanh"), dense(), adapt=_own_model)
    engine = train(spec, execution, stack=4)
    assert_same(engine, train(spec, "step"), tolerance=1e-4)
    assert {"size", "total"} <= set(engine.history)
