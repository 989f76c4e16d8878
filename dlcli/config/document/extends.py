"""`extends: base.yaml`: a config that says only what differs from another.

Mappings merge, lists and single values replace, and the child wins. What a mapping *is* does not merge: an optimizer
`{SGD: ...}` replaces `{Adam: ...}` whole, and so does a feature of another type.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from dlcli.config.document.composer import MAX_NODES
from dlcli.config.document.document import Document, Position
from dlcli.config.document.file_names import is_remote, name_problem
from dlcli.config.document.places import ConfigPath
from dlcli.config.document.reader import read
from dlcli.errors import ConfigError, Problem

__all__ = ["MAX_BASES", "extend", "merge"]

MAX_BASES = 32
"""Files that a config may inherit from, all told."""

_PRESET: ConfigPath = ("model", "preset")
_COMPONENT_SECTIONS = ("model", "compile", "callbacks")


def extend(document: Document, *, directory: Path, file: Path | None = None) -> Document:
    """Resolve `extends` in a document, and in what it extends.

    Args:
        document: A document whose value is a mapping.
        directory: What the names in its `extends` are relative to.
        file: The document's own file, to notice that it extends itself.

    Returns:
        The merged document without `extends`; each position names the file in which the value was written. When a
        base cannot be used, that is among the `problems` and the document is not `complete`.
    """
    chain = () if file is None else (file,)
    return _Extension().extend(document, directory, chain)


def merge(base: Document, child: Document) -> Document:
    """One document over another."""
    positions: dict[ConfigPath, Position] = {}
    value = _merge(base, child, base.value, child.value, (), positions)
    return Document(
        value, positions, problems=(*base.problems, *child.problems), complete=base.complete and child.complete
    )


def _merge(
    base: Document, child: Document, below: Any, above: Any, path: ConfigPath, positions: dict[ConfigPath, Position]
) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)) or _differ(below, above, path):
        return _take(child, above, path, positions)
    if path in child.positions:
        positions[path] = child.positions[path]
    merged: dict[str, Any] = {}
    for key in {**below, **above}:
        place = (*path, key)
        if key not in above:
            merged[key] = _take(base, below[key], place, positions)
        elif key not in below:
            merged[key] = _take(child, above[key], place, positions)
        else:
            merged[key] = _merge(base, child, below[key], above[key], place, positions)
    return merged


def _take(source: Document, value: Any, path: ConfigPath, positions: dict[ConfigPath, Position]) -> Any:
    if path in source.positions:
        positions[path] = source.positions[path]
    if isinstance(value, dict):
        return {key: _take(source, item, (*path, key), positions) for key, item in value.items()}
    if isinstance(value, list):
        return [_take(source, item, (*path, index), positions) for index, item in enumerate(value)]
    return value


def _differ(below: dict[str, Any], above: dict[str, Any], path: ConfigPath) -> bool:
    """Whether two mappings are different things: two components, or features of two types."""
    if path == _PRESET:
        return below.keys() != above.keys()
    if path[:1] == ("data",):
        return "type" in below and "type" in above and below["type"] != above["type"]
    if path[:1] and path[0] in _COMPONENT_SECTIONS and len(below) == len(above) == 1:
        (one,), (other,) = below, above
        return one != other and (one[:1].isupper() or other[:1].isupper())
    return False


class _Extension:
    """Resolves one document's bases, counting the files read."""

    def __init__(self) -> None:
        self._count = 0

    def extend(self, document: Document, directory: Path, chain: tuple[Path, ...]) -> Document:
        if "extends" not in document.value:
            return document
        names = document.value["extends"]
        own = Document(
            {key: value for key, value in document.value.items() if key != "extends"},
            {path: place for path, place in document.positions.items() if path[:1] != ("extends",)},
            document.problems,
            document.complete,
        )
        result: Document | None = None
        problems: list[Problem] = []
        for index, name in enumerate(names if isinstance(names, list) else [names]):
            path: ConfigPath = ("extends", index) if isinstance(names, list) else ("extends",)
            try:
                base = self._base(name, directory, chain)
            except ConfigError as error:
                problems += [document.locate(problem, path) for problem in error.problems]
                continue
            result = base if result is None else merge(result, base)
        merged = own if result is None else merge(result, own)
        if len(merged.positions) > MAX_NODES:
            message = f"with what it extends, the config holds more than {MAX_NODES:,} values"
            hint = "a config describes a training job; data belongs into files"
            problem = Problem(message, path="extends", hint=hint, rule="config-limit")
            raise ConfigError(document.locate(problem, ("extends",)))
        if problems:
            return dataclasses.replace(merged, problems=(*merged.problems, *problems), complete=False)
        return merged

    def _base(self, name: Any, directory: Path, chain: tuple[Path, ...]) -> Document:
        if not isinstance(name, str) or not name or is_remote(name):
            hint = "write `extends: base.yaml`, or a list of such names"
            raise _fault(f"extends names a config file beside this one, got {name!r}", hint)
        unusable = name_problem(name, path="extends")
        if unusable is not None:
            raise ConfigError(unusable)
        file = Path(os.path.normpath(directory / Path(name).expanduser()))
        if any(_same(file, link) for link in chain):
            names = " -> ".join(link.name for link in (*chain, file))
            raise _fault(f"the config extends itself: {names}", "remove one `extends` of the circle")
        self._count += 1
        if self._count > MAX_BASES:
            names = " -> ".join(link.name for link in (*chain, file)[-5:])
            raise _fault(
                f"the config extends more than {MAX_BASES} files: {names}", "put what they share into one base"
            )
        if file.exists() and not (file.is_file() or file.is_dir()):
            raise _fault(f"cannot extend {name!r}: it is a pipe or a device", "name a config file")
        try:
            base = read(file)
        except ConfigError as error:
            # A fault of the file as a whole is mended where its name is written.
            raise ConfigError(
                problem
                if problem.line is not None
                else _fault(f"cannot extend {name!r}: {problem.message}", problem.hint).problems[0]
                for problem in error.problems
            ) from error
        return self.extend(base, file.parent, (*chain, file))


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _fault(message: str, hint: str) -> ConfigError:
    return ConfigError(Problem(message, path="extends", hint=hint, rule="extends"))
