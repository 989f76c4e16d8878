"""Which windows over the steps of series make up each split, so that none shares a step with another split."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from dlcli.config.schema import Fold, GroupSplit, Windows
from dlcli.config.schema.windows import FillGaps
from dlcli.config.signature import SPLITS, SplitName
from dlcli.data.columns.cells import numbers
from dlcli.data.series.filling import drawn_steps
from dlcli.data.series.form import Pace
from dlcli.data.series.layout import Layout, lay_out
from dlcli.data.series.naive import seasonal_scale
from dlcli.data.series.once import changing, static_columns
from dlcli.data.series.time_form import in_words
from dlcli.data.splits.division import Division, Part, classes_of, groups_of, split_or_fold
from dlcli.data.splits.folds import grow
from dlcli.data.splits.partition import split_sizes
from dlcli.data.table.order import format_of
from dlcli.data.table.rows import Rows
from dlcli.data.table.table import Table
from dlcli.errors import DataError, Problem

__all__ = ["divide_windows", "find_windows", "no_room"]

NOWHERE = -1
"""In the place of a split: a step of none."""


def divide_windows(table: Table, *, seed: int, wanted: Collection[SplitName] = SPLITS) -> Division:
    """The windows of each wanted split.

    Fractions are cut at one instant for all series; or whole series are drawn, or kept together by their group. A
    window of a split lies within it, but for its past, which may begin in another where `look_back` says so.

    Args:
        table: The rows of every source.
        seed: Decides which series are drawn.
        wanted: The splits.

    Raises:
        DataError: Rows that are no steps of a series; a split in which no window has room.
    """
    windows = table.config.windows
    assert windows is not None
    windows = windows.model_copy(update={"series": list(table.roles.series)})
    if any(len(rows) for rows in table.unusable.values()):
        message = "rows that cannot be used would be left out of the middle of windows"
        raise DataError(Problem(message, path="data.windows", hint="leave `on_error` out", rule="bad-rows"))
    format = None if windows.time is None else format_of(table.config, table.roles.features, windows.time)
    layouts: dict[SplitName, Layout] = {}
    for source, rows in table.rows.items():
        layouts[source] = layout = lay_out(rows, windows, format=format)
        if layout.steps.frequency is not None:  # which the first source, that of the training, shows
            windows = windows.model_copy(update={"frequency": layout.steps.frequency.text})
    parts: dict[SplitName, Part] = {}
    problems: list[Problem] = []
    pace = Pace()
    for source, layout in layouts.items():
        splits = _splits_of(table, source, layout, seed=seed)
        pace = _pace(table, layout, splits) if source == "train" else pace
        out = np.isin(layout.order, table.left_out.get(source, np.empty(0, np.int64)))
        drawn = drawn_steps(layout.order, table.put_in.get(source, 0), windows)
        splits = _with_the_next(splits, drawn)
        for number, name in enumerate(SPLITS):
            steps = np.flatnonzero(splits == number)
            if name not in wanted or (name != source and not _is_part(table, source, name)):
                continue
            if not len(steps):
                problems.append(_no_instant(name))
            else:
                found = find_windows(layout, splits, number, out, windows, drawn=drawn)
                problems += [] if len(found) else [no_room(name, layout, splits == number, windows)]
                begins = layout.starts[layout.series[found]]
                runs = layout.runs[found + windows.past - 1]
                parts[name] = Part(source, np.sort(layout.order[steps]), found, begins, runs)
    if problems:
        raise DataError(problems)
    return Division(
        {name: parts[name] for name in SPLITS if name in parts},
        {source: layout.order for source, layout in layouts.items()},
        notes=tuple(_notes(layouts, windows)),
        doubts=(*_doubts(layouts), *_changing(table, layouts)),
        pace=pace,
    )


def _pace(table: Table, layout: Layout, splits: NDArray[np.int64]) -> Pace:
    """What the training steps show of their times, and how far they are from those of the season before."""
    windows = table.config.windows
    assert windows is not None
    season = layout.pace.season if windows.season == "auto" else windows.season
    train = splits == SPLITS.index("train")
    starts = np.flatnonzero((np.diff(layout.series[train], prepend=-1) != 0) | layout.gaps[train])
    errors: dict[str, float] = {}
    for name, target in table.config.target.items():
        if windows.horizon and target is not None and target.kind == "number":
            rows = table.rows["train"]
            each = [
                seasonal_scale(_numbers_of(rows, column)[layout.order[train]], starts, season or 1)
                for column in table.roles.targets[name]
            ]
            errors |= {name: float(np.mean(each))} if np.isfinite(each).all() and np.mean(each) > 0 else {}
    return dataclasses.replace(layout.pace, season=season, errors=errors)


def _numbers_of(rows: Rows, column: str) -> NDArray[np.float64]:
    parts = [numbers(chunk.columns[column]).values for chunk in rows.chunks(columns=[column])]
    return np.concatenate([part.reshape(len(part), -1)[:, 0] for part in parts])


def _is_part(table: Table, source: SplitName, name: SplitName) -> bool:
    return source == "train" and isinstance(getattr(table.config, name), float)


def _no_instant(name: SplitName) -> Problem:
    message = f"the {name} split has no step: splits are cut in time, and all steps of an instant are in one of them"
    hint = "other fractions, or `split: random`, which draws whole series"
    return Problem(message, path=f"data.{name}", hint=hint, rule="empty-split")


def _notes(layouts: Mapping[SplitName, Layout], windows: Windows) -> Iterator[tuple[str, str]]:
    """What is found of the series: how many there are, and which are too short."""
    for source, layout in layouts.items():
        lengths = np.diff(np.append(layout.starts, len(layout.order)))
        many = f"{len(lengths):,} series of {lengths.min():,} to {lengths.max():,} steps"
        if lengths.min() == lengths.max():
            many = f"{len(lengths):,} series of {lengths.min():,} steps each"
        if len(lengths) == 1:
            many = f"one series of {len(layout.order):,} steps"
        line = f"{many}{_in_time(layout, windows)}; a window shows {windows.length} steps"
        line += f" and predicts {windows.horizon}" if windows.horizon else ""
        if short := int((lengths < windows.span).sum()):
            line += f"; {short:,} series shorter than its {windows.span} steps give none"
        yield f"series of {source}", line


def _in_time(layout: Layout, windows: Windows) -> str:
    """From when to when the steps are, how far from each other, and what is missing."""
    if layout.form is None:
        return ""
    first, last = in_words(layout.form, np.array([layout.times.min(), layout.times.max()]))
    frequency = layout.steps.frequency
    line = f", {'' if frequency is None else f'{frequency.words} '}from {first} to {last}"
    if layout.sorted and not isinstance(windows.gaps, FillGaps):  # which puts rows in at the end
        line += "; the rows were put into the order of their times"
    if missing := layout.steps.missing:
        what = "no window crosses" if windows.gaps == "break" else "windows take no notice of"
        places = int(layout.gaps.sum())
        line += f"; {missing:,} step{'s' * (missing > 1)} missing at {places:,} place{'s' * (places > 1)}, which {what}"
    return line


def _doubts(layouts: Mapping[SplitName, Layout]) -> Iterator[Problem]:
    """Times without a regular step, of which nobody can say what comes next."""
    for source, layout in layouts.items():
        if layout.form is not None and layout.steps.frequency is None and len(layout.times) > len(layout.starts):
            yield Problem(
                f"the times of the {source} data are irregular: each row is taken as the step after the one before it, "
                "and gaps are not seen",
                path="data.windows.time",
                hint="data.windows.frequency says what a step is, such as day or 15 min",
                rule="irregular-times",
            )


def _changing(table: Table, layouts: Mapping[SplitName, Layout]) -> Iterator[Problem]:
    """What the training series do not have once, as they are to."""
    if (windows := table.config.windows) is not None and "train" in layouts:
        columns = static_columns(windows, table.roles.features)
        yield from changing(table.rows["train"], layouts["train"], columns)


def _splits_of(table: Table, source: SplitName, layout: Layout, *, seed: int) -> NDArray[np.int64]:
    """The number of the split that each step is in."""
    config = table.config
    fractions: dict[SplitName, float] = {
        name: part for name in ("validation", "test") if isinstance(part := getattr(config, name), float)
    }
    if source != "train" or not fractions:
        return np.full(len(layout.order), SPLITS.index(source))
    if isinstance(config.split, GroupSplit):
        codes, names = groups_of(table.rows[source], config.split.group)
        shares = split_or_fold(
            len(codes), config.fold, fractions=fractions, how="group", seed=seed, labels=codes, label_names=names
        )
        of_rows = _numbers(shares, len(codes))
        return of_rows[layout.order]
    if config.split not in ("random", "stratified"):
        return _by_time(layout, fractions) if config.fold is None else _folds_in_time(layout, fractions, config.fold)
    of_series = _numbers(_draw(table, layout, fractions, seed=seed), len(layout.starts))
    return of_series[layout.series]


def _with_the_next(splits: NDArray[np.int64], drawn: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The splits, with steps that were put in on a line in that of the step which ends it: they tell of it."""
    steps = np.arange(len(drawn))
    ends = np.minimum.accumulate(np.where(drawn, len(drawn), steps)[::-1])[::-1]  # a series ends with a row of a file
    return np.asarray(splits[ends])


