"""The way from files to samples, in stages whose results can be kept and used again.

    read_table -> Table -> check_rows -> divide -> Division -> fit -> Preprocessing -> encode -> Samples

One table may be divided several times; nothing is read again for that.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Collection, Mapping
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from dlcli.config.schema import DataConfig
from dlcli.config.schema.windows import FillGaps
from dlcli.config.signature import SPLITS, SplitName
from dlcli.data.columns.codec import LeavesRowsOut, OpensFiles
from dlcli.data.columns.target_codec import TargetCodec
from dlcli.data.preprocessing.building import build_codec
from dlcli.data.preprocessing.preprocessing import Preprocessing, unusable_rows
from dlcli.data.preprocessing.steps import at_entry
from dlcli.data.samples.arrays import array_splits
from dlcli.data.samples.encoding import Arrays, Destination, MemoryArrays, encode_rows, encoded_bytes
from dlcli.data.samples.made import MadeSamples
from dlcli.data.samples.samples import Samples
from dlcli.data.series.filling import fill_windows
from dlcli.data.series.once import static_columns
from dlcli.data.series.views import window_form
from dlcli.data.splits.division import Division, divide_rows
from dlcli.data.splits.windows import divide_windows
from dlcli.data.table.checks import missing_targets, row_labels, unseen_classes, weight_problems
from dlcli.data.table.memory import fits_in_memory
from dlcli.data.table.order import format_of
from dlcli.data.table.rows import Overflow
from dlcli.data.table.table import Found, Table, read_rows
from dlcli.data.table.targetless import droppable_columns, targetless_rows
from dlcli.data.types.filling import fill_in
from dlcli.errors import ConfigError, DataError, Problem

__all__ = [
    "check_classes",
    "check_rows",
    "class_problems",
    "divide",
    "encode",
    "fit",
    "fit_targets",
    "in_memory",
    "read_table",
]


class Keep(Protocol):
    """Keeps arrays that take so many bytes and are written by a function, for this job alone where that is said."""

    def __call__(self, num_bytes: int, fill: Callable[[Destination], None], *, for_once: bool) -> Arrays: ...


_Entry = TypeVar("_Entry")


def read_table(
    config: DataConfig,
    found: Found,
    *,
    classification: bool | None = None,
    units: int | None = None,
    overflow: Overflow | None = None,
) -> Table:
    """Read the sources of a config, and infer the types that it leaves open.

    Args:
        config: The `data` section as it was written.
        found: Its files.
        classification: What the loss and the last activation say of the target; None when they do not.
        units: Of the last layer, when known.
        overflow: Where rows go that do not fit into memory.

    Raises:
        DataError: Files, columns or cells that cannot be used, or features that cannot.
    """
    table = read_rows(config, found, exact_targets=classification is not False, overflow=overflow)
    filled = fill_in(config, table, classification=classification, units=units)
    return dataclasses.replace(table, config=filled.config, decisions=filled.lines, doubts=filled.doubts)


def check_rows(table: Table) -> Table:
    """The table with the rows that are left out for want of a target, and with the weights of all; where rows are steps
    of series, and the config asks for it, with the steps that are missing.

    Raises:
        DataError: Targets that are missing and must not, weights that are none, rows that are no steps of series.
    """
    table = _with_steps(table)
    gaps = _gaps(table)
    problems = [
        problem
        for rows in table.rows.values()
        for name, columns in table.roles.targets.items()
        if (target := table.config.target[name]) is None or not target.takes_empty
        for problem in missing_targets(rows, [each for each in columns if each not in gaps], target=name)
    ]
    weights: dict[SplitName, NDArray[np.float32]] = {}
    if table.roles.sample_weight is not None:
        for source, rows in table.rows.items():
            weights[source], faults = weight_problems(rows, table.roles.sample_weight)
            problems += faults
    if problems:
        raise DataError(problems)
    left_out = targetless_rows(table)
    counts = {name: len(rows) for name, rows in left_out.items() if len(rows)}
    lines = [(f"rows of {name}", f"{count:,} without a target, left out") for name, count in counts.items()]
    unusable, doubts = _unusable(table)
    left_out = {name: np.union1d(rows, unusable[name]) for name, rows in left_out.items()}
    return dataclasses.replace(
        table,
        left_out=left_out,
        unusable=unusable,
        weights=weights,
        decisions=(*table.decisions, *lines),
        doubts=(*table.doubts, *doubts),
    )


def _with_steps(table: Table) -> Table:
    """The table with the steps that are missing put in, where the config asks for it."""
    windows = table.config.windows
    if windows is None or windows.time is None or not isinstance(windows.gaps, FillGaps):
        return table
    how = windows.gaps.fill
    format = format_of(table.config, table.roles.features, windows.time)
    windows = windows.model_copy(update={"series": list(table.roles.series)})
    static = static_columns(windows, table.roles.features)
    filled = {source: fill_windows(rows, windows, static, format=format) for source, rows in table.rows.items()}
    lines = [
        (f"gaps in {source}", f"{len(new):,} missing steps put in ({how})")
        for source, (_, new) in filled.items()
        if len(new)
    ]
    rows = {source: whole for source, (whole, _) in filled.items()}
    put_in = {source: len(new) for source, (_, new) in filled.items()}
    return dataclasses.replace(table, rows=rows, put_in=put_in, decisions=(*table.decisions, *lines))


def _unusable(table: Table) -> tuple[dict[SplitName, NDArray[np.int64]], list[Problem]]:
    """Of each source the rows that features are told to leave out, with a warning of how many they are.

    Raises:
        DataError: None is left.
    """
    features = _given(table.config.features or {})
    try:
        codecs = {name: build_codec(name, each, available=list(table.infos)) for name, each in features.items()}
    except ConfigError:  # which fitting tells of, with all others
        codecs = {}
    codecs = {name: codec for name, codec in codecs.items() if isinstance(codec, LeavesRowsOut)}
    found: dict[SplitName, NDArray[np.int64]] = {}
    doubts: list[Problem] = []
    for source, rows in table.rows.items():
        parts = [np.empty(0, np.int64)]
        why: list[Problem] = []
        columns = {column for codec in codecs.values() for column in codec.columns}
        for offset, chunk in zip(rows.offsets, rows.chunks(columns=columns), strict=True) if codecs else ():
            bad, problems = unusable_rows(codecs, chunk)
            parts.append(np.flatnonzero(bad) + offset)
            why += problems
        found[source] = np.concatenate(parts)
        if len(found[source]) == rows.num_rows:
            raise DataError(why[:5])
        if why:
            count = f"{len(found[source]):,} row{'s' * (len(found[source]) != 1)}"
            message = f"{count} of the {source} data {'are' if count != '1 row' else 'is'} left out: {why[0].message}"
            message += ", ..." if len(why) > 1 else ""
            doubts.append(dataclasses.replace(why[0], message=message, hint="`on_error: fail` names all"))
    return found, doubts


def divide(table: Table, *, seed: int, wanted: Collection[SplitName] = SPLITS) -> Division:
    """The samples of each wanted split: rows, or windows over the steps that they are.

    Args:
        table: The rows of every source, its config filled in.
        seed: Decides the fractions.
        wanted: The splits.

    Raises:
        DataError: A split would be empty, or there are too few classes or groups for it.
    """
    how = divide_rows if table.config.windows is None else divide_windows
    return how(table, seed=seed, wanted=wanted)


def fit(table: Table, division: Division, *, seed: int, unscalable: Collection[str] = ()) -> Preprocessing:
    """Fit the preprocessing on the training rows.

    Args:
        table: Checked.
        division: Has a `train` split.
        seed: Of the samples that statistics are taken from.
        unscalable: Targets that are not scaled when the config does not say.

    Raises:
        ConfigError: Options of features that contradict one another or the data.
        DataError: Cells that cannot be used, classes that the training rows do not show.
    """
    features = _given(table.config.features or {})
    preprocessing = Preprocessing.build(
        features,
        _given(table.config.target),
        available=list(table.infos),
        texts={info.name for info in table.infos.values() if info.is_text},
        unscalable=unscalable,
        seed=seed,
        windows=None if table.config.windows is None else window_form(table.config.windows, features, division.pace),
    )
    train = division.parts["train"]
    preprocessing.fit(table.rows[train.source].chunks(train.rows, preprocessing.columns))
    check_classes(table, division, preprocessing)
    return preprocessing


def fit_targets(table: Table, division: Division) -> dict[str, tuple[str, ...]]:
    """Fit the targets alone, as far as classes go: what a division lacks is seen before the work of the features.

    Returns:
        The classes of each such target that has one a row.

    Raises:
        DataError: Classes that the training rows do not show.
    """
    targets = _given(table.config.target)
    targets = {name: each for name, each in targets.items() if each.kind == "category" and not each.of_features}
    texts = {info.name for info in table.infos.values() if info.is_text}
    preprocessing = Preprocessing.build({}, targets, available=list(table.infos), texts=texts)
    train = division.parts["train"]
    if preprocessing.columns:
        preprocessing.fit(table.rows[train.source].chunks(train.rows, preprocessing.columns))
        check_classes(table, division, preprocessing)
    single = (codec.spec for codec in preprocessing.targets.values() if len(codec.columns) == 1 and not codec.spec.axes)
    return {spec.name: spec.classes for spec in single if spec.kind == "category"}


def check_classes(table: Table, division: Division, preprocessing: Preprocessing) -> None:
    """Make sure that every class of every split is one that training showed.

    Raises:
        DataError: Some are not.
    """
    problems = [
        problem
        for name, codec in preprocessing.targets.items()
        for problem in class_problems(table, division, name, codec)
    ]
    if problems:
        # A target that is read as something else than it is has classes that are there once: first the cause.
        faulty = {problem.path for problem in problems}
        raise DataError([*(doubt for doubt in table.doubts if doubt.path in faulty), *problems])


def class_problems(table: Table, division: Division, name: str, codec: TargetCodec) -> list[Problem]:
    """The classes of each split that a fitted target has not seen; empty cells are none, and numbers are no classes."""
    target = table.config.target[name]
    # Of arrays encoding tells; a feature knows what becomes of a value that it has not seen.
    if (
        codec.spec.kind != "category"
        or codec.spec.axes
        or len(codec.columns) != 1
        or (target is not None and target.of_features)
    ):
        return []
    (column,) = codec.columns
    found = {source: row_labels(rows, column) for source, rows in table.rows.items()}
    return [
        problem
        for split, part in division.parts.items()
        for problem in unseen_classes(
            codec.spec.classes,
            found[part.source],
            part.rows,
            target=name,
            split=split,
            is_fraction=part.source != split,
        )
    ]


def in_memory(num_bytes: int, fill: Callable[[Destination], None], *, for_once: bool) -> Arrays:
    """Keep arrays in memory."""
    arrays = MemoryArrays()
    fill(arrays)
    return arrays.arrays


def encode(
    table: Table,
    division: Division,
    preprocessing: Preprocessing,
    *,
    named: Collection[str] = (),
    keep: Keep = in_memory,
    has_room: Callable[[int], bool] = fits_in_memory,
    unseen: list[Problem] | None = None,
    lines: list[tuple[str, str]] | None = None,
    fingerprint: Callable[[SplitName], str] = lambda split: "",
) -> dict[str, Samples]:
    """Encode the rows of all splits.

    Args:
        table: Checked.
        division: Which rows go to which split.
        preprocessing: Fitted.
        named: Features that layers take by name.
        keep: Where the arrays go.
        has_room: Whether so many bytes can be kept there; where not, what can wait is made when it is taken.
        unseen: Gets a warning for each feature with values that training has not seen.
        lines: Gets what features say of the rows of each split.
        fingerprint: Of the samples of a split.

    Raises:
        DataError: Cells that cannot be encoded; no room for the arrays.
    """
    waiting = preprocessing.can_wait(named)
    if has_room(encoded_bytes(preprocessing, division.num_rows, named)):
        waiting = {}
    told, said = [] if unseen is None else unseen, [] if lines is None else lines
    write = functools.partial(_write, table, division, preprocessing, named, told, said, waiting)
    arrays = keep(encoded_bytes(preprocessing, division.num_rows, named, waiting), write, for_once=bool(waiting))
    splits = array_splits(arrays, fingerprint, preprocessing.views(named))
    return {name: MadeSamples(stored, waiting) for name, stored in splits.items()} if waiting else splits


def _write(
    table: Table,
    division: Division,
    preprocessing: Preprocessing,
    named: Collection[str],
    unseen: list[Problem],
    lines: list[tuple[str, str]],
    on_demand: Collection[str],
    destination: Destination,
) -> None:
    preprocessing.forget()
    unseen[:], lines[:] = preprocessing.given_problems(), ()
    totals: dict[str, dict[str, NDArray[np.int64]]] = {name: {} for name in preprocessing.tallying()}
    # A row without a target may name a file that is no sample, such as the list of classes in their folder.
    opening = any(isinstance(codec, OpensFiles) for codec in preprocessing.features.values())
    for source, rows in table.rows.items():
        numbers = division.within(source)
        tallied = encode_rows(
            preprocessing,
            rows,
            numbers,
            named,
            destination,
            gaps=_gaps(table),
            on_demand=on_demand,
            unusable=(table.left_out if opening else table.unusable).get(source),
        )
        for name, splits in tallied.items():
            totals[name] |= splits
        found = preprocessing.take_unseen_values(source)
        unseen += found if source != "train" else ()
        for name, places in numbers.items():
            destination.create((name, "rows", ""), places.shape, places.dtype)(places)
            if source in table.weights:
                own = table.weights[source][places]
                destination.create((name, "sample_weight", ""), own.shape, own.dtype)(own)
    for source, order in division.orders.items():
        if not np.array_equal(order, np.arange(len(order))):
            destination.create((source, "order", ""), order.shape, order.dtype)(order)
    for name, part in division.parts.items():
        if part.windows is not None:
            destination.create((name, "windows", ""), part.windows.shape, part.windows.dtype)(part.windows)
        for what, firsts in (("begins", part.begins), ("runs", part.runs)):
            if firsts is not None:
                destination.create((name, what, ""), firsts.shape, firsts.dtype)(firsts)
    for name, codec in preprocessing.tallying().items():
        ordered: dict[str, NDArray[np.int64]] = {
            split: totals[name][split] for split in SPLITS if split in totals[name]
        }
        lines += codec.tally_lines(name, ordered)
        unseen += at_entry(codec.tally_problems(ordered), "features", name)


def _gaps(table: Table) -> tuple[str, ...]:
    """The columns of targets of which rows may be without a value."""
    return droppable_columns(table.config.target, table.roles.targets)


def _given(entries: Mapping[str, _Entry | None]) -> dict[str, _Entry]:
    return {name: entry for name, entry in entries.items() if entry is not None}
