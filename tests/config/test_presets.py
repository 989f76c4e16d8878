"""Presets are written out, the config wins, and every one passes all checks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dlcli import api
from dlcli.config.document.document import Document, Position
from dlcli.config.inspection.inspection import Inspection, inspect, inspect_value
from dlcli.config.presets.expansion import expand_preset
from dlcli.config.presets.presets import load, names
from dlcli.config.published.json_schema import json_schema
from dlcli.errors import ConfigError, Problem

WINDOWS = {"length": 4, "horizon": 2, "time": "t"}


def looked_at(preset: Any, kind: str | None = "category", **more: Any) -> Inspection:
    data: dict[str, Any] = {"train": "x.csv", "target": {"y": kind} if kind else "y"}
    if preset == "lstm-forecast":
        data |= {"target": {"y": "number"}, "windows": WINDOWS}
    model = {"preset": preset, **more.pop("model", {})}
    return inspect_value({"data": {**data, **more.pop("data", {})}, "model": model, **more}, ".")


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("kind", ["category", "number", "categories"])
def test_every_preset_is_a_good_config_for_every_target(name: str, kind: str) -> None:
    assert looked_at(name, kind).problems == ()
    preset = load(name)
    assert preset.about
    assert all(argument.doc for argument in preset.arguments.values())
    assert set(preset.by_target) in (set(), {"category", "categories", "number"})
    given = {key: argument.default for key, argument in preset.arguments.items()}
    written = looked_at({name: given}, kind, data={"windows": WINDOWS} if name == "lstm-forecast" else {})
    assert written.document.value["model"] == looked_at(name, kind).document.value["model"]


def test_no_value_is_left_open_in_a_preset() -> None:
    for name in names():
        assert "$" not in api.expanded({"data": {"target": {"y": "number"}}, "model": {"preset": name}})


def test_the_config_wins() -> None:
    found = looked_at(
        {"realmlp": {"hidden": [8]}},
        fit={"epochs": 3},
        compile={"optimizer": {"SGD": {"learning_rate": 0.1}}},
        data={"defaults": {"number": {"scale": "standard"}}},
        callbacks=[],
    ).require()
    assert (found.fit.epochs, found.compile.optimizer.name, found.callbacks) == (3, "SGD", [])
    assert found.data.batch_size == 256
    assert found.data.defaults is not None
    defaults = found.data.defaults.model_dump()
    assert (defaults["number"]["scale"], defaults["category"]["encode"]) == ("standard", "auto")
    assert found.notation()["model"]["layers"][2]["for"] == {"units": [8]}
    assert "preset" not in found.notation()["model"]
    layers = looked_at("realmlp", model={"layers": [{"Dense": {"units": 2}}], "blocks": {"x": ["Flatten"]}})
    assert [item.component.name for item in layers.sections["model"].layers if item.component] == ["Dense"]
    deeper = looked_at("realmlp", compile={"optimizer": {"AdamOfSchedules": {"beta_2": 0.9}}}).require()
    assert set(deeper.compile.optimizer.arguments) == {"learning_rate", "weight_decay", "beta_2", "epsilon"}
    assert looked_at("mlp", fit=None).require().fit.epochs == 200


@pytest.mark.parametrize("preset", ["realmlp", "realmlp-s", "tabm-mini"])
def test_a_number_target_is_standardised_unless_the_config_says_otherwise(preset: str) -> None:
    def scale_of(target: Any, **data: Any) -> Any:
        found = inspect_value({"data": {"train": "x.csv", "target": target, **data}, "model": {"preset": preset}}, ".")
        assert found.problems == ()
        return {name: getattr(each, "scale", None) for name, each in found.require().data.target.items()}

    assert scale_of({"y": "number"}) == scale_of({"y": {"type": "number"}}) == {"y": "standard"}
    assert scale_of({"y": {"type": "number", "scale": "none"}}) == {"y": "none"}
    assert scale_of({"y": "number", "z": {"type": "number", "scale": "min_max"}}) == {"y": "standard", "z": "min_max"}
    assert scale_of({"y": "category"}) == {"y": None}
    assert set(scale_of({"y": {"type": "number", "quantiles": [0.1, 0.5]}}).values()) == {"standard"}


@pytest.mark.parametrize("target", ["y", ["y", "z"], {"y": None}])
def test_of_a_target_without_a_type_a_preset_says_nothing(target: Any) -> None:
    written = inspect_value({"data": {"train": "x.csv", "target": target}, "model": {"preset": "tabm-mini"}}, ".")
    assert written.document.value["data"]["target"] == target


def test_a_list_is_put_among_the_items_and_is_none_where_it_is_empty() -> None:
    assert looked_at("realmlp", "number").document.value["model"]["layers"][-1] == {
        "RangeClip": {"minimum": "auto", "maximum": "auto"}
    }
    assert len(looked_at("realmlp").document.value["model"]["layers"]) == 4


def test_what_is_wrong_stands_where_the_preset_is_named(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("data:\n  train: x.csv\n  target: {y: number}\nmodel:\n  preset: {realmlp: {hidden: [0]}}\n")
    (problem,) = inspect(file).problems
    assert (problem.path, problem.line) == ("model.layers[2].for.units[0]", 5)
    base = tmp_path / "d.yaml"
    base.write_text("extends: c.yaml\nmodel: {preset: mlp}\n")
    assert inspect(base).problems == ()
    assert inspect(file, ["model.preset=linear"]).problems == ()
    assert inspect(file, ["model.preset.realmlp.hidden=[4]", "fit.epochs=2"]).require().fit.epochs == 2


@pytest.mark.parametrize(
    ("preset", "path", "rule", "said"),
    [
        ("realmpl", "model.preset", "unknown-preset", "did you mean 'realmlp'"),
        (3, "model.preset", "wrong-value", "the presets are"),
        ({"mlp": {"hiden": 1}}, "model.preset.mlp.hiden", "unknown-argument", "did you mean 'hidden'"),
        ({"mlp": {}, "cnn": {}}, "model.preset", "wrong-value", "the presets are"),
        ({"mlp": 3}, "model.preset", "wrong-value", "the presets are"),
    ],
)
def test_presets_that_are_none(preset: Any, path: str, rule: str, said: str) -> None:
    (problem,) = looked_at(preset).problems
    assert (problem.path, problem.rule) == (path, rule)
    assert said in problem.hint


@pytest.mark.parametrize("target", ["y", ["y"], {"y": None}, {"y": "auto"}, {"a": "number", "b": "category"}])
def test_a_preset_that_must_know_the_target(target: Any) -> None:
    config = {"data": {"train": "x.csv", "target": target}, "model": {"preset": "realmlp"}}
    (problem,) = inspect_value(config, ".").problems
    assert (problem.path, problem.rule) == ("data.target", "preset-target")
    assert inspect_value({**config, "model": {"preset": "mlp"}}, ".").problems == ()


def test_a_document_without_a_preset_is_left_as_it_is() -> None:
    document = Document({"model": {"layers": []}}, {("model",): Position("c")})
    assert expand_preset(document) is document
    assert expand_preset(Document({"model": 3})).value == {"model": 3}


def test_the_whole_config_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("data: {train: x.csv, target: {y: number}}\nmodel: {preset: linear}\nfit: {epochs: 7}\n")
    written = tmp_path / "whole.yaml"
    written.write_text(api.expanded(file))
    assert inspect(written).require() == inspect(file).require().model_copy(update={"name": "whole"})
    with pytest.raises(ConfigError):
        api.expanded({"model": {"preset": "nothing"}})


def test_the_page_names_every_preset_and_all_that_it_takes(project: Path) -> None:
    rows = [
        line.split("|")[1:-1] for line in (project / "docs" / "presets.md").read_text().splitlines() if "| `" in line
    ]
    page = {row[0].strip(" `"): re.findall("`([^`]+)`", row[2]) for row in rows if len(row) == 3}
    assert page == {name: list(load(name).arguments) for name in names()}


def test_an_editor_knows_the_presets() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    good = {"data": {"train": "x.csv", "target": {"y": "number"}}, "model": {"preset": "mlp"}}
    validator.validate(good)
    validator.validate({**good, "model": {"preset": {"realmlp": {"hidden": [8]}}}})
    for bad in ({"preset": "mpl"}, {"preset": {"mlp": {"hiden": [8]}}}, {}):
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({**good, "model": bad})


def test_a_message_says_which_preset_says_so_and_what_wins(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(
        "data:\n  train: x.csv\n  target: {y: {type: number, quantiles: [0.1, 0.9]}}\n"
        "model:\n  preset: realmlp\ncompile:\n  loss: mse\n"
    )
    own = inspect(file)
    assert [(one.path, one.line, "preset" in one.hint) for one in own.problems] == [("compile.loss", 7, False)]
    file.write_text("data:\n  train: x.csv\n  target: {y: category}\nmodel:\n  preset: realmlp\n")
    said = inspect(file)
    located = said.locate(Problem("wrong", path="compile.loss", hint="write another"))
    note = "the preset realmlp says so, and `compile: {loss: ...}` beside it wins"
    assert (located.line, located.hint) == (5, f"write another; {note}")
    assert said.locate(located) == located
    assert said.locate(Problem("wrong", path="fit.epochs")).hint.startswith("the preset realmlp")
    assert said.document.of_preset("data", "batch_size")
    without = inspect_value({"data": {"train": "x.csv", "target": {"y": "number"}}, "model": {"preset": "mlp"}}, ".")
    assert without.locate(Problem("wrong", path="data.train")).hint == ""
    assert "preset mlp" in without.locate(Problem("wrong", path="model.layers[0]")).hint
