"""What the user's own Python files define, by parsing them. Nothing here runs them."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from dlcli.errors import Problem

__all__ = ["CodeName", "CodeNames", "code_names"]

MAX_BYTES = 2**20
"""Size of a Python file listed under `code`."""


@dataclasses.dataclass(frozen=True)
class CodeName:
    """A class or function of the user's.

    Args:
        name: As the config writes it.
        kind: `class`, or `function`. A guess: what it is for shows only when it runs.
        arguments: The names of its arguments in their order, without `self`.
        required: Those without a default.
        extra: It takes others as well (`**kwargs`), or its arguments cannot be told without running it.
        file: Where it is defined.
        line: One-based line of the definition.
    """

    name: str
    kind: Literal["class", "function"]
    arguments: tuple[str, ...]
    required: tuple[str, ...]
    extra: bool
    file: Path
    line: int


@dataclasses.dataclass(frozen=True)
class CodeNames:
    """The definitions of all files, and the faults of those that cannot be used."""

    names: dict[str, CodeName]
    problems: tuple[Problem, ...]


def code_names(files: Iterable[Path]) -> CodeNames:
    """Parse Python files and list the classes and functions at their top level.

    Args:
        files: Python files. The names of all must differ.

    Returns:
        Names that do not begin with `_`. A file that is missing or no Python is a problem, with its line.

    Example:
        >>> code_names([Path("my_layers.py")]).names["MyDense"].arguments  # doctest: +SKIP
        ('units',)
    """
    names: dict[str, CodeName] = {}
    problems: list[Problem] = []
    for file in dict.fromkeys(files):
        tree = _parse(file)
        if isinstance(tree, Problem):
            problems.append(tree)
            continue
        classes = {node.name: node for node in _definitions(tree.body) if isinstance(node, ast.ClassDef)}
        defined = {node.name: node for node in _definitions(tree.body) if not node.name.startswith("_")}
        for name, node in defined.items():
            if name in names:
                first = names[name]
                problems.append(
                    Problem(
                        f"'{name}' is defined here and in {first.file.name}, line {first.line}",
                        hint="give one of them another name",
                        file=file,
                        line=node.lineno,
                        rule="duplicate-name",
                    )
                )
            else:
                names[name] = _describe(node, classes, file)
    return CodeNames(names, tuple(problems))


_Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _parse(file: Path) -> ast.Module | Problem:
    try:
        if file.stat().st_size > MAX_BYTES:
            return Problem("the Python file has more than 1 MiB", file=file, rule="user-code")
        return ast.parse(file.read_bytes(), filename=str(file))
    except SyntaxError as error:
        message = f"this is not Python: {error.msg}"
        return Problem(message, file=file, line=error.lineno or 1, column=error.offset, rule="user-code")
    except ValueError as error:  # NUL bytes, or not the encoding that the file declares
        return Problem(f"this is not Python: {error}", file=file, rule="user-code")
    except (RecursionError, MemoryError):
        return Problem("the Python file is nested too deeply to be parsed", file=file, rule="user-code")
    except OSError as error:
        return Problem(f"the Python file cannot be read: {error.strerror}", file=file, rule="user-code")


def _definitions(body: list[ast.stmt]) -> Iterator[_Definition]:
    """Classes and functions at the top level, and under its `if` and `try`."""
    for node in body:
        if isinstance(node, _Definition):
            yield node
        elif isinstance(node, ast.If):
            yield from _definitions([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            handlers = [statement for handler in node.handlers for statement in handler.body]
            yield from _definitions([*node.body, *handlers, *node.orelse, *node.finalbody])


def _describe(node: _Definition, classes: dict[str, ast.ClassDef], file: Path) -> CodeName:
    kind: Literal["class", "function"] = "class" if isinstance(node, ast.ClassDef) else "function"
    function = _constructor(node, classes) if isinstance(node, ast.ClassDef) else node
    if function is None:
        return CodeName(node.name, kind, (), (), True, file, node.lineno)
    positional = [*function.args.posonlyargs, *function.args.args]
    num_required = len(positional) - len(function.args.defaults)
    required = [argument.arg for argument in positional[:num_required]]
    required += [
        argument.arg
        for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        if default is None
    ]
    arguments = [argument.arg for argument in (*positional, *function.args.kwonlyargs)]
    skipped = 1 if kind == "class" else 0  # self
    changed = any(not _is_registration(decorator) for decorator in (*node.decorator_list, *function.decorator_list))
    return CodeName(
        name=node.name,
        kind=kind,
        arguments=tuple(arguments[skipped:]),
        required=() if changed else tuple(required[skipped:]),
        extra=changed or function.args.kwarg is not None,
        file=file,
        line=node.lineno,
    )


def _constructor(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> ast.FunctionDef | None:
    """The `__init__` of a class, or of the first of its bases in the same file that has one."""
    seen: set[str] = set()
    current: ast.ClassDef | None = node
    while current is not None and current.name not in seen:
        seen.add(current.name)
        for statement in current.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == "__init__" and statement.args.args:
                return statement
        bases = [base.id for base in current.bases if isinstance(base, ast.Name)]
        current = next((classes[base] for base in bases if base in classes), None)
    return None


def _is_registration(decorator: ast.expr) -> bool:
    """Keras's `register_keras_serializable` leaves the arguments as they are."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name == "register_keras_serializable"
