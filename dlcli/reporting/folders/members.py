"""Each member of a folder beside the others: a table with the mean and the spread, and all curves in one picture."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.reporting.document import Block, Figure, Section, Table, Text
from dlcli.reporting.folders.gathering import FolderFacts
from dlcli.reporting.gathering import Facts, reports_of
from dlcli.reporting.plots.axes import short_number
from dlcli.reporting.plots.lines import Line, lines_plot, spans_decades, thinned
from dlcli.reporting.plots.svg import shortened
from dlcli.reporting.sections.curves import names_in, values_of
from dlcli.reporting.sections.measures import NAMES

__all__ = ["curves_of_members", "members"]

MEASURES = ("accuracy", "whole", "log_loss", "mae", "rmse", "r2", "mase")
"""Of a report, what is compared between members."""

MOST_METRICS = 8
MOST_LISTED = 100
MOST_CHARTS = 12
MOST_LINES = 20
"""Members whose curves are drawn; the mean is that of all."""

FEW = 12
"""Epochs up to which each has a point."""

POINTS = 3_000
"""Of all lines of a picture together."""

Curve = NDArray[np.float64]


def members(folder: FolderFacts) -> Section | None:
    """The section; None where no member has come to its end."""
    blocks = tuple(_blocks(folder))
    return Section("members", f"Each {folder.word}", blocks, on_card=True) if blocks else None


def _blocks(folder: FolderFacts) -> Iterator[Block]:
    compiled = [_metrics(member, folder.split) for member in folder.members]
    names = list(dict.fromkeys(name for each in compiled for name in each))[:MOST_METRICS]
    if names:
        where = "the rows that it has not seen" if folder.word == "fold" else f"the {folder.split} split"
        rows = [
            (name, member.record.get("epochs"), *(each.get(metric) for metric in names))
            for name, member, each in zip(_names(folder), folder.members, compiled, strict=True)
        ]
        yield _table(folder, f"Metrics of each {folder.word}, on {where}", ("epochs", *names), rows)
    known = [[each.get(metric) for each in compiled] for metric in names]
    for target in _targets(folder.members, folder.split):
        yield from _compared(folder, target, folder.split, (), known)
    if folder.together.evaluation is not None and (folder.word == "fold" or folder.split != folder.together.subject):
        for target, report in folder.together.reports().items():
            yield from _compared(folder, target, folder.together.subject, (report,))
    if len(folder.members) > MOST_LISTED:
        yield Text(f"The first {MOST_LISTED} of {len(folder.members):,}; mean and spread are of all.", "note")
    absent = [name for name in folder.several.names if name not in _names(folder)]
    if absent:
        yield Text(f"Not trained, or not readable: {', '.join(absent[:20])}.", "warning")


def _names(folder: FolderFacts) -> list[str]:
    return [member.directory.path.name for member in folder.members]


def _metrics(member: Facts, split: str) -> dict[str, float]:
    metrics = member.record.get("metrics")
    found = metrics.get(split) if isinstance(metrics, Mapping) else None
    return {name: float(each) for name, each in (found or {}).items() if isinstance(each, int | float)}


def _targets(members: Sequence[Facts], split: str) -> list[str]:
    found = [reports_of(member.evaluations.get(split, {})) for member in members]
    return list(dict.fromkeys(name for each in found for name in each))


def _compared(
    folder: FolderFacts,
    target: str,
    split: str,
    together: Sequence[Mapping[str, Any]],
    known: Sequence[Sequence[Any]] = (),
) -> Iterator[Block]:
    """A target in its own terms: each member, their mean and spread, the mean as one model, and what needs none; where
    there is no mean as one model only what is not known yet."""
    reports = [reports_of(member.evaluations.get(split, {})).get(target, {}) for member in folder.members]
    if not together and split == folder.together.subject:
        together = [each for name, each in folder.together.reports().items() if name == target]
    names = [name for name in MEASURES if any(isinstance(each.get(name), float) for each in (*reports, *together))]
    if not together:
        names = [name for name in names if not _is_known([report.get(name) for report in reports], known)]
    if not names or not any(reports):
        return
    rows = [
        (name, *(report.get(measure) for measure in names))
        for name, report in zip(_names(folder), reports, strict=True)
    ]
    more = [("their mean as one model", *(each.get(measure) for measure in names)) for each in together]
    first: Mapping[str, Any] = (together or reports)[0]
    needless = [
        (str(each.get("is", key)), *(each.get(measure) for measure in names))
        for key, each in (first.get("baselines") or {}).items()
        if isinstance(each, Mapping) and together
    ]
    where = "the rows that it has not seen" if split != folder.together.subject else f"the {split} split"
    title = f"{target}: each {folder.word}, on {where}"
    yield _table(folder, title, [NAMES.get(name, name) for name in names], rows, more, needless)


def _is_known(values: Sequence[Any], known: Sequence[Sequence[Any]]) -> bool:
    """Whether a column says what another one has said."""
    return any(
        all(one is not None and other is not None and math.isclose(one, other, rel_tol=1e-4) for one, other in pairs)
        for column in known
        if (pairs := list(zip(values, column, strict=True)))
    )


def _table(
    folder: FolderFacts,
    caption: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    more: Sequence[Sequence[Any]] = (),
    last: Sequence[Sequence[Any]] = (),
) -> Table:
    """The rows of the members, and below them their mean and spread."""
    shown = rows[:MOST_LISTED]
    numbers = [[row[place] for row in rows] for place in range(1, len(columns) + 1)]
    mean = ("mean", *(_over(values, statistics.fmean) for values in numbers))
    spread = ("spread (standard deviation)", *(_over(values, statistics.stdev) for values in numbers))
    every = [*shown, mean, *([spread] if len(rows) > 1 else []), *more, *last]
    strong = [len(shown), *range(len(every) - len(last) - len(more), len(every) - len(last))]
    return Table(caption, (folder.word, *columns), every, strong=strong)


def _over(values: Sequence[Any], how: Any) -> float | None:
    known = [float(value) for value in values if isinstance(value, int | float) and math.isfinite(value)]
    return float(how(known)) if len(known) == len(values) and (len(known) > 1 or how is statistics.fmean) else None


def curves_of_members(folder: FolderFacts) -> Section | None:
    """The curves of all members, a picture for each metric; None where no epoch ended."""
    told = [member for member in folder.members if member.history]
    names = list(dict.fromkeys(name for member in told for name in names_in(member) if not name.startswith("val_")))
    if not names:
        return None
    blocks: list[Block] = [
        Figure(_chart(folder, told, name, f"curve-{place}")) for place, name in enumerate(names[:MOST_CHARTS])
    ]
    if len(names) > MOST_CHARTS:
        blocks.append(Text(f"{len(names) - MOST_CHARTS} more are in the members' history.csv.", "note"))
    drawn = f"the first {MOST_LINES} of {len(told)} {folder.word}s" if len(told) > MOST_LINES else f"a {folder.word}"
    blocks.append(Text(f"Each thin line is {drawn}; the thick ones are the means, as far as all were trained.", "note"))
    return Section("curves", "How they learnt", tuple(blocks), on_card=True)


def _chart(folder: FolderFacts, told: Sequence[Facts], name: str, plot: str) -> Any:
    train = [values_of(member, name) for member in told]
    validation = [values_of(member, f"val_{name}") for member in told]
    groups = [("train", train, 0)]
    if any(np.isfinite(each).any() for each in validation):
        groups.append(("validation", validation, 1))
    lines = [
        Line("", *_thin(each, len(told)), color, dashed=color == 1, dots=_is_one(each), thin=True)
        for _, curves, color in groups
        for each in curves[:MOST_LINES]
    ]
    means = [(word, _mean(curves), color) for word, curves, color in groups]
    lines += [
        Line(f"{word}, mean", *mean, color, dashed=color == 1, dots=len(mean[0]) <= FEW) for word, mean, color in means
    ]
    log = name.endswith("loss") and spans_decades([line.y for line in lines])
    said = "; ".join(
        f"{word} ends between {short_number(min(ends))} and {short_number(max(ends))}"
        for word, curves, _ in groups
        if (ends := [_last(each) for each in curves if np.isfinite(each).any()])
    )
    return lines_plot(
        plot,
        shortened(name, 60),
        f"{name} of {len(told)} {folder.word}s: {said}",
        lines,
        x_label="epoch",
        y_label=f"{shortened(name, 30)}{', log scale' if log else ''}",
        log_y=log,
        whole_x=True,
    )


def _thin(values: Curve, count: int) -> tuple[Curve, Curve]:
    known = np.flatnonzero(np.isfinite(values))
    most = max(20, POINTS // (2 * min(count, MOST_LINES)))
    return thinned(known + 1.0, values[known], most)


def _is_one(values: Curve) -> bool:
    return int(np.isfinite(values).sum()) == 1


def _mean(curves: Sequence[Curve]) -> tuple[Curve, Curve]:
    """The mean over the members, of the epochs that all of them have."""
    length = min(len(each) for each in curves)
    mean: Curve = np.asarray(sum(each[:length] for each in curves), np.float64) / len(curves)
    known = np.flatnonzero(np.isfinite(mean))
    return np.asarray(known, np.float64) + 1, mean[known]


def _last(values: Curve) -> float:
    return float(values[np.isfinite(values)][-1])
