"""The list of layers as a graph: copies, blocks, nested models, names, order and every fault."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.graph.expanded import expand
from dlcli.config.graph.expansion import MAX_LAYERS
from dlcli.config.graph.graph import Graph
from dlcli.config.schema import ModelConfig
from dlcli.errors import Problem

DENSE = {"Dense": {"units": 3}}


def graph_of(
    layers: list[Any], *, features: Collection[str] | None = None, blocks: Any = None, outputs: Any = None
) -> Graph:
    expanded = expand(_model(layers, blocks, outputs), features=features)
    graph, problems = expanded.graph, expanded.problems
    assert problems == ()
    assert graph is not None
    return graph


def problems_of(
    layers: list[Any], *, features: Collection[str] | None = None, blocks: Any = None, outputs: Any = None
) -> tuple[Problem, ...]:
    expanded = expand(_model(layers, blocks, outputs), features=features)
    graph, problems = expanded.graph, expanded.problems
    assert graph is None
    return problems


def _model(layers: list[Any], blocks: Any, outputs: Any) -> ModelConfig:
    return ModelConfig.model_validate({"layers": layers, "blocks": blocks, "outputs": outputs})


def shape_of(graph: Graph) -> list[Any]:
    """Everything of a graph but the places in the config."""
    return [
        (
            node.name,
            node.component and node.component.notation(),
            node.model and shape_of(node.model),
            node.shared,
            node.inputs,
        )
        for node in graph.nodes
    ] + [graph.outputs, graph.features]


def edges(graph: Graph) -> dict[str, tuple[str, ...]]:
    return {node.name: node.inputs for node in graph.nodes}


def test_a_list_is_a_chain() -> None:
    graph = graph_of([DENSE, "Dropout", DENSE])
    assert edges(graph) == {"dense": ("features",), "dropout": ("dense",), "dense_1": ("dropout",)}
    assert graph.outputs == ("dense_1",)
    assert graph.features == ()
    assert [node.path for node in graph.nodes] == [("model", "layers", index) for index in range(3)]


def test_generated_names_avoid_given_ones() -> None:
    graph = graph_of([DENSE, {**DENSE, "name": "dense"}, DENSE], features=["dense_1", "a"])
    assert [node.name for node in graph.nodes] == ["dense_2", "dense", "dense_3"]


def test_a_name_may_be_keras_own_argument() -> None:
    graph = graph_of([{"Dense": {"units": 3, "name": "out"}}])
    assert graph.outputs == ("out",)
    component = graph.nodes[0].component
    assert component is not None
    assert component.arguments == {"units": 3}


@given(count=st.integers(1, 6), named=st.booleans())
def test_repeat_equals_writing_it_out(count: int, named: bool) -> None:
    item: dict[str, Any] = {**DENSE, "repeat": count}
    written: list[dict[str, Any]] = [dict(DENSE) for _ in range(count)]
    if named:
        item["name"] = "x"
        for number, copy in enumerate(written, start=1):
            copy["name"] = f"x_{number}" if number < count else "x"
    assert shape_of(graph_of([DENSE, item, DENSE])) == shape_of(graph_of([DENSE, *written, DENSE]))


@given(values=st.lists(st.tuples(st.integers(1, 99), st.sampled_from(["relu", "tanh"])), min_size=1, max_size=5))
def test_for_equals_writing_it_out(values: list[tuple[int, str]]) -> None:
    units, activations = (list(column) for column in zip(*values, strict=True))
    item = {"Dense": {"use_bias": False}, "for": {"units": units, "activation": activations}}
    written = [{"Dense": {"use_bias": False, "units": u, "activation": a}} for u, a in values]
    assert shape_of(graph_of([item])) == shape_of(graph_of(written))


@given(filters=st.integers(1, 64), uses=st.integers(1, 4))
def test_a_block_equals_writing_it_out(filters: int, uses: int) -> None:
    block = [{"Conv2D": {"filters": 1, "kernel_size": 3}}, "ReLU", {"MaxPooling2D": {"pool_size": 2}}]
    written = [{"Conv2D": {"filters": filters, "kernel_size": 3}}, "ReLU", {"MaxPooling2D": {"pool_size": 2}}]
    used = [{"block": "conv", "with": {"filters": filters}, "repeat": uses}, "Flatten"]
    assert shape_of(graph_of(used, blocks={"conv": block})) == shape_of(graph_of([*written * uses, "Flatten"]))


def test_the_last_copy_has_the_name_and_its_number() -> None:
    layers = [{**DENSE, "name": "x", "repeat": 3}, {"Add": None, "inputs": ["x", "x_1", "x_3"]}]
    assert edges(graph_of(layers))["add"] == ("x", "x_1", "x")


def test_copies_keep_the_inputs_after_the_first() -> None:
    attention = {"MultiHeadAttention": {"num_heads": 1, "key_dim": 2}, "inputs": ["a", "b"], "name": "x", "repeat": 2}
    assert edges(graph_of([attention], features=["a", "b"])) == {"x_1": ("a", "b"), "x": ("x_1", "b")}


def test_names_in_a_block_are_its_own() -> None:
    residual = [{**DENSE, "name": "h"}, {"Add": None, "inputs": ["h", "input"]}]
    layers = [DENSE, {"block": "res"}, {"block": "res", "name": "last"}, {"Add": None, "inputs": ["last", "last.h"]}]
    assert edges(graph_of(layers, blocks={"res": residual})) == {
        "dense": ("features",),
        "res.h": ("dense",),
        "add": ("res.h", "dense"),
        "last.h": ("add",),
        "last": ("last.h", "add"),
        "add_1": ("last", "last.h"),
    }


def test_a_block_sees_what_is_around_it_and_takes_several_inputs() -> None:
    blocks = {
        "join": [
            {"Concatenate": None},
            {"Add": None, "inputs": ["input_2", "skip"]},
            {"Add": None, "inputs": ["concatenate", "add"]},
        ]
    }
    layers = [{**DENSE, "name": "skip", "inputs": "a"}, {"block": "join", "inputs": ["skip", "b"]}]
    found = edges(graph_of(layers, blocks=blocks, features=["a", "b"]))
    assert found == {
        "skip": ("a",),
        "concatenate": ("skip", "b"),
        "add": ("b", "skip"),
        "add_1": ("concatenate", "add"),
    }


def test_with_reaches_wrapped_nested_and_inner_layers() -> None:
    blocks = {
        "inner": [DENSE],
        "outer": [
            {"Bidirectional": {"layer": {"LSTM": {"units": 1}}}},
            {"layers": [DENSE, "Flatten"]},
            {"block": "inner", "with": {"units": 5}},
            {"Dropout": {"rate": 0.5}},
        ],
    }
    graph = graph_of([{"block": "outer", "with": {"units": 9}}], blocks=blocks)
    bidirectional, nested, dense, dropout = graph.nodes
    assert bidirectional.component is not None
    assert bidirectional.component.arguments == {"layer": {"LSTM": {"units": 9}}}
    assert nested.model is not None
    assert shape_of(nested.model)[0][1] == {"Dense": {"units": 9}}
    assert dense.component is not None
    assert dense.component.arguments == {"units": 9}
    assert dropout.component is not None
    assert dropout.component.arguments == {"rate": 0.5}


def test_with_sets_written_arguments_of_the_users_own_layers() -> None:
    graph = graph_of([{"block": "b", "with": {"size": 2}}], blocks={"b": [{"Mine": {"size": 1}}]})
    component = graph.nodes[0].component
    assert component is not None
    assert component.arguments == {"size": 2}


def test_a_nested_model_is_a_graph_with_inputs_of_its_own() -> None:
    inner = [DENSE, {"Add": None, "inputs": ["dense", "b"]}]
    layers = [
        {"layers": inner, "inputs": ["a", "b"], "name": "encoder"},
        {"shared": "encoder", "inputs": ["b", "a"], "name": "again"},
        {"Add": None, "inputs": ["encoder", "again"]},
    ]
    graph = graph_of(layers, features=["a", "b"])
    encoder, again, _ = graph.nodes
    assert encoder.model is not None
    assert edges(encoder.model) == {"dense": ("input", "input_2"), "add": ("dense", "input_2")}
    assert encoder.model.features == ("input", "input_2")
    assert encoder.model.nodes[0].path == ("model", "layers", 0, "layers", 0)
    assert (again.shared, again.inputs) == ("encoder", ("b", "a"))
    assert graph.features == ("a", "b")


def test_shared_follows_shared() -> None:
    layers = [{**DENSE, "name": "a"}, {"shared": "a", "name": "b"}, {"shared": "b"}]
    assert [node.shared for node in graph_of(layers).nodes] == [None, "a", "a"]


def test_forward_references_are_sorted() -> None:
    layers = [
        {**DENSE, "name": "c", "inputs": "b"},
        {**DENSE, "name": "a", "inputs": "x"},
        {**DENSE, "name": "b", "inputs": "a"},
    ]
    assert [node.name for node in graph_of(layers, outputs=["c"]).nodes] == ["a", "b", "c"]


@given(st.data())
def test_any_order_of_a_dag_gives_every_input_first(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 12))
    items: list[dict[str, Any]] = [
        {"Add": None, "name": f"n{n}", "inputs": [f"n{data.draw(st.integers(0, n - 1))}", "x"] if n else ["x", "y"]}
        for n in range(count)
    ]
    sinks = {f"n{n}" for n in range(count)} - {name for item in items for name in item["inputs"]}
    graph = graph_of(data.draw(st.permutations(items)), features=["x", "y"], outputs=sorted(sinks))
    seen = {"x", "y"}
    for node in graph.nodes:
        assert seen.issuperset(node.inputs)
        seen.add(node.name)


def test_outputs_keep_their_order() -> None:
    layers = [{**DENSE, "name": "trunk"}, {**DENSE, "name": "a"}, {**DENSE, "name": "b", "inputs": "trunk"}]
    assert graph_of(layers, outputs=["b", "a"]).outputs == ("b", "a")


FAULTS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "unknown input": (
        {"layers": [{**DENSE, "name": "trunk"}, {**DENSE, "inputs": "trnk"}], "features": ["a"]},
        "model.layers[1].inputs[0]",
        "'trnk' is no layer or feature",
        "did you mean 'trunk'?",
    ),
    "unknown feature": (
        {"layers": [{**DENSE, "inputs": "agee"}], "features": ["age"]},
        "model.layers[0].inputs[0]",
        "'agee' is no layer or feature",
        "did you mean 'age'?",
    ),
    "cycle": (
        {"layers": [{**DENSE, "name": "a", "inputs": "c"}, {**DENSE, "name": "b"}, {**DENSE, "name": "c"}]},
        "model.layers[0]",
        "a -> b -> c -> a",
        "cannot depend on its own output",
    ),
    "own input": ({"layers": [{**DENSE, "name": "a", "inputs": "a"}]}, "model.layers[0]", "a -> a", "own output"),
    "duplicate": (
        {"layers": [{**DENSE, "name": "a"}, {**DENSE, "name": "a"}]},
        "model.layers[1]",
        "'a' is taken by model.layers[0]",
        "must differ",
    ),
    "feature's name": (
        {"layers": [{**DENSE, "name": "a"}], "features": ["a"]},
        "model.layers[0]",
        "feature and of a layer",
        "must differ",
    ),
    "reserved name": ({"layers": [{**DENSE, "name": "features"}]}, "model.layers[0]", "vector of all", "differ"),
    "reserved in a block": (
        {"layers": [{"block": "b"}], "blocks": {"b": [{**DENSE, "name": "input"}]}},
        "model.blocks.b[0]",
        "what comes into a block",
        "differ",
    ),
    "two names": (
        {"layers": [{"Dense": {"units": 1, "name": "a"}, "name": "b"}]},
        "model.layers[0]",
        "two names",
        "write `name` once",
    ),
    "unknown block": (
        {"layers": [{"block": "cnv"}], "blocks": {"conv": [DENSE]}},
        "model.layers[0].block",
        "unknown block 'cnv'",
        "did you mean 'conv'?",
    ),
    "no blocks": ({"layers": [{"block": "conv"}]}, "model.layers[0].block", "unknown block", "names none"),
    "recursive blocks": (
        {"layers": [{"block": "a"}], "blocks": {"a": [{"block": "b"}], "b": [{"block": "a"}]}},
        "model.blocks.b[0].block",
        "a -> b -> a",
        "not itself",
    ),
    "with nobody takes": (
        {
            "layers": [{"block": "a", "with": {"filter": 3}}],
            "blocks": {"a": [{"Conv2D": {"filters": 1, "kernel_size": 1}}]},
        },
        "model.layers[0].with.filter",
        "no layer here takes the argument 'filter'",
        "did you mean 'filters'?",
    ),
    "for on a shared layer": (
        {"layers": [{**DENSE, "name": "a"}, {"shared": "a", "for": {"units": [1, 2]}}]},
        "model.layers[1].for",
        "a shared layer has those of its first use",
        "repeat",
    ),
    "unknown shared": (
        {"layers": [{**DENSE, "name": "head"}, {"shared": "haed"}]},
        "model.layers[1].shared",
        "'haed' is no layer",
        "did you mean 'head'?",
    ),
    "unknown output": (
        {"layers": [{**DENSE, "name": "head"}], "outputs": ["haed"]},
        "model.outputs[0]",
        "'haed' is no layer",
        "did you mean 'head'?",
    ),
    "output twice": (
        {"layers": [{**DENSE, "name": "head"}], "outputs": ["head", "head"]},
        "model.outputs[1]",
        "listed twice",
        "",
    ),
    "dead end": (
        {"layers": [{**DENSE, "name": "a"}, {**DENSE, "name": "b"}, {**DENSE, "inputs": "a"}]},
        "model.layers[1]",
        "the layer b leads nowhere",
        "model.outputs",
    ),
    "unused input of a nested model": (
        {"layers": [{"layers": [{**DENSE, "inputs": "a"}], "inputs": ["a", "b"]}], "features": ["a", "b"]},
        "model.layers[0]",
        "takes its input 'b'",
        "leave it out",
    ),
    "outside of a nested model": (
        {"layers": [{**DENSE, "name": "a"}, {"layers": [{"Add": None, "inputs": ["input", "a"]}]}]},
        "model.layers[1].layers[0].inputs[1]",
        "'a' is no layer or input of this nested model",
        "'input'",
    ),
    "input layer": ({"layers": [{"InputLayer": {"shape": [3]}}, DENSE]}, "model.layers[0]", "not needed", "remove it"),
    "unused feature": (
        {"layers": [{**DENSE, "inputs": "a"}], "features": ["a", "b"]},
        "model.layers",
        "no layer takes the feature 'b'",
        "data.features",
    ),
    "nothing left": (
        {"layers": [DENSE, {"Add": None, "inputs": ["dense", "a"]}], "features": ["a"]},
        "model.layers[0]",
        "each is taken by name",
        "inputs",
    ),
    "too many": ({"layers": [{**DENSE, "repeat": MAX_LAYERS}, DENSE]}, "model.layers[1]", "more than 10,000", ""),
}


@pytest.mark.parametrize("case", FAULTS)
def test_faults(case: str) -> None:
    arguments, path, message, hint = FAULTS[case]
    (problem,) = problems_of(**arguments)
    assert problem.path == path
    assert message in problem.message
    assert hint in problem.hint
    assert problem.rule != "invalid"


def test_all_faults_at_once() -> None:
    layers = [
        {**DENSE, "name": "a", "inputs": "zzz"},
        {**DENSE, "name": "a"},
        {"block": "none"},
        "Input",
    ]
    rules = {problem.rule for problem in problems_of(layers, features=["x"], outputs=["yyy"])}
    assert rules == {"unknown-name", "duplicate-name", "unknown-block", "input-layer"}


def test_a_name_of_a_layer_and_of_a_feature_is_listed_once() -> None:
    problems = problems_of([{**DENSE, "name": "a"}, {**DENSE, "inputs": "zzz"}], features=["a"])
    (unknown,) = [problem for problem in problems if problem.rule == "unknown-name"]
    assert unknown.hint.count("'a'") == 1


def test_a_fault_of_a_block_counts_once() -> None:
    layers = [{"block": "b", "repeat": 5}]
    (problem,) = problems_of(layers, blocks={"b": [{"Add": None, "inputs": ["input", "zzz"]}]}, features=["a"])
    assert problem.path == "model.blocks.b[0].inputs[1]"


def test_blocks_of_blocks_are_bounded() -> None:
    blocks = {f"b{n}": [{"block": f"b{n - 1}", "repeat": 10}] for n in range(1, 12)} | {"b0": [DENSE]}
    assert [problem.rule for problem in problems_of([{"block": "b11"}], blocks=blocks)] == ["too-large"]
    deep = {f"b{n}": [{"block": f"b{n - 1}"}] for n in range(1, 200)} | {"b0": [DENSE]}
    assert [problem.rule for problem in problems_of([{"block": "b199"}], blocks=deep)] == ["too-large"]


def test_two_circles_are_two_problems() -> None:
    layers = [{"Add": None, "name": name, "inputs": [other, "x"]} for name, other in ("ab", "ba", "cd", "dc")]
    found = problems_of(layers, features=["x"], outputs=["a", "c"])
    assert sorted(problem.message.rpartition(": ")[2] for problem in found) == ["a -> b -> a", "c -> d -> c"]


def test_without_known_features_every_other_word_is_one() -> None:
    assert graph_of([{"Add": None, "inputs": ["a", "b"]}]).features == ("a", "b")


WORDS = st.sampled_from(["a", "b", "dense", "dense_1", "conv", "conv.dense", "features", "input", "x"])


@st.composite
def items(draw: Any) -> Any:
    item: dict[str, Any] = draw(st.sampled_from([DENSE, {"Add": None}, {"block": "conv"}, {"layers": [DENSE]}]))
    item = {**item}
    if draw(st.booleans()):
        item["inputs"] = draw(st.lists(WORDS, min_size=1, max_size=2))
    if draw(st.booleans()):
        item["name"] = draw(st.sampled_from(["a", "dense", "x", "y"]))
    return item


@given(
    layers=st.lists(items(), min_size=1, max_size=4),
    block=st.lists(items().filter(lambda item: "block" not in item), min_size=1, max_size=2),
    features=st.lists(st.sampled_from(["a", "b", "dense", "dense_1", "add"]), unique=True),
)
def test_features_that_come_to_be_known_later_make_no_other_graph(
    layers: list[Any], block: list[Any], features: list[str]
) -> None:
    model = _model(layers, {"conv": block}, None)
    at_once = expand(model, features=features)
    before = expand(model, features=None)
    assert before.problems is not None  # asked for, as an inspection does
    later = before.among(features)
    assert later.problems == at_once.problems
    assert later.graph == at_once.graph
    assert later.among(features) is later
