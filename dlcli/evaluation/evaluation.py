"""Evaluation: Keras's compiled metrics and a report for each target, slice by slice, in bounded memory."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.signature import TargetSpec
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples.labels import make_labels
from dlcli.data.samples.samples import Samples, Taken
from dlcli.data.series.levels import undo_level
from dlcli.data.series.target import TargetOfSteps
from dlcli.evaluation.compared import BaselineReports, RowsOf, as_decoded, with_mase
from dlcli.evaluation.report import ClassReport, EmbeddingReport, NumberReport
from dlcli.evaluation.several_report import PlacesReport, SequenceReport, SetReport
from dlcli.evaluation.steps_report import StepsReport
from dlcli.trained.decoding import Decoded, decode
from dlcli.trained.predictor import Predictor

__all__ = ["Evaluation", "Metrics", "Reports", "evaluate_splits", "report_rows"]

OTHERS = ("embedding", "sequence")
"""What an output may give that is no prediction for each place of its target, and no baseline is like."""

Report = ClassReport | EmbeddingReport | NumberReport | SequenceReport | SetReport


class Metrics(Protocol):
    """The compiled loss and metrics over rows that come in parts."""

    @property
    def rows_at_once(self) -> int:
        """How many rows to take in at once."""

    def add(self, inputs: Any, labels: Any, weights: Any, outputs: Sequence[NDArray[Any]]) -> None:
        """Take in the inputs of some rows, their labels and weights (or None) as the model learnt them, and what it
        gave for them."""

    def result(self) -> dict[str, float]:
        """The metrics by Keras's names."""


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """How good a model is on some rows.

    Args:
        name: The split, or the name of the data file.
        rows: How many rows.
        metrics: The compiled metrics by Keras's names, the loss first.
        reports: For each target what `ClassReport.result`, `EmbeddingReport.result` or `NumberReport.result` says.
        scaled: The number targets whose loss is that of the scaled target; all else is in their own unit.
        measured: Those that each window measures by its own past, for the loss and the metrics; reports are in their
            own unit.

    Example:
        >>> evaluation = dlcli.evaluate("runs/iris-001")  # doctest: +SKIP
        >>> evaluation.metrics["accuracy"]  # doctest: +SKIP
        0.9667
    """

    name: str
    rows: int
    metrics: dict[str, float]
    reports: dict[str, dict[str, Any]]
    scaled: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The JSON of `evaluations/<name>.json`; a single target's report stands at the top level."""
        head: dict[str, Any] = {"name": self.name, "rows": self.rows, "metrics": self.metrics}
        if self.scaled:
            head["scaled"] = list(self.scaled)
        if self.measured:
            head["measured"] = list(self.measured)
        if len(self.reports) == 1:
            ((target, report),) = self.reports.items()
            return {**head, "target": target, **report}
        return {**head, "targets": self.reports}


def evaluate_splits(
    name: str, parts: Iterable[Samples], *, predictor: Predictor, metrics: Metrics, preprocessing: Preprocessing
) -> Evaluation:
    """Evaluate rows that come in parts.

    Args:
        name: What the rows are called.
        parts: The samples of a split, or of one chunk of a file after another.
        predictor: The trained model.
        metrics: The compiled metrics.
        preprocessing: Its fitted preprocessing.
    """
    reports, labels = Reports(predictor, preprocessing), make_labels(predictor.outputs)
    rows = 0
    for part in parts:
        for some in _blocks(part, metrics.rows_at_once):
            raw = predictor(some.inputs)
            metrics.add(some.inputs, *labels.arrange(some.taken), raw)
            reports.add(raw, some)
        rows += len(part)
    targets = [target for output in predictor.outputs for target in output.targets]
    return Evaluation(
        name,
        rows,
        metrics.result(),
        reports.result(),
        scaled=tuple(target.name for target in targets if target.unit),
        measured=tuple(target.name for target in targets if target.measured),
    )


def report_rows(samples: Samples, *, predictor: Predictor, preprocessing: Preprocessing) -> dict[str, dict[str, Any]]:
    """The report of each target alone, without the compiled metrics.

    Args:
        samples: Which rows.
        predictor: The trained model.
        preprocessing: Its fitted preprocessing.
    """
    reports = Reports(predictor, preprocessing)
    for some in _blocks(samples, predictor.rows_at_once):
        reports.add(predictor(some.inputs), some)
    return reports.result()


def _blocks(samples: Samples, size: int) -> Iterator[RowsOf]:
    """All samples in their order, some at a time."""
    for start in range(0, len(samples), size):
        indices = slice(start, start + size)
        yield RowsOf(samples, indices, samples.take(indices))


