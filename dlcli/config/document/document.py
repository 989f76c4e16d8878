"""A config as it was read: plain values, and the place in which each of them was written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlcli.config.document.places import ConfigPath
from dlcli.errors import ConfigError, Problem

__all__ = ["Document", "Position"]


@dataclasses.dataclass(frozen=True, slots=True)
class Position:
    """Where a value was written.

    Args:
        file: The file, or a label where there is none: `--set fit.epochs=5`.
        line: One-based line; None without a file.
        column: One-based character column; None without a file.
        preset: The preset that says so, which is named there; empty for what the config itself says.
    """

    file: Path | str | None
    line: int | None = None
    column: int | None = None
    preset: str = ""


@dataclasses.dataclass(frozen=True)
class Document:
    """Plain values (dict with text keys, list, str, int, float, bool, None) with their positions.

    Args:
        value: The whole.
        positions: For every path its position. That of a mapping's entry is the position of the key.
        problems: Faults that left the rest readable, such as duplicate keys. A document with problems is good
            for finding more of them, and for nothing else.
        complete: False when a file that it extends could not be used: that a key is missing then means nothing.
    """

    value: Any
    positions: Mapping[ConfigPath, Position] = dataclasses.field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    complete: bool = True

    def has(self, *path: str) -> bool:
        """Whether keys of mappings lead to a value, other than null, as it was written."""
        value = self.value
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value is not None

    def position(self, path: ConfigPath) -> Position | None:
        """The position of a path, or of the nearest place above it that has one.

        A whole number is taken for a key where the document has a mapping (`class_weight.0`).
        """
        taken: ConfigPath = ()
        found = self.positions.get(())
        for part in path:
            as_key = (*taken, str(part))
            taken = as_key if (*taken, part) not in self.positions and as_key in self.positions else (*taken, part)
            found = self.positions.get(taken, found)  # a config of Python's has positions where it is overridden alone
        return found

    def of_preset(self, *path: str | int) -> bool:
        """Whether it is not the config that says so, but its preset."""
        position = self.position(path)
        return position is not None and bool(position.preset)

    def locate(self, problem: Problem, path: ConfigPath) -> Problem:
        """The problem with the file, line and column of a path, unless it already has a file."""
        position = self.position(path)
        if position is None:
            return problem
        if position.preset and (note := _of_preset(position.preset, path)) not in problem.hint:
            problem = dataclasses.replace(problem, hint=f"{problem.hint}; {note}" if problem.hint else note)
        return problem.at(position.file, position.line, position.column)

    def require(self) -> Document:
        """This document.

        Raises:
            ConfigError: It has problems.
        """
        if self.problems:
            raise ConfigError(self.problems)
        return self


def _of_preset(preset: str, path: ConfigPath) -> str:
    """Whose a value is that the config does not say, and which key says another."""
    section, *rest = path
    inner = f"{{{rest[0]}: ...}}" if rest and isinstance(rest[0], str) else "..."
    return f"the preset {preset} says so, and `{section}: {inner}` beside it wins"
