"""Problems get the file and line of their config path, and are told in that order."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dlcli.config.document.document import Document, Position
from dlcli.config.document.places import ConfigPath, parse_path
from dlcli.errors import Problem

__all__ = ["in_order", "locate", "without_consequences"]


def locate(document: Document, file: Path | None, problem: Problem) -> Problem:
    """The problem with the file and line of its config path, or of the nearest place above it."""
    path: ConfigPath
    try:
        path = parse_path(problem.path)
    except ValueError:
        path = ()
    located = document.locate(problem, path) if path else problem
    if located.file is None and file is not None:
        place = document.positions.get((), Position(file))
        return located.at(file, place.line if place.file == file else None)
    return located


def in_order(problems: Iterable[Problem], file: Path | None) -> tuple[Problem, ...]:
    """Problems by place, the config's own file first."""

    def place(problem: Problem) -> tuple[bool, str, int, int]:
        return problem.file != file, str(problem.file or ""), problem.line or 0, problem.column or 0

    return tuple(sorted(problems, key=place))


def without_consequences(problems: Iterable[Problem], causes: Iterable[Problem], value: Any) -> list[Problem]:
    """The problems that do not merely follow from a value that could not be read.

    Args:
        problems: What was found.
        causes: What could not be read.
        value: The document: a block that stands there and was left out for its own faults is not unknown.
    """
    unread = {
        problem.path for problem in causes if problem.path and problem.rule in ("yaml-tag", "yaml-alias", "yaml-key")
    }
    model = value.get("model") if isinstance(value, dict) else None
    blocks = model.get("blocks") if isinstance(model, dict) else None
    known = [repr(str(name)) for name in blocks] if isinstance(blocks, dict) else []
    return [
        problem
        for problem in problems
        if problem.path not in unread
        and not (problem.rule == "unknown-block" and problem.message.removeprefix("unknown block ") in known)
    ]
