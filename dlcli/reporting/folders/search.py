"""The report of a sweep: how the search went, which parameters matter, and what was best."""

from __future__ import annotations

import collections
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dlcli.config.document.writer import flow
from dlcli.config.schema.sweep import ParameterConfig
from dlcli.errors import Problem
from dlcli.reporting.document import Block, Code, Figure, Folded, Key, Keys, Report, Section, Table, Text
from dlcli.reporting.folders.parameters import parameters
from dlcli.reporting.folders.trials import TABLE, Search, Trial, read_search
from dlcli.reporting.gathering import config_text
from dlcli.reporting.plots.axes import short_number
from dlcli.reporting.plots.bars import bars_plot
from dlcli.reporting.plots.lines import Line, spans_decades
from dlcli.reporting.plots.points import Points, points_plot
from dlcli.reporting.plots.svg import shortened
from dlcli.reporting.sections.background import commands, config_of, provenance_of
from dlcli.reporting.sections.overview import duration
from dlcli.reporting.writing import Maker, made
from dlcli.runs.members import Several, resume_command

__all__ = ["make_sweep_report"]

MOST_TRIALS = 15
MOST_REASONS = 20
MOST_POINTS = 2_000
MOST_PARAMETERS = 40
MOST_LETTERS = 26
STATES = {"complete": "came to their end", "pruned": "ended early", "failed": "failed", "repeated": "repeated"}


def make_sweep_report(several: Several, *, warn: Callable[[Problem], None]) -> Report:
    """Make the report of a sweep, whatever became of it.

    Args:
        several: Its folder.
        warn: Told of parts that could not be made.

    Raises:
        RunError: Its table is damaged.
    """
    search = read_search(several)
    name, folder = str(several.record.get("name", "")), several.directory.path.resolve().name
    title = folder if name and folder.startswith(name) else f"{name} ({folder})"
    way = "more" if search.direction == "max" else "less"
    subtitle = f"A search over {len(search.parameters)} parameters by {search.metric}, of which {way} is better"
    return Report(f"{title}, sweep", subtitle, tuple(made(_makers(search), warn)))


def _makers(search: Search) -> Iterator[Maker]:
    path = search.several.directory
    yield "overview", lambda: Section("overview", "What was searched", tuple(_overview(search)), on_card=True)
    yield "history", lambda: _section("history", "How the search went", _history(search))
    yield "best", lambda: _section("best", "The best trials", _best(search))
    yield "importance", lambda: _section("importance", "What the parameters are worth", _importance(search))
    yield "parameters", lambda: parameters(search)
    yield "failures", lambda: _section("failures", "What failed", _failures(search))
    yield "usage", lambda: Section("usage", "How to use it", tuple(_usage(search)), on_card=True)
    yield "config", lambda: config_of(config_text(path), "config.yaml, with what is searched")
    yield "provenance", lambda: provenance_of(search.several.record)


def _section(name: str, title: str, blocks: Iterator[Block]) -> Section | None:
    made_ = tuple(blocks)
    return Section(name, title, made_, on_card=name in ("history", "best", "failures")) if made_ else None


def _counts(search: Search) -> dict[str, int]:
    return collections.Counter("repeated" if trial.twin else trial.state for trial in search.trials)


def _overview(search: Search) -> Iterator[Block]:
    record, counts = search.several.record, _counts(search)
    status = record.get("status")
    if status not in ("completed", None):
        way = f"go on with it: {resume_command('sweep', search.several.directory.path)}"
        yield Text(f"The sweep is {status}: this is how far it has come.", "warning", way)
    keys = []
    if search.complete:
        best = search.complete[0]
        keys.append(Key(short_number(best.value), search.metric, f"the best, of trial {best.number}"))
    beside = ", ".join(f"{count:,} {STATES.get(state, state)}" for state, count in counts.items())
    keys.append(Key(f"{len(search.trials):,}", "trials", beside))
    keys.append(Key(f"{sum(trial.epochs for trial in search.trials if not trial.twin):,}", "epochs", "of all together"))
    seconds = record.get("seconds")
    if isinstance(seconds, int | float):
        keys.append(Key(duration(float(seconds)), "time"))
    yield Keys(keys)
    section = search.section
    if section is None:
        return
    said = [("sampler", section.sampler.name), ("pruner", "none" if section.pruner is None else section.pruner.name)]
    if section.folds is not None:
        said.append(("each trial", f"{section.folds} folds, whose mean counts"))
    yield Table("The search", ("", ""), [("by", f"{search.metric}, {search.direction}"), *said])
    space = list(section.space.items())
    rows = [(name, *_values(parameter)) for name, parameter in space[:MOST_PARAMETERS]]
    yield Table("What was tried", ("parameter", "values", "where"), rows)
    if len(space) > MOST_PARAMETERS:
        yield Text(f"and {len(space) - MOST_PARAMETERS} more, which the config below names", "note")


def _values(parameter: ParameterConfig) -> tuple[str, str]:
    said = getattr(parameter, parameter.kind)
    values = flow(said) if parameter.choice is not None else f"{parameter.kind}: {flow(said)}"
    places = "" if parameter.at is None else ", ".join(parameter.at)
    when = "" if parameter.when is None else f"when {flow(parameter.when)}"
    return shortened(values, 200), shortened("; ".join(filter(None, (places, when))), 200)


