"""The report of an ensemble or a cross-validation: each member, and what they say together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from dlcli.errors import Problem
from dlcli.reporting.document import Report, Section, Text, renamed
from dlcli.reporting.folders.gathering import FolderFacts, gather_folder
from dlcli.reporting.folders.members import curves_of_members, members
from dlcli.reporting.folders.overview import findings_of_folder, overview_of_folder, usage_of_folder
from dlcli.reporting.gathering import Facts
from dlcli.reporting.looking import Look
from dlcli.reporting.plots.svg import shortened
from dlcli.reporting.sections.background import config_section, provenance
from dlcli.reporting.sections.boundary import boundary
from dlcli.reporting.sections.classes import classes
from dlcli.reporting.sections.forecasts import forecasts
from dlcli.reporting.sections.importance import importance
from dlcli.reporting.sections.measures import measures
from dlcli.reporting.sections.mistakes import mistakes
from dlcli.reporting.sections.numbers import numbers
from dlcli.reporting.writing import Maker, made, title_of
from dlcli.runs.members import WORDS, Several

__all__ = ["make_folder_report"]

Warn = Callable[[Problem], None]


def make_folder_report(
    several: Several,
    *,
    together: Look | None = None,
    left_out: Look | None = None,
    without_look: str = "",
    seconds: float,
    warn: Warn,
) -> Report:
    """Make the report of a folder whose members are one model together.

    Args:
        several: The folder.
        together: Rows that the mean of the members was asked about; None where there are none.
        left_out: Of a cross-validation rows that a member each was asked about which had not seen them.
        without_look: Why there are no rows.
        seconds: What the parts may take that ask the models again, about.
        warn: Told of parts that could not be made.

    Raises:
        DlcliError: The folder cannot be read.
    """
    folder = gather_folder(several, together=together, left_out=left_out)
    targets = ", ".join(folder.together.config.data.target) or "what its layers add to the loss"
    kind = "A cross-validation" if several.kind == "cross_validation" else "An ensemble"
    subtitle = f"{kind} of {len(several.names)} Keras models that learn {shortened(targets, 200)}, trained by dlcli"
    sections = tuple(made(_makers(folder, without_look, seconds), warn))
    return Report(title_of(folder.together, WORDS[several.kind]), subtitle, sections)


def _makers(folder: FolderFacts, without_look: str, seconds: float) -> Iterator[Maker]:
    yield "overview", lambda: overview_of_folder(folder)
    yield "members", lambda: members(folder)
    yield "curves", lambda: curves_of_members(folder)
    if without_look:
        yield "rows", lambda: Section("rows", "Rows", (Text(without_look, "note"),))
    last = folder.together
    if folder.left_out is not None:
        both = bool(folder.together.subject)
        yield from _of_rows(folder.left_out, "left-out", "out of fold" if both else "")
        if not both:
            last = folder.left_out
    if folder.together.subject:
        yield from _of_rows(folder.together, "", "as one model" if folder.left_out is not None else "")
    yield "boundary", lambda: boundary(last)
    yield "importance", lambda: importance(last, seconds=seconds)
    yield "findings", lambda: findings_of_folder(folder)
    yield "usage", lambda: usage_of_folder(folder)
    yield "config", lambda: config_section(folder.together)
    yield "provenance", lambda: provenance(folder.together)


def _of_rows(facts: Facts, prefix: str, title: str) -> Iterator[Maker]:
    """The parts on the rows that are looked at, named so that there may be others like them."""
    reports = {name: {**document, "metrics": {}} for name, document in facts.evaluations.items()}
    reported = dataclasses.replace(facts, record={}, evaluations=reports)  # metrics are those of the members
    parts: list[Maker] = [
        ("measures", lambda: _with_note(measures(reported), prefix)),
        ("classes", lambda: classes(facts)),
        ("numbers", lambda: numbers(facts)),
        ("forecasts", lambda: forecasts(facts)),
        ("mistakes", lambda: mistakes(facts)),
    ]
    for name, make in parts:
        yield name, lambda make=make: _named(make(), prefix, title)  # type: ignore[misc]


def _with_note(section: Section | None, prefix: str) -> Section | None:
    """Of rows of several models what is no number of all rows together."""
    if section is None or not prefix:
        return section
    note = Text("Of all rows together; R2, AUC and MASE are those of the folds, on average.", "note")
    return dataclasses.replace(section, blocks=(*section.blocks, note))


def _named(section: Section | None, prefix: str, title: str) -> Section | None:
    if section is None:
        return None
    section = renamed(section, prefix) if prefix else section
    return dataclasses.replace(section, title=f"{section.title}, {title}") if title else section
