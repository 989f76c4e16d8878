"""Callbacks look at values that are there when they look, and know which way is better."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.checks.callback_values import check_values
from dlcli.config.checks.history_names import Direction, history_names
from dlcli.config.checks.modes import WATCHERS, modes_against, watched, with_modes
from dlcli.config.checks.monitors import check_monitors, unknown_watches
from dlcli.config.checks.rates import RATE_SETTERS, check_rates
from dlcli.config.inspection.inspection import inspect_value
from dlcli.config.schema import CompileConfig, FitConfig
from dlcli.config.schema.component import Component
from dlcli.errors import Problem

METRICS = [entry.name for entry in catalogue.load().entries("metrics") if not entry.needs_python]


def callbacks(*values: Any) -> list[Component]:
    return [Component.parse(value) for value in values]


def problems(*values: Any, metrics: Sequence[Any] = (), fit: Mapping[str, Any] | None = None) -> list[Problem]:
    return check_monitors(
        CompileConfig.model_validate({"loss": "mse", "metrics": list(metrics)}),
        callbacks(*values),
        outputs=["out"],
        validation=True,
        fit=FitConfig.model_validate(fit or {}),
    )[0]


def modes(
    *values: Any,
    metrics: Any,
    outputs: Sequence[str] = ("out",),
    code: Collection[str] = (),
    own: Mapping[str, Direction] | None = None,
) -> tuple[list[Any], list[Problem]]:
    config = CompileConfig.model_validate({"loss": "mse", "metrics": metrics})
    history = history_names(config, outputs=outputs, validation=True, code=code, own=own)
    told, asked = with_modes(callbacks(*values), history, code=code)
    return [callback.arguments.get("mode") for callback in told], asked


def watching(name: str, monitor: str) -> dict[str, Any]:
    more = {"filepath": "best.keras", "save_best_only": True} if name == "ModelCheckpoint" else {}
    return {name: {"monitor": monitor, **more}}


@pytest.mark.parametrize("metric", METRICS)
def test_the_direction_is_the_metrics_own_whatever_its_name(metric: str) -> None:
    entry = catalogue.load().get("metrics", metric)
    assert entry is not None
    for name in ("accuracy", "inaccuracy", "val", "x_loss", "roc", "f1", "error"):
        metrics = ["mae", {metric: {"name": name}}] if not entry.shorthand else [metric]
        shown = metric if entry.shorthand else name
        for prefix, outputs in (("", ("out",)), ("val_", ("out",)), ("val_b_", ("a", "b"))):
            for callback in WATCHERS:
                told, asked = modes(watching(callback, prefix + shown), metrics=metrics, outputs=outputs)
                if entry.direction is None:
                    assert [problem.rule for problem in asked] == ["monitor-direction"]
                    assert "mode: max" in asked[0].hint
                else:
                    assert (told, asked) == ([entry.direction], [])


@pytest.mark.parametrize(("written", "mode"), [("mse", "min"), ("MAE", "min"), ("acc", "max"), ("auc", "max")])
def test_identifiers_have_the_direction_of_what_they_mean(written: str, mode: str) -> None:
    assert modes(watching("EarlyStopping", f"val_{written}"), metrics=[written]) == ([mode], [])


def test_losses_are_better_when_less() -> None:
    assert modes("EarlyStopping", watching("ReduceLROnPlateau", "loss"), metrics=[]) == (["min", "min"], [])
    assert modes(watching("EarlyStopping", "val_a_loss"), metrics=[], outputs=("a", "b")) == (["min"], [])


def test_names_that_are_numbered_keep_the_direction_of_each() -> None:
    metrics = [{"AUC": {"name": "m"}}, {"MeanSquaredError": {"name": "m"}}]
    assert modes(watching("EarlyStopping", "val_m"), watching("EarlyStopping", "val_m_1"), metrics=metrics)[0] == [
        "max",
        "min",
    ]


def test_a_metric_of_ones_own_says_it_or_is_asked() -> None:
    told, asked = modes(watching("EarlyStopping", "val_mine"), metrics=["Mine"], code=["Mine"])
    assert asked[0].path == "callbacks[0].EarlyStopping"
    assert modes(watching("EarlyStopping", "val_mine"), metrics=["Mine"], code=["Mine"], own={"Mine": "max"})[0] == [
        "max"
    ]
    # A metric of Keras's name from the user's files is the user's.
    assert modes(watching("EarlyStopping", "auc"), metrics=["AUC"], code=["AUC"])[1]
    told, asked = modes({"EarlyStopping": {"monitor": "val_mine", "mode": "max"}}, metrics=["Mine"], code=["Mine"])
    assert (told, asked) == (["max"], [])


def test_what_watches_nothing_needs_no_mode() -> None:
    assert watched(Component("ModelCheckpoint", {"filepath": "x", "monitor": "val_nothing"})) is None
    # Keras wants to know it all the same.
    assert modes({"ModelCheckpoint": {"filepath": "x", "monitor": "q"}}, "TerminateOnNaN", metrics=[]) == (
        ["min", None],
        [],
    )


def test_a_mode_against_the_metric_is_seen() -> None:
    values = callbacks({"EarlyStopping": {"monitor": "val_auc", "mode": "min"}}, {"EarlyStopping": {"mode": "min"}})
    (found,) = modes_against(values, {"val_auc": "max", "val_loss": "min"})
    assert found[0] == "callbacks[0].EarlyStopping.mode"
    assert "mode: max" in found[2]


NAME = {"filepath": "m-{epoch}-{val_loss:.2f}.keras"}


@pytest.mark.parametrize(
    ("callback", "fit", "rule"),
    [
        ({"ModelCheckpoint": NAME}, {"validation_freq": 2}, "seldom-there"),
        ({"ModelCheckpoint": {**NAME, "save_freq": 2}}, {}, "seldom-there"),
        ({"ModelCheckpoint": {"filepath": "b", "save_best_only": True}}, {"validation_freq": 3}, "seldom-there"),
        ({"ModelCheckpoint": {"filepath": "b", "save_best_only": True, "save_freq": 3}}, {}, "seldom-there"),
        ({"ModelCheckpoint": NAME}, {"validation_freq": 11}, "unknown-monitor"),
        ("EarlyStopping", {"validation_freq": 11}, "unknown-monitor"),
        ({"ModelCheckpoint": {"filepath": "{learning_rate}"}}, {}, "unknown-monitor"),
    ],
)
def test_values_that_are_not_there_when_they_are_wanted(callback: Any, fit: dict[str, Any], rule: str) -> None:
    (problem,) = problems(callback, fit=fit)
    assert problem.rule == rule
    assert problem.hint


@pytest.mark.parametrize(
    ("callback", "fit"),
    [
        ({"ModelCheckpoint": NAME}, {}),
        ({"ModelCheckpoint": {"filepath": "{epoch}-{batch}-{loss:.2f}", "save_freq": 2}}, {}),
        ({"ModelCheckpoint": {"filepath": "b", "save_best_only": True, "monitor": "loss"}}, {"validation_freq": 2}),
        ("EarlyStopping", {"validation_freq": 2}),
        ("ReduceLROnPlateau", {"validation_freq": 10}),
    ],
)
def test_values_that_are_there(callback: Any, fit: dict[str, Any]) -> None:
    assert problems(callback, fit=fit) == []


def test_the_rate_is_there_after_the_callback_that_sets_it() -> None:
    saving: Any = {"ModelCheckpoint": {"filepath": "{learning_rate:.4f}"}}
    assert problems("ReduceLROnPlateau", saving) == []
    (problem,) = problems(saving, "ReduceLROnPlateau")
    assert "after" in problem.hint


SCHEDULE = {"ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.9}}


@pytest.mark.parametrize("callback", RATE_SETTERS)
@pytest.mark.parametrize(
    "optimizer",
    [
        {"Adam": {"learning_rate": SCHEDULE}},
        {"SGD": {"learning_rate": "my_schedule"}},
        {"LossScaleOptimizer": {"inner_optimizer": {"Adam": {"learning_rate": SCHEDULE}}}},
    ],
)
def test_two_that_set_the_rate(callback: str, optimizer: dict[str, Any]) -> None:
    (problem,) = check_rates(callbacks(callback), Component.parse(optimizer))
    assert (problem.rule, problem.path) == ("rate-of-schedule", f"callbacks[0].{callback}")
    assert check_rates(callbacks(callback), Component("Adam", {"learning_rate": 0.1})) == []
    assert check_rates(callbacks(callback), Component.parse(optimizer), code=[callback]) == []


@pytest.mark.parametrize(
    ("callback", "argument"),
    [
        ({"ModelCheckpoint": {"filepath": "b", "save_freq": 0}}, "save_freq"),
        ({"ModelCheckpoint": {"filepath": "b", "save_freq": "batch"}}, "save_freq"),
        ({"BackupAndRestore": {"backup_dir": "b", "save_freq": True}}, "save_freq"),
        ({"CSVLogger": {"filename": "a.csv", "separator": "||"}}, "separator"),
        ({"ReduceLROnPlateau": {"factor": -0.5}}, "factor"),
        ({"EarlyStopping": {"monitor": 0}}, "monitor"),
        ({"ReduceLROnPlateau": {"factor": 1.5}}, "factor"),
    ],
)
def test_values_that_a_callback_cannot_work_with(callback: Any, argument: str) -> None:
    (problem,) = check_values(callbacks(callback))
    assert problem.path.endswith(argument)
    assert check_values(callbacks(callback), code=list(callback)) == []
    assert check_values(callbacks({next(iter(callback)): {"filepath": "b"}})) == []


def test_what_only_the_metrics_decide_is_left_open_until_they_are_chosen() -> None:
    name = "{epoch}_{val_accuracy:.2f}.keras"
    watchers = callbacks(
        {"EarlyStopping": {"monitor": "val_acc"}},
        {"ReduceLROnPlateau": {"monitor": "learning_rate"}},
        {"ModelCheckpoint": {"filepath": name, "monitor": "learning_rate"}},
        {"EarlyStopping": {"monitor": "val_loss"}},
    )
    found, watches = check_monitors(CompileConfig(), watchers, outputs=["out"], validation=True)
    assert [problem.path for problem in found] == ["callbacks[1].ReduceLROnPlateau.monitor"]  # it sets it afterwards
    assert [watch.name for watch in watches] == ["val_acc", "val_accuracy"]
    names = ["accuracy", "loss", "val_accuracy", "val_loss"]
    (problem,) = unknown_watches(watches, names)
    assert (problem.path, problem.hint) == ("callbacks[0].EarlyStopping.monitor", "did you mean 'val_accuracy'?")
    first, second = unknown_watches(watches, ["loss", "mae", "val_loss", "val_mae"])
    assert second.path == "callbacks[2].ModelCheckpoint.filepath"
    assert second.message == "the file name holds {val_accuracy}, and the history will have no 'val_accuracy'"
    assert "{hint}" not in first.hint + second.hint


def test_metrics_by_output_are_known_by_the_name_of_the_layer() -> None:
    config = {
        "data": {"train": "a.csv", "target": "y", "validation": 0.2},
        "model": {"layers": [{"Dense": {"units": 1}, "name": "price"}]},
        "compile": {"metrics": {"price": ["mae"]}},
        "callbacks": [{"EarlyStopping": {"monitor": "val_mae"}}],
    }
    assert inspect_value(config, ".").problems == ()
