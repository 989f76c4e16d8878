"""The arguments that functions of the API share: what they may be, and what becomes of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.backend import startup
from dlcli.config.document.file_names import name_problem
from dlcli.config.document.overrides import Assignment, assignments
from dlcli.config.inspection.inspection import CheckedConfig, Inspection, inspect, inspect_value
from dlcli.errors import DataError, Problem
from dlcli.runs.run import Run

if TYPE_CHECKING:
    from dlcli.data.cache.cache import Cache
    from dlcli.trained.runtime import Runtime

ConfigLike = str | os.PathLike[str] | Mapping[str, Any]
"""A YAML file, or the same as a mapping."""

RunLike = Run | str | os.PathLike[str]
"""A run, or its directory."""

Overrides = Sequence[str] | Mapping[str, Any]
"""`["fit.epochs=5"]` as on the command line, or `{"fit.epochs": 5}`."""

Given = Sequence[str | Assignment] | Mapping[str, Any]
"""Overrides, with those that options stand for."""


def with_more(overrides: Overrides, more: Mapping[str, Any], *, label: str = "") -> Given:
    """Overrides, and others after them.

    Args:
        overrides: What was given.
        more: The others.
        label: The option that asks for these, which is what a problem of theirs names.

    Example:
        >>> with_more(["fit.epochs=5"], {"sweep": None})
        ['fit.epochs=5', 'sweep=null']
    """
    if label:
        return [*assignments(overrides), *assignments(more, label=label)]
    if isinstance(overrides, Mapping):
        return {**overrides, **more}
    return [*overrides, *(f"{path}={json.dumps(value)}" for path, value in more.items())]


def checked_config(
    config: ConfigLike, overrides: Given, *, needs_keras: bool, notify: Callable[[Problem], None]
) -> tuple[Inspection, CheckedConfig]:
    """The config after the first stage."""
    inspection = inspected(config, overrides)
    return inspection, checked_of(inspection, needs_keras=needs_keras, notify=notify)


def inspected(config: ConfigLike, overrides: Given) -> Inspection:
    """The config, read and looked at."""
    if isinstance(config, Mapping):
        return inspect_value(config, Path.cwd(), overrides)
    return inspect(Path(config), overrides)


def checked_of(inspection: Inspection, *, needs_keras: bool, notify: Callable[[Problem], None]) -> CheckedConfig:
    if needs_keras and not inspection.problems:
        startup.load_before_tables()
    from dlcli.jobs.checking import check_config

    def first(problem: Problem) -> None:
        # Of how a column's numbers are written inference says more in the second stage, when it has seen all rows.
        if not needs_keras or problem.rule != "number-format":
            notify(problem)

    return check_config(inspection, notify=first)


def cache_in(directory: str | os.PathLike[str] | None) -> Cache:
    from dlcli.data.cache.cache import Cache

    return Cache(Path(directory) if directory is not None else None)


def run_path(run: RunLike, runtime: Runtime) -> Path:
    """The run's directory, when all is loaded that must be so before its modules and its rows are."""
    if runtime == "keras":
        startup.load_before_tables()
    return run.path if isinstance(run, Run) else Path(run)


def require_names(*names: object) -> None:
    """Make sure that paths are names that files can have.

    Raises:
        DataError: Some are not; all of those.
    """
    paths = [os.fspath(name) for name in names if isinstance(name, (str, os.PathLike))]
    problems = [name_problem(path) for path in paths if isinstance(path, str)]
    found = [problem for problem in problems if problem is not None]
    if found:
        raise DataError(found)
