"""Which column is what: targets, features, weight, group. Needs the column names alone and imports nothing heavy."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from dlcli.config.document.places import format_path
from dlcli.config.schema import REST, DataConfig, GroupSplit, OrderedSplit
from dlcli.data.columns.globs import expand_columns
from dlcli.errors import ConfigError, Problem

__all__ = ["Roles", "assign_roles"]


@dataclasses.dataclass(frozen=True)
class Roles:
    """The columns of every feature and target, and what could not be assigned.

    Args:
        targets: The columns of every target, by its name.
        features: The columns of every feature, by its name; every other column when the config names none.
        sample_weight: The column of weights.
        group: The column that names the group of a row.
        order: The column that orders the rows; it may be a feature as well.
        series: The columns that name the series of a row; they may be features as well.
        left_out: Columns that are nothing of these.
        problems: Missing columns and columns that are two things at once.
    """

    targets: dict[str, tuple[str, ...]]
    features: dict[str, tuple[str, ...]]
    sample_weight: str | None
    group: str | None
    order: str | None
    series: tuple[str, ...]
    left_out: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that has to be read, once."""
        singles = [name for name in (self.sample_weight, self.group, self.order, *self.series) if name is not None]
        groups = (*self.features.values(), *self.targets.values(), singles)
        return tuple(dict.fromkeys(name for group in groups for name in group))


def assign_roles(config: DataConfig, available: Sequence[str]) -> Roles:
    """Find the columns that the config means among those that there are.

    Args:
        config: The `data` section.
        available: The column names of `train`; those without a name are passed over.
    """
    named = [name for name in available if name]
    problems: list[Problem] = []

    def find(patterns: Sequence[str], *path: str) -> tuple[str, ...]:
        try:
            return expand_columns(patterns, named)
        except ConfigError as error:
            problems.extend(
                dataclasses.replace(problem, path=format_path(path), hint=_separator(config, named) or problem.hint)
                for problem in error.problems
            )
            return ()

    def find_all(section: str, entries: dict[str, object]) -> dict[str, tuple[str, ...]]:
        return {
            name: ()
            if getattr(entry, "of_features", ())
            else find(getattr(entry, "columns", None) or [name], "data", section, name)
            for name, entry in entries.items()
        }

    targets = find_all("target", dict(config.target))
    group = config.split.group if isinstance(config.split, GroupSplit) else None
    order = config.split.ordered if isinstance(config.split, OrderedSplit) else None
    windows = config.windows
    series = () if windows is None or not windows.series else find(windows.series, "data", "windows", "series")
    if windows is not None and windows.time is not None:
        order = windows.time
    for name, *path in (
        (config.sample_weight, "data", "sample_weight"),
        (group, "data", "split", "group"),
        (order, "data", *(("split", "ordered") if windows is None else ("windows", "time"))),
    ):
        if name is not None:
            find([name], *(str(part) for part in path))
    aimed = {column for columns in targets.values() for column in columns}
    given = dict(config.features or {REST: None})
    features = find_all("features", {name: entry for name, entry in given.items() if name != REST})
    if not config.shows_target:
        problems += _targets_among(features, aimed)
    if config.takes_rest:
        excluded = set(find(config.exclude, "data", "exclude")) if config.exclude else set()
        taken = {column for columns in features.values() for column in columns}
        others = excluded | taken | features.keys() | {config.sample_weight, group}
        others |= set() if config.shows_target else aimed
        others |= set() if windows is None else {order, *series}
        rest: dict[str, tuple[str, ...]] = {name: (name,) for name in named if name not in others}
        features = _in_place(features, list(given), rest)
        if not features and not problems:
            problems.append(
                Problem(
                    "no column is left to be a feature",
                    path="data",
                    hint=_separator(config, named) or f"the columns are {', '.join(named)}",
                    rule="no-features",
                )
            )
    used = (
        {column for columns in features.values() for column in columns}
        | aimed
        | {config.sample_weight, group, order, *series}
    )
    left_out = tuple(name for name in available if name not in used)
    return Roles(targets, features, config.sample_weight, group, order, series, left_out, tuple(problems))


def _in_place(
    features: dict[str, tuple[str, ...]], order: list[str], rest: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """The features in the config's order, those that `...` stands for in its place."""
    ordered: dict[str, tuple[str, ...]] = {}
    for name in order:
        ordered |= rest if name == REST else {name: features[name]}
    return ordered


def _targets_among(features: dict[str, tuple[str, ...]], targets: set[str]) -> list[Problem]:
    return [
        Problem(
            f"column {column!r} is a feature and the target at once",
            path=format_path(("data", "features", name)),
            hint="a model that sees its target learns nothing else; take it out of the features, or say "
            f"`{{from: {name}}}` where it is to learn its input",
            rule="target-is-feature",
        )
        for name, columns in features.items()
        for column in columns
        if column in targets
    ]


def _separator(config: DataConfig, names: Sequence[str]) -> str:
    """A hint for a file that was read as one column because its cells are separated by something else."""
    if len(names) == 1 and config.delimiter is None:
        for mark, written in ((";", "';'"), ("\t", r'"\t"'), ("|", "'|'")):
            if mark in names[0]:
                return f"the file was read as one column, {names[0]!r}; set data.delimiter: {written}"
    return ""
