"""What Keras's constructors take: names and defaults, those that `**kwargs` hands on to base classes included."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["LEGACY", "REQUIRED", "class_arguments", "function_arguments"]

REQUIRED = inspect.Parameter.empty
"""In place of a default: there is none."""

LEGACY = object()
"""In place of a default: accepted for old code only."""


def function_arguments(function: Callable[..., Any], *, tensors: int = 1) -> tuple[dict[str, Any], bool]:
    """Names and defaults of a function's arguments after the first, the tensor; functions here take no more."""
    parameters = list(inspect.signature(function).parameters.values())
    return {parameter.name: parameter.default for parameter in parameters[tensors:]}, False


def class_arguments(cls: type) -> tuple[dict[str, Any], bool]:
    """Names and defaults of all arguments, and whether `**kwargs` swallows more.

    `**kwargs` is followed to the base class that it is handed to; what a class passes on itself is not an
    argument of its subclasses' users. Arguments popped from `**kwargs` are accepted for old code.
    """
    arguments: dict[str, Any] = {}
    legacy: dict[str, None] = {}
    fixed: set[str] = set()
    for constructor, parameters in _constructors(cls):
        for name, parameter in parameters.items():
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) and name not in fixed:
                arguments.setdefault(name, parameter.default)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            return _with_legacy(arguments, legacy), False
        use = _keyword_use(constructor)
        legacy |= {name: None for name in use.popped if name not in fixed}
        if not use.passed_on:
            return _with_legacy(arguments, legacy), use.kept
        fixed |= use.given | _positional_names(cls, constructor, use.positional)
    return _with_legacy(arguments, legacy), False


def _with_legacy(arguments: dict[str, Any], legacy: dict[str, None]) -> dict[str, Any]:
    return arguments | {name: LEGACY for name in legacy if name not in arguments}


def _constructors(cls: type) -> Iterator[tuple[Callable[..., Any], dict[str, inspect.Parameter]]]:
    for base in cls.__mro__:
        constructor = vars(base).get("__init__")
        if constructor is None or not inspect.isfunction(constructor):
            continue
        parameters = dict(list(inspect.signature(constructor).parameters.items())[1:])
        if {parameter.kind for parameter in parameters.values()} == {
            inspect.Parameter.VAR_POSITIONAL,
            inspect.Parameter.VAR_KEYWORD,
        }:
            continue  # hands everything on
        yield constructor, parameters


def _positional_names(cls: type, constructor: Callable[..., Any], count: int) -> set[str]:
    """The names of the first `count` parameters of the constructor that comes after `constructor`."""
    found = False
    for candidate, parameters in _constructors(cls):
        if found:
            return set(list(parameters)[:count])
        found = candidate is constructor
    return set()


@dataclasses.dataclass
class _KeywordUse:
    """What a constructor does with its `**kwargs`.

    Args:
        popped: Names that it takes out itself.
        passed_on: It hands the rest to the base class.
        kept: It keeps the rest, so that any name means something. A rest that is only checked, or that nobody ever
            looks at, holds no arguments.
        given: Arguments of the base class that it passes by name.
        positional: How many it passes by position.
    """

    popped: list[str] = dataclasses.field(default_factory=list)
    passed_on: bool = False
    kept: bool = False
    given: set[str] = dataclasses.field(default_factory=set)
    positional: int = 0


def _keyword_use(constructor: Callable[..., Any]) -> _KeywordUse:
    use = _KeywordUse()
    tree = ast.parse(textwrap.dedent(inspect.getsource(constructor)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.value) == "kwargs":
            use.kept = True
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called == "kwargs.pop" and isinstance(node.args[0], ast.Constant):
            use.popped.append(str(node.args[0].value))
        elif called == "super().__init__" and any(word.arg is None for word in node.keywords):
            use.passed_on = True
            use.given = {word.arg for word in node.keywords if word.arg is not None}
            use.positional = len(node.args)
        elif called.startswith("self.") and any(ast.unparse(value) == "kwargs" for value in node.args):
            use.kept = True
    return use
