"""Graphs become Keras models: inputs, shapes, names, weights, and every refusal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlcli.backend.runtime import configure
from dlcli.config.catalogue.entries import load
from dlcli.config.document.composer import compose
from dlcli.config.graph.expanded import expand
from dlcli.config.schema import ModelConfig, RuntimeConfig
from dlcli.config.signature import InputSpec
from dlcli.errors import ModelError
from dlcli.model.code import load_code
from dlcli.model.functional import build

VECTOR = InputSpec("features", (4,))
IMAGE = InputSpec("image", (8, 8, 3), named=True)
SERIES = InputSpec("series", (6, 5), named=True)


def model_of(
    layers: list[Any],
    inputs: Sequence[InputSpec] = (VECTOR,),
    *,
    outputs: list[str] | None = None,
    blocks: Any = None,
    code: dict[str, object] | None = None,
    seed: int = 0,
) -> Any:
    configure(RuntimeConfig(), seed)
    config = ModelConfig.model_validate({"layers": layers, "outputs": outputs, "blocks": blocks})
    graph = expand(config, features=None).require()
    return build(graph, inputs, code=code or {}, name="m")


def run(model: Any, inputs: Sequence[InputSpec] = (VECTOR,), rows: int = 2) -> Any:
    values = {spec.name: np.ones((rows, *spec.shape), spec.dtype) for spec in inputs}
    return model(values)


def refused(layers: list[Any], inputs: Sequence[InputSpec] = (VECTOR,), **options: Any) -> list[Any]:
    with pytest.raises(ModelError) as raised:
        model_of(layers, inputs, **options)
    return list(raised.value.problems)


def test_a_chain_with_names_and_components_inside() -> None:
    model = model_of(
        [
            {
                "Dense": {
                    "units": 8,
                    "activation": "relu",
                    "kernel_regularizer": {"L2": {"l2": 1e-4}},
                    "kernel_initializer": "he_normal",
                    "bias_constraint": {"MaxNorm": {"max_value": 2}},
                },
                "name": "hidden",
            },
            {"Dropout": {"rate": 0.2}},
            {"Dense": {"units": 3, "activation": {"LeakyReLU": {"negative_slope": 0.1}}}},
        ]
    )
    assert [layer.name for layer in model.layers] == ["features", "hidden", "dropout", "dense"]
    assert run(model).shape == (2, 3)
    assert model.output_names == ["dense"]
    assert float(model.get_layer("hidden").kernel_regularizer.l2) == pytest.approx(1e-4)
    assert type(model.get_layer("dense").activation).__name__ == "LeakyReLU"


def test_several_inputs_and_outputs() -> None:
    inputs = [InputSpec("age", (1,), named=True), InputSpec("city", (1,), "int32", True, 10, 4), VECTOR]
    layers = [
        {"Concatenate": None, "inputs": ["age", "city", "features"], "name": "all"},
        {"Dense": {"units": 1}, "name": "b", "inputs": "all"},
        {"Dense": {"units": 2}, "name": "a", "inputs": "all"},
    ]
    model = model_of(layers, inputs, outputs=["b", "a"])
    assert model.output_names == ["b", "a"]
    assert [tuple(tensor.shape) for tensor in run(model, inputs)] == [(2, 1), (2, 2)]
    assert model.get_layer("all").output.shape == (None, 1 + 4 + 4)


def test_unnamed_numbers_and_embedded_categories_are_one_vector() -> None:
    inputs = [
        VECTOR,
        InputSpec("city (home)", (1,), "int32", False, 10, 3),
        InputSpec("kind", (), "int32", False, 5, 2),
    ]
    model = model_of([{"Dense": {"units": 1}}], inputs)
    assert run(model, inputs).shape == (2, 1)
    assert model.get_layer("dense").kernel.shape == (4 + 3 + 2, 1)


@pytest.mark.parametrize("spec", [InputSpec("image", (8, 8, 3)), InputSpec("text", (7,), "int32", vocabulary=50)])
def test_a_lone_tensor_is_the_default_input(spec: InputSpec) -> None:
    first = {"Flatten": None} if spec.dtype == "float32" else {"Embedding": {"input_dim": 50, "output_dim": 2}}
    assert run(model_of([first], [spec]), [spec]).shape[0] == 2


def test_tensors_beside_a_vector_must_be_named() -> None:
    (problem,) = refused([{"Dense": {"units": 1}}], [VECTOR, InputSpec("image", (8, 8, 3))])
    assert (problem.rule, problem.path) == ("mixed-features", "model.layers")
    assert "inputs: [image]" in problem.hint


def test_shared_layers_and_names_of_outputs() -> None:
    inputs = [InputSpec(name, (4,), named=True) for name in "xy"]
    layers = [
        {"Dense": {"units": 3}, "name": "left", "inputs": "x"},
        {"shared": "left", "name": "right", "inputs": "y"},
    ]
    model = model_of(layers, inputs, outputs=["right", "left"])
    assert model.output_names == ["right", "left"]
    assert model.count_params() == 4 * 3 + 3
    right, left = run(model, inputs)
    assert np.array_equal(right, left)


def test_a_nested_model_is_a_layer_and_can_be_shared() -> None:
    inputs = [InputSpec(name, (4,), named=True) for name in "xy"]
    encoder = [
        {"Dense": {"units": 4}},
        {"Add": None, "inputs": ["dense", "input"]},
        {"layers": [{"Dense": {"units": 2}}]},
    ]
    layers = [
        {"layers": encoder, "name": "encoder", "inputs": "x"},
        {"shared": "encoder", "name": "again", "inputs": "y"},
        {"Subtract": None, "inputs": ["encoder", "again"]},
    ]
    model = model_of(layers, inputs)
    assert np.allclose(run(model, inputs), 0)
    assert model.count_params() == (4 * 4 + 4) + (4 * 2 + 2)
    assert [layer.name for layer in model.get_layer("encoder").layers] == ["input", "dense", "add", "model"]


def test_a_transformer_block_with_repeat() -> None:
    block = [
        {"MultiHeadAttention": {"num_heads": 2, "key_dim": 4}, "inputs": ["input", "input"]},
        {"Add": None, "inputs": ["input", "attention"], "name": "sum"},
        "LayerNormalization",
    ]
    block[0]["name"] = "attention"  # type: ignore[index]
    model = model_of([{"block": "t", "repeat": 3, "inputs": "series"}], [SERIES], blocks={"t": block})
    assert run(model, [SERIES]).shape == (2, 6, 5)


def test_wrappers_and_states() -> None:
    layers = [
        {"Bidirectional": {"layer": {"LSTM": {"units": 3, "return_sequences": True}}}, "inputs": "series"},
        {"TimeDistributed": {"layer": {"Dense": {"units": 2}}}},
        {"RNN": {"cell": {"StackedRNNCells": {"cells": [{"GRUCell": {"units": 4}}, {"LSTMCell": {"units": 4}}]}}}},
        {"Dense": {"units": 4}, "name": "state", "inputs": "features"},
        {"GRU": {"units": 4}, "inputs": ["series", "state"], "name": "gru"},
        {"Concatenate": None, "inputs": ["rnn", "gru"]},
    ]
    assert run(model_of(layers, [SERIES, VECTOR]), [SERIES, VECTOR]).shape == (2, 8)


def test_the_same_seed_gives_the_same_weights() -> None:
    layers = [{"Dense": {"units": 8}}, {"Dropout": {"rate": 0.5}}, {"Dense": {"units": 3}, "repeat": 2}]
    first, second, other = (model_of(layers, seed=seed).get_weights() for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_weights_load_into_a_model_that_is_built_again(tmp_path: Path) -> None:
    layers = [{"layers": [{"Dense": {"units": 4}}]}, {"Dense": {"units": 3}, "name": "x"}, {"shared": "y"}]
    layers.insert(0, {"Dense": {"units": 4}, "name": "z"})
    layers[3] = {"Dense": {"units": 3}}
    model = model_of(layers, seed=1)
    model.save_weights(tmp_path / "w.weights.h5")
    again = model_of(layers, seed=2)
    again.load_weights(tmp_path / "w.weights.h5")
    assert np.array_equal(run(model), run(again))
    assert [weight.path for weight in model.weights] == [weight.path for weight in again.weights]


def test_the_users_own_layers(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import keras\n"
        "class Plain(keras.layers.Layer):\n"
        "    def __init__(self, units, activation=None):\n"
        "        super().__init__()\n"
        "        self.dense = keras.layers.Dense(units, activation=activation)\n"
        "    def call(self, inputs):\n"
        "        return self.dense(inputs)\n"
        "class Pair(keras.layers.Layer):\n"
        "    def call(self, left, right):\n"
        "        return left - right\n"
        "def cube(x):\n"
        "    return x * x * x\n"
        "class NoLayer:\n"
        "    pass\n"
        "class Broken(keras.layers.Layer):\n"
        "    def call(self, inputs):\n"
        "        raise KeyError('boom')\n"
    )
    code = load_code([file])
    layers = [
        {"Plain": {"units": 3, "activation": "cube"}, "name": "a"},
        {
            "Plain": {"units": 3, "activation": {"LeakyReLU": {"negative_slope": 0.3}}},
            "inputs": "features",
            "name": "b",
        },
        {"Pair": None, "inputs": ["a", "b"]},
        {"Dense": {"units": 1, "activation": "cube"}},
    ]
    model = model_of(layers, code=code)
    assert run(model).shape == (2, 1)
    assert model.get_layer("a").name == "a"
    (problem,) = refused(["NoLayer"], code=code)
    assert "NoLayer is no layer" in problem.message
    (problem,) = refused(["cube"], code=code)
    assert "must be a class" in problem.message
    (problem,) = refused(["Broken"], code=code)
    assert "boom" in problem.message
    assert problem.path == "model.layers[0]"


REFUSALS: dict[str, tuple[Any, Sequence[InputSpec], str, str, str]] = {
    "negative units": ({"Dense": {"units": -3}}, [VECTOR], "model.layers[1].Dense.units", "positive integer", ""),
    "unknown argument": (
        {"Dense": {"units": 3, "activaton": "relu"}},
        [VECTOR],
        "model.layers[1].Dense.activaton",
        "no argument 'activaton'",
        "did you mean 'activation'?",
    ),
    "missing argument": ("Dense", [VECTOR], "model.layers[1].Dense", "needs the argument 'units'", "units: ..."),
    "unknown layer": ({"Dnse": {"units": 3}}, [VECTOR], "model.layers[1]", "unknown layer 'Dnse'", "'Dense'"),
    "not a layer": ("Adam", [VECTOR], "model.layers[1]", "unknown layer 'Adam'", "it is an optimizer"),
    "unknown activation": (
        {"Dense": {"units": 3, "activation": "rleu"}},
        [VECTOR],
        "model.layers[1].Dense.activation",
        "unknown activation 'rleu'",
        "'relu'",
    ),
    "deep": (
        {"Bidirectional": {"layer": {"LSTM": {"units": 3, "kernel_regularizer": {"L2": {"l3": 1}}}}}},
        [VECTOR],
        "model.layers[1].Bidirectional.layer.LSTM.kernel_regularizer.L2.l3",
        "no argument 'l3'",
        "it takes l2",
    ),
    "image": (
        {"Conv2D": {"filters": 2, "kernel_size": 3}},
        [VECTOR],
        "model.layers[1]",
        "(batch, 4) from 'identity': expected min_ndim=4, found ndim=2 in the shape (None, 4)",
        "(height, width, channels)",
    ),
    "series": ({"LSTM": {"units": 3}}, [VECTOR], "model.layers[1]", "expected ndim=3", "(timesteps, features)"),
    "reshape": ({"Reshape": {"target_shape": [3, 3]}}, [VECTOR], "model.layers[1]", "target_shape=(3, 3)", ""),
    "merge of one": ("Add", [VECTOR], "model.layers[1]", "list of inputs", "inputs: [a, b]"),
    "attention of one": (
        {"MultiHeadAttention": {"num_heads": 1, "key_dim": 1}},
        [VECTOR],
        "model.layers[1]",
        "'value' is missing",
        "inputs: [a, a]",
    ),
    "merge of others": (
        {"Add": None, "inputs": ["identity", "series"]},
        [VECTOR, SERIES],
        "model.layers[1]",
        "(batch, 4) from 'identity' and (batch, 6, 5) from 'series'",
        "agree",
    ),
    "two for one": (
        {"Dense": {"units": 1}, "inputs": ["identity", "features"]},
        [VECTOR],
        "model.layers[1]",
        "cannot take (batch, 4) from 'identity' and (batch, 4) from 'features'",
        "Concatenate",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(case: str) -> None:
    layer, inputs, path, message, hint = REFUSALS[case]
    if len(inputs) > 1 and "features" not in str(layer) and "identity" not in str(layer):
        found = refused(["Identity", {**layer, "name": "last"}], inputs, outputs=["identity", "last"])
    else:
        found = refused(["Identity", layer], inputs)
    (problem,) = found
    assert problem.path == path
    assert message in problem.message
    assert hint in problem.hint
    assert "\x1b" not in problem.message
    assert "\n" not in problem.message
    assert problem.rule != "invalid"


def test_all_faults_of_construction_at_once() -> None:
    layers = [
        {"Dense": {"units": -1}},
        {"Dropout": {"rate": 7}},
        {"layers": [{"Dense": {"units": 0}}], "name": "inner"},
        {"Dense": {"units": 2, "activation": "rleu", "kernel_initializer": "glorot"}},
    ]
    assert [problem.path for problem in refused(layers)] == [
        "model.layers[0].Dense.units",
        "model.layers[1].Dropout.rate",
        "model.layers[2].layers[0].Dense.units",
        "model.layers[3].Dense.activation",
        "model.layers[3].Dense.kernel_initializer",
    ]


def test_shape_faults_of_branches_are_found_together_and_not_repeated_downstream() -> None:
    layers = [
        {"LSTM": {"units": 2}, "name": "a", "inputs": "features"},
        {"Dense": {"units": 2}, "name": "after"},
        {"layers": ["Flatten", {"Conv1D": {"filters": 2, "kernel_size": 3}}], "name": "b", "inputs": "features"},
        {"Add": None, "inputs": ["after", "b"]},
    ]
    assert [problem.path for problem in refused(layers)] == ["model.layers[0]", "model.layers[2].layers[1]"]


@pytest.mark.parametrize("name", sorted(load().names("layers")))
def test_every_layer_of_the_catalogue_builds(name: str, specimen: Any) -> None:
    sample = specimen(name)
    spec = InputSpec("x", sample.shape, sample.dtype, named=True)
    model = model_of([{name: sample.arguments, "inputs": ["x"] * sample.inputs}], [spec])
    assert run(model, [spec]).shape[0] is not None
    assert model.layers[-1].name in model.output_names


SOURCE, DECODED = InputSpec("source", (6, 5), named=True), InputSpec("decoded", (7, 5), named=True)
BOTH = (SOURCE, DECODED)


def test_an_encoder_hands_its_states_to_a_decoder() -> None:
    import keras

    layers = [
        {"LSTM": {"units": 4, "return_state": True}, "name": "encoder", "inputs": "source"},
        {
            "LSTM": {"units": 4, "return_sequences": True},
            "inputs": {"sequence": "decoded", "initial_state": ["encoder.1", "encoder.2"]},
            "name": "decoder",
        },
    ]
    model = model_of(layers, BOTH)
    values = [np.random.default_rng(0).normal(size=(3, *spec.shape)).astype("float32") for spec in BOTH]
    found = model({spec.name: value for spec, value in zip(BOTH, values, strict=True)})
    _, *states = model.get_layer("encoder")(values[0])
    assert np.array_equal(found, model.get_layer("decoder")(values[1], initial_state=states))
    assert isinstance(model, keras.Model)


def test_attention_takes_its_tensors_by_name_and_flags() -> None:
    mha = {"MultiHeadAttention": {"num_heads": 2, "key_dim": 3}}
    layers = [
        {**mha, "inputs": {"query": "decoded", "value": "source"}, "name": "cross"},
        {**mha, "inputs": {"value": "cross", "key": "cross"}, "call": {"use_causal_mask": True}, "name": "self"},
        {"Attention": None, "inputs": {"query": "self", "key": "source", "value": "source"}, "name": "dot"},
        {"LSTM": {"units": 2}, "inputs": {"inputs": "dot"}},
    ]
    model = model_of(layers, BOTH)
    values = {spec.name: np.random.default_rng(1).normal(size=(2, *spec.shape)).astype("float32") for spec in BOTH}
    inside = model_of([*layers[:2]], BOTH)
    inside.set_weights(model.get_weights()[: len(inside.get_weights())])
    before = np.asarray(inside(values))
    values["decoded"][:, -1] += 1.0
    after = np.asarray(inside(values))
    assert np.allclose(before[:, :-1], after[:, :-1], atol=1e-6)  # nothing looks ahead
    assert not np.allclose(before[:, -1], after[:, -1])
    assert run(model, BOTH).shape == (2, 2)


def test_scores_states_and_nested_outputs_are_tensors_of_a_layer() -> None:
    mha = {"MultiHeadAttention": {"num_heads": 2, "key_dim": 3}, "call": {"return_attention_scores": True}}
    layers = [
        {**mha, "inputs": ["decoded", "source"], "name": "cross"},
        {"layers": [{"Dense": {"units": 2}, "name": "a"}, {"Dense": {"units": 3}, "name": "b"}], "outputs": ["b", "a"],
         "inputs": "cross", "name": "model"},
        {"Concatenate": None, "inputs": ["model", "model.a", "model.1"], "name": "joined"},
    ]  # fmt: skip
    model = model_of(layers, BOTH, outputs=["joined", "cross.1", "model.a"])
    assert model.output_names == ["joined", "cross.1", "model.a"]
    assert [tuple(tensor.shape) for tensor in run(model, BOTH)] == [(2, 7, 3 + 2 + 2), (2, 2, 7, 6), (2, 7, 2)]


def test_the_users_own_layers_give_several_tensors(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import keras\n"
        "class Split(keras.layers.Layer):\n"
        "    def call(self, inputs, scale=None):\n"
        "        inputs = inputs if scale is None else inputs * scale\n"
        "        return inputs[:, :1], inputs[:, 1:]\n"
        "class Named(keras.layers.Layer):\n"
        "    def call(self, inputs):\n"
        "        return {'low': inputs, 'high': inputs + 1}\n"
    )
    layers = [
        {"Split": {}, "name": "s", "inputs": {"inputs": "features", "scale": "features"}},
        {"Named": {}, "name": "n", "inputs": "s.1"},
        {"Subtract": None, "inputs": ["n.high", "n"], "name": "one"},
        {"Concatenate": None, "inputs": ["one", "s"]},
    ]
    model = model_of(layers, code=dict(load_code([str(file)])))
    assert np.array_equal(run(model), [[1, 1, 1, 1]] * 2)
    problems = refused([*layers[:2], {"Flatten": None, "inputs": "n.hihg"}], code=dict(load_code([str(file)])))
    assert [problem.path for problem in problems] == ["model.layers[2]"]
    assert "n.hihg" in problems[0].message


def test_a_tied_embedding_reads_its_table_the_other_way_round() -> None:
    words = InputSpec("words", (6,), "int32", True, 30)
    layers = [
        {"ReversibleEmbedding": {"input_dim": "auto", "output_dim": 4}, "inputs": "words", "name": "table"},
        {"Dense": {"units": 4}},
        {"shared": "table", "call": {"reverse": True}, "name": "scores"},
    ]
    assert run(model_of(layers, [words]), [words]).shape == (2, 6, 30)


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "graphs.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", range(PAGE.count("```yaml")))
def test_the_examples_of_the_page_are_models(number: int) -> None:
    text = PAGE.split("```yaml\n")[number + 1].split("```")[0]
    config = ModelConfig.model_validate(compose(text, source="graphs.md").value)
    words = [InputSpec(name, (6,), "int32", True, 9) for name in ("source", "target")]
    specs = words if "source" in text else [InputSpec(name, (4,), named=True) for name in "ab"]
    graph = expand(config, features=None if "for:" not in text else [spec.name for spec in specs]).require()
    specs = [spec for spec in specs if spec.name in graph.features]
    configure(RuntimeConfig(), 0)
    model = build(graph, specs, code={}, name="m")
    values = {spec.name: np.ones((2, *spec.shape), spec.dtype) for spec in specs}
    assert len(model.outputs) == len(graph.outputs)
    assert model(values) is not None


def test_an_embedding_is_as_large_as_the_data_says() -> None:
    words = InputSpec("words", (6,), "int32", True, 30)
    model = model_of([{"Embedding": {"input_dim": "auto", "output_dim": 4}, "inputs": "words"}], [words])
    assert model.get_layer("embedding").embeddings.shape == (30, 4)
    numbers = InputSpec("features", (6,), vocabulary=9)
    model = model_of([{"Embedding": {"input_dim": "auto", "output_dim": 4}}], [numbers])
    assert model.get_layer("embedding").embeddings.shape == (9, 4)


def test_attention_sees_no_padding(tmp_path: Path) -> None:
    """Of words to which their positions were added: whatever stands for padding, nothing changes."""
    import keras

    words = InputSpec("words", (6,), "int32", True, 30)
    layers = [
        {"Embedding": {"input_dim": 30, "output_dim": 4, "mask_zero": True}, "inputs": "words", "name": "tokens"},
        {"PositionEmbedding": None, "name": "learnt"},
        {"SinePositionEncoding": None, "inputs": "tokens", "name": "waves"},
        {"Add": None, "inputs": ["tokens", "learnt", "waves"], "name": "x"},
        {
            "MultiHeadAttention": {"num_heads": 1, "key_dim": 4},
            "inputs": {"query": "x", "value": "x"},
            "name": "attention",
        },
        {"Add": None, "inputs": ["x", "attention"]},
        "LayerNormalization",
        "GlobalAveragePooling1D",
    ]
    built = model_of(layers, [words])
    built.save(tmp_path / "m.keras")
    for model in (built, keras.models.load_model(tmp_path / "m.keras")):
        rows = {"words": np.array([[3, 4, 5, 0, 0, 0], [7, 8, 9, 1, 2, 0]])}
        before = np.asarray(model(rows)), model.predict(rows, verbose=0)
        table = model.get_layer("tokens").get_weights()[0]
        table[0] = 50
        model.get_layer("tokens").set_weights([table])
        after = np.asarray(model(rows)), model.predict(rows, verbose=0)
        assert np.allclose(before, after, atol=1e-6)


def test_positions_are_learnt_or_waves_and_keep_the_mask(tmp_path: Path) -> None:
    import keras

    words = InputSpec("words", (6,), "int32", True, 30)
    layers = [
        {"Embedding": {"input_dim": 30, "output_dim": 4, "mask_zero": True}, "inputs": "words", "name": "tokens"},
        {"PositionEmbedding": {"initializer": "ones"}, "name": "learnt"},
        {"SinePositionEncoding": None, "inputs": "tokens", "name": "waves"},
        {"Add": None, "inputs": ["tokens", "learnt", "waves"], "name": "sum"},
        "GlobalAveragePooling1D",
    ]
    model = model_of(layers, [words])
    assert model.get_layer("learnt").beta.shape == (6, 4)
    assert len(model.trainable_weights) == 2
    frozen = [{**layer, "trainable": False} if isinstance(layer, dict) else layer for layer in layers]
    assert not model_of(frozen, [words]).trainable_weights
    model.get_layer("tokens").set_weights([np.zeros((30, 4))])
    found = np.asarray(model({"words": np.array([[3, 4, 0, 0, 0, 0]])}))
    waves = [[0, 1, 0, 1], [np.sin(1), np.cos(1), np.sin(0.01), np.cos(0.01)]]
    assert np.allclose(found, 1 + np.mean(waves, axis=0), atol=1e-6)
    model.save(tmp_path / "m.keras")  # plain Keras knows all that it is made of
    again = keras.models.load_model(tmp_path / "m.keras")
    assert np.array_equal(np.asarray(again({"words": np.array([[3, 4, 0, 0, 0, 0]])})), found)
    (problem,) = refused([{"PositionEmbedding": {"sequence_length": 5}, "inputs": "series"}], [SERIES])
    assert "sequence_length is 5, and 6 steps come in" in problem.message
