"""What can be used of a section that has faults, so that one fault does not hide those that others show.

The faulty values are taken out, and what is left is a section in which places still have their paths. It is looked at
for further faults and never trained with.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from dlcli.config.document.places import ConfigPath, parse_path
from dlcli.config.validation.validator import validate
from dlcli.errors import Problem

__all__ = ["salvage"]

PLACEHOLDERS = {"layers": "Identity", "blocks": "Identity", "callbacks": "TerminateOnNaN"}
"""What stands for a faulty item of a list, whose other items keep their places, and has no faults of its own."""

ESSENTIAL = ("windows",)
"""Without them a section means something else: rows that are no steps of series would show faults that are none."""

MOST_ROUNDS = 6
"""A value whose insides are taken out may have to go itself, and so on up to the section."""


def salvage(annotation: Any, value: Any, key: str, problems: Iterable[Problem]) -> Any:
    """A section without its faulty values; None when that is no section.

    Args:
        annotation: The type of the section.
        value: The section as it was written; it is not changed.
        key: The top-level key.
        problems: What is wrong with it.
    """
    given, value = value, copy.deepcopy(value)
    paths = [parse_path(problem.path)[1:] for problem in problems]
    for _ in range(MOST_ROUNDS):
        if not all(paths):
            return None
        for path in paths:
            _take_out(value, path, key)
        validated = validate(annotation, value, (key,))
        if not validated.problems:
            lost = [name for name in ESSENTIAL if _below(given, name) is not None and _below(value, name) is None]
            return None if lost else validated.value
        # What is still wrong goes with what it stands in.
        again = [parse_path(problem.path)[1:] for problem in validated.problems]
        if not all(again):
            return None
        paths = [path[:-1] if path in paths or _is_gone(value, path) else path for path in again]
    return None


def _take_out(value: Any, path: ConfigPath, key: str) -> None:
    *above, last = path
    for part in above:
        value = _below(value, part)
        if isinstance(part, str) and part in PLACEHOLDERS:
            key = part
    if isinstance(value, dict):
        value.pop(last, None)
    elif isinstance(value, list) and isinstance(last, int) and last < len(value):
        if key in PLACEHOLDERS:
            value[last] = PLACEHOLDERS[key]
        else:
            del value[last]


def _is_gone(value: Any, path: ConfigPath) -> bool:
    *above, last = path
    for part in above:
        value = _below(value, part)
    return _below(value, last) is None


def _below(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None
