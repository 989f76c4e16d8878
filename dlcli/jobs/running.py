"""The job itself: train, evaluate, prove the portable model; each leaves its part of the run directory."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.config.signature import SPLITS
from dlcli.data.prepare import Prepared
from dlcli.data.samples.samples import Subset
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.peek import peek_columns
from dlcli.errors import DlcliError, Problem
from dlcli.evaluation.evaluation import evaluate_splits, report_rows
from dlcli.evaluation.keras_metrics import KerasMetrics
from dlcli.evaluation.trained_sight import TrainedSight, look_at_training
from dlcli.exports.portable import write_portable
from dlcli.files.syncing import Sync
from dlcli.jobs.findings import Findings
from dlcli.jobs.resuming import (
    Resumption,
    followed,
    hashes_of,
    require_beginning,
    require_epochs,
    require_other_end,
    require_same_config,
    require_same_data,
)
from dlcli.jobs.workers.following import require_alike
from dlcli.model.capacity import bytes_of_file
from dlcli.model.faults import model_faults, reason
from dlcli.reporting.reports import report_training
from dlcli.runs.claiming import claim, reclaim
from dlcli.runs.commits import Commits
from dlcli.runs.history import read_history
from dlcli.runs.layout import RunDirectory, copied_names, write_json
from dlcli.runs.provenance import provenance
from dlcli.runs.record import RunRecord
from dlcli.runs.run import Run
from dlcli.trained.keras_predictor import KerasPredictor
from dlcli.trained.run import TrainedRun
from dlcli.training.callbacks import forget_backups, written_by
from dlcli.training.checkpointing.snapshot import Snapshot, most_bytes
from dlcli.training.events import EpochEnded, Event, Finished, Listener, Notice, Stage
from dlcli.training.fit import fit
from dlcli.training.guards.interruption import postponed
from dlcli.training.model_file import save_initial
from dlcli.training.plan import Plan
from dlcli.training.tracking.tracking import Tracking, written_by_trackers

__all__ = ["run_job"]

CHECK_DISK = "look at the disk; checkpoint: {keep: 3} keeps more of them"

JUDGED_ROWS = 10_000
"""Training rows that tell whether a model has learnt anything, where there is no other split."""


def run_job(
    prepared: Prepared,
    plan: Plan,
    *,
    directory: RunDirectory,
    numbered: bool,
    overwrite: bool,
    inputs: Sequence[Path],
    config_file: Path | None,
    started: float,
    tell: Findings,
    resumption: Resumption | None = None,
    whole: bool = True,
    note: Callable[[], Mapping[str, Any]] = dict,
    files: Mapping[str, object] | None = None,
    keep: Callable[[TrainedRun], None] = lambda trained: None,
) -> Run:
    """Train as planned and write the run directory.

    Args:
        prepared: The splits and how they were encoded.
        plan: The model and the batches.
        directory: Where the run goes.
        numbered: Whether the directory's number was chosen for it, and the next is as good.
        overwrite: Replace a run that is there.
        inputs: The files that the job reads.
        config_file: Where the config was read; None: a mapping.
        started: `time.perf_counter()` at the job's start.
        tell: Called with the events; keeps what was said for the record.
        resumption: The run that is to go on; None: a new one.
        whole: Evaluate and prove the model and write its report too, and not only train it.
        note: What the record says besides, asked at the beginning and at the end.
        files: What the record says of the form of the files, where another job has found it out; None: it is looked at.
        keep: Given the run as it was opened for its report, with its portable model, if it was.

    Raises:
        DlcliError: The directory cannot be made or written, or Keras failed on the way.
    """
    assembly, planned = plan.assembly, plan.planned
    require_alike(prepared, plan)
    facts = {
        "name": assembly.config.name,
        "seed": assembly.config.seed,
        "device": assembly.runtime.device,
        "device_name": assembly.runtime.device_name,
        "gpus": list(assembly.runtime.gpus),
        "rows": dict(planned.rows),
        "batch_size": planned.batch_size,
        "steps_per_epoch": planned.steps,
        "workers": assembly.config.runtime.workers,
        "parameters": planned.summary.parameters,
        "directions": dict(plan.directions),
        "data": prepared.fingerprints,
        **(_files(prepared) if files is None else files),
        "writes": [
            *copied_names(assembly.config.code),
            *written_by(assembly.config.callbacks),
            *written_by_trackers(assembly.config.tracking),
        ],
        "code": hashes_of(assembly.config.code),
        **({"weights": [each.document() for each in assembly.begun]} if assembly.begun else {}),
        **provenance(config_file),
        **note(),
    }
    room = bytes_of_file(assembly.model) * (2 if assembly.begun else 1)
    with (
        claim(directory, numbered=numbered, overwrite=overwrite, inputs=inputs, room=room)
        if resumption is None
        else reclaim(directory, room=room)
    ) as claimed:
        run = claimed.run
        start, earlier = None, 0.0
        if resumption is not None:
            start = _taken_up(resumption, prepared, plan, tell=tell)
            earlier = resumption.earlier or (start.progress.seconds if start is not None else 0.0)
            done = 0 if start is None else start.epoch
            facts |= {"epochs": done, **resumption.facts(done, facts)}
        record = RunRecord(run, facts=facts, started=started, earlier=earlier)
        reached = 0 if start is None else start.epoch
        allowed = resumption is None or resumption.allowed
        tracking = Tracking(followed(assembly.config.tracking, allowed=allowed, tell=tell), run, listener=tell)

        def watch(event: Event) -> None:
            nonlocal reached
            if isinstance(event, EpochEnded):
                reached = event.epoch
                record.note(epochs=reached)
                tracking.epoch(event)
            elif isinstance(event, Notice) and event.problem.rule == "weights-kept":
                record.note(model_epoch=reached)
            tell(event)

        try:
            with postponed():  # from the record on there is a run, and it can be gone on with
                record.begin(sync=Sync.SOON)
                run.write_inputs(assembly.config, prepared.preprocessing.state())
                if assembly.begun and resumption is None:
                    save_initial(assembly.model, run)
                tell(plan.at(run.path).planned)
            tracking.begin(assembly.config.notation(), facts, resumed=resumption is not None, epochs=reached)
            outcome = fit(plan, run, listener=watch, spent=record.spent, start=start)
            record.note(epochs=outcome.epochs, model_epoch=outcome.model_epoch, model=outcome.file)
            metrics: dict[str, dict[str, float]] = {}
            portable: Mapping[str, Any] | None = None
            if outcome.status == "completed":
                metrics = {"train": dict(outcome.metrics)}
                metrics |= _evaluate(prepared, plan, run, tell=tell, model_epoch=outcome.model_epoch) if whole else {}
            if whole:
                tell(Stage("proving the portable model"))
                portable, problem = write_portable(
                    run, assembly=assembly, preprocessing=prepared.preprocessing, splits=prepared.splits
                )
                if problem is not None:
                    tell(Notice(problem))
            with postponed():
                record.finish(
                    outcome.status,
                    metrics=metrics,
                    execution={"mode": outcome.execution.mode, "stack": outcome.execution.stack},
                    portable=portable,
                    findings=tell.document(),
                    **note(),
                )
                if outcome.status == "completed":
                    claimed.complete()
            if assembly.config.report and whole:
                tell(Stage("writing the report"))
                opened = report_training(
                    run,
                    prepared.splits,
                    config=assembly.config,
                    preprocessing=prepared.preprocessing,
                    fallback=KerasPredictor(assembly, batch_size=planned.batch_size),
                    seconds=record.spent(),
                    warn=lambda problem: tell(Notice(problem, warning=True)),
                )
                if opened is not None:
                    keep(opened)
        finally:
            record.note(findings=tell.document(), **note())  # also of a job that did not come to its end
            record.close()
            tracking.end(record.said("status"), record.said("metrics"))
            if (old := claimed.left()) is not None:
                message = f"the run that was replaced is kept in {old}"
                tell(Notice(Problem(message, hint="remove it when you need it no more", rule="replaced-run-kept")))
    tell(Finished(run.path, outcome.status, outcome.epochs, time.perf_counter() - started, metrics))
    return Run(run.path)


def _taken_up(resumption: Resumption, prepared: Prepared, plan: Plan, *, tell: Listener) -> Snapshot | None:
    """The committed epoch that a run goes on from; None where it was ended before there was one, and begins anew.

    Raises:
        RunError: What it was committed with differs from what is there; there is none, and there should be.
    """
    run, config = resumption.directory, plan.assembly.config
    require_same_data(prepared.fingerprints, prepared.preprocessing.state(), run)
    commits = Commits(run.checkpoints)
    commit = commits.latest(most=most_bytes(plan.assembly.model))
    if commit is None:
        require_beginning(resumption)
        if commits.epochs():
            message = f"no committed epoch of {run.path} is whole; the training begins at its beginning"
            tell(Notice(Problem(message, hint=CHECK_DISK, rule="commit-damaged"), warning=True))
        commits.forget_after(0)
        forget_backups(config.callbacks, run.path)
        return None
    damaged = [epoch for epoch in commits.epochs() if epoch > commit.epoch]
    if damaged:
        message = f"the commit of epoch {damaged[0]} is damaged; the training goes on from epoch {commit.epoch}"
        tell(Notice(Problem(message, hint=CHECK_DISK, rule="commit-damaged"), warning=True))
    start = Snapshot(commit)
    require_same_config(config, start.config, run)
    if start.progress.phase + 1 == len(plan.phases):
        require_epochs(start.progress.begun + plan.phases.epochs(start.progress.phase), start.epoch)
    require_other_end(resumption, config.fit.epochs, start.epoch)
    commits.forget_after(commit.epoch, keep=config.checkpoint.keep if config.checkpoint else 1)
    forget_backups(config.callbacks, run.path)
    return start


def _evaluate(
    prepared: Prepared, plan: Plan, run: RunDirectory, *, tell: Findings, model_epoch: int
) -> dict[str, dict[str, float]]:
    """Evaluate the splits that were held out; the metrics by split. One that cannot be evaluated is told of: the
    trained model is worth more. So is what lint finds in the training, and on the last of them, the test split."""
    metrics: dict[str, dict[str, float]] = {}
    judged, rows = {}, ""
    assembly = plan.assembly
    faults: tuple[type[Exception], ...] = (DlcliError, *model_faults())
    for name in [each for each in SPLITS[1:] if each in prepared.splits]:
        tell(Stage(f"evaluating the {name} split"))
        try:
            result = evaluate_splits(
                name,
                [prepared.splits[name]],
                predictor=KerasPredictor(assembly, batch_size=plan.planned.batch_size),
                metrics=KerasMetrics(assembly, batch_size=plan.planned.batch_size),
                preprocessing=prepared.preprocessing,
            )
            write_json(run.evaluations / f"{name}.json", result.document(), sync=Sync.SOON)
        except faults as error:
            why = error.problems[0].message if isinstance(error, DlcliError) else reason(error)
            hint = f"`dlcli evaluate {run.path} --split {name}` tries again"
            problem = Problem(f"the {name} split is not evaluated: {why}", hint=hint, rule="not-evaluated")
            tell(Notice(problem, warning=True))
            continue
        metrics[name] = result.metrics
        judged, rows = result.reports, f"the {name} split"
    if set(prepared.splits) == {"train"}:
        predictor = KerasPredictor(assembly, batch_size=plan.planned.batch_size)
        part = Subset(prepared.splits["train"], slice(0, JUDGED_ROWS))
        with contextlib.suppress(*faults):
            judged = report_rows(part, predictor=predictor, preprocessing=prepared.preprocessing)
            rows = "the training rows"
    history: list[dict[str, float]] = []
    with contextlib.suppress(DlcliError):
        history = read_history(run.history)
    validated = len(prepared.splits["validation"]) if "validation" in prepared.splits else None
    sight = TrainedSight(assembly.config, history, model_epoch, judged, rows, validated)
    found = look_at_training(sight)
    for problem in found.warnings:
        tell(Notice(problem, warning=True))
    tell.faults += found.faults
    return metrics


def _files(prepared: Prepared) -> dict[str, object]:
    """The columns of the training's files in their order, and how their text was read: what is likely of later ones."""
    config = prepared.config
    options = TableOptions.of(config)
    look = peek_columns(config.train, options)
    columns = None if look.names is None else list(look.names)
    return {"columns": columns, "reading": dataclasses.asdict(look.reading or options.reading)}
