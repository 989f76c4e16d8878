"""The catalogue finds what Keras finds, and nothing of Keras is imported for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dlcli.config.catalogue.entries import KINDS, load, singular


@pytest.mark.parametrize(
    ("kind", "written", "name"),
    [
        ("layers", "Dense", "Dense"),
        ("layers", "MaxPool2D", "MaxPooling2D"),
        ("layers", "Convolution1D", "Conv1D"),
        ("optimizers", "adam", "Adam"),
        ("optimizers", "SGD", "SGD"),
        ("optimizers", "RMSPROP", "RMSprop"),
        ("losses", "mse", "MeanSquaredError"),
        ("losses", "MSE", "MeanSquaredError"),
        ("losses", "KLD", "KLDivergence"),
        ("losses", "binary_crossentropy", "BinaryCrossentropy"),
        ("losses", "crossentropy", "crossentropy"),
        ("losses", "CE", "crossentropy"),
        ("metrics", "mae", "MeanAbsoluteError"),
        ("metrics", "auc", "AUC"),
        ("metrics", "accuracy", "accuracy"),
        ("metrics", "acc", "accuracy"),
        ("metrics", "Acc", "accuracy"),
        ("metrics", "Accuracy", "Accuracy"),
        ("metrics", "r2_score", "R2Score"),
        ("initializers", "glorot_uniform", "GlorotUniform"),
        ("initializers", "zero", "Zeros"),
        ("regularizers", "l1_l2", "L1L2"),
        ("regularizers", "l1l2", "L1L2"),
        ("constraints", "max_norm", "MaxNorm"),
        ("activations", "relu", "relu"),
        ("activations", "swish", "silu"),
        ("activations", "LeakyReLU", "LeakyReLU"),
        ("schedules", "CosineDecay", "CosineDecay"),
        ("callbacks", "EarlyStopping", "EarlyStopping"),
    ],
)
def test_names_and_identifiers_are_found_as_keras_finds_them(kind: str, written: str, name: str) -> None:
    entry = load().get(kind, written)
    assert entry is not None
    assert entry.name == name


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("layers", "dense"),
        ("layers", "Layer"),
        ("layers", "Wrapper"),
        ("layers", "InputSpec"),
        ("layers", "InputLayer"),
        ("callbacks", "Callback"),
        ("callbacks", "CallbackList"),
        ("metrics", "Metric"),
        ("metrics", "Mse"),
        ("optimizers", "Optimizer"),
        ("activations", "Dense"),
        ("initializers", "Initializer"),
    ],
)
def test_what_cannot_stand_there_is_not_found(kind: str, written: str) -> None:
    assert load().get(kind, written) is None


def test_every_kind_has_entries_with_a_line_of_text_and_every_alias_leads_to_one() -> None:
    catalogue = load()
    assert catalogue.kinds == KINDS
    for kind in catalogue.kinds:
        assert len(catalogue.names(kind)) > 2
        for entry in catalogue.entries(kind):
            assert entry.doc, entry.name
            assert "\n" not in entry.doc
            assert all(catalogue.get(kind, alias) is entry for alias in entry.aliases)
        for identifier in catalogue.identifiers(kind):
            assert catalogue.get(kind, identifier) is not None


def test_inherited_arguments_are_known_and_private_ones_are_not() -> None:
    catalogue = load()
    dense = catalogue.get("layers", "Dense")
    assert dense is not None
    assert {"name", "dtype", "trainable", "activity_regularizer"} <= set(dense.arguments)
    assert dense.arguments["input_shape"].deprecated
    conv = catalogue.get("layers", "Conv2D")
    assert conv is not None
    assert "rank" not in conv.arguments
    adam = catalogue.get("optimizers", "Adam")
    assert adam is not None
    assert adam.arguments["clipnorm"].type == "number"


def test_docstrings_give_types_choices_and_what_is_taken() -> None:
    def argument(kind: str, entry: str, name: str) -> tuple[str | None, str | None, tuple[str | None, ...]]:
        found = load().get(kind, entry)
        assert found is not None
        its = found.arguments[name]
        return its.type, its.takes, its.choices

    assert argument("layers", "Dense", "units") == ("positive_integer", None, ())
    assert argument("layers", "Conv2D", "filters") == ("positive_integer", None, ())
    assert argument("layers", "Conv2D", "kernel_size") == (None, None, ())
    assert argument("layers", "Conv2D", "padding") == ("string", None, ("valid", "same"))
    assert argument("layers", "Dropout", "rate") == ("fraction", None, ())
    assert argument("layers", "Dense", "use_bias") == ("boolean", None, ())
    assert argument("layers", "Dense", "activation") == (None, "activations", ())
    assert argument("layers", "Bidirectional", "layer") == (None, "layers", ())
    assert argument("layers", "RNN", "cell") == (None, "layers", ())
    assert argument("optimizers", "Adam", "learning_rate") == ("number", "schedules", ())
    assert argument("callbacks", "LearningRateScheduler", "schedule") == (None, "schedules", ())
    assert argument("layers", "Lambda", "function") == ("callable", None, ())


def test_what_only_python_can_fill_is_marked() -> None:
    marked = {entry.name for kind in KINDS for entry in load().entries(kind) if entry.needs_python}
    assert {"Lambda", "LambdaCallback", "MeanMetricWrapper", "TorchModuleWrapper"} <= marked
    assert not marked & {"Dense", "LearningRateScheduler", "TextVectorization"}


def test_layers_say_how_they_take_several_tensors() -> None:
    inputs = {entry.name: entry.inputs for entry in load().entries("layers")}
    assert inputs["Add"] == inputs["Concatenate"] == inputs["Attention"] == "list"
    assert inputs["MultiHeadAttention"] == "arguments"
    assert inputs["Dense"] == inputs["LSTM"] == inputs["LSTMCell"] == "one"


@pytest.mark.parametrize(
    ("written", "arguments", "shown"),
    [
        ("mse", {}, "mse"),
        ("MeanSquaredError", {}, "mean_squared_error"),
        ("AUC", {}, "auc"),
        ("AUC", {"name": "area"}, "area"),
        ("accuracy", {}, "accuracy"),
        ("acc", {}, "acc"),
        ("F1Score", {"average": "micro"}, "f1_score"),
    ],
)
def test_the_name_in_history(written: str, arguments: dict[str, str], shown: str) -> None:
    assert load().history_name("metrics", written, arguments) == shown


def test_a_name_of_another_kind_is_told_apart() -> None:
    assert load().elsewhere("layers", "Adam") == "optimizers"
    assert load().elsewhere("layers", "Dense") is None
    assert load().near_misses("layers", "Dens").startswith("did you mean 'Dense'")
    assert "'MyDense'" in load().near_misses("layers", "MyDens", more=["MyDense"])
    assert singular("optimizers") == "an optimizer"


def test_the_catalogue_needs_no_keras() -> None:
    code = (
        "import sys; from dlcli.config.catalogue.entries import load; load().entries('layers');"
        "print(sorted({'keras', 'tensorflow', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
