"""Forecasts: of each series the steps after its last, a row a step."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.data.columns.arrays import numbers_array
from dlcli.data.columns.chunk import Chunk, Column, take_rows
from dlcli.data.inputs import Input
from dlcli.data.samples.samples import Taken
from dlcli.data.samples.windows import WindowSamples
from dlcli.data.series.ahead import NOWHERE, Ahead, look_ahead, require_known
from dlcli.data.series.filling import fill_windows
from dlcli.data.series.form import WindowForm
from dlcli.data.series.history import KEPT, PRUNED_FROM, History, gather
from dlcli.data.series.layout import Layout
from dlcli.data.series.target import TargetOfSteps
from dlcli.data.series.time_form import find_form
from dlcli.data.window_inputs import at_pace, lay_out_new, steps_put_in
from dlcli.errors import DataError, Problem, first_of
from dlcli.prediction.prediction import joined_table, predict_rows, run_slices
from dlcli.trained.averaging import averaged
from dlcli.trained.decoding import EVERYTHING, Columns, Decoded, check_columns, decode
from dlcli.trained.run import TrainedRun, Warn
from dlcli.trained.undefined import Undefined, undefined_rows

__all__ = ["STEP", "by_step", "forecast", "predictions"]

STEP = "step"
"""The column with the number of the step ahead, from 1, where nothing tells its time."""

ROWS_AT_ONCE = 50_000
"""Steps that are encoded at a time."""


def forecast(
    run: TrainedRun,
    rows: Input,
    *,
    columns: Columns = EVERYTHING,
    rounded: bool = False,
    warn: Warn = lambda problem: None,
) -> Generator[pa.Table, None, None]:
    """Predict what follows each series of some rows: their last window gives the steps after it.

    Args:
        run: The trained model, of windows.
        rows: The history, and after it, with empty targets, what is known of the steps ahead.
        columns: Which columns are wanted.
        rounded: As in `predict_rows`.
        warn: Told of series that are too short, and of forecasts that are no numbers.

    Yields:
        Tables of a row for each series and step, in their order: the columns that name the series, the time (or the
        number of the step), the columns that are kept, and the predictions as in `predict_rows`. With a horizon of 0 a
        row for each series.

    Raises:
        DataError: No series is as long as a window, values cannot be used, or what is to be known ahead is not given.
        ModelError: The model has not what `columns` asks for.
    """
    check_columns(columns, run.predictor.outputs)
    job = _Job.of(run, rows, warn)
    ahead = job.ahead
    if ahead.short and len(ahead.series):
        message = f"{len(ahead.short):,} of {len(ahead.short) + len(ahead.series):,} series are too short for a window "
        message += f"of {job.form.past:,} steps, and nothing is predicted of them: {first_of(ahead.short, 5)}"
        warn(Problem(message, hint="give more of their past", rule="short-series"))
    if job.layout.form is not None and ahead.times is None and job.form.horizon:
        message = f"the times are irregular, so those of the forecasts are not known: {job.step!r} counts the steps"
        warn(Problem(message, hint="data.windows.frequency says what a step is", rule="irregular-times"))
    unknown: list[str] = []
    for part in job.parts():
        nothing, said = np.zeros(len(part), np.bool_), []
        for each in run.models:
            taken = dataclasses.replace(job, run=each).taken(part)
            raw = run_slices(each.predictor, taken.inputs)
            nothing |= np.logical_or.reduce([undefined_rows(values) for values in raw])
            outputs, threshold = each.predictor.outputs, columns.threshold
            said.append(decode(raw, outputs, each.preprocessing, threshold=threshold, levels=taken.levels))
        unknown += [job.layout.described(int(ahead.series[place])) for place in part[nothing]]
        flat = [by_step(each, run, job.form.horizon) for each in averaged(said, threshold=columns.threshold)]
        yield joined_table(run, flat, job.kept(part), columns, rounded, file=None)
    if unknown:
        message = f"the model gives no number for {first_of(unknown, 5)}, and nothing is predicted there"
        warn(Problem(message, hint="see what is there: a huge value overflows", rule="no-prediction"))


@dataclasses.dataclass(frozen=True)
class _Job:
    """What a forecast is made from.

    Args:
        run: The trained model.
        history: The rows.
        layout: Their order.
        ahead: The windows, and what lies ahead of them.
        kept: Columns that are copied.
        time: The column of times.
        series: The columns that name series.
        known: The columns of features that are known ahead.
    """

    run: TrainedRun
    history: History
    layout: Layout
    ahead: Ahead
    copied: tuple[str, ...]
    time: str | None
    series: tuple[str, ...]
    known: frozenset[str]

    @classmethod
    def of(cls, run: TrainedRun, rows: Input, warn: Warn) -> _Job:
        """Read the rows.

        Raises:
            DataError: See `forecast`.
        """
        form = run.preprocessing.windows
        assert form is not None
        targets = [column for column in _target_columns(run) if column in rows.kinds]
        series = rows.series
        windows = at_pace(run.config.data, form)
        most = sys.maxsize if form.scale == "series" else PRUNED_FROM
        history = gather(_chunks(rows), windows, targets, format=form.pace.format, most=most)
        if history is None:
            message = f"'{rows.source.name}' has no rows to forecast from"
            raise DataError(Problem(message, hint="give the past of the series", rule="no-rows"))
        static = [column for name in form.static for column in run.preprocessing.features[name].columns]
        filled, before = fill_windows(history.rows, windows, static, format=form.pace.format, complete=history.complete)
        if len(before):
            warn(steps_put_in(len(before), windows))
            history = history.with_more(filled, before)
        layout = lay_out_new(history.rows, windows, form)
        ahead = look_ahead(layout, history.complete[layout.order], form, may_cross=windows.gaps == "ignore")
        if not len(ahead.series):
            raise DataError(_too_short(ahead, form.past))
        features = run.preprocessing.features
        known = {column for name in form.known for column in features[name].columns}
        computed = {*series} if windows.time is None or ahead.times is None else {windows.time, *series}
        wanted = sorted(known - computed)
        _require_targets(wanted, targets, run)
        require_known(ahead, layout, wanted)
        copied = tuple(name for name in rows.kept if name not in (*series, windows.time))
        return cls(run, history, layout, ahead, copied, windows.time, series, frozenset(known))

    @property
    def form(self) -> WindowForm:
        """Which steps a window has."""
        assert self.run.preprocessing.windows is not None
        return self.run.preprocessing.windows

    @property
    def step(self) -> str:
        """What the column of the numbers of steps is called."""
        return f"{STEP}_ahead" if STEP in (*self.series, *self.copied) else STEP

    def parts(self) -> Generator[NDArray[np.int64], None, None]:
        """The forecasts, as many at a time as take little memory."""
        ends = np.cumsum(self._lengths(np.arange(len(self.ahead.series))))
        start = 0
        while start < len(ends):
            before = int(ends[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, before + ROWS_AT_ONCE, side="right")))
            yield np.arange(start, stop)
            start = stop

    def taken(self, part: NDArray[np.int64]) -> Taken:
        """The inputs of some windows."""
        preprocessing, named = self.run.preprocessing, self.run.predictor.named
        views = preprocessing.views(named)
        assert views is not None
        try:
            encoded = preprocessing.encode(self._window_rows(part), named)
        except DataError as error:
            raise self._at_its_row(part) or error from None
        lengths = self._lengths(part)
        begins = np.cumsum(lengths) - lengths
        starts = begins + lengths - self.form.span
        views = dataclasses.replace(views, targets={})
        return WindowSamples(Taken(encoded, {}), None, starts, views, begins=begins).take(slice(None))

    def _firsts(self, part: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place of the first step that is looked at for each forecast."""
        if self.form.scale == "series":
            return self.layout.starts[self.ahead.series[part]]
        return self.ahead.last[part] - self.form.past + 1

    def _lengths(self, part: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many steps that are, with those ahead."""
        return self.ahead.last[part] - self._firsts(part) + 1 + self.form.span - self.form.past

    def kept(self, part: NDArray[np.int64]) -> dict[str, pa.Array]:
        """The columns that stand before the predictions."""
        horizon = self.form.horizon
        times = horizon or 1
        last = self.layout.order[np.repeat(self.ahead.last[part], times)]
        given = self.ahead.given[part].reshape(-1)
        there = last.copy()
        if horizon:
            there[given != NOWHERE] = self.layout.order[given[given != NOWHERE]]
        columns = {name: self._cells(KEPT + name, last) for name in self.series}
        if self.time is not None and (self.ahead.times is not None or not horizon):
            columns[self.time] = self._times(part, last)
        elif horizon:
            columns[self.step] = numbers_array(np.tile(np.arange(1, horizon + 1), len(part)))
        columns.update({name: self._cells(KEPT + name, there) for name in self.copied})
        return columns

    def _times(self, part: NDArray[np.int64], last: NDArray[np.int64]) -> pa.Array:
        """The times of the steps, as those of the rows are written."""
        assert self.time is not None
        if self.ahead.times is None:
            return self._cells(KEPT + self.time, last)
        form = find_form(self.history.rows.column(KEPT + self.time), self.form.pace.format)
        return form.write(self.ahead.times[part].reshape(-1))

    def _cells(self, name: str, places: NDArray[np.int64]) -> Column:
        return take_rows(self._column(name), places)

    def _column(self, name: str) -> Column:
        (column,) = self.history.rows.column(name)
        return column

    def _window_rows(self, part: NDArray[np.int64]) -> Chunk:
        """The rows of some windows and of the steps ahead of them, as far as they are known."""
        order, lengths = self.layout.order, self._lengths(part)
        of = np.repeat(np.arange(len(part)), lengths)
        within = np.arange(len(of)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        last = self.ahead.last[part][of]
        places = self._firsts(part)[of] + within
        shown = order[np.minimum(places, last)]
        beyond = np.flatnonzero(places > last + self.form.delay)
        given = self.ahead.given[part].reshape(-1)  # in the order of the steps beyond
        ahead = shown.copy()
        ahead[beyond] = np.where(given == NOWHERE, shown[beyond], order[given])
        columns: dict[str, Column] = {}
        for name in self.run.preprocessing.feature_columns:
            column, rows = self._column(name), ahead if name in self.known else shown
            if name == self.time and name in self.known and self.ahead.times is not None:
                column, rows = self._with_times(part, column), shown.copy()
                rows[beyond] = len(column) - len(beyond) + np.arange(len(beyond))
            columns[name] = take_rows(column, rows)
        (whole,) = self.history.rows.chunks()
        return Chunk(columns, len(shown), folders=whole.folders)

    def _with_times(self, part: NDArray[np.int64], column: Column) -> Column:
        """The column of times, with those of the steps ahead at its end."""
        assert self.layout.form is not None
        assert self.ahead.times is not None
        written = self.layout.form.write(self.ahead.times[part].reshape(-1))
        if isinstance(column, np.ndarray):
            return np.concatenate([column, written.to_numpy(zero_copy_only=False).astype(column.dtype)])
        return pa.concat_arrays([column, written.cast(column.type)])

    def _at_its_row(self, part: NDArray[np.int64]) -> DataError | None:
        """The first row that cannot be encoded, as it stands in its file."""
        last = self.ahead.last[part][:, np.newaxis] + np.arange(1 - self.form.past, 1)
        for place in np.sort(self.layout.order[last].reshape(-1)).tolist():
            row = self.history.row(place)
            try:
                self.run.preprocessing.encode(row, self.run.predictor.named)
            except DataError as error:
                return DataError(problem.at(row.file) for problem in error.problems)
        return None


def _chunks(rows: Input) -> Generator[Chunk, None, None]:
    """The rows with the columns to copy among the others."""
    for part in rows.rows():
        kept = {KEPT + name: cells for name, cells in part.kept.items()}
        columns = {name: part.chunk.columns[name] for name in rows.kinds}
        yield dataclasses.replace(part.chunk, columns={**columns, **kept})


def _target_columns(run: TrainedRun) -> tuple[str, ...]:
    return tuple(column for codec in run.preprocessing.targets.values() for column in codec.columns)


def _too_short(ahead: Ahead, past: int) -> Problem:
    message = f"no series is long enough for a window of {past:,} steps: {first_of(ahead.short, 5)}"
    return Problem(message, hint="give more of their past", rule="short-series")


def _require_targets(known: Sequence[str], targets: Sequence[str], run: TrainedRun) -> None:
    """Refuse rows that may be of the past or of the future, where what is known of the future is wanted."""
    missing = [column for column in _target_columns(run) if column not in targets]
    if known and missing:
        names = ", ".join(map(repr, missing))
        message = f"there is no column {names}, which tells the past from the steps ahead by its empty cells"
        hint = f"add it: filled in the past, and empty in the rows that say {', '.join(map(repr, known))} ahead"
        raise DataError(Problem(message, hint=hint, rule="missing-column"))


def by_step(decoded: Decoded, run: TrainedRun, horizon: int) -> Decoded:
    """What was predicted for windows of so many steps ahead, a row a step."""
    if horizon <= 1:
        return decoded
    codec = run.preprocessing.targets.get(decoded.target)
    if not isinstance(codec, TargetOfSteps):  # of an output that is no target's: the same for all steps
        return dataclasses.replace(decoded, numbers=_repeated(decoded.numbers, horizon))
    flat: dict[str, Any] = {
        name: values.reshape(-1, *values.shape[2:])
        for name in ("indices", "probabilities")
        if (values := getattr(decoded, name)) is not None
    }
    if decoded.numbers is not None:
        numbers = decoded.numbers
        flat["numbers"] = numbers.reshape(-1, 1) if codec.is_vector else numbers.reshape(-1, *numbers.shape[2:])
        flat["components"] = codec.codec.components
        flat["quantiles"] = tuple((level, each.reshape(flat["numbers"].shape)) for level, each in decoded.quantiles)
    return dataclasses.replace(decoded, **flat)


def _repeated(numbers: NDArray[Any] | None, horizon: int) -> NDArray[Any] | None:
    return None if numbers is None else np.repeat(numbers, horizon, axis=0)


def predictions(
    run: TrainedRun,
    rows: Input,
    *,
    columns: Columns = EVERYTHING,
    rounded: bool = False,
    undefined: Undefined | None = None,
    warn: Warn = lambda problem: None,
) -> Generator[pa.Table, None, None]:
    """What a model predicts: row for row, or of windows the steps after the rows; see `predict_rows` and `forecast`."""
    if run.preprocessing.windows is not None:
        return forecast(run, rows, columns=columns, rounded=rounded, warn=warn)
    return predict_rows(run, rows.rows(), columns=columns, rounded=rounded, undefined=undefined)
