"""The job itself: train, evaluate, prove the portable model; each leaves its part of the run directory."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from dlcli.config.signature import SPLITS, SplitName
from dlcli.data.prepare import Prepared
from dlcli.errors import Problem
from dlcli.inference.evaluation import Evaluation, evaluate_splits, report_rows
from dlcli.inference.keras_model import KerasMetrics, KerasPredictor
from dlcli.inference.proving import write_portable
from dlcli.inference.verdict import worse_than_guessing
from dlcli.runs.layout import RunDirectory, write_json
from dlcli.runs.record import RunRecord
from dlcli.runs.run import Run
from dlcli.training.events import Finished, Listener, Notice, Stage
from dlcli.training.job import fit, write_inputs
from dlcli.training.plan import Plan

__all__ = ["run_job"]

JUDGED_ROWS = 10_000
"""Training rows that tell whether a model has learnt anything, where there is no other split."""


def run_job(
    prepared: Prepared,
    plan: Plan,
    *,
    directory: RunDirectory,
    numbered: bool,
    overwrite: bool,
    config_file: Path | None,
    started: float,
    tell: Listener,
) -> Run:
    """Train as planned and write the run directory.

    Args:
        prepared: The splits and how they were encoded.
        plan: The model and the batches.
        directory: Where the run goes.
        numbered: Whether the directory's number was chosen for it, and the next is as good.
        overwrite: Replace a run that is there.
        config_file: Where the config was read; None: a mapping.
        started: `time.perf_counter()` at the job's start.
        tell: Called with the events.

    Raises:
        DlcliError: The directory cannot be made or written, or Keras failed on the way.
    """
    assembly, planned = plan.assembly, plan.planned
    run = directory.create(numbered=numbered, overwrite=overwrite)
    facts = {
        "name": assembly.config.name,
        "seed": assembly.config.seed,
        "device": assembly.runtime.device,
        "device_name": assembly.runtime.device_name,
        "gpus": list(assembly.runtime.gpus),
        "rows": dict(planned.rows),
        "batch_size": planned.batch_size,
        "steps_per_epoch": planned.steps,
        "parameters": planned.summary.parameters,
        "data": prepared.fingerprints,
    }
    record = RunRecord(run, config_file=config_file, facts=facts, started=started)
    try:
        write_inputs(run, assembly.config, prepared.preprocessing.state())
        tell(plan.at(run.path).planned)
        outcome = fit(plan, run, listener=tell)
        metrics: dict[str, dict[str, float]] = {}
        if outcome.status == "completed":
            results = {name: _evaluate(name, prepared, plan, tell) for name in SPLITS[1:] if name in prepared.splits}
            for name, result in results.items():
                write_json(run.evaluations / f"{name}.json", result.document())
                metrics[name] = result.metrics
            for verdict in _verdict(prepared, plan, results):
                tell(Notice(verdict, warning=True))
        tell(Stage("proving the portable model"))
        portable, problem = write_portable(
            run, assembly=assembly, preprocessing=prepared.preprocessing, splits=prepared.splits
        )
        if problem is not None:
            tell(Notice(problem))
        record.finish(
            outcome.status,
            epochs=outcome.epochs,
            metrics=metrics,
            execution={"mode": outcome.execution.mode, "stack": outcome.execution.stack},
            portable=portable,
        )
    finally:
        record.close()
    tell(Finished(run.path, outcome.status, outcome.epochs, time.perf_counter() - started, metrics))
    return Run(run.path)


def _evaluate(name: str, prepared: Prepared, plan: Plan, tell: Listener) -> Evaluation:
    """How good the trained model is on a split."""
    tell(Stage(f"evaluating the {name} split"))
    return evaluate_splits(
        name,
        [prepared.splits[name]],
        predictor=KerasPredictor(plan.assembly),
        metrics=KerasMetrics(plan.assembly, batch_size=plan.planned.batch_size),
        preprocessing=prepared.preprocessing,
    )


def _verdict(prepared: Prepared, plan: Plan, results: Mapping[SplitName, Evaluation]) -> Iterable[Problem]:
    """What has to be said aloud of a model that is worse than a constant; by the last split, that of the test."""
    config = plan.assembly.config
    weighted = config.fit.class_weight is not None or config.data.sample_weight is not None
    if results:
        name, result = list(results.items())[-1]
        return worse_than_guessing(result.reports, rows=f"the {name} split", weighted=weighted)
    reports = report_rows(
        prepared.splits["train"].first(JUDGED_ROWS),
        predictor=KerasPredictor(plan.assembly),
        preprocessing=prepared.preprocessing,
    )
    return worse_than_guessing(reports, rows="the training rows", weighted=weighted)
