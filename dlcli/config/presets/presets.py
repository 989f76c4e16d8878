"""The presets of this folder, read when they are asked for."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dlcli.config.document.reader import read

__all__ = ["Argument", "Preset", "load", "names"]

FOLDER: Final = Path(__file__).parent


@dataclasses.dataclass(frozen=True, slots=True)
class Argument:
    """What a preset may be given.

    Args:
        default: Its value when it is not given.
        doc: One line.
    """

    default: Any
    doc: str


@dataclasses.dataclass(frozen=True, slots=True)
class Preset:
    """A preset.

    Args:
        name: Its file's.
        about: What it is, and for what.
        arguments: By name.
        by_target: The values that differ by the kind of the target; empty when none does.
        config: The sections.
    """

    name: str
    about: str
    arguments: Mapping[str, Argument]
    by_target: Mapping[str, Mapping[str, Any]]
    config: Mapping[str, Any]


@functools.cache
def names() -> tuple[str, ...]:
    """The names of all presets, sorted."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))


@functools.cache
def load(name: str) -> Preset:
    """A preset.

    Raises:
        KeyError: There is none of that name.

    Example:
        >>> load("linear").name
        'linear'
    """
    if name not in names():
        raise KeyError(name)
    value = read(FOLDER / f"{name}.yaml").require().value
    arguments = {key: Argument(one["default"], one["doc"]) for key, one in (value.get("arguments") or {}).items()}
    return Preset(name, value["about"], arguments, value.get("by_target") or {}, value["config"])
