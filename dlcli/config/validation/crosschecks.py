"""Faults of the values as they were written that no type shows: places that contradict each other, files elsewhere."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from dlcli.config.document.file_names import is_remote, name_problem
from dlcli.config.document.places import ConfigPath, format_path
from dlcli.config.options.frequency import parse_frequency
from dlcli.config.options.types import target_types
from dlcli.errors import ConfigError, Problem, did_you_mean, first_of

__all__ = ["cross_check"]


def cross_check(value: Any) -> list[Problem]:
    """A column that is both target and feature or is listed twice, fractions of too much, files that are not local.

    Args:
        value: The config as plain YAML values; what cannot be read is skipped, the schema reports it.

    Example:
        >>> [problem.path for problem in cross_check({"data": {"target": "y", "features": ["x", "y"]}})]
        ['data.features[1]']
    """
    if not isinstance(value, Mapping):
        return []
    problems = [*_remote(value.get("code"), ("code",))]
    data = value.get("data")
    if isinstance(data, Mapping):
        for key in ("train", "validation", "test"):
            problems += _remote(data.get(key), ("data", key))
        problems += [*_twice(data, "target"), *_twice(data, "features"), *_targets_among_features(data)]
        problems += [*_fractions(data), *_frequency(data.get("windows")), *_leaders(data)]
    return problems


def _frequency(windows: Any) -> Iterator[Problem]:
    said = windows.get("frequency", "auto") if isinstance(windows, Mapping) else "auto"
    if said == "auto" or isinstance(said, bool) or not isinstance(said, (str, int, float)):
        return
    try:
        parse_frequency(said)
    except ConfigError as error:
        yield from (dataclasses.replace(problem, path="data.windows.frequency") for problem in error.problems)


def _remote(value: Any, path: ConfigPath) -> Iterator[Problem]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in ("keras", "columns"):
                yield from _remote(inner, (*path, key))
        return
    names = [((*path, index), name) for index, name in enumerate(value)] if isinstance(value, list) else [(path, value)]
    for place, name in names:
        fault = name_problem(name, path=format_path(place)) if isinstance(name, str) else None
        if fault is not None:
            yield fault
        elif isinstance(name, str) and is_remote(name):
            hint = "dlcli never reaches for the network; download it first and give the path"
            yield Problem(f"'{name}' is not a local file", path=format_path(place), hint=hint, rule="remote-path")


def _twice(data: Mapping[str, Any], key: str) -> Iterator[Problem]:
    names = data.get(key)
    seen: dict[str, int] = {}
    for index, name in enumerate(names if isinstance(names, list) else []):
        if not isinstance(name, (str, int, float)):
            continue
        if str(name) in seen:
            first = format_path(("data", key, seen[str(name)]))
            message, hint = f"'{name}' is listed twice, first as {first}", "remove one of the two"
            yield Problem(message, path=format_path(("data", key, index)), hint=hint, rule="listed-twice")
        seen.setdefault(str(name), index)


def _fractions(data: Mapping[str, Any]) -> Iterator[Problem]:
    parts = {key: data.get(key) for key in ("validation", "test")}
    fractions = [part for part in parts.values() if isinstance(part, float) and 0 < part < 1]
    if sum(fractions) >= 1:
        message = f"validation and test together take {sum(fractions):.0%} of the rows; nothing is left to train on"
        hint = "fractions of less than 1 in all, such as validation: 0.2 and test: 0.1"
        yield Problem(message, path="data.validation", hint=hint, rule="empty-split")


def _leaders(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Targets that are to be moved with a feature that is not there."""
    targets, features = data.get("target"), data.get("features")
    for name, options in targets.items() if isinstance(targets, Mapping) else ():
        leader = options.get("moved_with") if isinstance(options, Mapping) else None
        if isinstance(leader, str) and isinstance(features, Mapping) and leader not in features:
            names = [str(each) for each in features]
            yield Problem(
                f"{leader!r} is no feature; there are {first_of(names, 8)}",
                path=format_path(("data", "target", name, "moved_with")),
                hint=did_you_mean(leader, names) or "name the feature whose images are changed by `augment`",
                rule="moved-with",
            )


def _targets_among_features(data: Mapping[str, Any]) -> Iterator[Problem]:
    windows = data.get("windows")
    targets = {column for _, columns in _columns(data, "target") for column in columns}
    if isinstance(windows, Mapping) and windows.get("horizon") != 0:  # the past of a series may tell its future
        yield from _targets_known_ahead(data, windows, targets)
        return
    for path, patterns in _columns(data, "features"):
        for column in sorted(targets):
            if any(fnmatch.fnmatchcase(column, pattern) for pattern in patterns):
                yield Problem(
                    f"'{column}' is the target, and cannot also be a feature",
                    path=format_path(path),
                    hint="remove it from the features: a model that is shown the answer learns nothing else",
                    rule="target-is-feature",
                )


def _targets_known_ahead(
    data: Mapping[str, Any], windows: Mapping[str, Any], targets: Collection[str]
) -> Iterator[Problem]:
    """Features that would be shown at the steps that are predicted, and are what is predicted there."""
    known = _names(windows.get("known"))
    for path, patterns in _columns(data, "features"):
        names = [str(path[-1])] if isinstance(data.get("features"), Mapping) else patterns
        if not any(fnmatch.fnmatchcase(name, word) for name in names for word in known):
            continue
        for column in sorted(targets):
            if any(fnmatch.fnmatchcase(column, pattern) for pattern in patterns):
                yield Problem(
                    f"'{column}' is the target, and cannot be known at the steps that are predicted",
                    path="data.windows.known",
                    hint=f"leave {names[0]!r} out of `known`: a model that is shown the answer learns nothing else",
                    rule="target-is-feature",
                )


def _columns(data: Mapping[str, Any], key: str) -> Iterator[tuple[ConfigPath, list[str]]]:
    """Each feature or target with the columns (or globs) that it reads."""
    value = data.get(key)
    if isinstance(value, Mapping):
        implied = {section.implied_by for section in target_types().values()} - {""}
        for name, options in value.items():
            if isinstance(options, Mapping) and implied & options.keys():
                continue  # a feature is the target
            columns = options.get("columns") if isinstance(options, Mapping) else None
            yield ("data", key, name), _names(columns) or [str(name)]
    elif isinstance(value, list):
        for index, name in enumerate(value):
            yield ("data", key, index), _names(name)
    else:
        yield ("data", key), _names(value)


def _names(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(name) for name in values if isinstance(name, (str, int, float))]
