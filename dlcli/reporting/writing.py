"""The report of a run, written: the page, and beside it the model card and the plots as files."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from dlcli.config.inspection.resolved import read_resolved
from dlcli.config.schema import Config
from dlcli.errors import DlcliError, Problem
from dlcli.files.syncing import Sync
from dlcli.reporting.card import card
from dlcli.reporting.document import Report, Section, Text
from dlcli.reporting.gathering import Facts, gather, held_out
from dlcli.reporting.html import page
from dlcli.reporting.looking import Look
from dlcli.reporting.plots.svg import shortened
from dlcli.reporting.sections.background import config_section, findings, provenance, usage
from dlcli.reporting.sections.boundary import boundary
from dlcli.reporting.sections.classes import classes
from dlcli.reporting.sections.curves import curves
from dlcli.reporting.sections.forecasts import forecasts
from dlcli.reporting.sections.importance import importance
from dlcli.reporting.sections.measures import measures
from dlcli.reporting.sections.mistakes import mistakes
from dlcli.reporting.sections.numbers import numbers
from dlcli.reporting.sections.overview import overview
from dlcli.reporting.style import PLOTS
from dlcli.runs.layout import RunDirectory, write_atomically

__all__ = ["FAULTS", "MOST_BYTES", "Maker", "made", "make_report", "title_of", "write_page", "write_report"]

MOST_BYTES = 1_000_000
"""Of the page."""

FAULTS: tuple[type[Exception], ...] = (
    DlcliError,
    OSError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    ImportError,
    MemoryError,
    NameError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a report may fail with, and no training with it: its own mistakes too."""

Warn = Callable[[Problem], None]

Maker: TypeAlias = tuple[str, Callable[[], Section | None]]
"""Of a section: its name, for messages, and what makes it."""


def write_report(run: RunDirectory, report: Report) -> None:
    """Write `report.html`, `model_card.md` and `plots/` of a run, in place of those that are there.

    Args:
        run: The run.
        report: Of it.

    Raises:
        DlcliError: A file cannot be written.
    """
    write_page(run.report, report)
    plots = report.plots()
    try:
        run.plots.mkdir(exist_ok=True)
    except OSError as error:
        message = f"cannot write {run.plots}: {error.strerror or error}"
        raise DlcliError(Problem(message, rule="not-writable")) from error
    names = {f"{plot.name}.svg" for plot in plots}
    for old in run.plots.glob("*.svg"):
        if old.name not in names:
            with contextlib.suppress(OSError):
                old.unlink()
    for plot in plots:
        write_atomically(run.plots / f"{plot.name}.svg", plot.file(PLOTS), sync=Sync.NEVER)
    write_atomically(run.card, card(report, plots=run.plots.name), sync=Sync.NEVER)


def write_page(file: Path, report: Report) -> None:
    """Write the page; where it would be too large, without what takes most of it.

    Raises:
        RunError: It cannot be written.
    """
    text = page(report)
    for leave_out in ("mistakes", "config", "classes", "importance", "numbers"):
        if len(text.encode()) < MOST_BYTES:
            break
        kept = [_emptied(each) if each.name.endswith(leave_out) else each for each in report.sections]
        report = dataclasses.replace(report, sections=kept)
        text = page(report)
    write_atomically(file, text, sync=Sync.NEVER)


def _emptied(section: Section) -> Section:
    return Section(section.name, section.title, (Text("Left out, because the page would be too large.", "note"),))


def make_report(
    run: RunDirectory,
    *,
    config: Config | None = None,
    subject: str = "",
    look: Look | None = None,
    without_look: str = "",
    seconds: float,
    warn: Warn,
) -> Report:
    """Make a report of a run.

    Args:
        run: The run.
        config: Its config, where that has been read.
        subject: The evaluation that it is about; the held-out split when empty.
        look: Rows of it; None where there are none to look at.
        without_look: Why there are none.
        seconds: What the parts may take that ask the model again, about.
        warn: Told of parts that could not be made.

    Raises:
        DlcliError: The run cannot be read.
    """
    facts = gather(run, config or read_resolved(run.config), subject=subject)
    facts = dataclasses.replace(facts, look=look, without_look=without_look)
    targets = ", ".join(facts.config.data.target) or "what its layers add to the loss"
    about = "" if facts.subject == held_out(facts.config) else f", looked at on {shortened(facts.subject, 100)}"
    subtitle = f"A Keras model that learns {shortened(targets, 200)}, trained by dlcli{about}"
    return Report(title_of(facts), subtitle, tuple(made(_makers(facts, seconds), warn)))


def title_of(facts: Facts, kind: str = "") -> str:
    """What a report is called: as its folder, and by the name in its config where the folder has another."""
    folder = facts.directory.path.resolve().name
    title = folder if folder.startswith(facts.config.name) else f"{facts.config.name} ({folder})"
    return f"{title}, {kind}" if kind else title


def _makers(facts: Facts, seconds: float) -> Iterator[Maker]:
    yield "overview", lambda: overview(facts)
    yield "measures", lambda: measures(facts)
    yield "curves", lambda: curves(facts)
    if facts.look is None and facts.without_look:
        yield "rows", lambda: Section("rows", "Rows", (Text(facts.without_look, "note"),))
    yield "classes", lambda: classes(facts)
    yield "numbers", lambda: numbers(facts)
    yield "forecasts", lambda: forecasts(facts)
    yield "boundary", lambda: boundary(facts)
    yield "importance", lambda: importance(facts, seconds=seconds)
    yield "mistakes", lambda: mistakes(facts)
    yield "findings", lambda: findings(facts)
    yield "usage", lambda: usage(facts)
    yield "config", lambda: config_section(facts)
    yield "provenance", lambda: provenance(facts)


def made(makers: Iterable[Maker], warn: Warn) -> Iterator[Section]:
    """The sections that have something to say; one that cannot be made is told of, and left out."""
    for name, make in makers:
        try:
            section = make()
        except FAULTS as error:
            message = f"the report has no part {name!r}: {type(error).__name__}: {error}"
            warn(Problem(message, rule="report-part"))
            continue
        if section is not None:
            yield section
