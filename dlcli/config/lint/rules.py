"""The rules of lint, found by their folders: each is a module, whose name with hyphens is its own."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from types import ModuleType

from dlcli.config.document.places import format_path
from dlcli.config.schema.config import LintConfig
from dlcli.errors import Problem, did_you_mean

__all__ = [
    "OF_CONFIG",
    "OF_DATA",
    "OF_DIVISION",
    "OF_RUNS",
    "OF_TABLE",
    "explanation",
    "modules_of",
    "rule_names",
    "unknown_rules",
]

OF_CONFIG = ("dlcli.config.lint.outputs", "dlcli.config.lint.inputs", "dlcli.config.lint.training")
"""The folders of the rules that look at a config."""

OF_TABLE = ("dlcli.data.lint.columns", "dlcli.data.lint.rows")
"""Of those that look at rows, and find the same however these are divided."""

OF_DIVISION = ("dlcli.data.lint.divisions",)
"""Of those that look at how they are divided."""

OF_DATA = (*OF_TABLE, *OF_DIVISION)
"""Of both."""

OF_RUNS = ("dlcli.evaluation.lint",)
"""Of those that look at a model that has been trained."""


@functools.cache
def rule_names(*folders: str) -> tuple[str, ...]:
    """The names of the rules in folders, of all when none is given; without importing them."""
    return tuple(_named(found.name) for found in _found(folders or (*OF_CONFIG, *OF_DATA, *OF_RUNS)))


@functools.cache
def modules_of(folders: tuple[str, ...]) -> Mapping[str, ModuleType]:
    """The rules in folders by their names."""
    return {
        _named(found.name): importlib.import_module(f"{folder}.{found.name}")
        for folder in folders
        for found in _found((folder,))
    }


def explanation(module: ModuleType) -> str:
    """What a rule is about, in a sentence: the first line of its module."""
    return (module.__doc__ or "").strip().partition("\n")[0]


def unknown_rules(config: LintConfig | None) -> list[Problem]:
    """A problem for each rule in a `lint` section that there is not, and for each that stands in both of its lists."""
    if config is None:
        return []
    problems = []
    for key in ("ignore", "error"):
        for index, name in enumerate(getattr(config, key)):
            path = format_path(("lint", key, index))
            if name != "all" and name not in rule_names():
                hint = did_you_mean(name, rule_names()) or f"the rules are {', '.join(rule_names())}"
                problems.append(
                    Problem(f"there is no lint rule '{name}'", path=path, hint=hint, rule="unknown-lint-rule")
                )
            elif key == "error" and name in config.ignore:
                message = f"'{name}' is to be a fault, and lint.ignore says that it is not to be told of"
                problems.append(Problem(message, path=path, hint="keep it in one of the two", rule="listed-twice"))
    return problems


def _found(folders: tuple[str, ...]) -> list[pkgutil.ModuleInfo]:
    return [
        found
        for folder in folders
        for found in pkgutil.iter_modules(importlib.import_module(folder).__path__)
        if not found.ispkg
    ]


def _named(module: str) -> str:
    return module.replace("_", "-")
