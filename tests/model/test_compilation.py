"""Compile sections: objects, names that never count, and the History that they lead to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlcli.backend import startup
from dlcli.backend.runtime import configure
from dlcli.config.checks.history_names import history_names
from dlcli.config.graph.expanded import expand
from dlcli.config.schema import CompileConfig, ModelConfig, RuntimeConfig
from dlcli.config.schema.component import Component
from dlcli.config.signature import InputSpec
from dlcli.errors import ModelError
from dlcli.model.compilation import compile_model
from dlcli.model.components import make
from dlcli.model.functional import build

ONE: list[Any] = [{"Dense": {"units": 1, "activation": "sigmoid"}, "name": "out"}]
TWO: list[Any] = [
    {"Dense": {"units": 4}, "name": "trunk"},
    {"Dense": {"units": 1, "activation": "sigmoid"}, "name": "b", "inputs": "trunk"},
    {"Dense": {"units": 1, "activation": "sigmoid"}, "name": "a", "inputs": "trunk"},
]
DECAY = {"ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 1, "decay_rate": 0.5}}


def model_of(layers: list[Any], outputs: list[str] | None = None, precision: Any = "float32") -> Any:
    configure(RuntimeConfig(precision=precision), 0)
    graph = expand(ModelConfig.model_validate({"layers": layers, "outputs": outputs}), features=None).require()
    return build(graph, [InputSpec("features", (3,))], code={}, name="m")


def section(**keys: Any) -> CompileConfig:
    return CompileConfig.model_validate(keys)


def history_of(model: Any, *, validation: bool, callbacks: list[Any] | None = None) -> list[str]:
    inputs = {"features": np.ones((6, 3), "float32")}
    target = np.array([[0], [1]] * 3, "float32")
    targets: Any = target if len(model.output_names) == 1 else [target] * len(model.output_names)
    data = (inputs, targets, np.ones(6, "float32"))
    model.run_eagerly = True  # the names are the same, and nothing is compiled for one batch
    fitted = model.fit(
        *data[:2], sample_weight=data[2], verbose=0, validation_data=data if validation else None, callbacks=callbacks
    )
    return list(fitted.history)


HISTORIES: dict[str, dict[str, Any]] = {
    "loss alone": {"loss": "mse"},
    "strings": {"loss": "binary_crossentropy", "metrics": ["accuracy", "mse", "acc"]},
    "classes": {
        "loss": "BinaryCrossentropy",
        "metrics": ["AUC", "Precision", {"Recall": {"name": "found"}}, "F1Score"],
    },
    "accuracy as a class": {"loss": "mse", "metrics": ["Accuracy", "BinaryAccuracy"]},
    "the same three times": {"loss": "mse", "metrics": ["AUC", {"AUC": {"curve": "PR"}}, "AUC"]},
    "weighted": {"loss": "mse", "metrics": ["mae", "AUC"], "weighted_metrics": ["mae", "mae", "mae", "AUC", "mse"]},
}


@pytest.mark.parametrize("outputs", [["out"], ["b", "a"]])
@pytest.mark.parametrize("case", HISTORIES)
def test_history_has_the_predicted_names(case: str, outputs: list[str]) -> None:
    config = section(**HISTORIES[case])
    model = model_of(ONE) if outputs == ["out"] else model_of(TWO, outputs)
    compile_model(model, config, code={}, jit=False)
    found = history_of(model, validation=True)
    predicted = history_names(config, outputs=outputs, validation=True)
    assert list(predicted.names) == found
    assert predicted.complete
    alone = history_names(config, outputs=outputs, validation=False)
    assert list(alone.names) == [name for name in found if not name.startswith("val_")]


def test_history_of_mappings_by_output() -> None:
    config = section(
        loss={"a": "mse", "b": "binary_crossentropy"},
        loss_weights={"a": 0.5},
        metrics={"a": ["mae"], "b": ["AUC", "accuracy"]},
        weighted_metrics={"b": ["AUC"]},
    )
    model = model_of(TWO, ["b", "a"])
    compile_model(model, config, code={}, jit=False)
    assert list(history_names(config, outputs=["b", "a"], validation=True).names) == history_of(model, validation=True)


@pytest.mark.parametrize(
    "callback", [{"LearningRateScheduler": {"schedule": DECAY}}, {"ReduceLROnPlateau": {"monitor": "loss"}}]
)
def test_two_callbacks_add_the_learning_rate(callback: Any) -> None:
    config = section(loss="mse")
    model = model_of(ONE)
    compile_model(model, config, code={}, jit=False)
    component = Component.parse(callback)
    predicted = history_names(config, outputs=["out"], validation=True, callbacks=[component])
    made = make("callbacks", component, code={}, path=("callbacks", 0))
    assert list(predicted.names) == history_of(model, validation=True, callbacks=[made])


def test_metrics_have_the_same_name_in_every_model() -> None:
    config = section(loss="mse", metrics=["AUC"])
    for _ in range(2):  # without clearing the session in between
        model = model_of(ONE)
        for _ in range(2):
            compile_model(model, config, code={}, jit=False)
            assert history_of(model, validation=False) == ["auc", "loss"]


def test_outputs_have_metrics_of_their_own() -> None:
    model = model_of(TWO, ["b", "a"])
    compile_model(model, section(loss="mse", metrics=["AUC"]), code={}, jit=False)
    history_of(model, validation=False)
    metrics = [metric for metric in model.metrics[1].metrics if metric.name == "auc"]
    assert len({id(metric) for metric in metrics}) == 2


def test_the_users_own_metrics() -> None:
    keras = startup.load()

    class Closeness(keras.metrics.MeanSquaredError):  # type: ignore[misc, name-defined]
        def __init__(self, name: str = "near") -> None:
            super().__init__(name=name)

    class Nameless(keras.metrics.Metric):  # type: ignore[misc, name-defined]
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            pass

        def result(self) -> float:
            return 1.0

    def gap(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.abs(y_true - y_pred)

    code: dict[str, object] = {"Closeness": Closeness, "Nameless": Nameless, "gap": gap}
    config = section(loss="gap", metrics=["Closeness", "Nameless", "gap"])
    for _ in range(2):
        model = model_of(ONE)
        compile_model(model, config, code=code, jit=False)
        assert history_of(model, validation=False) == ["gap", "loss", "nameless", "near"]
    assert not history_names(config, outputs=["out"], validation=False, code=code).complete


def test_mixed_float16_scales_the_loss() -> None:
    model = model_of(ONE, precision="mixed_float16")
    compile_model(model, section(loss="mse", optimizer="sgd"), code={}, jit=False)
    assert type(model.optimizer).__name__ == "LossScaleOptimizer"
    configure(RuntimeConfig(), 0)


def test_all_faults_at_once_at_their_places() -> None:
    config = section(
        optimizer={"Adam": {"lerning_rate": 1}},
        loss={"a": "mze", "b": "mse"},
        metrics={"a": ["accuracy", {"AUC": {"curve": "x"}}]},
        weighted_metrics=["Acuracy"],
    )
    with pytest.raises(ModelError) as raised:
        compile_model(model_of(TWO, ["b", "a"]), config, code={}, jit=False)
    assert sorted({(problem.path, problem.rule) for problem in raised.value.problems}) == [
        ("compile.loss.a", "unknown-component"),
        ("compile.metrics.a[1].AUC.curve", "refused"),
        ("compile.optimizer.Adam.lerning_rate", "unknown-argument"),
        ("compile.weighted_metrics[0]", "unknown-component"),
    ]
