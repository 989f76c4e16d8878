"""The file names of a config made absolute, each against the file in which it was written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from dlcli.config.document.document import Document
from dlcli.config.document.file_names import absolute, is_remote, name_problem
from dlcli.config.document.places import ConfigPath, format_path
from dlcli.config.options.sources import FileColumns, KerasData, Source
from dlcli.config.schema import DataConfig
from dlcli.errors import Problem, did_you_mean

__all__ = ["AbsoluteNames"]


class AbsoluteNames:
    """Makes file names absolute.

    Args:
        document: Where each name was written. A base that is inherited from may lie in another directory.
        directory: The directory of names that no file says: those of overrides, and of configs given as mappings.
    """

    def __init__(self, document: Document, directory: Path) -> None:
        self._document = document
        self._directory = directory

    def data(self, data: DataConfig) -> DataConfig:
        """The section with absolute paths in `train`, `validation` and `test`, and of the files that cells name."""
        sources = {key: getattr(data, key) for key in ("train", "validation", "test")}
        given = {key: source for key, source in sources.items() if source is not None and not isinstance(source, float)}
        updates: dict[str, object] = {key: self._source(source, ("data", key)) for key, source in given.items()}
        if data.directory is not None:
            origin = self._origin(("data", "directory")).resolve()
            updates["directory"] = os.path.normpath(os.path.join(origin, os.path.expanduser(data.directory)))
        return data.model_copy(update=updates)

    def code(self, files: Sequence[str]) -> tuple[list[str], list[Problem]]:
        """The Python files as absolute paths; one that is not there is a problem, and left out."""
        problems: list[Problem] = []
        names = self._resolve(files, ("code",))
        found: list[str] = []
        for index, name in enumerate(names):
            file = Path(name)
            fault = name_problem(name, path=format_path(("code", index)))
            if fault is not None:
                problems += [fault] if name_problem(files[index]) is None else []  # that is told where it is written
            elif file.is_file():
                found.append(name)
            elif not is_remote(files[index]):  # those are refused as such
                beside = [entry.name for entry in file.parent.glob("*.py")] if file.parent.is_dir() else []
                what = (
                    "is a directory"
                    if file.is_dir()
                    else "is a pipe or a device"
                    if file.exists()
                    else "does not exist"
                )
                problems.append(
                    Problem(
                        f"the Python file '{files[index]}' {what}",
                        path=format_path(("code", index)),
                        hint=did_you_mean(file.name, beside) or f"it is looked for as {file}",
                        rule="user-code",
                    )
                )
        return found, problems

    def one(self, name: str, path: ConfigPath) -> str:
        """A name as an absolute path, against the file in which it was written."""
        return absolute(name, self._origin(path))

    def _source(self, source: Source, path: ConfigPath) -> Source:
        if isinstance(source, KerasData):
            return source
        if isinstance(source, FileColumns):
            return source.model_copy(update={"file": self._resolve(source.file, (*path, "file"))})
        if isinstance(source, dict):
            return {column: absolute(name, self._origin((*path, column))) for column, name in source.items()}
        return self._resolve(source, path)

    def _resolve(self, names: Sequence[str], path: ConfigPath) -> list[str]:
        return [absolute(name, self._origin((*path, index))) for index, name in enumerate(names)]

    def _origin(self, path: ConfigPath) -> Path:
        position = self._document.position(path)
        return position.file.parent if position is not None and isinstance(position.file, Path) else self._directory
