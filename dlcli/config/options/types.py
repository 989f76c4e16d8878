"""The types of features and targets, found by their folders: each is a package in `dlcli/codecs`.

A folder has up to six modules, and none outside names any of them:

- `schema.py`: the options, as `FEATURE` and as `TARGET`; light, for it is read with every config;
- `codec.py`: what encodes a feature, as `CODEC` and `build`, and the `PACKAGES` that decode for it, if any;
- `target.py`: what encodes a target, and reads predictions of it, as `CODEC` and `build`;
- `inference.py`: when a column whose type nobody gives is of this one, as `RULE` and `TARGET_RULE`;
- `keras_layer.py`: the codec once more for exported models, as `LAYER`;
- `picture.py`: samples drawn for people, as `PICTURE`.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from dlcli.config.options.feature import Feature, Target

__all__ = ["feature_types", "folders", "part", "paths", "target_types"]

PACKAGE = "dlcli.codecs"

_Entry = TypeVar("_Entry", Feature, Target)


@functools.cache
def folders() -> tuple[str, ...]:
    """The names of all types: those of their folders."""
    package = importlib.import_module(PACKAGE)
    return tuple(sorted(found.name for found in pkgutil.iter_modules(package.__path__) if found.ispkg))


def paths() -> tuple[Path, ...]:
    """Where the folders are."""
    return tuple(map(Path, importlib.import_module(PACKAGE).__path__))


@functools.cache
def part(folder: str, name: str) -> ModuleType | None:
    """A module of a type; None where the type has none of that name.

    Raises:
        KeyError: There is no such type.
    """
    if folder not in folders():
        raise KeyError(folder)
    path = f"{PACKAGE}.{folder}"
    if all(found.name != name for found in pkgutil.iter_modules(importlib.import_module(path).__path__)):
        return None
    return importlib.import_module(f"{path}.{name}")


@functools.cache
def feature_types() -> Mapping[str, type[Feature]]:
    """The options of every feature type by its name, in their order."""
    return _options("FEATURE", Feature)


@functools.cache
def target_types() -> Mapping[str, type[Target]]:
    """The options of every target type by its name, in their order."""
    return _options("TARGET", Target)


def _options(name: str, base: type[_Entry]) -> dict[str, type[_Entry]]:
    found = {folder: getattr(part(folder, "schema"), name, None) for folder in folders()}
    known = {folder: entry for folder, entry in found.items() if isinstance(entry, type) and issubclass(entry, base)}
    return dict(sorted(known.items(), key=lambda item: (item[1].order, item[0])))
