"""A look at the data becomes a config with its reasons."""

from __future__ import annotations

import dataclasses
import glob
import os
import shlex
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.config.schema import USUAL_MARKS
from dlcli.config.signature import SPLITS
from dlcli.data.columns.chunk import FILE_NAME, FILE_PATH
from dlcli.data.sources.options import Reading
from dlcli.drafting.columns import Column, against_target, look_at_columns, settle
from dlcli.drafting.dividing import Dividing, as_categories, candidates, divide, orders
from dlcli.drafting.features import LONGEST_KEY, RESERVED, Layout, lay_out
from dlcli.drafting.form import Sample, look_at_form
from dlcli.drafting.gaps import mark_gaps
from dlcli.drafting.looking.apart import Apart
from dlcli.drafting.looking.first_rows import Glance
from dlcli.drafting.looking.glance import glance
from dlcli.drafting.looking.survey import MOST_VALUES, Survey, Tally, survey
from dlcli.drafting.masks import MULTIPLE, find_mask
from dlcli.drafting.page import Line, entry, heading, remark, render
from dlcli.drafting.place import Place, find_place
from dlcli.drafting.recipes.recipe import choose_recipe
from dlcli.drafting.recipes.setting import Recipe, Setting
from dlcli.drafting.recipes.tables import folds_for
from dlcli.drafting.regression.many import without_hearsay
from dlcli.drafting.regression.straight import Straight, look_for_line
from dlcli.drafting.scales import with_scales
from dlcli.drafting.task import TRUNK, Choice, Task, as_one, choose_target, find_task, refused
from dlcli.drafting.times import find_series
from dlcli.errors import DataError, Problem, first_of

__all__ = ["Draft", "draft"]

SEED = 7

_TRUNKS = tuple(f"{TRUNK}{'_' * more}" for more in range(100))
"""What the layer may be called that several outputs share: no column is."""

FORECASTS = "lstm-forecast"
"""The preset that takes windows."""

MOST_STEPS = 24
"""Of a window that is shown."""

MOST_CLASSES_LISTED = 20
"""Classes that are listed, so that their order and the positive one can be seen."""


@dataclasses.dataclass(frozen=True)
class Draft:
    """A config, not written yet.

    Args:
        text: The YAML.
        task: What it predicts.
        num_rows: Rows of `train`.
        whole: All rows of all columns were looked at.
        of_files: Cells of features name files.
        used: The columns that are features.
        left_out: The columns that are none, and why.
        output: Where it belongs.
        paths: Where in it each feature stands, and its column.
    """

    text: str
    task: Task
    num_rows: int
    whole: bool
    of_files: bool
    used: tuple[str, ...]
    left_out: dict[str, str]
    output: Path
    paths: Mapping[str, str]


def draft(
    data: str | os.PathLike[str],
    *,
    target: str | Sequence[str] | None = None,
    output: Path | None = None,
    reading: Reading,
    expand: bool = False,
    without: Mapping[str, str] = types.MappingProxyType({}),
) -> Draft:
    """Draft a config.

    Args:
        data: A table, a glob, a folder of files, or in braces what a config may say.
        target: The column to predict, or several; guessed when None.
        output: Where the config will be: paths in it are relative to its directory. Beside the data when None.
        reading: What is said of how the file is read; it is written into the config.
        expand: Write a preset out.
        without: Columns to leave out, and why.

    Raises:
        DataError: The data cannot be read, the target cannot be learnt, no feature is left.
    """
    place = find_place(data)
    output = place.directory / f"{place.name}.yaml" if output is None else output
    asked: Sequence[str | None] = [target] if isinstance(target, str) else [*dict.fromkeys(target or ())] or [None]
    seen = glance(place.sources["train"], targets=[each for each in asked if each is not None], reading=reading)
    of_files = _class_of_files(place, seen)
    chosen, *more = (choose_target(list(seen.columns), each, class_of_files=of_files) for each in asked)
    if asked[0] is None and (not seen.columns[chosen.name].info.dtype or chosen.name in seen.written):
        seen = glance(place.sources["train"], targets=[chosen.name], reading=reading)  # as written: `01` stays `01`
    return _draft(place, seen, [chosen, *more], output, without, expand=expand)


