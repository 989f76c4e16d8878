"""What Keras and TensorFlow warn of, as notices: each once, without the lines of Python that Python prints of them."""

from __future__ import annotations

import contextlib
import functools
import re
import warnings
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from dlcli.errors import Problem
from dlcli.training.events import Listener, Notice

__all__ = ["forward_warnings", "with_warnings_forwarded"]

P = ParamSpec("P")
R = TypeVar("R")

_NUMBERS = re.compile(r"\d+|None")
_said: list[set[str]] = []  # what the outermost of the open contexts has told already


@contextlib.contextmanager
def forward_warnings(listener: Listener, *, modules: tuple[str, ...] = (r"keras\.", r"tensorflow\.")) -> Iterator[None]:
    """While open, Python's warnings reach the listener; those that differ in numbers alone, such as shapes, once.

    Args:
        listener: Who is told.
        modules: Patterns of modules whose warnings are told whatever the filters say; of others the filters decide.
    """
    _said.append(set())

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        text = " ".join(str(message).split())
        # Deprecations are for the developers of Keras and NumPy.
        if issubclass(category, (DeprecationWarning, PendingDeprecationWarning, FutureWarning)):
            return
        kind = _NUMBERS.sub("", text)
        if kind not in _said[0]:
            _said[0].add(kind)
            listener(Notice(Problem(text, rule="keras"), warning=True))

    try:
        with warnings.catch_warnings():
            for module in modules:
                warnings.filterwarnings("always", module=module)
            warnings.showwarning = show
            yield
    finally:
        _said.pop()


def with_warnings_forwarded(function: Callable[P, R]) -> Callable[P, R]:
    """The function, with warnings going to its `listener` when it is given one; else they are Python's own."""

    @functools.wraps(function)
    def run(*arguments: P.args, **options: P.kwargs) -> R:
        listener = options.get("listener")
        if listener is None:
            return function(*arguments, **options)
        with forward_warnings(listener):  # type: ignore[arg-type]
            return function(*arguments, **options)

    return run
