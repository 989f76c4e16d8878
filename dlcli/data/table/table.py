"""From the `data` section to typed rows: sources found, columns assigned, every source read once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from dlcli.config.options.sources import Source as Said
from dlcli.config.schema import DataConfig, Feature, Target
from dlcli.config.signature import SPLITS, SplitName
from dlcli.data.columns.chunk import ColumnInfo, Kind
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.source import Source
from dlcli.data.table.roles import Roles, assign_roles
from dlcli.data.table.rows import Overflow, Rows
from dlcli.data.values.conversion import NotNumbers
from dlcli.data.values.sightings import Sightings
from dlcli.errors import DataError, Problem, did_you_mean

__all__ = ["Found", "Table", "find_kinds", "find_sources", "missing_columns", "read_rows"]


@dataclasses.dataclass(frozen=True)
class Table:
    """What was read: the rows of every source, and what does not depend on how they are divided.

    Args:
        config: The `data` section: as it was written, then with its types filled in.
        rows: By the split that names the source; splits that are fractions have none of their own.
        sources: Where they came from.
        roles: The columns of every feature and target.
        infos: What `train` says of its columns, by name.
        decisions: The name of each column that was decided on, and what was decided.
        doubts: What may not be meant so.
        left_out: Of each source the ascending numbers of the rows that are to be in no split.
        unusable: Those of them that cannot be encoded.
        weights: Of each source the weight of every row, where the config names a column of them.
        put_in: Of each source how many rows, the last ones, no file has: steps that were missing.
    """

    config: DataConfig
    rows: dict[SplitName, Rows]
    sources: dict[SplitName, Source]
    roles: Roles
    infos: dict[str, ColumnInfo]
    decisions: tuple[tuple[str, str], ...] = ()
    doubts: tuple[Problem, ...] = ()
    left_out: Mapping[SplitName, NDArray[np.int64]] = dataclasses.field(default_factory=dict)
    unusable: Mapping[SplitName, NDArray[np.int64]] = dataclasses.field(default_factory=dict)
    weights: Mapping[SplitName, NDArray[np.float32]] = dataclasses.field(default_factory=dict)
    put_in: Mapping[SplitName, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Found:
    """The files of a config, none of them opened yet.

    Args:
        sources: By the split that names them.
        problems: Files that are missing, or of no known format.
        sightings: Which of the marks for empty cells that the config names are met when they are read.
    """

    sources: dict[SplitName, Source]
    problems: tuple[Problem, ...]
    sightings: Sightings


def find_sources(config: DataConfig, *, splits: Iterable[SplitName] = SPLITS) -> Found:
    """Find the files of a config.

    Args:
        config: The `data` section.
        splits: The splits that are wanted; a fraction is part of `train`.
    """
    sightings = Sightings(config.given_marks)
    options = dataclasses.replace(TableOptions.of(config), sightings=sightings if config.given_marks else None)
    wanted = set(splits)
    places: dict[SplitName, Said] = {}
    for name in SPLITS:
        place = getattr(config, name)
        if isinstance(place, float) and name in wanted:
            places["train"] = config.train
        elif place is not None and name in wanted:
            places[name] = place
    sources: dict[SplitName, Source] = {}
    problems: list[Problem] = []
    for name, place in sorted(places.items(), key=lambda item: SPLITS.index(item[0])):
        try:
            sources[name] = open_source(place, options, path=f"data.{name}")
        except DataError as error:
            problems += error.problems
    return Found(sources, tuple(problems), sightings)


def read_rows(
    config: DataConfig, found: Found, *, exact_targets: bool = True, overflow: Overflow | None = None
) -> Table:
    """Read the sources of a config.

    Args:
        config: The `data` section, its types given or not.
        found: Its files.
        exact_targets: Read targets of no given type as they are written, so that classes keep their names; else as
            numbers.
        overflow: Where rows go that do not fit into memory.

    Raises:
        DataError: Files or columns that are missing or cannot be read; all that one look can find at once.
    """
    sources = found.sources
    problems = list(found.problems)
    looks: dict[SplitName, tuple[ColumnInfo, ...]] = {}
    for name, source in sources.items():
        try:
            looks[name] = source.columns(whole=True)
        except DataError as error:
            problems += error.problems
    reference = next(iter(looks), None)
    if reference is None:
        raise DataError(problems)
    infos = {info.name: info for info in looks[reference] if info.name}
    roles = assign_roles(config, [info.name for info in looks[reference]])
    problems += roles.problems
    for name, look in looks.items():
        if name != reference:
            present = [info.name for info in look]
            problems += missing_columns(roles.columns, present, path=f"data.{name}", what=sources[name].name)
    if problems:
        raise DataError(problems)
    kinds = find_kinds(config, roles, infos, exact_targets=exact_targets)
    return Table(config, _read(sources, kinds, overflow or Overflow()), sources, roles, infos)


def _read(sources: Mapping[SplitName, Source], kinds: dict[str, Kind], overflow: Overflow) -> dict[SplitName, Rows]:
    """All rows of all sources. Columns that prove to be none of numbers, at whatever row, are texts from the first on:
    what they are is then told from all of their cells."""
    while True:
        try:
            return _read_once(sources, kinds, overflow)
        except NotNumbers as others:
            kinds = {**kinds, **dict.fromkeys(others.columns, "text")}
            overflow.restart()


def _read_once(
    sources: Mapping[SplitName, Source], kinds: Mapping[str, Kind], overflow: Overflow
) -> dict[SplitName, Rows]:
    rows: dict[SplitName, Rows] = {}
    problems: list[Problem] = []
    for name, source in sources.items():
        try:
            rows[name] = Rows.read(source, kinds, overflow)
        except DataError as error:
            problems += error.problems
            continue
        if rows[name].num_rows == 0:
            problems.append(
                Problem(
                    f"'{source.name}' has a header and no rows", path=f"data.{name}", hint="add rows", rule="no-rows"
                )
            )
    if problems:
        raise DataError(problems)
    return rows


def missing_columns(wanted: Iterable[str], present: Iterable[str], *, path: str, what: str) -> list[Problem]:
    """A problem for each wanted column that is not there."""
    names = list(present)
    return [
        Problem(
            f"'{what}' has no column '{column}'",
            path=path,
            hint=did_you_mean(column, names) or f"its columns are {', '.join(filter(None, names[:10]))}",
            rule="missing-column",
        )
        for column in wanted
        if column not in names
    ]


def find_kinds(
    config: DataConfig, roles: Roles, infos: Mapping[str, ColumnInfo], *, exact_targets: bool = True
) -> dict[str, Kind]:
    """How every column is to be read; one that is a number here and a category there is read as it is written."""
    asked: dict[str, set[Kind]] = {}
    for name, columns in roles.features.items():
        feature = config.feature(name)
        for column in columns:
            asked.setdefault(column, set()).add(_kind(feature, infos[column]))
    for name, columns in roles.targets.items():
        target = config.target[name]
        for column in columns:
            info = infos[column]
            if target is None and exact_targets and not info.shape:
                asked.setdefault(column, set()).add("text")
            elif target is None and not exact_targets:
                asked.setdefault(column, set()).add("number")
            else:
                asked.setdefault(column, set()).add(_kind(target, info))
    if roles.sample_weight is not None:
        asked.setdefault(roles.sample_weight, set()).add("number")
    if roles.group is not None:
        asked.setdefault(roles.group, set()).add("text")
    for column in roles.series:
        asked.setdefault(column, set()).add("text")
    if roles.order is not None:
        asked.setdefault(roles.order, set()).add(infos[roles.order].kind or "text")
    return {column: _one_kind(kinds) for column, kinds in asked.items()}


def _one_kind(kinds: set[Kind]) -> Kind:
    if kinds == {"number", "unsure"}:
        return "number"  # it was asked for as such
    return next(iter(kinds)) if len(kinds) == 1 else "text"


def _kind(entry: Feature | Target | None, info: ColumnInfo) -> Kind:
    if entry is None:
        return "unsure" if info.kind == "number" and not info.dtype else info.kind or "text"
    if entry.may_be_lists and info.kind == "text" and not info.shape:
        return "text"
    return entry.cells
