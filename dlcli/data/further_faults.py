"""One fault of the data does not hide those that later steps would show: when one is found, the others are sought."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterator
from types import TracebackType

import numpy as np

from dlcli.data.columns.chunk import Chunk
from dlcli.data.columns.codec import Codec, LeavesRowsOut
from dlcli.data.columns.target_codec import TargetCodec
from dlcli.data.preprocessing.preprocessing import Preprocessing, columns_of
from dlcli.data.preprocessing.steps import at_entry
from dlcli.data.samples.samples import BLOCK_BYTES
from dlcli.data.series.views import window_form
from dlcli.data.splits.division import Division
from dlcli.data.stages import class_problems, divide
from dlcli.data.table.table import Table
from dlcli.data.table.targetless import droppable_columns, fill_targets, targetless_rows
from dlcli.errors import ConfigError, DataError, Problem

__all__ = ["FurtherFaults"]


class FurtherFaults:
    """A context in which a `DataError` gets what else is wrong with the cells, feature by feature.

    Args:
        seed: Decides the splits.

    Example:
        >>> with FurtherFaults(seed=7) as faults:  # doctest: +SKIP
        ...     faults.table = table
        ...     ...
    """

    def __init__(self, *, seed: int) -> None:
        self.table: Table | None = None
        """Where faults are to be sought, its types filled in."""
        self._seed = seed

    def __enter__(self) -> FurtherFaults:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, DataError) or self.table is None:
            return
        known = {(problem.path, problem.rule) for problem in error.problems}
        further = [one for one in _further(self.table, self._seed) if (one.path, one.rule) not in known]
        if further:
            raise DataError([*error.problems, *further]) from error


def _further(table: Table, seed: int) -> Iterator[Problem]:
    config = table.config
    try:
        division = divide(dataclasses.replace(table, left_out=targetless_rows(table)), seed=seed)
    except DataError as error:
        yield from error.problems
        return
    try:
        preprocessing = Preprocessing.build(
            {name: feature for name, feature in (config.features or {}).items() if feature is not None},
            {name: target for name, target in config.target.items() if target is not None},
            available=list(table.infos),
            seed=seed,
            windows=None
            if config.windows is None
            else window_form(config.windows, config.features or {}, division.pace),
        )
    except ConfigError as error:
        yield from error.problems
        return
    gaps = droppable_columns(config.target, table.roles.targets)
    for name, codec in preprocessing.features.items():
        yield from at_entry(_fitting(codec, table, division) or _encoding(codec, table, ()), "features", name)
    for name, target in preprocessing.targets.items():
        own = config.target[name]
        if own is not None and own.of_features:
            continue  # whose faults are the features'
        faults = _fitting(target, table, division) or _of_target(name, target, table, division, gaps)
        yield from at_entry(faults, "target", name)


def _fitting(codec: Codec | TargetCodec, table: Table, division: Division) -> list[Problem]:
    """The first fault that fitting finds."""
    columns = list(codec.columns)
    train = division.parts["train"]
    file = None
    try:
        for chunk in table.rows["train"].chunks(train.rows, columns):
            file = chunk.file
            codec.fit(columns_of(chunk, codec))
        file = None
        codec.finish()
    except DataError as error:
        return [problem.at(file) for problem in error.problems]
    return []


def _of_target(name: str, codec: TargetCodec, table: Table, division: Division, gaps: Collection[str]) -> list[Problem]:
    """Classes are looked at as a whole: which of them stand in one chunk is the file's format's affair."""
    if codec.spec.kind == "category" and not codec.spec.axes:
        return class_problems(table, division, name, codec)
    return _encoding(codec, table, set(gaps).intersection(codec.columns))


def _encoding(codec: Codec | TargetCodec, table: Table, gaps: Collection[str]) -> list[Problem]:
    """The faults of the first chunk that a fitted codec cannot encode."""
    columns = list(codec.columns)
    file = None
    try:
        for rows in table.rows.values():
            for chunk in rows.chunks(columns=columns):
                file = chunk.file
                if (whole := fill_targets(chunk, gaps)) is not None:
                    _encode(codec, whole)
    except DataError as error:
        return [problem.at(file) for problem in error.problems]
    return []


def _encode(codec: Codec | TargetCodec, chunk: Chunk) -> None:
    """Encode rows, of large ones a few at a time, and without those that may be left out."""
    size = chunk.num_rows
    if isinstance(codec, LeavesRowsOut):
        bad, _ = codec.unusable(columns_of(chunk, codec))
        chunk = chunk.only(np.flatnonzero(~bad)) if bad.any() else chunk
        size = max(1, BLOCK_BYTES // max(1, math.prod(getattr(codec, "shape", ()))))
    for start in range(0, chunk.num_rows, max(1, size)):
        part = chunk.cut(start, size)
        codec.encode(columns_of(part, codec), start=part.start)