def _history(search: Search) -> Iterator[Block]:
    """The value of each trial, and the best by then."""
    told = [trial for trial in search.trials if trial.value is not None and not trial.twin]
    complete = [trial for trial in told if trial.state == "complete"]
    if not complete:
        return
    best, steps = complete[0], [complete[0]]
    for trial in complete:
        if search.better(trial.value or 0.0, best.value or 0.0):
            best = trial
            steps.append(trial)
    groups = [
        Points(word, [trial.number for trial in shown], [trial.value for trial in shown], color)
        for word, state, color in (("came to its end", "complete", 0), ("ended early", "pruned", 7))
        if (shown := [trial for trial in told if trial.state == state][-MOST_POINTS:])
    ]
    x = [
        each
        for before, after in zip(steps, [*steps[1:], told[-1]], strict=True)
        for each in (before.number, after.number)
    ]
    y = [each for before in steps for each in (before.value, before.value)]
    log = spans_decades([group.y for group in groups])
    title = f"{shortened(search.metric, 40)} of each trial, and the best by then"
    words = f"the best is {short_number(best.value)}, of trial {best.number} of {len(search.trials)}"
    rows = [(trial.number, trial.value) for trial in steps]
    yield Figure(
        points_plot(
            "history",
            title,
            words,
            groups,
            x_label="trial",
            y_label=f"{shortened(search.metric, 30)}{', log scale' if log else ''}",
            log_y=log,
            whole_x=True,
            line=Line("the best by then", x, y, 1),
        ),
        Table("Each trial that was better than all before", ("trial", search.metric), rows[-100:]),
    )


def _best(search: Search) -> Iterator[Block]:
    best = search.complete[:MOST_TRIALS]
    if not best:
        yield Text("No trial came to its end.", "warning")
        return
    names = [name for name in search.parameters if any(name in trial.values for trial in best)]
    folded = any(trial.spread is not None for trial in best)
    rows = [
        (
            *(trial.number, trial.value, *([trial.spread] if folded else []), trial.epochs, trial.seconds),
            *(_cell(trial, name) for name in names),
        )
        for trial in best
    ]
    yield Table(
        f"The best {len(best)} of {len(search.complete):,} trials that came to their end",
        ("trial", search.metric, *(["spread"] if folded else []), "epochs", "seconds", *names),
        rows,
        strong=[0],
    )


def _cell(trial: Trial, name: str) -> Any:
    """A value as a config has it; numbers in few digits."""
    said = trial.values.get(name)
    try:
        return None if said is None else int(said) if said.isdigit() else float(said)
    except ValueError:
        return said


def _importance(search: Search) -> Iterator[Block]:
    found = search.importance()
    if not found:
        return
    names = sorted(found, key=lambda name: -found[name])[:25]
    said = "; ".join(f"{name} {found[name]:.0%}" for name in names[:5])
    rows = [(name, found[name]) for name in names]
    yield Figure(
        bars_plot(
            "importance",
            "How much of the differences each parameter explains",
            said,
            [_ending(name) for name in names],
            [found[name] for name in names],
            label="share of the differences between the best trials and all",
        ),
        Table("Importance", ("parameter", "share"), rows),
    )
    yield Text("As PED-ANOVA tells it, of the parameters that every trial has. Few trials tell little.", "note")


def _ending(name: str) -> str:
    """The end of a path, by which those of one config differ."""
    return name if len(name) <= MOST_LETTERS else f"…{name[1 - MOST_LETTERS :]}"


def _failures(search: Search) -> Iterator[Block]:
    failed = [trial for trial in search.trials if trial.state == "failed" and not trial.twin]
    if not failed:
        return
    reasons: Mapping[str, list[int]] = collections.defaultdict(list)
    for trial in failed:
        reasons[trial.reason].append(trial.number)
    most = sorted(reasons.items(), key=lambda each: -len(each[1]))
    rows = [
        (
            reason or "nothing is known of it",
            len(numbers),
            ", ".join(map(str, numbers[:10])) + (", …" if numbers[10:] else ""),
        )
        for reason, numbers in most[:MOST_REASONS]
    ]
    yield Text(f"{len(failed):,} of {len(search.trials):,} trials failed.", "warning")
    yield Table("Why", ("reason", "trials", "which"), rows)


def _usage(search: Search) -> Iterator[Block]:
    path = search.several.directory.path
    folder = shlex.quote(str(path))
    if not search.complete:
        yield Text(f"There is no best trial yet. The table of all is {TABLE}.")
        return
    best = shlex.quote(str(path / f"trial-{search.complete[0].number:04d}"))
    yield Text(
        "The trials are trained, and not more. Train the best once more for a whole run: with its evaluation of the "
        "test split, its portable model and its report."
    )
    folds = None if search.section is None else search.section.folds
    again = "dlcli train" if folds is None else f"dlcli cross-validate --folds {folds}"
    lines = [
        (f"{again} {shlex.quote(str(path / 'best.yaml'))}", "the best, as any other config"),
        (f"dlcli predict {best} new.csv", "or as it is"),
        (f"dlcli reproduce {best}", "trains it again and compares"),
        (f"dlcli sweep --join {folder}", "goes on, or trains more with --trials"),
    ]
    yield commands(lines)
    kept = (
        "all keep" if search.section is None or search.section.keep == "all" else f"the best {search.section.keep} keep"
    )
    yield Text(f"Of the models {kept} theirs; configs and histories are there of all trials, and {TABLE} has them all.")
    yield from _config_of_best(path)


def _config_of_best(path: Path) -> Iterator[Block]:
    from dlcli.runs.layout import RunDirectory

    text = config_text(RunDirectory(path), "best.yaml")
    if text:
        yield Folded("best.yaml", (Code(text[:20_000], "yaml"),))