class Reports:
    """The report of each target that a model predicts, and those of its baselines."""

    def __init__(self, predictor: Predictor, preprocessing: Preprocessing) -> None:
        self._predictor, self._preprocessing = predictor, preprocessing
        self._own: dict[str, Report] = {}
        self._baselines: dict[str, BaselineReports] = {}
        self._outputs: dict[str, tuple[OutputPlan, TargetSpec]] = {}
        self._steps: dict[str, StepsReport] = {}
        for output in predictor.outputs:
            for target in output.targets if output.fits else ():
                name = output.called(target.name)
                make = functools.partial(_report, output, target.name, preprocessing)
                self._outputs[name], self._own[name] = (output, target), make()
                found = preprocessing.baselines(target.name) if output.scores not in OTHERS else ()
                self._baselines[name] = BaselineReports(
                    found,
                    functools.partial(make, ranked=False),
                    functools.partial(with_mase, error=self._error_of(name)),
                )

                if (steps := _steps_report(output, target.name, preprocessing)) is not None:
                    self._steps[name] = steps

    def add(self, raw: Sequence[NDArray[Any]], rows: RowsOf) -> None:
        """Take in the outputs for some rows."""
        self.add_decoded(decode(raw, self._predictor.outputs, self._preprocessing, levels=rows.taken.levels), rows)

    def add_decoded(self, predictions: Iterable[Decoded], rows: RowsOf) -> None:
        """Take in what the outputs for some rows mean."""
        for decoded in predictions:
            if decoded.target:
                name = decoded.called or decoded.target
                _add(self._own[name], rows.taken, decoded, self._preprocessing)
                if name in self._steps:
                    _add_steps(self._steps[name], rows.taken, decoded, self._preprocessing)
                for baseline, report in self._baselines[name].each():
                    guessed = as_decoded(baseline.guess(rows), *self._outputs[name], len(rows))
                    _add(report, rows.taken, guessed, self._preprocessing)

    def result(self) -> dict[str, dict[str, Any]]:
        """What each says, by the target."""
        own = {name: with_mase(report.result(), self._error_of(name)) for name, report in self._own.items()}
        for name, steps in self._steps.items():
            own[name]["steps"] = steps.result()
        return {name: {**report, **self._baselines[name].result(report)} for name, report in own.items()}

    def _error_of(self, name: str) -> float | None:
        """What the errors of forecasts of a target are measured by."""
        windows, target = self._preprocessing.windows, self._outputs[name][1].name
        return None if windows is None else windows.pace.errors.get(target)


def _report(output: OutputPlan, target: str, preprocessing: Preprocessing, *, ranked: bool = True) -> Report:
    if output.scores == "embedding":
        return EmbeddingReport()
    if output.scores == "sequence":
        return SequenceReport()
    if output.form == "multi_hot":
        return SetReport(output.classes, ranked=ranked)
    if output.classes:
        return PlacesReport(output.classes) if output.axes else ClassReport(output.classes, ranked=ranked)
    return NumberReport(("",) if output.axes else preprocessing.targets[target].components, output.quantiles)


def _add(report: Report, taken: Taken, decoded: Decoded, preprocessing: Preprocessing) -> None:
    true = taken.targets[decoded.target]
    if isinstance(report, SequenceReport):
        assert decoded.sequences is not None
        known = [row[row >= 0] for row in np.asarray(true)]
        classes = preprocessing.targets[decoded.target].values
        assert classes is not None
        report.add([classes.take(pa.array(row)).to_pylist() for row in known], decoded.sequences.to_pylist())
    elif isinstance(report, SetReport):
        assert decoded.chosen is not None
        report.add(np.asarray(true, np.float32) > 0.5, decoded.chosen, decoded.probabilities)
    elif isinstance(report, EmbeddingReport):
        assert decoded.embedding is not None
        report.add(true.astype(np.int64), decoded.embedding)
    elif isinstance(report, ClassReport):
        assert decoded.indices is not None
        report.add(true.astype(np.int64), decoded.indices, decoded.probabilities)
    else:
        assert decoded.numbers is not None
        values = [
            _own_numbers(taken, decoded, preprocessing),
            decoded.numbers,
            *(each for _, each in decoded.quantiles),
        ]
        wanted, predicted, *quantiles = (each.reshape(-1, len(report.columns)) for each in values)
        report.add(wanted, predicted, quantiles)


def _own_numbers(taken: Taken, decoded: Decoded, preprocessing: Preprocessing) -> NDArray[np.float64]:
    """The true numbers in their own unit."""
    true, level = taken.targets[decoded.target], taken.levels.get(decoded.target)
    codec = preprocessing.targets[decoded.target]
    return np.asarray(codec.decode(true if level is None else undo_level(true, level)), np.float64)


def _steps_report(output: OutputPlan, target: str, preprocessing: Preprocessing) -> StepsReport | None:
    """Of a target at several steps ahead whose report does not tell them apart."""
    codec = preprocessing.targets[target]
    if not isinstance(codec, TargetOfSteps) or codec.steps == 1 or codec.is_vector or output.scores in OTHERS:
        return None
    if output.classes:
        return StepsReport(codec.steps, functools.partial(ClassReport, output.classes, ranked=False))
    return StepsReport(codec.steps, functools.partial(NumberReport, codec.components))


def _add_steps(report: StepsReport, taken: Taken, decoded: Decoded, preprocessing: Preprocessing) -> None:
    if decoded.indices is not None:
        report.add(taken.targets[decoded.target].astype(np.int64), decoded.indices)
    elif decoded.numbers is not None:
        report.add(_own_numbers(taken, decoded, preprocessing), decoded.numbers)
