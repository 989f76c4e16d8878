"""The user's own Python files, given under `code:`; the one place where dlcli runs what a config names."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType

from dlcli.backend import startup
from dlcli.errors import ConfigError, Problem

__all__ = ["MODULES", "load_code"]

MODULES = "dlcli_code_"
"""How the names of the modules begin that the user's files become."""


def load_code(files: Sequence[str | Path]) -> dict[str, object]:
    """Run the files, and return the public classes and functions that they define, by name.

    Each file is a module of its own (`dlcli_code_<stem>`); its directory is where modules are looked for last, and only
    when the file imports one that lies beside it. What runs is the text of the files: bytecode in `__pycache__` may be
    of another text, and none is written there.

    Args:
        files: Absolute paths, in the config's order.

    Raises:
        ConfigError: A file is missing, fails, or defines a name that another one defines, with the user's own line.

    Example:
        >>> load_code(["/home/me/my_layers.py"])  # doctest: +SKIP
        {'Scale': <class 'dlcli_code_my_layers.Scale'>}
    """
    if not files:
        return {}
    startup.load()  # so that `import keras` in a file is as silent as ours
    found: dict[str, object] = {}
    owners: dict[str, Path] = {}
    problems: list[Problem] = []
    modules: set[str] = set()
    for index, file in enumerate(map(Path, files)):
        name = _module_name(file, modules)
        modules.add(name)
        module = _run(file, name, f"code[{index}]")
        if isinstance(module, Problem):
            problems.append(module)
            continue
        for public, value in _defined(module).items():
            if public in owners:
                problems.append(
                    Problem(
                        f"{public} is defined in {owners[public]} and again in {file}",
                        path=f"code[{index}]",
                        hint="rename one of them",
                        rule="duplicate-name",
                    )
                )
            owners[public] = file
            found[public] = value
    if problems:
        raise ConfigError(problems)
    return found


def _module_name(file: Path, taken: set[str]) -> str:
    """The same in every process, because Keras writes it into the files that it saves."""
    base = MODULES + "".join(letter if letter.isalnum() else "_" for letter in file.stem)
    name, number = base, 0
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def _run(file: Path, name: str, path: str) -> ModuleType | Problem:
    if not file.is_file():
        what = "is a directory" if file.is_dir() else "does not exist"
        return Problem(f"the file {file} {what}", path=path, hint="`code` lists Python files", rule="user-code")
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
        spec = importlib.util.spec_from_file_location(name, file, loader=_Text(name, str(file)))
    if spec is None or spec.loader is None:
        return Problem(f"{file} is no Python file", path=path, hint="its name must end in .py", rule="user-code")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and Keras look a class's module up
    try:
        try:
            spec.loader.exec_module(module)
        except ModuleNotFoundError as error:
            if not _lies_beside(file, error.name):
                raise
            sys.meta_path.append(_Beside(file.parent))
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may raise anything
        del sys.modules[name]
        return _failure(error, file, path)
    return module


class _Text(importlib.machinery.SourceFileLoader):
    """Loads a module from its text, and from nothing that was made of it."""

    def get_code(self, fullname: str) -> CodeType:
        """As for any module, but for the cache."""
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


class _Beside(importlib.abc.MetaPathFinder):
    """Finds the modules of a directory after all others, from their texts."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._finder = importlib.machinery.FileFinder(
            str(directory),
            (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
            (_Text, importlib.machinery.SOURCE_SUFFIXES),
        )

    def find_spec(self, fullname: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        """The module, when it is one of the directory itself."""
        return self._finder.find_spec(fullname) if path is None else None


def _is_of(finder: object, directory: Path) -> bool:
    return isinstance(finder, _Beside) and finder.directory == directory


def _lies_beside(file: Path, module: str | None) -> bool:
    top = (module or "").partition(".")[0]
    directory = file.parent
    if not top or str(directory) in sys.path or any(_is_of(finder, directory) for finder in sys.meta_path):
        return False
    return (directory / f"{top}.py").is_file() or (directory / top).is_dir()


def _failure(error: BaseException, file: Path, path: str) -> Problem:
    """What a file raised, with the last line of it that ran."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == file]
    line = lines[-1] if lines else None
    if isinstance(error, SyntaxError) and error.filename is not None and Path(error.filename) == file:
        line, text = error.lineno, error.msg
    else:
        text = str(error)
    summary = " ".join(text.split())
    return Problem(
        f"running {file.name} failed{f' in line {line}' if line else ''}: {type(error).__name__}"
        + (f": {summary}" if summary else ""),
        path=path,
        file=file,
        line=line,
        rule="user-code",
    )


def _defined(module: ModuleType) -> dict[str, object]:
    """Classes and functions of the module itself, not those that it imports."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module.__name__
    }
