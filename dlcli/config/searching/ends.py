"""The values at the ends of a search, each put into the config: what would be refused later is refused now."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from dlcli.config.catalogue.values import describe
from dlcli.config.document.document import Document
from dlcli.config.document.overrides import override
from dlcli.config.document.places import format_path, parse_path
from dlcli.config.schema.sweep import SweepConfig
from dlcli.errors import Problem

__all__ = [
    "assignments",
    "check_ends",
    "end_values",
    "of_value",
    "place_of",
    "trial_document",
    "trial_overrides",
]

Faults = Callable[[Document], tuple[Problem, ...]]
"""Finds the faults of a config."""


def place_of(name: str, *below: str) -> str:
    """Where a parameter stands in the config."""
    return format_path(("sweep", "space", name, *below))


def trial_document(sweep: SweepConfig, document: Document) -> Document:
    """The config that a trial trains, its values aside; where there are folds, at the first of them."""
    plain = dataclasses.replace(document, value={key: each for key, each in document.value.items() if key != "sweep"})
    return override(plain, _first_fold(sweep))


def trial_overrides(sweep: SweepConfig, values: dict[str, Any]) -> dict[str, Any]:
    """What makes a trial of the config of a sweep.

    Args:
        sweep: The section.
        values: Of the parameters that are active, by name.
    """
    return {"sweep": None, **_first_fold(sweep), **assignments(sweep, values)}


def _first_fold(sweep: SweepConfig) -> dict[str, Any]:
    return {} if sweep.folds is None else {"data.fold": {"number": 1, "of": sweep.folds, "repeat": 1}}


def assignments(sweep: SweepConfig, values: dict[str, Any]) -> dict[str, Any]:
    """What is put into the config for the values of a trial, by path, in the order of the section.

    Args:
        sweep: The section.
        values: Of the parameters that are active, by name.

    Example:
        >>> sweep = SweepConfig.model_validate({"space": {"units": {"choice": [8, 16], "at": ["a.b", "c.d"]}}})
        >>> assignments(sweep, {"units": 8})
        {'a.b': 8, 'c.d': 8}
    """
    return {path: values[name] for name, path in sweep.paths() if name in values}


def check_ends(sweep: SweepConfig, document: Document, known: tuple[Problem, ...], faults: Faults) -> Iterator[Problem]:
    """The faults of the config with each value at an end of its range, the others being as they stand.

    Args:
        sweep: The section, whose `when` are in order.
        document: The config.
        known: Its faults as it stands.
        faults: Finds those of another.
    """
    plain = trial_document(sweep, document)
    before = {(problem.path, problem.message) for problem in known}
    told = set()
    for name, parameter in sweep.space.items():
        for value in parameter.ends:
            for other in ({}, *_enclosing(sweep, name)):
                values = {**_parents(sweep, name), **other, name: value}
                if sweep.inactive(name, values):
                    continue
                changed = override(plain, assignments(sweep, values))
                for problem in faults(changed):
                    said = (name, problem.path, problem.message if parameter.choice is not None else problem.rule)
                    if (problem.path, problem.message) not in before and said not in told:
                        told.add(said)
                        yield _of_value(name, value, problem, other)


def end_values(sweep: SweepConfig) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Each parameter with each value at an end of its range, and all values that make a trial of that."""
    for name, parameter in sweep.space.items():
        for value in parameter.ends:
            yield name, value, {**_parents(sweep, name), name: value}


def _enclosing(sweep: SweepConfig, name: str) -> Iterator[dict[str, Any]]:
    """The values of parameters above that put in something which a parameter reaches into, and which its `when` leaves
    open: whatever they are, its place has to be there."""
    places = [parse_path(path) for path in sweep.space[name].at or [name]]
    for other, parameter in sweep.space.items():
        if other == name:
            return
        if parameter.choice is None or other in (sweep.space[name].when or {}):
            continue
        around = [parse_path(path) for path in parameter.at or [other]]
        if any(len(wide) < len(place) and place[: len(wide)] == wide for wide in around for place in places):
            for value in parameter.choice:
                yield {**_parents(sweep, other), other: value}


def _parents(sweep: SweepConfig, name: str) -> dict[str, Any]:
    """Values of those above with which a parameter is active, in their order."""
    values: dict[str, Any] = {}
    for parent, allowed in (sweep.space[name].when or {}).items():
        values |= _parents(sweep, parent)
        values[parent] = allowed[0] if isinstance(allowed, list) else allowed
    return {each: values[each] for each in sweep.space if each in values}


def of_value(name: str, value: Any, problem: Problem) -> Problem:
    """A fault of the config that a value of a parameter makes, told of the parameter."""
    return _of_value(name, value, problem, {})


def _of_value(name: str, value: Any, problem: Problem, other: dict[str, Any]) -> Problem:
    where = f"{problem.path}: " if problem.path else ""
    hint, beside = problem.hint, ""
    if other:
        around, chosen = list(other.items())[-1]
        beside = f" with {around} {describe(chosen)}"
        hint = f"say with which of its values: when: {{{around}: ...}}"
    message = f"{describe(value)} cannot be tried{beside}: {where}{problem.message}"
    return Problem(message, path=place_of(name), hint=hint, rule="sweep-value")
