"""The `features` of a draft: each column with its type where they are few, else what `auto` would not do."""

from __future__ import annotations

import dataclasses
import glob
import re
from collections.abc import Sequence
from typing import Any

from dlcli.config.document.places import format_path
from dlcli.config.schema import REST
from dlcli.config.signature import DEFAULT_INPUT
from dlcli.drafting.columns import Column
from dlcli.drafting.gaps import MARK
from dlcli.drafting.page import Line, entry, heading, item, remark

__all__ = ["MOST_LISTED", "Layout", "lay_out"]

MOST_LISTED = 40
"""Features that are listed one by one."""

LONGEST_KEY = 200
"""Characters of a name that still reads well before a colon."""

_OTHERWISE = re.compile(r"[/*?\[]")
"""What a name of a feature cannot have, or what would make a glob of it."""

RESERVED = (REST, DEFAULT_INPUT)
"""What features cannot be called."""

_MANY = 20
"""Columns of one reason from which on they stay where they do no harm."""

_NUMBERED = re.compile(r"(.*?)([0-9]+)", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Layout:
    """The features as they are written.

    Args:
        lines: Of the section `features`, and `exclude`.
        names: By the column, what the feature is called.
    """

    lines: tuple[Line, ...]
    names: dict[str, str]

    @property
    def paths(self) -> dict[str, str]:
        """Where in the config each feature stands, and its column."""
        return {format_path(("data", "features", name)): column for column, name in self.names.items()}


def lay_out(columns: Sequence[Column], *, taken: Sequence[str], whole: bool) -> Layout:
    """Write the features.

    Args:
        columns: All columns beside the target.
        taken: Columns that are something else, such as the group.
        whole: All rows were looked at, so that types can be fixed.
    """
    features = [column for column in columns if column.used and column.name not in taken]
    left_out = [column for column in columns if not column.used and column.name not in taken]
    names: dict[str, str] = {}
    others = {column.name for column in columns}
    given = {column.name: _written(column, names, others) for column in features}
    if whole and len(features) <= MOST_LISTED:
        lines = [heading(1, "features", f"{_counted(len(features), 'column')}")]
        lines += [entry(2, names[each.name], given[each.name], each.details) for each in features]
        lines += [remark(2, f"not {_spoken(each)}: {each.why}") for each in left_out]
        return Layout(tuple(lines), names)
    options = {each.name: each for each in features if given[each.name] not in _plain(each)}
    marked = [name for name in options if given[name] == {"type": options[name].feature_type, MARK: True}]
    lines = []
    if len(marked) > _MANY:
        kinds = {options.pop(name).feature_type for name in marked}
        said = {kind: {MARK: "auto"} for kind in sorted(kinds)}
        lines.append(entry(1, "defaults", said, f"{len(marked):,} columns lack values, and it is marked where"))
    lines += [heading(1, "features"), Line(2, f"{REST}: auto", _rest(features, options, whole=whole))]
    lines += [entry(2, names[name], given[name], each.details) for name, each in options.items()]
    return Layout((*lines, *_excluded(left_out)), names)


def _written(column: Column, names: dict[str, str], others: set[str]) -> Any:
    """A feature as a config says it; notes what it is called."""
    name = names[column.name] = _called(column.name, others)
    others.add(name)
    feature = column.feature
    said: dict[str, Any] = {"type": "auto"} if feature is None else feature.model_dump(mode="json", exclude_unset=True)
    said = {"type": said.pop("type", feature.type if feature is not None else "auto"), **said}
    if name != column.name:
        said = {**said, "columns": glob.escape(column.name)}
    return said["type"] if len(said) == 1 else said


def _called(name: str, others: set[str]) -> str:
    """The name of a feature: that of its column, unless a config or Keras could not have it."""
    called = _OTHERWISE.sub("_", name)[:LONGEST_KEY]
    if called == name and name not in RESERVED:
        return name
    free = f"column_{called.strip('.')}".rstrip("_")
    while free in others:
        free += "_"
    return free


def _plain(column: Column) -> tuple[Any, ...]:
    """What `auto` comes to by itself."""
    if column.otherwise:
        return ("auto",)
    return ("auto", None if column.feature is None else column.feature.type)


def _rest(features: Sequence[Column], options: dict[str, Column], *, whole: bool) -> str:
    kinds: dict[str, int] = {}
    for column in features:
        if column.name not in options:
            kind = "of a type to be found" if column.feature is None else column.feature.type
            kinds[kind] = kinds.get(kind, 0) + 1
    listed = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
    return f"all other columns, their types found {'' if whole else 'in all rows '}when it is read: {listed or 'none'}"


def _excluded(left_out: Sequence[Column]) -> list[Line]:
    """The columns that are to be no features, and those that could be left out and do no harm."""
    named = [column for column in left_out if not column.by_itself]
    harmless = [column for column in named if column.suspect or column.why.startswith("the same as")]
    lines: list[Line] = []
    if len(harmless) > _MANY:
        named = [column for column in named if column not in harmless]
        lines.append(remark(1, f"{len(harmless):,} columns of one value, or the same as another, do no harm"))
    if named:
        lines.append(heading(1, "exclude"))
        lines += [item(2, name, why) for name, why in _ranges(named)]
    alone = [column for column in left_out if column.by_itself]
    if alone:
        shown = ", ".join(f"{_spoken(column)} ({column.why})" for column in alone[:5])
        more = f" and {len(alone) - 5:,} more" if len(alone) > 5 else ""
        lines.append(remark(1, f"left out by themselves: {shown}{more}"))
    return lines


def _ranges(columns: Sequence[Column]) -> list[tuple[str, str]]:
    """The names with their reasons; neighbours such as px0, px1, px2 of one reason as `px{0..2}`."""
    found: list[tuple[str, str]] = []
    run: list[Column] = []
    for column in [*columns, None]:
        if run and (column is None or not _follows(run[-1], column)):
            found += _run(run)
            run = []
        if column is not None:
            run.append(column)
    return found


def _follows(before: Column, after: Column) -> bool:
    first, second = _NUMBERED.fullmatch(before.name), _NUMBERED.fullmatch(after.name)
    return (
        first is not None
        and second is not None
        and before.why == after.why
        and first[1] == second[1]
        and not re.search(r"[{}*?\[]", first[1])
        and not any(number[2] != "0" and number[2].startswith("0") for number in (first, second))
        and int(second[2]) == int(first[2]) + 1
    )


def _run(run: Sequence[Column]) -> list[tuple[str, str]]:
    if len(run) < 3:
        return [(column.name, column.why) for column in run]
    first, last = _NUMBERED.fullmatch(run[0].name), _NUMBERED.fullmatch(run[-1].name)
    assert first is not None, "it follows another"
    assert last is not None, "it follows another"
    return [(f"{first[1]}{{{first[2]}..{last[2]}}}", run[0].why)]


def _spoken(column: Column) -> str:
    return repr(column.name if len(column.name) <= 60 else f"{column.name[:57]}...")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