def _by_time(layout: Layout, fractions: Mapping[SplitName, float]) -> NDArray[np.int64]:
    """The last steps are the test split, those before them the validation split; an instant is in one split."""
    sizes = split_sizes(len(layout.order), fractions)
    times = np.sort(layout.times)
    splits = np.full(len(times), SPLITS.index("train"))
    place = 0
    for name, size in sizes.items():
        if name != "train":
            splits[layout.times >= times[place]] = SPLITS.index(name)
        place += size
    return splits


def _folds_in_time(layout: Layout, fractions: Mapping[SplitName, float], fold: Fold) -> NDArray[np.int64]:
    """The last steps are the test split; of the others a fold is validated on, and what is before it trained on."""
    splits = _by_time(layout, {name: part for name, part in fractions.items() if name == "test"})
    rest = np.flatnonzero(splits == SPLITS.index("train"))
    splits[rest] = NOWHERE
    for name, rows in grow(np.unique(layout.times[rest], return_inverse=True)[1], fold).items():
        splits[rest[rows]] = SPLITS.index(name)
    return splits


def _draw(
    table: Table, layout: Layout, fractions: Mapping[SplitName, float], *, seed: int
) -> dict[SplitName, NDArray[np.int64]]:
    """Whole series, at random; or each class, which is that of a series' last step, in the same proportion."""
    count, fold = len(layout.starts), table.config.fold
    if table.config.split == "random":
        return split_or_fold(count, fold, fractions=fractions, how="random", seed=seed, labels=None, label_names=())
    codes, names = classes_of(table)
    last = np.append(layout.starts[1:], len(layout.order)) - 1
    labels = codes[layout.order[last]]
    return split_or_fold(
        count, fold, fractions=fractions, how="stratified", seed=seed, labels=labels, label_names=names
    )


