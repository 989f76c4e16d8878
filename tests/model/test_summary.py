"""A built model as rows of a table."""

from __future__ import annotations

import io
from typing import Any

import pytest

from dlcli.backend.runtime import configure
from dlcli.config.graph.expanded import expand
from dlcli.config.schema import ModelConfig, RuntimeConfig
from dlcli.config.signature import InputSpec
from dlcli.model.functional import build
from dlcli.model.summary import LayerRow, summarize


def model_of(layers: list[Any], inputs: list[InputSpec]) -> Any:
    configure(RuntimeConfig(), 0)
    graph = expand(ModelConfig.model_validate({"layers": layers}), features=None).require()
    return build(graph, inputs, code={}, name="m")


def test_rows_and_totals() -> None:
    layers = [{"Dense": {"units": 4}}, "BatchNormalization", {"Dense": {"units": 2}, "name": "out"}]
    summary = summarize(model_of(layers, [InputSpec("features", (3,))]))
    assert summary.rows == (
        LayerRow("features", "InputLayer", ((3,),), 0, ()),
        LayerRow("dense", "Dense", ((4,),), 16, ("features",)),
        LayerRow("batch_normalization", "BatchNormalization", ((4,),), 16, ("dense",)),
        LayerRow("out", "Dense", ((2,),), 10, ("batch_normalization",)),
    )
    assert (summary.trainable, summary.non_trainable, summary.parameters) == (34, 8, 42)


def test_nested_and_shared_layers() -> None:
    inputs = [InputSpec(name, (3,), named=True) for name in "xy"]
    layers = [
        {"layers": [{"Dense": {"units": 2}}], "name": "encoder", "inputs": "x"},
        {"shared": "encoder", "inputs": "y", "name": "again"},
        {"Add": None, "inputs": ["encoder", "again"]},
    ]
    graph = expand(ModelConfig.model_validate({"layers": layers}), features=None).require()
    model = model_of(layers, inputs)
    rows = {(row.depth, row.name): row for row in summarize(model, graph).rows}
    assert rows[0, "encoder"] == LayerRow("encoder", "Model", ((2,),), 8, ("x",))
    assert rows[0, "again"] == LayerRow("again", "Model", ((2,),), 0, ("y",), shared="encoder")
    assert rows[1, "dense"] == LayerRow("dense", "Dense", ((2,),), 8, ("input",), 1)
    assert rows[0, "add"].inputs == ("encoder", "again")
    assert summarize(model).parameters == model.count_params() == 8
    assert {row.name for row in summarize(model).rows} == {"x", "y", "input", "dense", "encoder", "encoder (2)", "add"}


def test_uses_within_a_nested_model_have_their_names() -> None:
    inner = [
        {"Dense": {"units": 3}, "name": "first"},
        {"shared": "first", "name": "second"},
        {"shared": "first", "name": "third"},
        {"Add": None, "inputs": ["third", "second"]},
    ]
    layers: list[Any] = [{"layers": inner, "name": "tower"}, {"Dense": {"units": 1}}]
    graph = expand(ModelConfig.model_validate({"layers": layers}), features=None).require()
    rows = {row.name: row for row in summarize(model_of(layers, [InputSpec("features", (3,))]), graph).rows}
    assert [rows[name].inputs for name in ("first", "second", "third", "add")] == [
        ("input",),
        ("first",),
        ("second",),
        ("third", "second"),
    ]
    assert sum(row.parameters for row in rows.values() if row.depth == 0) == 12 + 4


@pytest.mark.parametrize(
    "after", ["GlobalAveragePooling1D", {"LSTM": {"units": 2}}, {"Bidirectional": {"layer": {"LSTM": {"units": 2}}}}]
)
def test_a_mask_is_no_input_of_its_own(after: Any) -> None:
    layers: list[Any] = [{"Embedding": {"input_dim": 9, "output_dim": 3, "mask_zero": True}}, after]
    rows = summarize(model_of(layers, [InputSpec("features", (4,), "int32")])).rows
    assert [row.inputs for row in rows] == [(), (rows[0].name,), (rows[1].name,)]


def test_nothing_is_written(capsys: Any) -> None:
    model = model_of([{"Dense": {"units": 1}}], [InputSpec("features", (3,))])
    stream = io.StringIO()
    model.summary(print_fn=lambda line, **_: stream.write(line))
    summary = summarize(model)
    assert f"{summary.parameters}" in stream.getvalue()
    assert capsys.readouterr() == ("", "")


def test_a_branch_stays_together_and_parts_are_called_by_their_number() -> None:
    inputs = [InputSpec(name, (6, 2), named=True) for name in "xy"]
    lstm = {"LSTM": {"units": 2, "return_state": True}}
    layers = [
        {**lstm, "name": "left", "inputs": "x"},
        {"Dense": {"units": 2}, "name": "left_out"},
        {"Flatten": None, "name": "right", "inputs": "y"},
        {"Dense": {"units": 2}, "for": {"units": [4, 2]}, "name": "right_out"},
        {"SinePositionEncoding": None, "inputs": "x", "name": "waves"},
        {"shared": "waves", "inputs": "y", "name": "again"},
        {"Add": None, "inputs": ["waves", "again"]},
        {"Flatten": None, "name": "flat"},
        {"Concatenate": None, "inputs": ["left.1", "left.2", "left_out", "right_out", "flat"], "name": "all"},
        {"shared": "right", "inputs": "x", "name": "last"},
    ]
    section = ModelConfig.model_validate({"layers": layers, "outputs": ["all", "last"]})
    graph = expand(section, features=None).require()
    rows = {row.name: row for row in summarize(build(graph, inputs, code={}, name="m"), graph).rows}
    assert list(rows) == [
        *(
            "x",
            "left",
            "left_out",
            "y",
            "right",
            "right_out_1",
            "right_out",
            "waves",
            "again",
            "add",
            "flat",
            "all",
            "last",
        )
    ]
    assert rows["all"].inputs == ("left.1", "left.2", "left_out", "right_out", "flat")
    assert (rows["waves"].type, rows["waves"].inputs, rows["again"].shared) == ("SinePositionEncoding", ("x",), "waves")