def _class_of_files(place: Place, seen: Glance) -> str | None:
    if not place.files:
        return None
    return next((name for name, each in seen.columns.items() if each.info.dtype not in (FILE_PATH, FILE_NAME)), None)


def _draft(
    place: Place, seen: Glance, chosen: Sequence[Choice], output: Path, without: Mapping[str, str], *, expand: bool
) -> Draft:
    names = [each.name for each in chosen]
    cells = [seen.columns[name] for name in names]
    if seen.whole:
        tasks = _tasks(seen, chosen, survey(seen, dict.fromkeys(names, MOST_VALUES)).tallies)
        columns = _against(look_at_columns(seen, names), seen, tasks)
        found = survey(seen, dict.fromkeys(candidates(columns), 0))
    else:
        columns, tasks, found = _of_many(seen, chosen)
    tasks = [dataclasses.replace(task, form=seen.options.forms.of(task.target.name)) for task in tasks]
    task = as_one(tasks, taken={*seen.columns, *RESERVED} - (set(names) - {*RESERVED}))
    columns = [
        dataclasses.replace(each, used=False, why=without[each.name]) if each.name in without else each
        for each in columns
    ]
    columns = mark_gaps(columns, cells, task)
    sample = look_at_form(columns, seen.folder, multiple=MULTIPLE if task.kind == "mask" else 1)
    if any(part.kind == "mask" for part in task.each) and (task.parts or sample.form != "image"):
        hint = "name it alone with --target, and a column of the pictures beside it"
        raise refused(task.each[0].target, "is a mask, and these are drafted of pictures, without other targets", hint)
    columns = sample.columns
    if not any(column.used for column in columns):
        raise _nothing(columns, seen)
    if unseen := orders(columns, found):
        found = found.with_more(survey(seen, dict.fromkeys(unseen, 0)))
    own = [name for name in ("test", "validation") if name in place.sources]
    apart = Apart(own[0], place.sources[own[0]], seen) if own else None
    dividing = divide(columns, task, cells, found, own=own, apart=apart)
    columns = as_categories(columns, dividing)
    columns = without_hearsay(columns, cells, task, kept=dividing.group)
    sample = dataclasses.replace(sample, columns=columns)
    rows = found.num_rows - task.missing
    folds = None
    if seen.whole and sample.form == "table" and not task.parts and dividing.validation is not None:
        folds = folds_for(task, int(rows * (1 - (dividing.test or 0))), dividing.split)
    straight = _straight(place, seen, sample, dividing, task, folds=folds is not None)
    if straight is not None:
        dividing, folds = dividing.without_validation(), None
    elif sample.form == "table" and not task.parts:
        columns = with_scales(columns, cells[0], task)
    if folds is not None:
        dividing = dividing.in_folds()
    held_back = (dividing.test or 0) + (dividing.validation or (1 / folds if folds else 0))
    recipe = choose_recipe(
        Setting(
            task,
            max(int(rows * (1 - held_back)), 1),
            form=sample.form,
            shape=sample.shape,
            inputs=sum(column.used for column in columns),
            validated=dividing.validation is not None or "validation" in place.sources or folds is not None,
            folds=folds,
            absent=dividing.classes_named,
            expanded=expand,
            straight=straight,
            trunk=next(name for name in _TRUNKS if name not in seen.columns),
        )
    )
    taken = [dividing.group] if dividing.group is not None else []
    layout = lay_out(columns, taken=taken, whole=seen.whole)
    task = dataclasses.replace(task, shape=sample.shape)
    text = _page(place, seen, task, columns, dividing, recipe, found, output, layout)
    used = tuple(column.name for column in columns if column.used and column.name not in taken)
    left_out = {column.name: column.why for column in columns if not column.used}
    left_out |= dict.fromkeys(seen.unreadable, "its values cannot be read")
    of_files = any(column.used and column.feature is not None and column.feature.opens_files for column in columns)
    return Draft(text, task, found.num_rows, seen.whole, of_files, used, left_out, output, layout.paths)


def _tasks(seen: Glance, chosen: Sequence[Choice], tallies: Mapping[str, Tally]) -> list[Task]:
    """What is predicted of each target: the pixels of masks, classes or numbers."""
    return [find_mask(each, seen) or find_task(each, seen.columns[each.name], tallies[each.name]) for each in chosen]


