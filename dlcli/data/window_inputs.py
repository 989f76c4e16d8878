"""New rows of series with their targets, to evaluate a model of windows on: all windows over them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray

from dlcli.config.options.frequency import parse_frequency
from dlcli.config.schema import DataConfig, Windows
from dlcli.config.schema.windows import FillGaps
from dlcli.data.columns.chunk import Chunk
from dlcli.data.inputs import Input, weights_of
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples.encoding import encode_chunk
from dlcli.data.samples.samples import Taken
from dlcli.data.samples.windows import WindowSamples
from dlcli.data.series.filling import drawn_steps, fill_windows
from dlcli.data.series.form import WindowForm
from dlcli.data.series.layout import Layout, lay_out
from dlcli.data.splits.windows import find_windows, no_room
from dlcli.data.table.rows import Rows
from dlcli.data.table.targetless import fill_targets, targetless
from dlcli.errors import DataError, Problem

__all__ = ["LabelledWindows", "at_pace", "labelled_windows", "lay_out_new", "rows_in_windows", "steps_put_in"]


@dataclasses.dataclass(frozen=True)
class LabelledWindows:
    """Windows, and the rows that they are over.

    Args:
        samples: The windows.
        chunks: The rows as they were encoded, one after the other: `samples.places` number them.
    """

    samples: WindowSamples
    chunks: tuple[Chunk, ...]


def labelled_windows(
    opened: Input,
    config: DataConfig,
    preprocessing: Preprocessing,
    *,
    named: Collection[str],
    warn: Callable[[Problem], None],
) -> WindowSamples:
    """See `rows_in_windows`."""
    return rows_in_windows(opened, config, preprocessing, named=named, warn=warn).samples


def rows_in_windows(
    opened: Input,
    config: DataConfig,
    preprocessing: Preprocessing,
    *,
    named: Collection[str],
    warn: Callable[[Problem], None],
) -> LabelledWindows:
    """The windows over new rows, `stride` apart, that predict steps whose targets are there.

    Args:
        opened: The rows, with their targets.
        config: The `data` section of the run.
        preprocessing: As fitted in training.
        named: Features with an input of their own.
        warn: Told of rows without a target.

    Raises:
        DataError: There are no rows, they are no steps of series, or no window has room.
    """
    form, views = preprocessing.windows, preprocessing.views(named)
    assert form is not None
    assert views is not None
    windows = at_pace(config, form)
    static = [column for name in form.static for column in preprocessing.features[name].columns]
    rows, filled = fill_windows(_read(opened), windows, static, format=form.pace.format)
    if len(filled):
        warn(steps_put_in(len(filled), windows))
    layout = lay_out_new(rows, windows, form)
    chunks, empty = _whole(rows, preprocessing)
    encoded = _encoded(chunks, preprocessing, named, config.sample_weight)
    if empty.any():
        message = f"{int(empty.sum()):,} of {rows.num_rows:,} rows are without a target, and no window predicts them"
        warn(Problem(message, rule="missing-target"))
    inside = np.zeros(len(layout.order), np.int64)
    drawn = drawn_steps(layout.order, len(filled), windows)
    starts = find_windows(layout, inside, 0, empty[layout.order], windows, drawn=drawn)
    if not len(starts):
        problem = no_room("train", layout, inside == 0, windows)
        message = problem.message.replace("in the train split", f"in '{opened.source.name}'")
        raise DataError(Problem(message, hint="give more of the past of the series", rule=problem.rule))
    begins = layout.starts[layout.series[starts]]
    runs = layout.runs[starts + form.past - 1]
    samples = WindowSamples(encoded, layout.order, starts, views, begins=begins, runs=runs)
    return LabelledWindows(samples, tuple(chunk for chunk, _ in chunks))


def at_pace(config: DataConfig, form: WindowForm) -> Windows:
    """The windows of a config for new rows, which are to be of the frequency that training showed."""
    windows = config.windows
    assert windows is not None
    if windows.frequency != "auto" or form.pace.frequency is None:
        return windows
    return windows.model_copy(update={"frequency": form.pace.frequency})


def lay_out_new(rows: Rows, windows: Windows, form: WindowForm) -> Layout:
    """The series of new rows.

    Raises:
        DataError: See `lay_out`; or the rows have another frequency than those of the training.
    """
    try:
        return lay_out(rows, windows, format=form.pace.format)
    except DataError as error:
        if form.pace.frequency is None:
            raise
        trained = parse_frequency(form.pace.frequency).words
        hint = f"the training rows were {trained}: give such"
        raise DataError(
            dataclasses.replace(each, path="", hint=hint) if each.rule == "wrong-frequency" else each
            for each in error.problems
        ) from None


def steps_put_in(count: int, windows: Windows) -> Problem:
    """That steps were missing, and were put in as the config asks."""
    how = windows.gaps.fill if isinstance(windows.gaps, FillGaps) else ""
    message = f"{count:,} missing steps are put in ({how})"
    return Problem(message, hint="data.windows.gaps asks for it", rule="filled-steps")


def _read(opened: Input) -> Rows:
    chunks = tuple(part.chunk for part in opened.rows() if part.chunk.num_rows)
    ends = np.cumsum([0, *(chunk.num_rows for chunk in chunks)], dtype=np.int64)
    if not chunks:
        raise DataError(Problem(f"'{opened.source.name}' has no rows", hint="add rows", rule="no-rows"))
    return Rows(chunks, tuple(opened.kinds), ends[:-1], int(ends[-1]))


def _whole(rows: Rows, preprocessing: Preprocessing) -> tuple[list[tuple[Chunk, bool]], NDArray[np.bool_]]:
    """The rows with something in the places of targets that are not there, and whether any of a chunk are; and which
    rows have none."""
    columns = tuple(dict.fromkeys(c for codec in preprocessing.targets.values() for c in codec.columns))
    found: list[tuple[Chunk, bool]] = []
    empty: list[NDArray[np.bool_]] = []
    for chunk in rows.chunks():
        empty.append(targetless(chunk, columns))
        whole = fill_targets(chunk, columns)
        found.append((chunk if whole is None else whole, whole is not None))
    return found, np.concatenate(empty)


def _encoded(
    chunks: list[tuple[Chunk, bool]], preprocessing: Preprocessing, named: Collection[str], weighted: str | None
) -> Taken:
    """All rows."""
    parts: list[Taken] = []
    for chunk, has_targets in chunks:
        if has_targets:
            inputs, targets = encode_chunk(preprocessing, chunk, named)
        else:  # nothing is there to be encoded in their places
            inputs = preprocessing.encode(chunk, named)
            targets = {
                name: np.zeros((chunk.num_rows, *codec.spec.shape), np.int32 if codec.spec.classes else np.float32)
                for name, codec in preprocessing.row_targets.items()
            }
        parts.append(Taken(inputs, targets, weights_of(chunk, weighted)))
    return _joined(parts)


def _joined(parts: list[Taken]) -> Taken:
    first = parts[0]
    weights = [part.weights for part in parts if part.weights is not None]
    return Taken(
        {name: np.concatenate([part.inputs[name] for part in parts]) for name in first.inputs},
        {name: np.concatenate([part.targets[name] for part in parts]) for name in first.targets},
        np.concatenate(weights) if weights else None,
    )
