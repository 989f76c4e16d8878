"""`--set fit.epochs=5`: a value put in place of what the config says, as if the file had been edited."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dlcli.config.document.composer import MAX_DEPTH, compose
from dlcli.config.document.document import Document, Position
from dlcli.config.document.places import ConfigPath, format_path, parse_path, split_assignment
from dlcli.config.document.plain import plain
from dlcli.errors import ConfigError, Problem

__all__ = ["Assignment", "Overrides", "assignments", "override"]


@dataclasses.dataclass(frozen=True)
class Assignment:
    """One override, not read yet.

    Args:
        label: What a problem of it names as its place: `--set fit.epochs=5`, or the option that asked for it.
        text: `PATH=VALUE`; with `from_python` the path.
        value: What is put there, where it is Python's.
        from_python: Whether it is.
    """

    label: str
    text: str
    value: Any = None
    from_python: bool = False

    def parse(self) -> tuple[ConfigPath, Document]:
        """The path and the value.

        Raises:
            ValueError: No path.
            ConfigError: The value is no YAML, or no plain value.
        """
        if self.from_python:
            path, new = parse_path(self.text), plain(self.value)
        else:
            path, text = split_assignment(self.text)
            new = compose(text, source=self.label)
        new.require()
        if not path or len(path) > MAX_DEPTH:
            raise ValueError(f"a path has 1 to {MAX_DEPTH} parts, this has {len(path)}")
        if path[0] == "extends":
            raise ValueError("`extends` belongs into the file; it cannot be set from outside")
        return path, new

    def name_itself(self, problem: Problem) -> Problem:
        """The problem of a value, placed in the override."""
        return dataclasses.replace(problem, path="", file=self.label, line=None, column=None)


Overrides = Iterable[str | Assignment] | Mapping[str, Any]
"""`["fit.epochs=5"]` with values in YAML, or `{"fit.epochs": 5}` with values of Python."""


def assignments(overrides: Overrides, *, label: str = "") -> Iterator[Assignment]:
    """Overrides one by one.

    Args:
        overrides: As for `override`.
        label: What those of a mapping are called; their paths when empty.
    """
    if isinstance(overrides, Mapping):
        for path, value in overrides.items():
            yield Assignment(label or f"overrides[{path!r}]", str(path), value, from_python=True)
    else:
        for each in overrides:
            yield each if isinstance(each, Assignment) else Assignment(f"--set {each}", each)


def override(document: Document, overrides: Overrides) -> Document:
    """Apply overrides in their order.

    Missing mappings are made. An index must exist in its list; the length of the list appends. The bare name of a
    component (`optimizer: adam`) becomes a mapping when the path goes into it (`compile.optimizer.adam.beta_1`).

    Returns:
        The changed document. Positions of what was set name the override: `--set fit.epochs=5`. An override that
        cannot be applied is among the `problems` and changes nothing.

    Example:
        >>> override(Document({"fit": {"epochs": 1}}), ["fit.epochs=5"]).value
        {'fit': {'epochs': 5}}
    """
    value = document.value
    positions = dict(document.positions)
    problems = list(document.problems)
    for assignment in assignments(overrides):
        try:
            path, new = assignment.parse()
            before = value
            value, path = _put(value, path, new.value)
        except ValueError as error:
            problems.append(Problem(str(error), file=assignment.label, rule="override"))
        except ConfigError as error:
            problems += [assignment.name_itself(problem) for problem in error.problems]
        else:
            _place(positions, path, new, Position(assignment.label), before)
    return dataclasses.replace(document, value=value, positions=positions, problems=tuple(problems))


def _put(container: Any, path: ConfigPath, new: Any, taken: ConfigPath = ()) -> tuple[Any, ConfigPath]:
    """A copy of the container with the value in it, and the path with keys and indices told apart."""
    if not path:
        return new, taken
    part, *rest = path
    if container is None and isinstance(part, str):
        container = {}
    elif isinstance(container, str) and container == part:
        container = {container: {}}
    if isinstance(container, dict):
        key = str(part)
        value, done = _put(container.get(key), tuple(rest), new, (*taken, key))
        return {**container, key: value}, done
    if isinstance(container, list) and isinstance(part, int) and part <= len(container):
        below = container[part] if part < len(container) else None
        value, done = _put(below, tuple(rest), new, (*taken, part))
        return [*container[:part], value, *container[part + 1 :]], done
    raise ValueError(_no_way(container, part, taken))


def _no_way(container: Any, part: str | int, taken: ConfigPath) -> str:
    """Why a path cannot go on into a value."""
    here = format_path(taken) or "the config"
    step = f"[{part}]" if isinstance(part, int) else f"'{part}'"
    if isinstance(container, list):
        last = f"0 to {len(container) - 1}, or {len(container)} to append" if container else "0 to append"
        return f"{here} is a list of {len(container)}; use an index from {last}, not {step}"
    if container is None:
        return f'{here} has no list for {step}; set the whole list, as in {here}=[...], or quote a key: {here}."{part}"'
    shown = f"'{container}'" if isinstance(container, str) else repr(container)
    return f"{here} is {shown} and has no {step} in it; set {here} to a mapping, as in {here}={{{part}: ...}}"


def _place(
    positions: dict[ConfigPath, Position], path: ConfigPath, new: Document, place: Position, before: Any
) -> None:
    """The positions after a value was set: all of it comes from the override, and so do mappings made for it."""
    for known in [known for known in positions if known[: len(path)] == path]:
        del positions[known]
    for below in new.positions or {(): place}:
        positions[(*path, *below)] = place
    for length, part in enumerate(path):
        if before is None:
            positions.setdefault(path[:length], place)
        before = _below(before, part)


def _below(container: Any, part: str | int) -> Any:
    """What is under a key or an index; None where there is nothing."""
    if isinstance(container, dict):
        return container.get(part)
    if isinstance(container, list) and isinstance(part, int) and part < len(container):
        return container[part]
    return container if isinstance(container, str) else None