def _numbers(shares: Mapping[SplitName, NDArray[np.int64]], count: int) -> NDArray[np.int64]:
    numbers = np.full(count, NOWHERE)
    for name, places in shares.items():
        numbers[places] = SPLITS.index(name)
    return numbers


def find_windows(
    layout: Layout,
    splits: NDArray[np.int64],
    number: int,
    out: NDArray[np.bool_],
    windows: Windows,
    *,
    drawn: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """The places of the first steps of the windows of a split.

    Args:
        layout: The steps.
        splits: `(steps,)` the number of the split that each is in.
        number: That of the split.
        out: `(steps,)` which have no target, so that no window predicts them.
        windows: Which steps a window has.
        drawn: `(steps,)` which are known only when the step after their gap is: no forecast is made as of these.
    """
    steps, span = len(layout.order), windows.span
    if steps < span:
        return np.empty(0, np.int64)
    first = np.arange(steps - span + 1)
    ahead = windows.past + windows.delay if windows.horizon else windows.past - 1
    apart = (np.diff(layout.series, prepend=-1) != 0) | (layout.gaps & (windows.gaps == "break"))
    sound = _alike(apart, first, span)
    elsewhere = np.cumsum(np.append(0, (splits != number) | out))
    sound &= elsewhere[first + span] == elsewhere[first + ahead]
    if windows.horizon:
        sound &= ~drawn[first + windows.past - 1]
    if not windows.look_back or number == SPLITS.index("train"):
        other = np.cumsum(np.append(0, splits != number))
        sound &= other[first + span] == other[first]
    # Every so many steps of those in a row.
    runs = first[sound]
    begins = np.flatnonzero((np.diff(runs, prepend=-2) != 1) | apart[runs])
    since = np.arange(len(runs)) - np.repeat(begins, np.diff(np.append(begins, len(runs))))
    return np.asarray(runs[since % windows.stride == 0])


def _alike(apart: NDArray[np.bool_], first: NDArray[np.int64], span: int) -> NDArray[np.bool_]:
    """Whether no step but the first of a window begins something new."""
    before = np.cumsum(apart)
    return np.asarray(before[first + span - 1] == before[first])


def no_room(name: SplitName, layout: Layout, inside: NDArray[np.bool_], windows: Windows) -> Problem:
    """That no window has room in a split, with the steps that it has."""
    apart = np.diff(layout.series, prepend=-1) != 0
    if windows.gaps == "break":
        apart |= layout.gaps
    runs = np.bincount(np.cumsum(apart)[inside])
    many, gaps = len(np.unique(layout.series[inside])), int(layout.gaps[inside].sum())
    what = f"{windows.past} steps of the past"
    if windows.horizon:
        what += f" and the {windows.delay + windows.horizon} to come"
    message = (
        f"no window has room in the {name} split: it needs {windows.span} steps in a row ({what}), and the longest of "
        f"{many:,} series has {int(runs.max())}"
    )
    hint = "make `length` or `horizon` smaller, or the split larger"
    if windows.gaps == "break" and gaps and layout.steps.frequency is not None:
        message += f" without a gap: of {layout.steps.frequency.words} steps some are missing at {gaps:,} places"
        hint += "; data.windows.gaps says what else may be done about gaps, and `frequency` what a step is"
    if name != "train":
        hint += "; with `look_back: true` the past may begin in the split before"
    return Problem(message, path="data.windows", hint=hint, rule="no-windows")
