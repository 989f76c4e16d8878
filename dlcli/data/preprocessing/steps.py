"""One step for every codec, keeping the problems of all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import TypeVar

from dlcli.config.document.places import format_path
from dlcli.errors import DataError, Problem

__all__ = ["Steps", "at_entry"]

_Result = TypeVar("_Result")


class Steps:
    """Runs steps, and raises what went wrong in all of them at the end.

    Example:
        >>> steps = Steps()
        >>> steps.run("features", "age", lambda: 1)
        1
        >>> steps.end()
    """

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def run(self, section: str, name: str, step: Callable[[], _Result]) -> _Result | None:
        """The step's result, or None when it raised a DataError: its problems are kept, with the entry's path.

        Args:
            section: `features` or `target`.
            name: The feature's or target's name.
            step: What to do.
        """
        try:
            return step()
        except DataError as error:
            self._problems += at_entry(error.problems, section, name)
            return None

    def end(self) -> None:
        """Raise what was kept.

        Raises:
            DataError: There are problems.
        """
        if self._problems:
            raise DataError(self._problems)


def at_entry(problems: Iterable[Problem], section: str, name: str) -> list[Problem]:
    """The problems with the path of an entry of the `data` section: `data.features.age`."""
    path = format_path(("data", section, name))
    return [dataclasses.replace(problem, path=path) for problem in problems]
