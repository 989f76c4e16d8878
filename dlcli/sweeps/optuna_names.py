"""Optuna, imported late and in silence, and what the config names of it made into its objects."""

from __future__ import annotations

import importlib
import importlib.util
import json
import warnings
from collections.abc import Sequence
from typing import Any

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.schema.component import Component
from dlcli.config.schema.sweep import PLAIN, ParameterConfig, SweepConfig, same
from dlcli.errors import ConfigError, DlcliError, Problem

__all__ = [
    "PAIRED",
    "label_of",
    "labels",
    "load",
    "make_pruner",
    "make_sampler",
    "require",
    "require_optuna",
    "suggest",
]

_NEEDS = {"CmaEsSampler": ("cmaes",), "GPSampler": ("torch", "scipy"), "QMCSampler": ("scipy",)}
"""Packages that Optuna asks for when a sampler is made."""

PAIRED = "WilcoxonPruner"
"""The pruner that compares trials fold by fold: it wants each fold's own value, where others want the mean so far."""

_ONE_SEED = ("BruteForceSampler", "GridSampler", "QMCSampler")
"""Samplers that go on in a sequence, which their seed names; the others draw each trial anew."""


def require(sweep: SweepConfig) -> None:
    """Make sure that what chooses the values is installed; it is not loaded.

    Raises:
        DlcliError: It is not.
    """
    require_optuna()
    needed = _NEEDS.get(sweep.sampler.name, ())
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    problems = [_absent("sampler", sweep.sampler.name, missing, "TPESampler")] if missing else []
    if sweep.pruner is not None and sweep.pruner.name == PAIRED and importlib.util.find_spec("scipy") is None:
        problems.append(_absent("pruner", PAIRED, ["scipy"], "MedianPruner"))
    if problems:
        raise DlcliError(problems)


def _absent(key: str, name: str, packages: list[str], instead: str) -> Problem:
    message = f"{name} needs {' and '.join(packages)}, which is not installed"
    hint = f"pip install {' '.join(packages)}, or take {instead}"
    return Problem(message, path=f"sweep.{key}", hint=hint, rule="package-missing")


def require_optuna() -> None:
    """Make sure that Optuna is installed; it is not loaded. Raises DlcliError where it is not."""
    if importlib.util.find_spec("optuna") is None:
        message = "a sweep needs Optuna, which is not installed"
        raise DlcliError(Problem(message, hint="pip install 'dlcli[sweep]'", rule="package-missing"))


def load() -> Any:
    """The module `optuna`; it says nothing of its own."""
    optuna = importlib.import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    # A trial that goes on tells again how it stood; what was told first stays.
    warnings.filterwarnings("ignore", message="The reported value is ignored", category=UserWarning)
    return optuna


def make_sampler(sweep: SweepConfig, seed: int, *, first: int = 0) -> Any:
    """The sampler of a trial.

    Args:
        sweep: The section.
        first: Of the whole sweep, for samplers that go on in a sequence.
        seed: Of this trial, so that what is drawn does not depend on when a process was started.

    Raises:
        ConfigError: Optuna refuses its arguments.
    """
    return _make("samplers", sweep.sampler, sweep, first if sweep.sampler.name in _ONE_SEED else seed)


def make_pruner(sweep: SweepConfig) -> Any:
    """The pruner. Raises ConfigError where Optuna refuses its arguments."""
    optuna = load()
    return optuna.pruners.NopPruner() if sweep.pruner is None else _make("pruners", sweep.pruner, sweep, None)


def _make(kind: str, component: Component, sweep: SweepConfig, seed: int | None) -> Any:
    entry = catalogue.load().get(kind, component.name)
    assert entry is not None
    arguments = dict(component.arguments)
    for name, value in arguments.items():
        takes = entry.arguments[name].takes
        if takes is not None and value is not None:
            arguments[name] = _make(takes, Component.parse(value), sweep, seed)
    if kind == "samplers":
        arguments["seed"] = seed
    if component.name == "GridSampler":
        arguments["search_space"] = {name: _grid(parameter) for name, parameter in sweep.space.items()}
    try:
        return getattr(getattr(load(), kind), component.name)(**arguments)
    except (TypeError, ValueError) as error:
        key = "sampler" if kind == "samplers" else "pruner"
        raise ConfigError(Problem(str(error), path=f"sweep.{key}", rule="argument-value")) from error


def _grid(parameter: ParameterConfig) -> Sequence[Any]:
    if parameter.choice is not None:
        return labels(parameter.choice)
    low, high = parameter.ends
    step = (getattr(parameter, parameter.kind)[2:] or [1])[0]
    return [low + step * number for number in range(round((high - low) / step) + 1)]


def labels(choice: Sequence[Any]) -> list[Any]:
    """What the samplers see of the values of a list: themselves, or their JSON where that would not tell them apart.

    Example:
        >>> labels(["relu", None]), labels([1, True])
        (['relu', None], ['1', 'true'])
    """
    plain = all(value is None or isinstance(value, PLAIN) for value in choice)
    apart = plain and all(one != other for index, one in enumerate(choice) for other in choice[:index])
    return list(choice) if apart else [json.dumps(value, sort_keys=True, default=str) for value in choice]


def label_of(parameter: ParameterConfig, label: Any) -> Any:
    """The value that a label stands for."""
    assert parameter.choice is not None
    named = labels(parameter.choice)
    return parameter.choice[next(index for index, each in enumerate(named) if same(each, label))]


def suggest(trial: Any, name: str, parameter: ParameterConfig) -> Any:
    """The value of a parameter in a trial; the same again when it was asked before."""
    if parameter.choice is not None:
        return label_of(parameter, trial.suggest_categorical(name, labels(parameter.choice)))
    low, high = parameter.ends
    step = (getattr(parameter, parameter.kind)[2:] or [None])[0]
    match parameter.kind:
        case "int":
            return trial.suggest_int(name, low, high, step=step or 1)
        case "int_log":
            return trial.suggest_int(name, low, high, log=True)
        case "log":
            return trial.suggest_float(name, low, high, log=True)
        case _:
            return trial.suggest_float(name, low, high, step=step)
