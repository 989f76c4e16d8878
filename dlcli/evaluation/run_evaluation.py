"""The evaluation of a run: without TensorFlow where every metric can be computed from predictions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.config.signature import SplitName
from dlcli.errors import DataError, ModelError, Problem
from dlcli.evaluation.evaluation import Evaluation, evaluate_splits
from dlcli.evaluation.predicted_metrics import PredictedMetrics, left_to_keras
from dlcli.runs.layout import RunDirectory, write_json
from dlcli.runs.members import open_several
from dlcli.runs.record import read_batch_size
from dlcli.trained.onnx_predictor import OnnxPredictor
from dlcli.trained.own_code import Leave
from dlcli.trained.rows import data_parts, split_rows
from dlcli.trained.run import TrainedRun, Warn
from dlcli.trained.runtime import Runtime, load, load_portable, tell_older_model

if TYPE_CHECKING:
    import pandas as pd

    from dlcli.data.cache.cache import Cache
    from dlcli.data.samples.samples import Samples
    from dlcli.data.sources.options import Reading
    from dlcli.evaluation.evaluation import Metrics

__all__ = ["Watch", "evaluate_run"]

Watch = Callable[[Iterator["Samples"]], Iterator["Samples"]]
"""Sees the rows of an evaluation on their way; of several models those of each."""


def evaluate_run(
    path: Path,
    data: str | os.PathLike[str] | Mapping[str, Any] | pd.DataFrame | None,
    *,
    split: SplitName,
    name: str,
    cache: Cache | None,
    reading: Reading | None,
    runtime: Runtime,
    leave: Leave,
    warn: Warn,
    watch: Watch = iter,
    opened: Callable[[TrainedRun], None] = lambda run: None,
) -> Evaluation:
    """Evaluate a run and write `evaluations/<name>.json`.

    Args:
        path: The run directory.
        data: New rows with the target; None: a split of the run's own data.
        split: Which split.
        name: What the rows are called.
        cache: Where training kept the encoded data.
        reading: How a file of new rows is to be read.
        runtime: What to compute with.
        leave: Whether code of the run's own may be run.
        warn: Told when the portable model should be there and cannot be trusted, and of doubts about the rows.
        watch: Given the rows part by part, passes them on.
        opened: Given the run, before anything is evaluated.

    Raises:
        DlcliError: See `dlcli.evaluate`.
    """
    if open_several(path) is not None:
        run = load(path, leave=leave, runtime=runtime, warn=warn)
        opened(run)
        result = _together(run, data, split=split, name=name, cache=cache, reading=reading, warn=warn, watch=watch)
        write_json(run.directory.evaluations / f"{name}.json", result.document())
        return result
    run, metrics = _open(path, runtime=runtime, leave=leave, warn=warn)
    if data is None:
        parts = iter([split_rows(run, split, cache=cache)])
    else:
        parts = data_parts(run, data, reading=reading, warn=warn)
    opened(run)
    result = evaluate_splits(
        name, watch(parts), predictor=run.predictor, metrics=metrics, preprocessing=run.preprocessing
    )
    for problem in (*run.preprocessing.gaps(), *run.preprocessing.unseen_values()):
        warn(problem)
    write_json(run.directory.evaluations / f"{name}.json", result.document())
    for target, report in result.reports.items():
        if missed := report.get("without_prediction"):
            message = f"the model gives no number for {missed:,} of the {result.rows:,} rows, so no class of {target!r}"
            warn(Problem(message, hint="they count as wrong; predict names them", rule="no-prediction"))
    return result


def _together(
    run: TrainedRun,
    data: Any,
    *,
    split: SplitName,
    name: str,
    cache: Cache | None,
    reading: Reading | None,
    warn: Warn,
    watch: Watch,
) -> Evaluation:
    """Evaluate the mean of the members of a folder.

    Raises:
        DataError: Each fold has a split of its own of that name.
    """
    from dlcli.evaluation.several import evaluate_together

    if data is None and split != "test" and any(each.config.data.fold is not None for each in run.models):
        message = f"each fold has a {split} split of its own, and most members have learnt from it"
        hint = "see the metrics of the cross-validation; or give rows that no member knows"
        raise DataError(Problem(message, hint=hint, rule="no-such-split"))
    if data is None:
        samples = [iter([split_rows(each, split, cache=cache)]) for each in run.models]
    else:
        samples = [data_parts(each, data, reading=reading, warn=warn) for each in run.models]
    return evaluate_together(name, run, [watch(each) for each in samples])


def _open(path: Path, *, runtime: Runtime, leave: Leave, warn: Warn) -> tuple[TrainedRun, Metrics]:
    """The run in the runtime that can compute its metrics.

    Raises:
        ModelError: `portable` is asked for, and a metric is left to Keras.
    """
    tell_older_model(path, warn)
    if runtime != "keras":
        portable = load_portable(path, required=runtime == "portable", warn=warn)
        if portable is not None:
            assert isinstance(portable.predictor, OnnxPredictor)
            reason = left_to_keras(portable.config, portable.predictor)
            if not reason:
                size = read_batch_size(portable.directory)
                return portable, PredictedMetrics(portable.config, portable.predictor, batch_size=size)
            if runtime == "portable":
                message = f"only Keras computes {reason}"
                hint = "leave --runtime out, or say --runtime keras"
                raise ModelError(Problem(message, hint=hint, rule="needs-keras"))
    from dlcli.evaluation.keras_metrics import KerasMetrics
    from dlcli.trained.keras_predictor import KerasPredictor, load_keras

    run = load_keras(RunDirectory.open(path), leave=leave, mixed=True)
    predictor = run.predictor
    assert isinstance(predictor, KerasPredictor)
    predictor.assembly.compile()
    return run, KerasMetrics(predictor.assembly, batch_size=read_batch_size(run.directory))
