"""Faults do not hide one another: what each shows alone is shown when both are there."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any

import pytest

from dlcli.config.document.places import parse_path
from dlcli.config.inspection.inspection import inspect_value
from dlcli.errors import ConfigError, Problem
from dlcli.jobs.checking import check_config

pytestmark = pytest.mark.slow

SOUND: dict[str, Any] = {
    "name": "sound",
    "data": {
        "train": "t.csv",
        "validation": 0.2,
        "target": "y",
        "features": {"a": {"type": "number", "scale": "standard"}, "c": {"type": "category"}},
        "batch_size": 4,
    },
    "model": {
        "layers": [{"Dense": {"units": 4}}, {"Dense": {"units": 1, "activation": "sigmoid"}, "name": "out"}],
        "outputs": ["out"],
    },
    "compile": {"optimizer": {"Adam": {"learning_rate": 0.1}}, "loss": "binary_crossentropy", "metrics": ["accuracy"]},
    "fit": {"epochs": 2},
    "callbacks": [{"EarlyStopping": {"monitor": "val_loss"}}, "TerminateOnNaN"],
    "runtime": {"device": "cpu"},
}

FAULTS: list[tuple[str, Any]] = [
    ("name", "a b"),
    ("seed", -1),
    ("data.validation", 2.0),
    ("data.features.a.scale", "huge"),
    ("data.features.c.type", "categry"),
    ("data.features.q", "number"),
    ("data.batch_size", 0),
    ("data.split", "odd"),
    ("data.odd", 1),
    ("data.target", "z"),
    ("model.layers.0.Dense.unts", 3),
    ("model.layers.0.Dense.units", "many"),
    ("model.layers.0.inputs", ["nothing"]),
    ("model.layers.0", {"Dense": 3}),
    ("model.layers.1.repeat", 0),
    ("model.layers.2", {"shared": "nobody"}),
    ("model.layers.2", {"Input": {"shape": [3]}}),
    ("model.layers.2", {"Dense": {}, "for": {"units": [1], "activation": ["relu", "relu"]}}),
    ("model.outputs", ["nope"]),
    ("model.odd", 1),
    ("compile.optimizer.Adam.lr", 1),
    ("compile.loss", "odd"),
    ("compile.loss_weights", {"out": "x"}),
    ("compile.odd", 1),
    ("fit.epochs", 0),
    ("callbacks.0.EarlyStopping.monitor", "val_acuracy"),
    ("callbacks.0.EarlyStopping.patience", "long"),
    ("callbacks.1", {"ModelCheckpoint": {"filepath": "/elsewhere.keras"}}),
    ("callbacks.1", 3),
    ("runtime.device", "tpu"),
    ("odd", 1),
]


def put(config: Any, path: str, value: Any) -> None:
    *above, last = parse_path(path)
    for part in above:
        config = config[part]
    if isinstance(config, list) and last == len(config):
        config.append(value)
    else:
        config[last] = value


def with_faults(*faults: tuple[str, Any]) -> dict[str, Any]:
    config = copy.deepcopy(SOUND)
    for path, value in faults:
        put(config, path, copy.deepcopy(value))
    return config


def told(config: dict[str, Any]) -> tuple[Problem, ...]:
    try:
        check_config(inspect_value(config, "."))
    except ConfigError as error:
        return error.problems
    return ()


def said(config: dict[str, Any]) -> set[tuple[str, str]]:
    """The path and the rule of every fault, but for layers that lead nowhere: that follows from other faults."""
    problems = told(config)
    # Each fault has one check that tells it: a rule is broken at a place once.
    assert len({(problem.rule, problem.path) for problem in problems}) == len(problems), problems
    return {(problem.path, problem.rule) for problem in problems if problem.rule != "dead-end"}


def test_every_pair_of_faults_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i},{'xyz'[i % 3]},{'no' if i % 2 else 'yes'}\n" for i in range(40))
    Path("t.csv").write_text(f"a,c,y\n{rows}")
    assert said(SOUND) == set()
    alone = [said(with_faults(fault)) for fault in FAULTS]
    assert [fault for fault, found in zip(FAULTS, alone, strict=True) if not found] == []
    for (one, faults_of_one), (other, faults_of_other) in itertools.combinations(zip(FAULTS, alone, strict=True), 2):
        if one[0].startswith(other[0]) or other[0].startswith(one[0]):
            continue  # one takes the other's place
        lost = (faults_of_one | faults_of_other) - said(with_faults(one, other))
        assert not lost, (one, other)


def test_an_unknown_name_is_said_beside_arguments_that_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("a,c,y\n1,x,no\n2,y,yes\n")
    for path, value in (("model.layers.0", {"Linear": 3}), ("compile.optimizer", {"sdg": 0.1})):
        rules = {rule for _, rule in said(with_faults((path, value)))}
        assert len(rules) == 2, rules


def test_a_layer_without_a_name_is_not_called_as_a_column_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("a,dense,y\n1,2,3\n", encoding="utf-8")
    joined: dict[str, Any] = {"Concatenate": None, "inputs": ["dense_1", "features"]}
    layers = [{"Dense": {"units": 4}}, joined, {"Dense": {"units": 1}}]
    config = {"data": {"train": "t.csv", "target": "y"}, "model": {"layers": layers}}
    assert told(config) == ()  # `dense` is the column, and the first layer `dense_1`
    joined["inputs"] = ["dense_1", "dens"]
    (problem,) = told(config)
    assert (problem.rule, problem.path) == ("unknown-name", "model.layers[1].inputs[1]")
    assert "'dense'" in problem.hint
