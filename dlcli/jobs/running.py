"""The job itself: train, evaluate, prove the portable model; each leaves its part of the run directory."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from dlcli.config.signature import SPLITS
from dlcli.data.prepare import Prepared
from dlcli.data.sources.header import likely_reading, peek_columns
from dlcli.data.sources.options import TableOptions
from dlcli.inference.evaluation import evaluate_splits
from dlcli.inference.keras_model import KerasMetrics, KerasPredictor
from dlcli.inference.proving import write_portable
from dlcli.runs.layout import RunDirectory, write_json
from dlcli.runs.record import RunRecord
from dlcli.runs.run import Run
from dlcli.training.events import Finished, Listener, Notice, Stage
from dlcli.training.job import fit, write_inputs
from dlcli.training.plan import Plan

__all__ = ["run_job"]


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
        **_files(prepared),
    }
    record = RunRecord(run, config_file=config_file, facts=facts, started=started)
    try:
        write_inputs(run, assembly.config, prepared.preprocessing.state())
        tell(plan.at(run.path).planned)
        outcome = fit(plan, run, listener=tell)
        metrics: dict[str, dict[str, float]] = {}
        if outcome.status == "completed":
            for name in SPLITS[1:]:
                if name in prepared.splits:
                    tell(Stage(f"evaluating the {name} split"))
                    result = evaluate_splits(
                        name,
                        [prepared.splits[name]],
                        predictor=KerasPredictor(assembly),
                        metrics=KerasMetrics(assembly, batch_size=planned.batch_size),
                        preprocessing=prepared.preprocessing,
                    )
                    write_json(run.evaluations / f"{name}.json", result.document())
                    metrics[name] = result.metrics
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


def _files(prepared: Prepared) -> dict[str, object]:
    """The columns of the training's files in their order, and how their text was read: what is likely of later ones."""
    config = prepared.config
    options = TableOptions.of(config)
    names = peek_columns(config.train, options).names
    reading = likely_reading(config.train, options)
    return {"columns": None if names is None else list(names), "reading": dataclasses.asdict(reading)}