def _straight(
    place: Place, seen: Glance, sample: Sample, dividing: Dividing, task: Task, *, folds: bool
) -> Straight | None:
    """Whether a linear model is enough: looked for where rows are drawn at random, and some tell how good it is."""
    at_random = dividing.group is None and dividing.order is None and "validation" not in place.sources
    tested = dividing.test is not None or "test" in place.sources
    if task.columns or task.parts or not (seen.whole and sample.form == "table" and at_random and tested):
        return None
    return look_for_line(sample.columns, seen.columns[task.target.name], task, folds=folds)


def _of_many(seen: Glance, chosen: Sequence[Choice]) -> tuple[list[Column], list[Task], Survey]:
    """The columns and the tasks where only the first rows were looked at: all tell what these cannot settle.

    A column is told from an id, and its type, by the first rows alone.
    """
    names = [each.name for each in chosen]
    columns = look_at_columns(seen, names)
    suspects = [column.name for column in columns if column.suspect and not column.cells.is_array]
    wanted = dict.fromkeys(candidates(columns), 0) | dict.fromkeys(suspects, 1) | dict.fromkeys(names, MOST_VALUES)
    found = survey(seen, wanted)
    tasks = _tasks(seen, chosen, found.tallies)
    constant = [name for name in suspects if not found.tallies[name].more]
    return _against(settle(columns, constant), seen, tasks), tasks, found


def _against(columns: list[Column], seen: Glance, tasks: Sequence[Task]) -> list[Column]:
    for task in tasks:
        if task.kind == "mask":
            continue
        columns = against_target(columns, seen.columns[task.target.name], task)
    return columns


def _nothing(columns: Sequence[Column], seen: Glance) -> DataError:
    reasons = first_of((f"{column.name}: {column.why}" for column in columns), 5)
    message = f"no column of '{seen.source.name}' is left to be a feature"
    return DataError(Problem(message, hint=reasons or "there is none beside the target", rule="no-features"))


def _page(
    place: Place,
    seen: Glance,
    task: Task,
    columns: Sequence[Column],
    dividing: Dividing,
    recipe: Recipe,
    found: Survey,
    output: Path,
    layout: Layout,
) -> str:
    head = [
        remark(0, f"Purpose:  predict {task.named} ({task.described}) from {_described_rows(seen, found)}."),
        remark(0, f"Command:  dlcli train {shlex.quote(output.name)}"),
        remark(0, "Drafted by dlcli init; each choice has its reason beside it, and all of it is yours to change."),
    ]
    names = [
        entry(0, "name", place.name),
        entry(0, "seed", SEED, "decides the splits, the weights and the order of rows"),
    ]
    data = [heading(0, "data"), *_sources(place, seen, dividing, output.parent)]
    data += _targets(seen, task, dividing)
    data += layout.lines
    data += _not_read(seen)
    data += recipe.data
    data += _windows(task, columns, dividing)
    return render([head, names, data, *recipe.sections])


def _described_rows(seen: Glance, found: Survey) -> str:
    rows = f"{found.num_rows:,} row{'s' * (found.num_rows != 1)}"
    looked = "" if seen.whole else f", the first {seen.num_rows:,} of them looked at closely"
    return f"'{seen.source.name}': {rows}{looked}"


def _sources(place: Place, seen: Glance, dividing: Dividing, base: Path) -> list[Line]:
    lines = []
    for split in SPLITS:
        if split in place.sources:
            why = "a row for each file: path, name and folder" if place.files and split == "train" else ""
            lines.append(entry(1, split, place.written(split, base), why))
        elif split == "validation" and dividing.validation is not None:
            lines.append(
                entry(1, split, dividing.validation, "the part of the rows that tells which epoch is the best")
            )
        elif split == "test" and dividing.test is not None:
            lines.append(entry(1, split, dividing.test, "the part that is looked at once, at the end"))
    if dividing.split is not None:
        lines.append(entry(1, "split", dividing.split, dividing.why))
    elif len(place.sources) == 1:
        lines.append(remark(1, f"so few rows ({seen.num_rows}) are all trained on: there is none to hold back"))
    return [*lines, *_reading(seen)]


_FOUND = {
    ("header", False): "its first row looks like the others, so the columns are numbered",
    ("header", True): "the first row is one, and `columns` are in its place",
    ("comment", False): "what the last row begins with, which is of all others",
}
"""Why a file is read as it is, where that was found."""


