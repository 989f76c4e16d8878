"""What layers take by name, layers that give several tensors, and copies that stand side by side."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.graph.expanded import Expanded, expand
from dlcli.config.graph.graph import Graph
from dlcli.config.graph.vocabularies import with_vocabularies
from dlcli.config.inspection.inspection import inspect_value
from dlcli.config.schema import ModelConfig
from dlcli.errors import ModelError

DENSE = {"Dense": {"units": 3}}
LSTM = {"LSTM": {"units": 4, "return_state": True}}
RESIDUAL = {"inputs": "x", "layers": [DENSE, "ReLU", {"Add": None, "inputs": ["re_lu", "x"]}]}


def expanded(layers: list[Any], features: Collection[str] | None = None, **model: Any) -> Expanded:
    return expand(ModelConfig.model_validate({"layers": layers, **model}), features=features)


def graph_of(layers: list[Any], features: Collection[str] | None = None, **model: Any) -> Graph:
    found = expanded(layers, features, **model)
    assert found.problems == ()
    return found.require()


def edges(graph: Graph) -> dict[str, tuple[str, ...]]:
    return {node.name: node.inputs for node in graph.nodes}


def test_a_mapping_names_the_arguments_of_the_call() -> None:
    decoder = {"LSTM": {"units": 4}, "inputs": {"sequence": "b", "initial_state": ["encoder.1", "encoder.2"]}}
    graph = graph_of([{**LSTM, "name": "encoder", "inputs": "a"}, decoder])
    node = graph.nodes[1]
    assert node.inputs == ("b", "encoder", "encoder")
    assert node.picks == (0, 1, 2)
    assert node.arguments == (("sequence", None), ("initial_state", 2))
    assert graph.features == ("a", "b")


def test_the_first_argument_is_the_layer_before_when_it_is_not_named() -> None:
    attention = {"MultiHeadAttention": {"num_heads": 1, "key_dim": 2}, "inputs": {"value": "a", "key": "a"}}
    node = graph_of([{**DENSE, "inputs": "a"}, {**attention, "call": {"use_causal_mask": True}}]).nodes[1]
    assert node.arguments == (("query", None), ("value", None), ("key", None))
    assert node.inputs == ("dense", "a", "a")
    assert node.call == {"use_causal_mask": True}
    attention = {"Attention": None, "inputs": {"value": "a"}}
    assert graph_of([{**DENSE, "inputs": "a"}, attention]).nodes[1].arguments == (("query", None), ("value", None))


@pytest.mark.parametrize(
    ("layer", "count"),
    [
        ({"LSTM": {"units": 2, "return_state": True}}, 3),
        ({"GRU": {"units": 2, "return_state": True, "return_sequences": True}}, 2),
        ({"SimpleRNN": {"units": 2, "return_state": False}}, 1),
        ({"Bidirectional": {"layer": {"LSTM": {"units": 2, "return_state": True}}}}, 5),
        ({"Bidirectional": {"layer": {"GRU": {"units": 2}}}}, 1),
        ({"RNN": {"cell": {"LSTMCell": {"units": 2}}, "return_state": True}}, 3),
        ({"RNN": {"cell": {"StackedRNNCells": {"cells": [{"GRUCell": {"units": 2}}] * 2}}, "return_state": True}}, 3),
        ({"MultiHeadAttention": {"num_heads": 1, "key_dim": 1}, "call": {"return_attention_scores": True}}, 2),
        ({"Dense": {"units": 2}}, 1),
        ({"layers": [{**DENSE, "name": "a"}, {**DENSE, "name": "b"}], "outputs": ["a", "b"]}, 2),
    ],
)
def test_a_layer_gives_as_many_tensors_as_it_is_known_for(layer: Any, count: int) -> None:
    inputs = ["series", "series"] if "MultiHeadAttention" in layer else "series"
    first = {**layer, "inputs": inputs, "name": "x"}
    assert graph_of([first, {**DENSE, "inputs": f"x.{count - 1}"}]).nodes[1].picks == (count - 1,)
    (problem,) = expanded([first, {**DENSE, "inputs": f"x.{count}"}]).problems
    assert problem.path == "model.layers[1].inputs[0]"
    assert "the layer x" in problem.message
    assert problem.hint
    assert "return_" not in problem.hint or count == 1  # what is set already is no way out


def test_what_only_building_shows_is_left_to_it() -> None:
    layers = [{"TimeDistributed": {"layer": LSTM}, "name": "x", "inputs": "a"}, {**DENSE, "inputs": "x.2"}]
    assert graph_of(layers).nodes[1].picks == (2,)
    assert graph_of([{"Mine": {}, "name": "x", "inputs": "a"}, {**DENSE, "inputs": "x.mean"}]).nodes[1].picks == (
        "mean",
    )


def test_a_whole_name_comes_before_a_part() -> None:
    assert edges(graph_of([{**DENSE, "name": "a.1"}, {**DENSE, "name": "a"}, {**DENSE, "inputs": "a.1"}, {
        "Add": None, "inputs": ["dense", "a"]}]))["dense"] == ("a.1",)  # fmt: skip


def test_nested_models_give_several_tensors_by_name() -> None:
    model = {"layers": [{**DENSE, "name": "mean"}, {**DENSE, "name": "log", "inputs": "input"}]}
    encoder = {**model, "outputs": ["mean", "log"], "name": "encoder"}
    graph = graph_of([encoder, {"Add": None, "inputs": ["encoder.log", "encoder.mean"]}])
    assert graph.nodes[1].picks == (1, 0)
    assert graph.nodes[0].model is not None
    assert graph.nodes[0].model.outputs == ("mean", "log")


def test_a_part_is_an_output_of_the_model() -> None:
    graph = graph_of([{**LSTM, "name": "x", "inputs": "a"}], outputs=["x", "x.2"])
    assert graph.outputs == ("x", "x.2")
    assert graph.nodes[1].picks == (2,)


def test_a_shared_model_takes_its_inputs_by_name_in_any_order() -> None:
    tower = {"layers": [{"Subtract": None, "inputs": ["left", "right"]}], "inputs": {"left": "a", "right": "b"}}
    again = {"shared": "tower", "inputs": {"right": "c", "left": "d"}}
    graph = graph_of([{**tower, "name": "tower"}, again, {"Add": None, "inputs": ["tower", "tower_1"]}])
    assert edges(graph)["tower_1"] == ("d", "c")


def test_a_block_names_its_inputs() -> None:
    graph = graph_of([DENSE, {"block": "res", "repeat": 2}], blocks={"res": RESIDUAL})
    assert edges(graph) == {
        "dense": ("features",),
        "dense_1": ("dense",),
        "re_lu": ("dense_1",),
        "add": ("re_lu", "dense"),
        "dense_2": ("add",),
        "re_lu_1": ("dense_2",),
        "add_1": ("re_lu_1", "add"),
    }


def test_a_block_takes_several_inputs_by_name() -> None:
    up = {"inputs": ["x", "skip"], "layers": [{"UpSampling2D": None, "inputs": "x", "name": "up"}, {
        "Concatenate": None, "inputs": ["up", "skip"]}]}  # fmt: skip
    by_name = {"block": "up", "inputs": {"skip": "a", "x": "b"}}
    in_order = {"block": "up", "inputs": ["b", "a"]}
    assert edges(graph_of([by_name], blocks={"up": up})) == edges(graph_of([in_order], blocks={"up": up}))


def test_unnamed_layers_are_numbered_within_each_use_of_a_block() -> None:
    block = ["Flatten", DENSE, {"Add": None, "inputs": ["flatten", "dense"]}]
    found = edges(graph_of([{"block": "b", "repeat": 2}], blocks={"b": block}))
    assert found["add"] == ("flatten", "dense")
    assert found["add_1"] == ("flatten_1", "dense_1")


@given(count=st.integers(1, 5), named=st.booleans(), glob=st.booleans())
def test_a_loop_over_inputs_equals_writing_it_out(count: int, named: bool, glob: bool) -> None:
    features = [f"f{number}" for number in range(count)]
    loop = {**DENSE, "for": {"inputs": "f*" if glob else features}, **({"name": "x"} if named else {})}
    written: list[dict[str, Any]] = [{**DENSE, "inputs": feature} for feature in features]
    names = [f"x_{number}" for number in range(1, count + 1)] if count > 1 else ["x"]
    for item, name in zip(written, names, strict=True):
        item |= {"name": name} if named else {}
    together = names if named else [f"dense_{number}" if number else "dense" for number in range(count)]
    found = edges(graph_of([loop, "Concatenate"], features))
    assert found == edges(graph_of([*written, {"Concatenate": None, "inputs": together}], features))
    if named:
        assert found == edges(graph_of([loop, {"Concatenate": None, "inputs": "x"}], features))


def test_copies_have_names_arguments_and_inputs_of_their_own() -> None:
    embed = ["Flatten", DENSE]
    loop = {"block": "embed", "for": {"inputs": ["a", "b"], "name": ["left", "right"], "units": [1, 2]}}
    graph = graph_of([loop, {"Subtract": None, "inputs": ["right", "left"]}], blocks={"embed": embed})
    assert edges(graph)["subtract"] == ("right", "left")
    assert [node.component.arguments for node in graph.nodes if node.component and node.component.arguments] == [
        {"units": 1},
        {"units": 2},
    ]


def test_heads_stand_side_by_side_on_one_trunk() -> None:
    heads = {"Dense": None, "for": {"inputs": "trunk", "units": [1, 3], "name": ["price", "grade"]}}
    graph = graph_of([{**DENSE, "name": "trunk"}, heads])
    assert graph.outputs == ("price", "grade")
    assert edges(graph)["grade"] == ("trunk",)
    assert graph_of([{**DENSE, "name": "trunk"}, {**heads, "name": "heads"}], outputs="heads").outputs == graph.outputs


def test_a_shared_layer_is_applied_to_each() -> None:
    layers = [{**DENSE, "name": "tower", "inputs": "a"}, {"shared": "tower", "for": {"inputs": ["b", "c"]}}, {
        "Concatenate": None, "inputs": ["tower", "tower_1", "tower_2"]}]  # fmt: skip
    assert [node.shared for node in graph_of(layers).nodes] == [None, "tower", "tower", None]


@pytest.mark.parametrize("features", [["px1", "px2", "age"], ["age"]])
def test_globs_follow_the_features_when_they_come_to_be_known(features: list[str]) -> None:
    layers = [{"Concatenate": None, "inputs": "px*"}, DENSE, {"Concatenate": None, "inputs": ["dense", "age"]}]
    later, at_once = expanded(layers).among(features), expanded(layers, features)
    assert later.problems == at_once.problems
    assert later.graph == at_once.graph
    assert (at_once.graph is None) == (len(features) == 1)


FAULTS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "a block with names in order": (
        {"layers": [{"block": "res", "inputs": ["a", "b"]}], "blocks": {"res": RESIDUAL}},
        "model.layers[0].inputs",
        "takes 1 input (x), and 2 come in",
        "inputs: [x]",
    ),
    "a block with other names": (
        {"layers": [{"block": "res", "inputs": {"y": "a"}}], "blocks": {"res": RESIDUAL}},
        "model.layers[0].inputs",
        "takes x, a tensor each; here are y",
        "inputs: {x: ...}",
    ),
    "a block without names": (
        {"layers": [{"block": "b", "inputs": {"y": "a"}}], "blocks": {"b": [DENSE]}},
        "model.layers[0].inputs",
        "does not name its inputs",
        "inputs: [y], layers",
    ),
    "a shared model by other names": (
        {
            "layers": [
                {"layers": [{**DENSE, "inputs": "left"}], "inputs": {"left": "a"}, "name": "t"},
                {"shared": "t", "inputs": {"lft": "b"}, "name": "u"},
                {"Add": None, "inputs": ["t", "u"]},
            ]
        },
        "model.layers[1].inputs",
        "the model takes left",
        "inputs: {left: ...}",
    ),
    "a list for one input of a model": (
        {"layers": [{"layers": [{**DENSE, "inputs": "x"}, {"Add": None, "inputs": ["dense", "input_2"]}],
                     "inputs": {"x": ["a", "b"]}}]},
        "model.layers[0].inputs",
        "one tensor",
        "Concatenate",
    ),
    "a glob that fits nothing": (
        {"layers": [{"Concatenate": None, "inputs": "px*"}], "features": ["age"]},
        "model.layers[0].inputs[0]",
        "no feature is called like 'px*'",
        "'age'",
    ),
    "lists of other lengths than a glob": (
        {"layers": [{"Dense": None, "for": {"inputs": "p*", "units": [1, 2, 3]}}, "Add"], "features": ["p1", "p2"]},
        "model.layers[0].for",
        "2 inputs, and 3 of units",
        "as many values as features",
    ),
    "a name that means several": (
        {"layers": [{**DENSE, "name": "x", "for": {"inputs": ["a", "b"]}}, {"Add": None, "name": "x"}]},
        "model.layers[1]",
        "'x' is taken by model.layers[0]",
        "must differ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_faults(case: str) -> None:
    arguments, path, message, hint = FAULTS[case]
    (problem,) = expanded(**arguments).problems
    assert problem.path == path
    assert message in problem.message
    assert hint in problem.hint


CALLS: dict[str, tuple[Any, str, str, str]] = {
    "an unknown input": (
        {**LSTM, "inputs": {"initial_states": "a"}}, "inputs.initial_states", "no argument", "initial_state"),
    "the first argument twice": (
        {**LSTM, "inputs": {"sequences": "a", "inputs": "a"}}, "inputs", "same argument", "sequences once"),
    "a flag among the tensors": (
        {"Dropout": {"rate": 0.1}, "inputs": {"inputs": "a", "training": "a"}}, "inputs.training", "true or false",
        "call: {training: true}"),
    "a tensor among the flags": (
        {**LSTM, "inputs": "a", "call": {"initial_state": ["a"]}}, "call.initial_state", "no plain value",
        "inputs: {initial_state: ...}"),
    "an unknown flag": ({**LSTM, "inputs": "a", "call": {"trainig": True}}, "call.trainig", "no argument", "training"),
    "an argument of the layer": (
        {**LSTM, "inputs": "a", "call": {"return_state": True}}, "call.return_state", "no argument",
        "LSTM: {return_state: ...}"),
    "no flag": ({**LSTM, "inputs": "a", "call": {"training": "yes"}}, "call.training", "true or false", ""),
    "an argument of the call": (
        {"LSTM": {"units": 1, "initial_state": ["a"]}, "inputs": "a"}, "LSTM.initial_state", "no argument",
        "inputs: {initial_state: ...}"),
    "a flag of the call": (
        {"Attention": {"use_causal_mask": True}, "inputs": ["a", "a"]}, "Attention.use_causal_mask", "no argument",
        "call: {use_causal_mask: true}"),
    "no value": (
        {"Attention": None, "inputs": {"query": "a", "key": "a"}}, "inputs", "needs the value", "value: b"),
    "of copies": ({**LSTM, "for": {"inputs": [{"sequences": "a", "states": "a"}]}}, "for.inputs[0].states", "no arg",
        ""),
    "of a nested model": ({"layers": [DENSE], "inputs": "a", "call": {"mask": True}}, "call.mask", "no argument", ""),
    "a call of a block": ({"block": "b", "call": {"training": True}}, "", "`call` belongs to one layer", ""),
    "outputs of a layer": ({**DENSE, "outputs": ["a"]}, "", "`outputs` are those of nested `layers`", ""),
    "both inputs": ({**DENSE, "inputs": "a", "for": {"inputs": ["a"]}}, "", "`inputs` beside it", ""),
    "a loop over lists that differ": (
        {"Dense": {}, "for": {"inputs": ["a", "a"], "units": [1, 2, 3]}}, "", "one length", ""),
    "a name that is none": ({**DENSE, "for": {"inputs": ["a"], "name": ["a b"]}}, "", "a name is letters", ""),
    "inputs that are none": ({**DENSE, "for": {"inputs": ["a", 3]}}, "", "holds names", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", CALLS)
def test_faults_of_calls_show_without_keras(case: str) -> None:
    layer, path, message, hint = CALLS[case]
    config = {
        "data": {"train": "x.csv", "target": "y", "features": ["a"]},
        "model": {"layers": [layer], "blocks": {"b": [DENSE]}},
    }
    found = [problem for problem in inspect_value(config, ".").problems if message in problem.message]
    assert [problem.path for problem in found] == [f"model.layers[0]{path and '.'}{path}"]
    assert hint in found[0].hint


@given(above=st.integers(1, 999), below=st.integers(1, 999))
def test_a_fraction_is_its_number_in_every_place_of_an_argument(above: int, below: int) -> None:
    text, number = f"{above}/{below}", above / below
    written = {"Rescaling": {"scale": text, "offset": -1}}
    model = ModelConfig.model_validate(
        {
            "layers": [written, {"block": "b", "with": {"rate": text}}, {"Dropout": {}, "for": {"rate": [text]}}],
            "blocks": {"b": [{"Dropout": {"rate": 0}}]},
        }
    )
    arguments = [node.component.arguments for node in expand(model, features=None).require().nodes if node.component]
    assert arguments == [{"scale": number, "offset": -1}, {"rate": number}, {"rate": number}]
    assert ModelConfig.model_validate(model.model_dump()) == model


AUTO = {"Embedding": {"input_dim": "auto", "output_dim": 2}}


def test_an_embedding_takes_its_size_from_what_comes_to_it() -> None:
    layers = [
        {**AUTO, "name": "e", "inputs": "a"},
        {"shared": "e", "inputs": "b", "name": "again"},
        {"Reshape": {"target_shape": [2, 1]}, "inputs": "a", "name": "r"},
        {"layers": [{"TimeDistributed": {"layer": AUTO}}], "name": "n"},
        {"Concatenate": None, "inputs": ["e", "again", "n"]},
    ]
    graph = with_vocabularies(graph_of(layers), {"a": 5, "b": 9})
    assert graph.nodes[0].component is not None
    assert graph.nodes[0].component.arguments["input_dim"] == 9
    inner = next(node.model for node in graph.nodes if node.model is not None).nodes[0].component
    assert inner is not None
    assert inner.arguments["layer"]["Embedding"]["input_dim"] == 5


def test_an_embedding_of_what_was_computed_has_no_size() -> None:
    layers = [
        {**DENSE, "inputs": "a"},
        AUTO,
        {**AUTO, "inputs": "b"},
        {"Add": None, "inputs": ["embedding", "embedding_1"]},
    ]
    with pytest.raises(ModelError) as raised:
        with_vocabularies(graph_of(layers), {"a": 5, "b": None})
    assert [problem.path for problem in raised.value.problems] == ["model.layers[1]", "model.layers[2]"]
    assert {problem.rule for problem in raised.value.problems} == {"unknown-vocabulary"}


@pytest.mark.parametrize("item", [{"for": {"inputs": "c*"}}, {"for": {"inputs": "towers"}}, {"inputs": "c*"}])
def test_one_feature_that_a_glob_fits_is_merged_as_a_list_of_one(item: dict[str, Any]) -> None:
    first = [{**DENSE, "name": "towers", "for": {"inputs": "c*"}}] if "towers" in str(item) else []
    layers = [*first, {**DENSE, **item}, "Concatenate"] if "for" in item else [{"Concatenate": None, **item}]
    node = graph_of(layers, ["c1"]).nodes[-1]
    assert (len(node.inputs), node.arguments) == (1, (("inputs", 1),))


@pytest.mark.parametrize("word", ["x[1]", "x:1"])
def test_a_tensor_as_others_write_it_is_told_as_it_is_written_here(word: str) -> None:
    layers = [{**LSTM, "inputs": "a", "name": "x"}, {**DENSE, "inputs": word}]
    (problem,) = expanded(layers, ["a"]).problems
    assert "'x.1'" in problem.hint


@pytest.mark.parametrize(
    ("key", "hint"),
    [("initial_state", "inputs: {initial_state: ...}"), ("use_causal_mask", "call: {use_causal_mask: true}")],
)
def test_an_argument_of_the_call_beside_the_layer_is_told_its_place(key: str, hint: str) -> None:
    model = {"layers": [{"LSTM": {"units": 3}, key: True}]}
    found = inspect_value({"data": {"train": "x.csv", "target": "y"}, "model": model}, ".").problems
    assert [problem.path for problem in found] == [f"model.layers[0].{key}"]
    assert hint in found[0].hint


def test_a_faulty_block_is_not_unknown_too() -> None:
    model = {"layers": [{"block": "r"}], "blocks": {"r": {"input": "x", "layers": ["Flatten"]}}}
    found = inspect_value({"data": {"train": "x.csv", "target": "y"}, "model": model}, ".").problems
    assert [problem.path for problem in found] == ["model.blocks.r.inputs", "model.blocks.r.input"]
