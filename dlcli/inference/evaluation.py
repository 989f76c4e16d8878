"""Evaluation: Keras's compiled metrics and a report for each target, slice by slice, in bounded memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.config.outputs import OutputPlan
from dlcli.data.batches import Batches
from dlcli.data.labels import make_labels, row_weights
from dlcli.data.prepare import Split
from dlcli.data.preprocessing import Preprocessing
from dlcli.inference.decoding import Decoded, decode
from dlcli.inference.report import ClassReport, NumberReport
from dlcli.model.assembly import Assembly
from dlcli.model.capacity import rows_at_once
from dlcli.model.state import MetricsPass

__all__ = ["Evaluation", "evaluate_splits"]


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """How good a model is on some rows.

    Args:
        name: The split, or the name of the data file.
        rows: How many rows.
        metrics: The compiled metrics by Keras's names, the loss first.
        reports: For each target what `ClassReport.result` or `NumberReport.result` says.

    Example:
        >>> evaluation = dlcli.evaluate("runs/iris-001")  # doctest: +SKIP
        >>> evaluation.metrics["accuracy"]  # doctest: +SKIP
        0.9667
    """

    name: str
    rows: int
    metrics: dict[str, float]
    reports: dict[str, dict[str, Any]]

    def document(self) -> dict[str, Any]:
        """The JSON of `evaluations/<name>.json`; a single target's report stands at the top level."""
        head: dict[str, Any] = {"name": self.name, "rows": self.rows, "metrics": self.metrics}
        if len(self.reports) == 1:
            ((target, report),) = self.reports.items()
            return {**head, "target": target, **report}
        return {**head, "targets": self.reports}


def evaluate_splits(
    name: str, parts: Iterable[Split], *, assembly: Assembly, preprocessing: Preprocessing
) -> Evaluation:
    """Evaluate rows that come in parts.

    Args:
        name: What the rows are called.
        parts: Encoded rows; one split in memory, or the chunks of a file.
        assembly: The trained model.
        preprocessing: Its fitted preprocessing.
    """
    model = assembly.model
    size = rows_at_once(model)
    reports = {
        target.name: _report(output, target.name, preprocessing)
        for output in assembly.outputs
        for target in output.targets
    }
    compiled = MetricsPass(model)
    rows = 0
    for part in parts:
        weights = row_weights(
            sample_weight=part.sample_weight,
            setting=None,
            weighted=None,
            targets=part.targets,
            outputs=assembly.outputs,
        )
        batches = Batches(
            inputs=part.inputs,
            labels=make_labels(part.targets, assembly.outputs),
            weights=weights,
            batch_size=size,
            shuffle=False,
            seed=0,
        )
        for start, (x, y, w) in zip(range(0, len(part.rows), size), batches.slices(), strict=True):
            compiled.add((x, y, w))
            for decoded in decode(raw_outputs(model, x), assembly.outputs, preprocessing):
                true = part.targets[decoded.target][start : start + size]
                _add(reports[decoded.target], true, decoded, preprocessing)
        rows += len(part.rows)
    return Evaluation(name, rows, compiled.result(), {key: report.result() for key, report in reports.items()})


def raw_outputs(model: Any, inputs: Mapping[str, NDArray[np.generic]]) -> list[NDArray[np.floating]]:
    """The model's outputs for one slice, in its order, as arrays (rows, units)."""
    values = model.predict_on_batch(inputs)
    if isinstance(values, dict):
        values = [values[name] for name in model.output_names]
    return [np.asarray(value) for value in (values if isinstance(values, (list, tuple)) else [values])]


def _report(output: OutputPlan, target: str, preprocessing: Preprocessing) -> ClassReport | NumberReport:
    if output.classes:
        return ClassReport(output.classes)
    return NumberReport(tuple(preprocessing.targets[target].columns))


def _add(
    report: ClassReport | NumberReport, true: NDArray[np.generic], decoded: Decoded, preprocessing: Preprocessing
) -> None:
    if isinstance(report, ClassReport):
        assert decoded.indices is not None
        report.add(true.astype(np.int64), decoded.indices)
    else:
        assert decoded.numbers is not None
        report.add(preprocessing.targets[decoded.target].decode(true), decoded.numbers)
