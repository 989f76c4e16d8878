"""The `sweep` section is checked whole: its paths, its ends, its conditions, its metric, the names of Optuna."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dlcli.config.inspection.inspection import inspect, inspect_value
from dlcli.config.schema.sweep import ParameterConfig, SweepConfig
from dlcli.errors import Problem

RATE = "compile.optimizer.Adam.learning_rate"
OPTIMIZER = "compile.optimizer"
UNITS = "model.layers.0.Dense.units"


def config(**sweep: Any) -> dict[str, Any]:
    return {
        "data": {"train": "t.csv", "validation": 0.2, "target": "y", "features": {"x": "number"}},
        "model": {
            "layers": [
                {"Dense": {"units": 8}},
                {"Dropout": {"rate": 0.1}},
                {"Dense": {"units": 2, "activation": "softmax"}},
            ]
        },
        "compile": {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
        "sweep": {"space": {UNITS: {"int": [4, 8]}}, **sweep},
    }


def faults(**sweep: Any) -> list[Problem]:
    return list(inspect_value(config(**sweep), ".").problems)


def space(**parameters: Any) -> list[Problem]:
    return faults(space=parameters)


def test_a_good_sweep_has_no_fault() -> None:
    assert faults(metric="val_accuracy", sampler="RandomSampler", pruner={"MedianPruner": {"n_warmup_steps": 2}}) == []


@pytest.mark.parametrize(
    ("value", "ends"),
    [
        ({"int": [16, 250, 16]}, (16, 240)),
        ({"int": [1, 3]}, (1, 3)),
        ({"range": [0, 0.5]}, (0.0, 0.5)),
        ({"range": [0, 1, 0.4]}, (0.0, 0.8)),
        ({"log": [1e-4, 1e-1]}, (1e-4, 1e-1)),
        ({"int_log": [1, 1024]}, (1, 1024)),
        ({"choice": ["relu", None, [1, 2]]}, ("relu", None, [1, 2])),
    ],
)
def test_the_ends_of_a_range(value: dict[str, Any], ends: tuple[Any, ...]) -> None:
    assert ParameterConfig.model_validate(value).ends == pytest.approx(ends) if "choice" not in value else True
    assert len(ParameterConfig.model_validate(value).ends) == len(ends)


def test_a_list_is_a_choice() -> None:
    sweep = SweepConfig.model_validate({"space": {"a": [1, 2]}})
    assert sweep.space["a"].choice == [1, 2]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"range": [1, 0]}, "below the second"),
        ({"log": [0, 1]}, "above 0"),
        ({"int": [1, 5, 9]}, "step"),
        ({"range": [0, 1], "log": [1, 2]}, "range and log"),
        ({}, "none"),
        (3, "expected"),
        ({"int": [0.5, 2]}, "whole number"),
        ([], "a list of values"),
    ],
)
def test_a_range_that_is_none(value: Any, said: str) -> None:
    [problem] = space(**{UNITS: value})
    assert problem.path.startswith(f'sweep.space."{UNITS}"')
    assert said in problem.message


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (UNITS, {"int": [0, 8]}, "units of Dense takes"),
        (UNITS, {"range": [1, 8]}, "units of Dense takes"),
        ("model.layers.1.Dropout.rate", {"range": [0, 2]}, "rate of Dropout takes"),
        ("model.layers.1.Dropout.rat", {"range": [0, 0.5]}, "no argument 'rat'"),
        ("model.layers.0.Dense.activation", ["relu", "rleu"], "unknown activation 'rleu'"),
        ("model.layers.7.Dense.units", {"int": [1, 2]}, "is a list of 3"),
        ("fit.epoch", {"int": [1, 2]}, "unknown key 'epoch'"),
        ("fit.epochs", {"int": [0, 2]}, "fit.epochs"),
        ("compile.optimizer", ["Adam", "Sgd1"], "unknown optimizer"),
    ],
)
def test_a_value_at_an_end_that_the_config_would_not_take(path: str, value: Any, said: str) -> None:
    [problem] = space(**{path: value})
    assert problem.rule == "sweep-value"
    assert problem.path == f'sweep.space."{path}"'
    assert said in problem.message


def test_a_fault_of_the_config_itself_is_told_once() -> None:
    value = config()
    value["model"]["layers"][1]["Dropout"]["rate"] = 3
    assert [problem.rule for problem in inspect_value(value, ".").problems] == ["argument-value"]


def test_the_line_is_that_of_the_parameter(tmp_path: Path, project: Path) -> None:
    text = (project / "configs" / "sweep.yaml").read_text().replace("[16, 128, 16]", "[0, 128, 16]")
    file = tmp_path / "sweep.yaml"
    file.write_text(text.replace("../data", str(project / "data")))
    [problem] = inspect(file).problems
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "[0, 128, 16]" in each)
    assert (problem.file, problem.line) == (file, line)


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [
        ({"a..b": [1, 2]}, "sweep-path"),
        ({"name": ["x", "y"]}, "sweep-path"),
        ({"sweep.trials": [1, 2]}, "sweep-path"),
        ({"ensemble": [2, 3]}, "sweep-path"),
        ({"runtime.workers": [1, 2]}, "sweep-path"),
        ({UNITS: {"int": [1, 8]}, "again": {"int": [1, 8], "at": UNITS}}, "sweep-path"),
        ({UNITS: {"int": [1, 8], "when": {"nobody": 1}}}, "sweep-condition"),
        (
            {UNITS: {"int": [1, 8], "when": {"compile.optimizer": "Adam"}}, "compile.optimizer": ["Adam"]},
            "sweep-condition",
        ),
        (
            {"compile.optimizer": ["Adam", "SGD"], UNITS: {"int": [1, 8], "when": {"compile.optimizer": "RMSprop"}}},
            "sweep-condition",
        ),
        ({RATE: {"log": [1e-3, 1]}, UNITS: {"int": [1, 8], "when": {RATE: 0.1}}}, "sweep-condition"),
        ({UNITS: {"int": [2, 8, 2]}, RATE: {"log": [1e-3, 1], "when": {UNITS: [4, 5]}}}, "sweep-condition"),
        ({UNITS: {"int_log": [2, 8]}, RATE: {"log": [1e-3, 1], "when": {UNITS: 16}}}, "sweep-condition"),
    ],
)
def test_paths_and_conditions(parameters: dict[str, Any], rule: str) -> None:
    assert [problem.rule for problem in space(**parameters)] == [rule]


def test_a_condition_puts_its_parent_into_the_config() -> None:
    good = {
        "compile.optimizer": ["Adam", "SGD"],
        "compile.optimizer.SGD.momentum": {"range": [0, 0.9], "when": {"compile.optimizer": "SGD"}},
    }
    assert space(**good) == []
    without = {"compile.optimizer.SGD.momentum": {"range": [0, 0.9]}, UNITS: {"int": [4, 8]}}
    assert space(**without) == []  # Adam is nowhere in the config, and SGD's momentum makes it SGD
    both = {**good, "compile.optimizer.SGD.momentum": {"range": [0, 0.9]}, "compile.optimizer.Adam.beta_1": [0.9]}
    assert {problem.rule for problem in space(**both)} <= {"sweep-value"}


def test_inactive_parameters_are_left_out() -> None:
    parameters = {
        "a": ["x", "y"],
        "b": {"int": [1, 2], "when": {"a": "x"}},
        "c": {"int": [1, 2], "when": {"b": [1, 2]}},
    }
    sweep = SweepConfig.model_validate({"space": parameters})
    assert not sweep.inactive("b", {"a": "x"})
    assert sweep.inactive("b", {"a": "y"})
    assert sweep.inactive("c", {"a": "y"})
    assert not sweep.inactive("c", {"a": "x", "b": 2})


@pytest.mark.parametrize(
    ("sweep", "rule", "hint"),
    [
        ({"metric": "val_acuracy"}, "unknown-monitor", "val_accuracy"),
        ({"metric": "val_accuracy", "direction": "min"}, "monitor-direction", "direction: max"),
        ({"sampler": "TPE"}, "unknown-component", "TPESampler"),
        ({"sampler": {"TPESampler": {"n_startup": 3}}}, "unknown-argument", "n_startup_trials"),
        ({"sampler": {"TPESampler": {"multivariate": 3}}}, "argument-value", ""),
        ({"pruner": "MedianPrune"}, "unknown-component", "MedianPruner"),
        ({"pruner": "PercentilePruner"}, "missing-argument", "percentile"),
        (
            {"pruner": {"PatientPruner": {"wrapped_pruner": "Median", "patience": 2}}},
            "unknown-component",
            "MedianPruner",
        ),
        ({"trials": 0}, "wrong-value", ""),
        ({"trails": 3}, "unknown-key", "trials"),
        ({"sampler": "GridSampler", "space": {RATE: {"log": [1e-3, 1]}}}, "sweep-sampler", "step"),
    ],
)
def test_names_and_metrics(sweep: dict[str, Any], rule: str, hint: str) -> None:
    [problem] = faults(**sweep)
    assert problem.rule == rule
    assert hint in problem.hint


def test_a_metric_of_validation_needs_a_validation() -> None:
    value = config()
    del value["data"]["validation"]
    [problem] = inspect_value(value, ".").problems
    assert (problem.rule, problem.path) == ("unknown-monitor", "sweep.metric")


def test_a_value_is_tried_with_each_that_it_is_put_into() -> None:
    """A trial of SGD with a rate of Adam's would fail, and half of them be lost."""
    both = {OPTIMIZER: ["Adam", "SGD"], RATE: {"log": [1e-4, 1e-1]}}
    (fault,) = faults(space=both)
    assert fault.path == f'sweep.space."{RATE}"'
    assert "cannot be tried with compile.optimizer 'SGD'" in fault.message
    assert fault.hint == "say with which of its values: when: {compile.optimizer: ...}"
    assert faults(space={**both, RATE: {"log": [1e-4, 1e-1], "when": {OPTIMIZER: "Adam"}}}) == []
    assert faults(space={"model.layers.0": [{"Dense": {"units": 8}}, {"Dense": {"units": 9}}], UNITS: [3, 4]}) == []
    by_turns = {
        "size": {"choice": [8, 16], "at": "data.batch_size"},
        OPTIMIZER: {"choice": ["SGD"], "when": {"size": 8}},
        RATE: {"choice": [0.1], "when": {"size": 16}},
    }
    assert faults(space=by_turns) == []


def test_what_is_put_in_later_does_not_take_the_place_of_what_was_put_in_before() -> None:
    (fault,) = faults(space={RATE: [0.1, 0.2], OPTIMIZER: [{"Adam": {"epsilon": 0.1}}, {"Adam": {"epsilon": 0.2}}]})
    assert "takes its place" in fault.message
    assert fault.hint == f"put 'compile.optimizer' above '{RATE}'"


def test_a_list_of_a_condition_that_is_meant_as_a_value_is_told_how() -> None:
    (fault,) = faults(
        space={
            "exclude": {"choice": [["a"], ["b"]], "at": "data.exclude"},
            UNITS: {"choice": [3], "when": {"exclude": ["a"]}},
        }
    )
    assert fault.hint == "a list in `when` names several values: to name this one write [['a']]"
