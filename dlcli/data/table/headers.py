"""What the headers of the data files tell of a config's faults, before anything heavy is imported."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from dlcli.config.options.sources import FileColumns, KerasData, Source
from dlcli.config.schema import USUAL_MARKS, DataConfig, OnlyTheseMarks
from dlcli.config.signature import SPLITS
from dlcli.data.sources.format import Peek
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.peek import peek_columns, source_files
from dlcli.data.table.roles import Roles, assign_roles
from dlcli.errors import Problem, did_you_mean

__all__ = ["Headers", "look_at_headers"]


_CAUSES = ("header-looks-like-data", "folder-of-files", "unequal-arrays")
"""Doubts that say why a column is not there: its name is looked for in a row that is none of names, among the names of
files and not in them, or without its split."""


@dataclasses.dataclass(frozen=True)
class Headers:
    """What the headers tell.

    Args:
        features: The names of the features; None when the columns of `train` cannot be known so early.
        problems: Files that are missing or cannot be read, and columns that the config names and the files do not have.
        doubts: What can be read, and looks as if it were meant otherwise.
    """

    features: tuple[str, ...] | None
    problems: tuple[Problem, ...]
    doubts: tuple[Problem, ...]


def look_at_headers(config: DataConfig) -> Headers:
    """Read the headers of all data files.

    Args:
        config: The `data` section, its paths absolute.
    """
    options = TableOptions.of(config)
    features: tuple[str, ...] | None = None
    problems = _no_directory(config)
    doubts = [*_half_the_marks(config), *_no_folder(config)]
    owners: dict[tuple[Path, object], str] = {}
    for name in SPLITS:
        place: Source | float | None = getattr(config, name)
        if place is None or isinstance(place, float):
            continue
        look = peek_columns(place, options, path=f"data.{name}")
        known = {(problem.message, problem.hint) for problem in problems}
        problems += [problem for problem in look.problems if (problem.message, problem.hint) not in known]
        doubts += look.doubts
        if not look.problems:
            problems += _shared(place, name, owners)
        if name == "train" and look.names is not None:
            roles = assign_roles(config, look.names)
            features = tuple(roles.features)
            problems += [*roles.problems, *_empty_targets(roles, look)]
            if any(problem.rule == "missing-column" for problem in roles.problems):
                problems += [doubt for doubt in look.doubts if doubt.rule in _CAUSES]
    return Headers(features, tuple(problems), tuple(doubts))


def _half_the_marks(config: DataConfig) -> list[Problem]:
    """A doubt about a list of marks for empty cells that names some of the usual ones: are the others to be none?"""
    given = config.missing_values
    if isinstance(given, OnlyTheseMarks):
        return []
    named = [mark for mark in given if mark in USUAL_MARKS]
    others = [mark for mark in USUAL_MARKS if mark not in named]
    if not named or not others:
        return []
    return [
        Problem(
            f"{', '.join(map(repr, named))} count{'s' * (len(named) == 1)} as empty anyway, and so do "
            f"{', '.join(map(repr, others))}: missing_values adds to the usual marks",
            path="data.missing_values",
            hint=f"{{only: {json.dumps(given)}}} leaves the others out",
            rule="missing-values",
        )
    ]


def _no_folder(config: DataConfig) -> list[Problem]:
    """A doubt about an option of folders where none is a source."""
    sources = [source for name in SPLITS if isinstance(source := getattr(config, name), list)]
    if config.rows == "files" or any(Path(path).is_dir() for source in sources for path in source):
        return []
    message = "`rows: folders` makes rows of the folders in a folder, and no source is one"
    hint = "leave it out; in a table a row is a row, whether its cells name files or folders"
    return [Problem(message, path="data.rows", hint=hint, rule="folder-of-files")]


def _no_directory(config: DataConfig) -> list[Problem]:
    if config.directory is None or Path(config.directory).is_dir():
        return []
    above = Path(config.directory).parent
    names = [entry.name for entry in above.iterdir() if entry.is_dir()] if above.is_dir() else []
    near = did_you_mean(Path(config.directory).name, names) or "files that cells name are looked for there"
    message = f"there is no directory '{config.directory}'"
    return [Problem(message, path="data.directory", hint=near, rule="file-not-found")]


def _empty_targets(roles: Roles, look: Peek) -> list[Problem]:
    """A problem for each target whose column is empty in every row, as the names alone tell."""
    return [
        Problem(f"the target '{column}' is empty: {reason}", path=f"data.target.{name}", hint=hint, rule="no-values")
        for name, columns in roles.targets.items()
        for column in columns
        for reason, hint in [look.empty.get(column, ("", ""))]
        if reason
    ]


def _shared(source: Source, split: str, owners: dict[tuple[Path, object], str]) -> list[Problem]:
    """A problem for each file that another split has already, or that is in a folder of another; notes the others in
    `owners`. Different arrays of one file are different rows."""
    problems = []
    part = _part_of_file(source)
    for file in source_files(source, path=f"data.{split}"):
        place = file.resolve()
        related = (
            (other, its)
            for other, its in owners
            if its == part and (other.is_relative_to(place) or place.is_relative_to(other))
        )
        owner = owners.setdefault(next(related, (place, part)), split)
        owners.setdefault((place, part), owner)
        if owner != split:
            problems.append(
                Problem(
                    f"'{file.name}' is the source of the {owner} split already, and splits share no rows",
                    path=f"data.{split}",
                    hint="give another file, or a fraction such as 0.2 of the rows of train",
                    rule="shared-rows",
                )
            )
    return problems


def _part_of_file(source: Source) -> object:
    if isinstance(source, KerasData):
        return source.split
    return tuple(sorted(source.columns.values())) if isinstance(source, FileColumns) else None
