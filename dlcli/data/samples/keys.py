"""What encoded arrays depend on, as names: equal names mean equal arrays, bit for bit.

An entry of the cache is called `<recipe>-<encoding>-<content>`:

- the recipe: everything in the config that decides the arrays, as it was asked for, types not yet inferred;
- the encoding: the same as it was found, the fitted preprocessing included, which is what a run directory knows;
- the content: the data files, by their hashes.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import pyarrow as pa

from dlcli.config.options.sources import FileColumns
from dlcli.config.options.types import feature_types, folders, part, paths
from dlcli.config.schema import DataConfig, Target
from dlcli.config.signature import SPLITS, SplitName
from dlcli.data import sources
from dlcli.data.cache.known_files import KnownFile
from dlcli.data.preprocessing.unstored import stored
from dlcli.data.sources.registry import format_of, suffixes

__all__ = ["content_key", "encoding_key", "place_key", "program_key", "recipe_key", "samples_key"]

_ORDER_ALONE = {"augment", "batch_size", "drop_last", "shuffle"}
"""What decides how the arrays are gone through, not what is in them."""

_FOUND = {"features", "target", "exclude", "defaults"}
"""What the state of the preprocessing says in full."""


def recipe_key(
    config: DataConfig,
    *,
    seed: int,
    named: Collection[str],
    classification: bool | None,
    units: int | None,
    unscalable: Collection[str] = (),
) -> str:
    """The key of what is asked for.

    Args:
        config: The `data` section as it was written.
        seed: Decides the splits and the samples that statistics are taken from.
        named: Features with an input of their own.
        classification: What the loss says of a target whose type is not given.
        units: Of the last layer, which say so too.
        unscalable: The targets that are not scaled when the config does not say.
    """
    inferred = None in config.target.values()
    return _digest(
        {
            "program": _program(),
            "data": _settings(config, exclude=_ORDER_ALONE),
            "given": _given(config),
            "seed": seed,
            "named": sorted(named),
            "hints": [classification, units] if inferred else None,
            "unscalable": sorted(name for name in unscalable if _scale_is_open(config.target.get(name))),
        }
    )


def encoding_key(config: DataConfig, *, seed: int, named: Collection[str], state: Mapping[str, Any]) -> str:
    """The key of what was found: the fitted preprocessing, and how rows are read and divided.

    Args:
        config: The `data` section, as it was written or with everything filled in.
        seed: Decides the splits.
        named: Features with an input of their own.
        state: Of the preprocessing.
    """
    settings = _settings(config, exclude=_ORDER_ALONE | _FOUND)
    return _digest(
        {"program": _program(), "data": settings, "seed": seed, "named": sorted(named), "preprocessing": stored(state)}
    )


def content_key(files: Mapping[SplitName, Sequence[KnownFile]]) -> str:
    """The key of the data: the content of every file, and the format that its name says; not where it lies."""
    return _digest({name: [_content(file) for file in known] for name, known in files.items()})


def samples_key(encoding: str, split: SplitName, files: Sequence[KnownFile]) -> str:
    """The key of the samples of a split: of how rows are encoded and divided, and of the files that they are in."""
    return _digest([encoding, split, [_content(file) for file in files]])


def place_key(recipe: str, paths: Sequence[str]) -> str:
    """The key of a recipe and the places of its files: of two processes with the same one, one can wait."""
    return _digest([recipe, list(paths)])


def _given(config: DataConfig) -> dict[str, list[str]] | None:
    """The options that each feature gives itself: one that it gives stays, though it be the usual one, where
    `defaults` say another. None without them, when it makes no difference."""
    if config.defaults is None:
        return None
    sections = {**(config.features or {}), **{f"defaults.{name}": config.defaults.of(name) for name in feature_types()}}
    return {
        name: sorted(section.model_fields_set - type(section).unstored)
        for name, section in sections.items()
        if section is not None
    }


def _scale_is_open(target: Target | None) -> bool:
    return target is None or target.scale_is_open


def _content(file: KnownFile) -> list[object]:
    if file.listed:
        return [file.sha256]
    path = Path(file.identity.path)
    said = [suffix for each in path.suffixes[-2:] if (suffix := each.lower()) in {".gz", *suffixes()}]
    return [file.sha256, format_of(path).name, said]


def _settings(config: DataConfig, *, exclude: set[str]) -> dict[str, Any]:
    """The section as JSON values; of files it says only that there are some, their content has a key of its own."""
    settings: dict[str, Any] = stored(config.model_dump(mode="json", exclude={*exclude, "directory"}))
    for name in SPLITS:
        if isinstance(settings.get(name), list):
            settings[name] = "files"
        elif isinstance(given := getattr(config, name), dict):
            settings[name] = {"files": list(given)}
        elif isinstance(given, FileColumns):
            settings[name] = {"files": given.columns}
    return settings


@functools.cache
def _program() -> str:
    """The version of the encoding, so that nobody has to remember to raise one."""
    versions = {"numpy": np.__version__, "pyarrow": pa.__version__, **_versions_of_types()}
    elsewhere = map(Path, sources.__path__[1:])  # formats of files that are not dlcli's own
    packages = (Path(__file__).parents[1], *elsewhere, *paths())  # all that reads, and all that encodes
    return "".join(program_key(package, versions, without=["keras_layer", "keras_layers"]) for package in packages)


def _versions_of_types() -> dict[str, str]:
    """Of the packages that the types of features say they decode with; they are not loaded for that."""
    named = {package for name in folders() for package in getattr(part(name, "codec"), "PACKAGES", ())}
    return {package: importlib.metadata.version(package) for package in sorted(named)}


def program_key(package: Path, versions: Mapping[str, str], *, without: Collection[str] = ()) -> str:
    """The key of the code that reads and encodes: what it does, and not its comments, its lines or its place.

    Args:
        package: Its directory.
        versions: Of the packages that compute and read for it: what they give may change with a release.
        without: Names of modules that neither read nor encode.
    """
    digest = hashlib.sha256(repr(sorted(versions.items())).encode())
    for file in sorted(file for file in package.rglob("*.py") if file.stem not in without):
        name = file.relative_to(package).with_suffix("").as_posix()
        digest.update(name.encode())
        # As Python keeps it beside the file: to compile it anew would take longer than reading a small table.
        code = SourceFileLoader(name.replace("/", "."), str(file)).get_code(name.replace("/", "."))
        if code is not None:
            for part in _instructions(code):
                digest.update(part)
    return digest.hexdigest()


def _instructions(code: CodeType) -> Iterator[bytes]:
    """What a piece of code does, and all pieces within it."""
    yield code.co_code
    yield code.co_exceptiontable
    arguments = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    yield repr((code.co_name, arguments, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)).encode()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant)
        else:
            yield _written(constant).encode("utf-8", "surrogatepass")


def _written(constant: object) -> str:
    """A constant as a text. A set has no order of its own: it differs from process to process."""
    if isinstance(constant, frozenset):
        return f"set({sorted(map(_written, constant))})"
    if isinstance(constant, tuple):
        return f"({[_written(item) for item in constant]})"
    return repr(constant)


def _digest(value: object) -> str:
    # Keys stay in their order: it is the order of the features in the encoded vector.
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()[:16]
