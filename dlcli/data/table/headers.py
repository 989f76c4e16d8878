"""What the headers of the data files tell of a config's faults, before anything heavy is imported."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from dlcli.config.schema import USUAL_MARKS, DataConfig, OnlyTheseMarks
from dlcli.config.signature import SPLITS
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.paths import find_files
from dlcli.data.sources.peek import peek_columns
from dlcli.data.table.roles import assign_roles
from dlcli.errors import Problem

__all__ = ["Headers", "look_at_headers"]


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
    problems: list[Problem] = []
    doubts = _half_the_marks(config)
    owners: dict[Path, str] = {}
    for name in SPLITS:
        place: Sequence[str] | float | None = getattr(config, name)
        if place is None or isinstance(place, float):
            continue
        look = peek_columns(place, options, path=f"data.{name}")
        problems += look.problems
        doubts += look.doubts
        if not look.problems:
            problems += _shared(place, name, owners)
        if name == "train" and look.names is not None:
            roles = assign_roles(config, look.names)
            features = tuple(roles.features)
            problems += roles.problems
            if any(problem.rule == "missing-column" for problem in roles.problems):
                # The cause: names are looked for in a first row that is none of names.
                problems += [doubt for doubt in look.doubts if doubt.rule == "header-looks-like-data"]
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


def _shared(patterns: Sequence[str], split: str, owners: dict[Path, str]) -> list[Problem]:
    """A problem for each file that another split has already, or that is in a folder of another; notes the others in
    `owners`."""
    problems = []
    for file in find_files(patterns, path=f"data.{split}"):
        place = file.resolve()
        related = (other for other in owners if other.is_relative_to(place) or place.is_relative_to(other))
        owner = owners.setdefault(next(related, place), split)
        owners.setdefault(place, owner)
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
