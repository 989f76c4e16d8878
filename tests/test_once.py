"""A config is expanded and checked once for a job, whichever job it is."""

from __future__ import annotations

import collections
import functools
import importlib
import pkgutil
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import dlcli
import dlcli.config
import dlcli.jobs
import dlcli.model
import dlcli.training

pytestmark = pytest.mark.tensorflow

ROOMS = (dlcli.config, dlcli.jobs, dlcli.model, dlcli.training)
OTHERS = {"cross_check", "expand", "link", "lint", "look_at_headers", "read_sections", "unknown_rules"}
"""The checks whose names do not begin with `check_`, and the expansion."""

OF_CONFIG = {
    "check_components",
    "check_monitors",
    "check_rates",
    "check_values",
    "check_workers",
    "cross_check",
    "expand",
    "link",
    "read_sections",
    "unknown_rules",
}
FIRST_STAGE = OF_CONFIG | {"check_callbacks", "check_config", "check_tracking", "look_at_headers"}
SECOND_STAGE = FIRST_STAGE | {"check_indices", "check_metrics", "check_metrics_of", "lint"}

Calls = collections.Counter[str]

OWN = """
import keras

@keras.saving.register_keras_serializable()
class Double(keras.layers.Layer):
    def call(self, inputs):
        return inputs * 2
"""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """How often each check has run; every module that has imported one by name has the counting one."""
    for room in ROOMS:
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            importlib.import_module(found.name)
    counted: Calls = collections.Counter()
    wrapped: dict[Any, Any] = {}
    modules = [module for name, module in sys.modules.items() if name == "dlcli" or name.startswith("dlcli.")]
    for module in modules:
        for name, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and _is_check(value):
                if value not in wrapped:
                    wrapped[value] = _counting(value, counted)
                monkeypatch.setattr(module, name, wrapped[value])
    assert {value.__name__ for value in wrapped} >= SECOND_STAGE
    return counted


def _is_check(function: FunctionType) -> bool:
    own = any(function.__module__.startswith(f"{room.__name__}.") for room in ROOMS) or function.__name__ in OTHERS
    return own and (function.__name__.startswith("check_") or function.__name__ in OTHERS)


def _counting(function: Callable[..., Any], counted: Calls) -> Callable[..., Any]:
    @functools.wraps(function)
    def count(*arguments: Any, **options: Any) -> Any:
        counted[function.__name__] += 1
        return function(*arguments, **options)

    return count


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with `table.csv` and a layer of one's own."""
    monkeypatch.chdir(tmp_path)
    rows = [f"{index / 7:.3f},{index % 5},{'no' if index % 3 else 'yes'}" for index in range(60)]
    (tmp_path / "table.csv").write_text("\n".join(["a,dense,y", *rows]), encoding="utf-8")
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    return tmp_path


def job(*, features: Any = None, layers: Any = (), code: Any = (), metrics: Any = None) -> dict[str, Any]:
    return {
        "data": {
            "train": "table.csv",
            "target": "y",
            "validation": 0.2,
            **({"features": features} if features else {}),
        },
        "model": {"layers": [*layers, {"Dense": {"units": 4}}, {"Dense": {"units": 1, "activation": "sigmoid"}}]},
        "compile": {"metrics": metrics} if metrics is not None else {},
        "callbacks": [{"EarlyStopping": {"monitor": "val_accuracy", "patience": 9}}],
        "fit": {"epochs": 1},
        "code": list(code),
    }


JOBS = {
    "columns of the file": job(),
    "columns of the config": job(features=["a", "dense"], metrics=["accuracy"]),
    "code of one's own": job(layers=["Double"], code=["own.py"]),
}


def ran(calls: Calls, *, again: Collection[str] = ()) -> set[str]:
    """The checks that ran since the last question: each once, but for those that are to run `again`."""
    assert {name: count for name, count in calls.items() if count != 1} == dict.fromkeys(again, 2)
    names = set(calls)
    calls.clear()
    return names


@pytest.mark.parametrize("config", JOBS.values(), ids=JOBS)
def test_each_check_runs_once_for_a_job(here: Path, calls: Calls, config: dict[str, Any]) -> None:
    # A column has the name of a layer without one, which is another name then; its edges are looked at again.
    again = [] if "features" in config["data"] else ["link"]
    dlcli.check(config, fast=True)
    assert ran(calls, again=again) == FIRST_STAGE | {"lint"}
    dlcli.check(config, cache_dir=here)
    assert ran(calls, again=again) >= SECOND_STAGE
    dlcli.train(config, run_dir="run", cache_dir=here)
    assert ran(calls, again=again) >= SECOND_STAGE
    dlcli.evaluate("run", split="validation", runtime="keras", cache_dir=here, allow_code=True)
    assert ran(calls) == OF_CONFIG


def test_a_portable_model_needs_no_check_of_the_config(here: Path, calls: Calls) -> None:
    import pandas as pd

    dlcli.train(JOBS["columns of the file"], run_dir="run", cache_dir=here)
    frame = pd.DataFrame({"a": [1.0], "dense": [2]})
    calls.clear()
    dlcli.predict("run", frame, runtime="portable", allow_code=True)
    assert ran(calls) == set()
    dlcli.predict("run", frame, runtime="keras", allow_code=True)
    assert ran(calls) == OF_CONFIG