def _reading(seen: Glance) -> list[Line]:
    """How the file is read: as was asked for, and where that is not usual."""
    reading, lines = seen.options.reading, []
    if seen.options.columns is not None:
        lines.append(entry(1, "columns", list(seen.options.columns), "its header has a name twice"))
    for field in dataclasses.fields(reading):
        value = getattr(reading, field.name)
        if value is None or field.name == "missing_values":
            continue
        found = getattr(seen.asked, field.name) is None
        why = _FOUND[field.name, value is True] if found else "as was asked for"
        lines.append(entry(1, field.name, value, why))
    if marks := sorted(set(seen.options.missing_values) - set(USUAL_MARKS)):
        why = "".join(f"; {mark}: {reason}" for mark, reason in seen.sentinels.items())
        lines.append(entry(1, "missing_values", marks, f"stand for empty cells{why}"))
    return lines


def _targets(seen: Glance, task: Task, dividing: Dividing) -> list[Line]:
    if not task.parts:
        (name, said), why = _target(seen, task, dividing)
        return [entry(1, "target", {name: said}, why)]
    each = (_target(seen, part, dividing) for part in task.parts)
    lines = [entry(2, name, said, why) for (name, said), why in each]
    return [heading(1, "target", "several, each with an output of its own"), *lines]


def _target(seen: Glance, task: Task, dividing: Dividing) -> tuple[tuple[str, dict[str, Any]], str]:
    """What it is called, its options, and why."""
    said: dict[str, Any] = {"type": task.type}
    if task.kind == "mask":
        said |= {"classes": "auto", "size": list(task.shape[:2])}
    if task.separator:
        said["separator"] = task.separator
    why = [task.why, task.target.why]
    if task.columns:
        said["columns"] = list(task.columns)
    if task.form is not None:
        said |= task.form.options
        why.append(seen.written[task.target.name].shown)
    if task.kind == "number" and (task.width == 1 or task.columns):
        said["scale"] = "standard"
        why.append("learnt in units of its spread, and told in its own")
    if task.kind == "classes" and (len(task.classes) <= MOST_CLASSES_LISTED or dividing.classes_named):
        said["classes"] = list(task.classes)
    if task.missing:
        said["missing"] = "drop"
        why.append(f"{task.missing:,} rows have none, and are left out")
    name = task.output or task.target.name
    name = name if len(name) <= LONGEST_KEY else "target"
    if name != task.target.name and not task.columns:
        said["columns"] = glob.escape(task.target.name)
    return (name, said), "; ".join(filter(None, why))


def _not_read(seen: Glance) -> list[Line]:
    said = [f"{name!r}, whose values cannot be" for name in seen.unreadable[:5]]
    if seen.nameless:
        said.append("a column without a name" if seen.nameless == 1 else f"{seen.nameless} columns without a name")
    return [remark(1, f"not read: {'; '.join(said)}")] if said else []


def _windows(task: Task, columns: Sequence[Column], dividing: Dividing) -> list[Line]:
    """Where rows are in time, and a number is predicted: how they would be steps of a series instead."""
    if dividing.order is None or task.kind != "number" or task.columns:
        return []
    said: dict[str, Any] = {"length": _length(columns, dividing), "horizon": 1, "time": dividing.order}
    series = find_series(columns, dividing.order)
    if series:
        said["series"] = series[0] if len(series) == 1 else list(series)
    more = "each of `series` is one of its own" if series else "`series: COLUMN` in it, where there are several"
    return [
        remark(
            1,
            "Rows in time may be steps of a series. To forecast from the steps before, put `windows` in place of "
            "`split`, and `model` in place of what is below:",
        ),
        remark(1, entry(0, "windows", said).text),
        remark(1, entry(0, "model", {"preset": FORECASTS}).text),
        remark(1, f"({more}; see docs/series.md)"),
    ]


def _length(columns: Sequence[Column], dividing: Dividing) -> int:
    """Steps of a window: each split must have several windows of its own."""
    steps = next(column.distinct for column in columns if column.name == dividing.order)
    parts = [part for part in (dividing.validation, dividing.test) if part is not None]
    return max(min(MOST_STEPS, int(steps * min(parts, default=1.0)) // 2), 1)
