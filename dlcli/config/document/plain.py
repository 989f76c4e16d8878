"""Values of Python into the plain values of a config, for configs and overrides that are given as dicts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from dlcli.config.document.composer import MAX_DEPTH, MAX_NODES
from dlcli.config.document.document import Document
from dlcli.config.document.places import ConfigPath, format_path
from dlcli.errors import ConfigError, Problem

__all__ = ["plain"]


def plain(value: Any) -> Document:
    """A document of what YAML could have said: paths become text, tuples lists, and keys text.

    Returns:
        The document, without positions. Values that no config can hold are its `problems`.

    Raises:
        ConfigError: The value is nested too deeply (or holds itself), or is too large.

    Example:
        >>> plain({"train": Path("a.csv"), "shape": (2, 3), 0: True}).value  # doctest: +SKIP
        {'train': 'a.csv', 'shape': [2, 3], '0': True}
    """
    reading = _Reading()
    result = reading.read(value, ())
    return Document(result, {}, tuple(reading.problems))


class _Reading:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._count = 0

    def read(self, value: Any, path: ConfigPath) -> Any:
        self._count += 1
        if len(path) > MAX_DEPTH or self._count > MAX_NODES:
            limit = f"{MAX_DEPTH} levels deep" if len(path) > MAX_DEPTH else f"{MAX_NODES:,} values"
            place = format_path(path[:3])
            raise ConfigError(Problem(f"a config has at most {limit}; this has more", path=place, rule="config-limit"))
        match value:
            case None | bool():
                return value
            case int():
                return int(value)
            case float():
                return float(value)
            case str():
                return self._text(value, path)
            case os.PathLike():
                return self._text(os.fspath(value), path)
            case Mapping():
                keys = [(self._key(key, path), item) for key, item in value.items()]
                return {key: self.read(item, (*path, key)) for key, item in keys}
            case list() | tuple():
                return [self.read(item, (*path, index)) for index, item in enumerate(value)]
        return self._refuse(value, path)

    def _text(self, value: Any, path: ConfigPath) -> str | None:
        if not isinstance(value, str) or any(0xD800 <= ord(character) <= 0xDFFF for character in value):
            self._refuse(value, path)
            return None
        return str(value)

    def _key(self, key: Any, path: ConfigPath) -> str:
        if isinstance(key, bool):
            return "true" if key else "false"
        if isinstance(key, (str, int, float)):
            return str(key)
        self._refuse(key, path)
        return repr(key)

    def _refuse(self, value: Any, path: ConfigPath) -> None:
        shown = repr(value)
        self.problems.append(
            Problem(
                f"a config cannot hold the {type(value).__name__} {shown if len(shown) <= 60 else shown[:57] + '...'}",
                path=format_path(path),
                hint="it holds text, numbers, booleans, None, lists and mappings",
                rule="wrong-value",
            )
        )
