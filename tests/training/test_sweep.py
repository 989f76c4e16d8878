"""The whole catalogue against plain Keras: every layer, loss, metric and optimizer, with validation and short batches.

Each is trained by Keras's own `fit`, by the engine in a graph and under XLA, from the same weights: History, weights
and the optimizer's variables must be the same. Several stand in one model, for compiling takes longer than training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.catalogue.facts import counts_rows, loss_facts
from dlcli.config.schema.component import Component
from dlcli.model.batch_division import ROW_BY_ROW

pytestmark = [
    pytest.mark.soak,
    pytest.mark.tensorflow,
    # Keras's metrics of intersections say so of every weight.
    pytest.mark.filterwarnings("ignore:You are passing weight as"),
    # Of Masking, before all is made flat.
    pytest.mark.filterwarnings("ignore:Layer 'flat.*does not support masking"),
]

ROWS, HELD = 29, 21
"""Three batches of 8 and a short one; two and a short one."""

numbers = np.random.default_rng(3)
CATALOGUE = catalogue.load()

Spec = dict[str, Any]


def random(rows: int, *shape: int) -> Any:
    return numbers.uniform(0, 1, (rows, *shape)).astype(np.float32)


VECTORS = {rows: random(rows, 4) for rows in (ROWS, HELD)}
TARGETS: dict[str, dict[int, Any]] = {
    "number": {rows: x[:, :1] * 2 - x[:, 1:2] + 1.5 for rows, x in VECTORS.items()},
    "numbers": {rows: x[:, :3] + 0.5 for rows, x in VECTORS.items()},
    "binary": {rows: (x[:, :1] > x[:, 1:2]).astype(np.float32) for rows, x in VECTORS.items()},
    "sparse": {rows: (np.arange(rows) % 3).astype(np.int32) for rows in VECTORS},
}
TARGETS["one_hot"] = TARGETS["sparse"]
HEADS: dict[str, dict[str, Any]] = {
    "number": {"units": 1, "activation": "softplus"},
    "numbers": {"units": 3, "activation": "softplus"},
    "binary": {"units": 1, "activation": "sigmoid"},
    "sparse": {"units": 3, "activation": "softmax"},
    "one_hot": {"units": 3, "activation": "softmax"},
}


def spec(rows: int, kinds: Sequence[str], *, logits: bool = False, **compile_: Any) -> Spec:
    """A case whose outputs `y0`, `y1`, ... learn targets of the given kinds."""
    hidden = {"Dense": {"units": 5, "activation": "tanh"}, "inputs": "x", "name": "hidden"}
    made = [{**HEADS[kind], **({"activation": None} if logits else {})} for kind in kinds]
    heads = [{"Dense": head, "inputs": "hidden", "name": f"y{place}"} for place, head in enumerate(made)]
    names = [f"y{place}" for place in range(len(kinds))]
    return {
        "layers": [hidden, *heads],
        "inputs": {"x": VECTORS[rows]},
        "targets": {name: TARGETS[kind][rows] for name, kind in zip(names, kinds, strict=True)},
        "outputs": names if len(names) > 1 else None,
        "one_hot": {name: 3 for name, kind in zip(names, kinds, strict=True) if kind == "one_hot"},
        "weights": {name: numbers.uniform(0.2, 2, rows).astype(np.float32) for name in names},
        "compile": {"loss": "mean_squared_error", "optimizer": {"SGD": {"learning_rate": 0.02}}, **compile_},
    }


EXECUTIONS = ("graph", "xla")


def assert_as_in_keras(
    train: Any, both: Mapping[int, Spec], *, executions: Sequence[str] = EXECUTIONS, tolerance: float = 1e-4
) -> None:
    """Train on the one and validate with the other, by every execution."""
    keras = train(both[ROWS], "step", validation=both[HELD])
    names = [weight.path for weight in keras.model.weights]
    for execution in executions:
        ours = train(both[ROWS], execution, validation=both[HELD], fall_back=lambda reason: None)
        assert list(ours.history) == list(keras.history)
        assert any(name.startswith("val_") for name in keras.history)
        pairs = [(name, ours.history[name], values) for name, values in keras.history.items()]
        pairs += zip(names, ours.weights, keras.weights, strict=True)
        pairs += [("optimizer", *pair) for pair in zip(ours.optimizer, keras.optimizer, strict=True)]
        for name, mine, others in pairs:
            one, other = (np.asarray(each, np.float64) for each in (mine, others))
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=f"{execution} {name}")


def arguments_of(loss: str, *names: str) -> bool:
    """Whether a loss takes all of these arguments."""
    entry = CATALOGUE.get("losses", loss)
    assert entry is not None
    return set(names) <= set(entry.arguments)


NO_SPECIMEN = {
    *("Equalization", "GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells", "Lambda"),
    *("TFSMLayer", "FlaxLayer", "JaxLayer", "TorchModuleWrapper"),
    *("StringLookup", "TextVectorization", "HashedCrossing", "IntegerLookup"),
    *("MaxNumBoundingBoxes", "ReversibleEmbedding"),
    *("CutMix", "MixUp"),  # which a config cannot have
    "RandomCrop",  # outside of training Keras leaves images whole, whose shape is another than the layer says
}
"""Layers that cannot stand alone in a model of numbers."""

AT_ONCE = 6

Variant = tuple[str, dict[str, Any]]


def groups() -> dict[str, list[Variant]]:
    """The layers, some at a time; those that make each row from that row alone apart from the others."""
    names = sorted(set(CATALOGUE.names("layers")) - NO_SPECIMEN)
    plain: list[Variant] = [(name, {}) for name in names if name in ROW_BY_ROW]
    others: list[Variant] = [(name, {}) for name in names if name not in ROW_BY_ROW]
    for name in names:
        entry = CATALOGUE.get("layers", name)
        assert entry is not None
        others += [(name, {key: 0.3}) for key in ("dropout", "recurrent_dropout") if key in entry.arguments]
    others += [("UnitNormalization", {"axis": 0}), ("Softmax", {"axis": 0})]
    made = {}
    for layers in (plain, others):
        for start in range(0, len(layers), AT_ONCE):
            group = layers[start : start + AT_ONCE]
            made[" ".join(name + "".join(variant) for name, variant in group)] = group
    return made


GROUPS = groups()


@pytest.mark.parametrize("group", GROUPS)
def test_layers(group: str, specimen: Any, train: Any) -> None:
    """Each layer has an input of its own; all that they give together makes a number."""
    samples = [(name, variant, specimen(name)) for name, variant in GROUPS[group]]
    layers: list[Any] = []
    for place, (name, variant, sample) in enumerate(samples):
        entry = CATALOGUE.get("layers", name)
        assert entry is not None
        ranged: dict[str, Any] = {"value_range": [0, 1]} if "value_range" in entry.arguments else {}
        if name == "EinsumDense":  # all is known of what is made flat
            ranged["output_shape"] = [sample.shape[0], 7]
        layer = {name: {**sample.arguments, **ranged, **variant}, "inputs": [f"x{place}"] * sample.inputs}
        layers += [{**layer, "name": f"layer{place}"}, {"Flatten": {}, "name": f"flat{place}"}]
    flat = [f"flat{place}" for place in range(len(samples))]
    joined: list[Any] = [{"Concatenate": {}, "inputs": flat}] if len(flat) > 1 else []
    both = {}
    for rows in (ROWS, HELD):
        whole = {place: sample.dtype == "int32" for place, (_, _, sample) in enumerate(samples)}
        inputs = {f"x{place}": random(rows, *sample.shape) for place, (_, _, sample) in enumerate(samples)}
        for place in (place for place, yes in whole.items() if yes):
            inputs[f"x{place}"] = (inputs[f"x{place}"] * 4).astype(np.int32)
        head = {"Dense": {"units": 1, "kernel_initializer": {"RandomNormal": {"stddev": 0.01}}}, "name": "y0"}
        both[rows] = {**spec(rows, ["number"]), "layers": [*layers, *joined, head], "inputs": inputs}
        both[rows]["compile"] = {**both[rows]["compile"], "optimizer": {"SGD": {"learning_rate": 1e-3}}}
    assert_as_in_keras(train, both)


KEYS: tuple[dict[str, Any], ...] = (
    {},
    {"reduction": "sum"},
    {"reduction": "mean_with_sample_weight"},
    {"ignore_class": 1},
    {"from_logits": True},
    {"label_smoothing": 0.1},
)
NAMES = [name for name in CATALOGUE.names("losses") if name not in ("CTC", "Circle", "crossentropy")]
LOSSES = [(name, keys) for name in NAMES for keys in KEYS if arguments_of(name, *keys)]


def kind_of(loss: str) -> str:
    """What a loss learns."""
    family = loss_facts(Component(loss)).family
    return {"hinge": "binary", "other": "number"}.get(family, family)


@pytest.mark.parametrize(("name", "keys"), LOSSES, ids=str)
def test_losses(name: str, keys: dict[str, Any], train: Any) -> None:
    logits = "from_logits" in keys
    both = {rows: spec(rows, [kind_of(name)], logits=logits, loss={name: keys}) for rows in (ROWS, HELD)}
    assert_as_in_keras(train, both, executions=EXECUTIONS if not keys else ("graph",))


@pytest.mark.parametrize("keys", KEYS, ids=str)
def test_losses_of_several_outputs(keys: dict[str, Any], train: Any) -> None:
    names = [name for name in NAMES if arguments_of(name, *keys)]
    losses = {f"y{place}": {name: keys} for place, name in enumerate(names)}
    compile_: dict[str, Any] = {"loss": losses, "loss_weights": {"y0": 0.3}}
    kinds, logits = list(map(kind_of, names)), "from_logits" in keys
    both = {rows: spec(rows, kinds, logits=logits, **compile_) for rows in (ROWS, HELD)}
    assert_as_in_keras(train, both)


def plain(*names: str) -> dict[str, dict[str, Any]]:
    """Each without arguments."""
    return {name: {} for name in names}


METRICS: dict[str, dict[str, dict[str, Any]]] = {
    "binary": {
        **plain("AUC", "BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU", "Hinge", "SquaredHinge"),
        **plain("FalseNegatives", "FalsePositives", "TrueNegatives", "TruePositives"),
        **plain("Precision", "Recall"),
        "PrecisionAtRecall": {"recall": 0.5},
        "RecallAtPrecision": {"precision": 0.5},
        "SensitivityAtSpecificity": {"specificity": 0.5},
        "SpecificityAtSensitivity": {"sensitivity": 0.5},
    },
    "one_hot": {
        **plain("CategoricalAccuracy", "CategoricalCrossentropy", "CategoricalHinge", "KLDivergence"),
        "F1Score": {"average": "macro"},
        "FBetaScore": {"average": "micro"},
        "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 2]},
        "OneHotMeanIoU": {"num_classes": 3},
        "TopKCategoricalAccuracy": {"k": 2},
    },
    "sparse": {
        "accuracy": {},
        "IoU": {"num_classes": 3, "target_class_ids": [0, 1], "sparse_y_pred": False},
        "MeanIoU": {"num_classes": 3, "sparse_y_pred": False},
        "SparseCategoricalAccuracy": {},
        "SparseCategoricalCrossentropy": {},
        "SparseTopKCategoricalAccuracy": {"k": 2},
    },
}
"""What metrics measure and are told."""

NO_METRICS = {"Mean", "Sum", "MeanMetricWrapper", "Accuracy"}
_PLACED = {name for kinds in METRICS.values() for name in kinds}
METRICS["numbers"] = {name: {} for name in sorted(set(CATALOGUE.names("metrics")) - NO_METRICS - _PLACED)}

LOSS = {"one_hot": "categorical_crossentropy", "sparse": "sparse_categorical_crossentropy"}


@pytest.mark.parametrize("kind", METRICS)
def test_metrics(kind: str, train: Any) -> None:
    chosen = [{name: keys} for name, keys in METRICS[kind].items() if counts_rows(Component(name))]
    weighted = [{name: {**keys, "name": f"weighted_{name}"}} for each in chosen for name, keys in each.items()]
    weighted = [each for each in weighted if "accuracy" not in each]
    compile_: dict[str, Any] = {"loss": LOSS.get(kind, "mse"), "metrics": chosen, "weighted_metrics": weighted}
    assert_as_in_keras(train, {rows: spec(rows, [kind], **compile_) for rows in (ROWS, HELD)})


@pytest.mark.parametrize("keys", [{}, {"axis": 0}], ids=str)
def test_metrics_that_look_along_the_batch(keys: dict[str, Any], train: Any) -> None:
    names = [name for name in METRICS["numbers"] if not counts_rows(Component(name))]
    names += ["CosineSimilarity"] if keys else []
    metrics = [{name: keys} for name in names]
    assert len(metrics) > 1
    assert_as_in_keras(train, {rows: spec(rows, ["numbers"], metrics=metrics) for rows in (ROWS, HELD)})


def test_metrics_of_several_outputs(train: Any) -> None:
    kinds = list(METRICS)
    names = [f"y{place}" for place in range(len(kinds))]
    chosen = {
        name: [{metric: keys} for metric, keys in METRICS[kind].items()]
        for name, kind in zip(names, kinds, strict=True)
    }
    losses = {name: LOSS.get(kind, "mse") for name, kind in zip(names, kinds, strict=True)}
    compile_: dict[str, Any] = {"loss": losses, "metrics": chosen, "weighted_metrics": {names[0]: ["mae"]}}
    assert_as_in_keras(train, {rows: spec(rows, kinds, **compile_) for rows in (ROWS, HELD)})


OPTIMIZERS: dict[str, dict[str, Any]] = {
    "LossScaleOptimizer": {"inner_optimizer": {"SGD": {"learning_rate": 0.05}}, "dynamic_growth_steps": 3},
}
EVERYTHING: dict[str, Any] = {"use_ema": True, "ema_overwrite_frequency": 3, "clipnorm": 0.5, "weight_decay": 0.01}


@pytest.mark.parametrize("name", sorted(set(CATALOGUE.names("optimizers")) - {"MultiOptimizer"}))
def test_optimizers(name: str, train: Any) -> None:
    entry = CATALOGUE.get("optimizers", name)
    assert entry is not None
    own = {key: value for key, value in EVERYTHING.items() if key in entry.arguments}
    arguments = OPTIMIZERS.get(name) or own
    assert_as_in_keras(train, {rows: spec(rows, ["number"], optimizer={name: arguments}) for rows in (ROWS, HELD)})
