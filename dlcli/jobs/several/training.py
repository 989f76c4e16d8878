"""Several trainings in one process, a run for each, in a folder that is a run of them all."""

from __future__ import annotations

import dataclasses
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.config.document.writer import dump
from dlcli.config.signature import SplitName
from dlcli.data.cache.cache import Cache
from dlcli.data.cache.fingerprint import fingerprint
from dlcli.data.samples.samples import Samples
from dlcli.errors import DlcliError, Problem, RunError
from dlcli.files.syncing import Sync
from dlcli.jobs.findings import Findings
from dlcli.jobs.preparing import prepare_job
from dlcli.jobs.resuming import open_resumption
from dlcli.jobs.several.dividing import divide_job
from dlcli.jobs.several.job import SeveralJob
from dlcli.jobs.several.members import Member
from dlcli.jobs.several.outcome import evaluate_mean, gather_outcome
from dlcli.jobs.several.predicting import PREDICTIONS
from dlcli.jobs.several.shared import Shared
from dlcli.jobs.several.unchanged import CONFIG, require_same_config, require_same_data, require_same_ends
from dlcli.reporting.reports import report_several
from dlcli.runs.claiming import can_go_on, claim, reclaim
from dlcli.runs.contents import foreign_files
from dlcli.runs.layout import RunDirectory, copied_names, write_atomically
from dlcli.runs.members import Kind, Several, member_facts, resume_command
from dlcli.runs.provenance import now, provenance
from dlcli.runs.record import RunRecord
from dlcli.runs.run import Run
from dlcli.trained.own_code import GRANTED
from dlcli.trained.run import TrainedRun
from dlcli.training.events import Begun, EpochEnded, Event, Finished, Notice, Stage
from dlcli.training.tracking.tracking import Tracking, followers, written_by_trackers

__all__ = ["require_kind", "train_members", "train_several"]


def train_several(
    job: SeveralJob,
    *,
    directory: RunDirectory,
    numbered: bool,
    overwrite: bool,
    inputs: Sequence[Path],
    cache: Cache,
    started: float,
    tell: Findings,
    before: Several | None = None,
) -> Run:
    """Train all members, or those that are not trained yet, and gather what came of them.

    Args:
        job: What.
        directory: Where the folder goes.
        numbered: Whether the directory's number was chosen for it.
        overwrite: Replace a run that is there.
        inputs: The files that the job reads.
        cache: Of encoded data.
        started: `time.perf_counter()` at the job's start.
        tell: Called with the events.
        before: The folder that is to go on; None: a new one.

    Raises:
        DlcliError: See `run_job`; too few rows for the folds.
    """
    with Shared(cache, tell) as shared:
        if job.kind == "cross_validation":
            divide_job(job, shared, tell)
        run = train_members(
            job,
            directory=directory,
            numbered=numbered,
            overwrite=overwrite,
            inputs=inputs,
            shared=shared,
            started=started,
            tell=tell,
            before=before,
        )
    tell.require_none(run.path)
    return run


def train_members(
    job: SeveralJob,
    *,
    directory: RunDirectory,
    shared: Shared,
    started: float,
    tell: Findings,
    before: Several | None = None,
    numbered: bool = False,
    overwrite: bool = False,
    inputs: Sequence[Path] = (),
    whole: bool = True,
    goes_on: Callable[[Sequence[Run]], bool] = lambda done: True,
    note: Callable[[], Mapping[str, Any]] = dict,
    member_note: Callable[[], Mapping[str, Any]] = dict,
) -> Run:
    """Train the members with what is shared among them, and perhaps with other jobs of this process.

    Args:
        job: What.
        directory: Where the folder goes.
        shared: Reads the table.
        started: See `train_several`.
        tell: See `train_several`.
        before: See `train_several`.
        numbered: See `train_several`.
        overwrite: See `train_several`.
        inputs: See `train_several`.
        whole: Evaluate and predict too, and not only train.
        goes_on: Asked before each member but the first whether it is to be trained, of those that are complete.
        note: What the record says besides, asked at the beginning and at the end.
        member_note: What the records of the members say besides; one that somebody goes on with says it no more.

    Raises:
        DlcliError: See `run_job`; rows that have changed since.
    """
    if before is not None:
        require_same_config(before)
        require_same_data(before, shared.reader(job.checked.config))
        require_same_ends(before, job.members)
    with (
        claim(directory, numbered=numbered, overwrite=overwrite, inputs=inputs)
        if before is None
        else reclaim(directory)
    ) as claimed:
        run = claimed.run
        facts = {**_facts(job, before), **note()}
        record = RunRecord(run, facts=facts, started=started, earlier=_earlier(before))
        tracking = Tracking(job.checked.config.tracking, run, listener=tell)
        try:
            record.begin(sync=Sync.SOON)
            if before is None:
                config = job.config.model_copy(update={"code": run.keep_code(job.config.code)})
                write_atomically(run.config, dump(config.notation()), sync=Sync.SOON)
                record.note(**{CONFIG: fingerprint(run.config).sha256})
                record.save()
                run.sync()
            tracking.begin(job.config.notation(), facts, resumed=before is not None, epochs=0)
            tell(Begun(run.path, len(job.members)))
            status = _train_members(job, run, shared, record, tell, whole=whole, goes_on=goes_on, note=member_note)
            results = gather_outcome(
                job.kind, run, job.members, shared=shared, checked=job.checked_of, tell=tell, whole=whole
            )
            if status == "completed":
                results |= {"findings": tell.document()}
            record.finish(status, **results, **note())
            if status == "completed":
                claimed.complete()
                if whole:
                    evaluate_mean(run, job.checked.config, tell)
            if whole:
                _report(job, run, shared, record.spent(), tell)
        finally:
            record.close()
            tracking.end(record.said("status"), record.said("metrics"), files=[run.path / PREDICTIONS])
            if before is None and isinstance(sys.exception(), DlcliError):
                _leave_nothing(run, job)
    seconds = time.perf_counter() - started
    tell(Finished(run.path, status, int(results.get("epochs", 0)), seconds, results.get("metrics", {})))
    return Run(run.path)


def _report(job: SeveralJob, run: RunDirectory, shared: Shared, seconds: float, tell: Findings) -> None:
    """Write the report of the whole; its faults cost no training."""
    if not job.checked.config.report:
        return
    tell(Stage("writing the report"))
    checked = {run.path / member.name: job.checked_of(member) for member in job.members}

    def rows(trained: TrainedRun, split: SplitName) -> Samples:
        return shared.prepared(checked[trained.directory.path]).splits[split]

    def warn(problem: Problem) -> None:
        tell(Notice(problem, warning=True))

    report_several(run.path, rows=rows, opened=shared.trained, seconds=seconds, warn=warn)


def _train_members(
    job: SeveralJob,
    run: RunDirectory,
    shared: Shared,
    record: RunRecord,
    tell: Findings,
    *,
    whole: bool,
    goes_on: Callable[[Sequence[Run]], bool],
    note: Callable[[], Mapping[str, Any]],
) -> str:
    """Train one after the other; `interrupted` as soon as one is, or no more are wanted."""
    done: list[Run] = []
    for number, member in enumerate(job.members, start=1):
        place = RunDirectory(run.path / member.name)
        if place.record.is_file() and place.read_record().get("status") == "completed":
            done.append(Run(place.path))
            continue
        if done and not goes_on(done):
            return "interrupted"
        tell(Stage(f"{member.name}, {number} of {len(job.members)}"))
        try:
            trained = _train(job, member, place, shared, tell, files=_known_files(record), whole=whole, note=note)
        except DlcliError as error:
            raise type(error)(_named(problem, member.name) for problem in error.problems) from error
        first = trained.record
        found = {key: first[key] for key in ("columns", "reading", "data", "device", "rows") if key in first}
        is_news = any(record.value(key) != value for key, value in found.items() if key != "rows")
        record.note(**found)
        if is_news:  # of the members after the first it is the same
            record.save()
        if trained.status != "completed":
            return trained.status
        done.append(trained)
    return "completed"


def _known_files(record: RunRecord) -> dict[str, Any] | None:
    """What the member before has found out of the form of the files, which is that of all."""
    known = {key: record.value(key) for key in ("columns", "reading")}
    return None if known["reading"] is None else known


def _train(
    job: SeveralJob,
    member: Member,
    place: RunDirectory,
    shared: Shared,
    tell: Findings,
    *,
    files: Mapping[str, Any] | None,
    whole: bool,
    note: Callable[[], Mapping[str, Any]],
) -> Run:
    """Train one, or go on with it."""
    started = time.perf_counter()
    checked, inspection, resumption = job.checked_of(member), job.inspection, None
    if not can_go_on(place):
        _forget(place)
    if place.record.is_file():
        # The folder's config has been looked at, and so has its code.
        resumption = dataclasses.replace(open_resumption(place.path, leave=GRANTED), allowed=job.allowed)
        inspection = resumption.inspection
        checked = inspection.checked()
    own = Findings(_for_the_whole(tell, member.name, first=member is job.members[0]))
    prepared, plan = prepare_job(
        inspection,
        checked,
        directory=place.path,
        cache=shared.cache,
        tell=own,
        ready=shared.prepared,
        models=shared.models,
    )
    from dlcli.jobs.running import run_job  # it needs TensorFlow, which is loaded by now

    trained = run_job(
        prepared,
        plan,
        directory=place,
        numbered=False,
        overwrite=False,
        inputs=(),
        config_file=job.inspection.file,
        started=started,
        tell=own,
        resumption=resumption,
        files=files,
        whole=whole,
        note=note,
        keep=shared.keep,
    )
    tell.faults += tuple(_named(problem, member.name) for problem in own.faults)
    return trained


def _leave_nothing(run: RunDirectory, job: SeveralJob) -> None:
    """Take the folder back where its first member was refused before it was trained: nothing is there to go on with."""
    if any((run.path / member.name).exists() for member in job.members) or foreign_files(run):
        return
    for entry in run.path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry != run.lock:
            entry.unlink(missing_ok=True)


def _forget(place: RunDirectory) -> None:
    """Remove what is left of a member that has committed nothing that it could go on from: it begins anew."""
    if place.record.is_file() and not foreign_files(place):
        shutil.rmtree(place.path, ignore_errors=True)


def _for_the_whole(tell: Findings, name: str, *, first: bool) -> Any:
    """What of a member's events is told of the whole: notices, and how far it is.

    What the first says of the config and the data before it is trained is said for all. Of the others only what is
    another is news: warnings, by the name of the member, and no information, which is the same with other numbers.
    """
    begun = not first

    def listen(event: Event) -> None:
        nonlocal begun
        if isinstance(event, EpochEnded):
            begun = True
            tell(Stage(f"{name}, epoch {event.epoch}"))
        elif isinstance(event, Notice):
            if event.warning or first:
                tell(dataclasses.replace(event, of=name if begun else ""))
        elif isinstance(event, Stage):
            tell(event)

    return listen


def _named(problem: Problem, name: str) -> Problem:
    return dataclasses.replace(problem, message=f"{name}: {problem.message}")


def _facts(job: SeveralJob, before: Several | None) -> dict[str, Any]:
    config = job.checked.config
    own = provenance(job.inspection.file)
    facts = {
        "name": config.name,
        "seed": config.seed,
        **own,
        "tracking": followers(config.tracking),
        "writes": [PREDICTIONS, *copied_names(config.code), *written_by_trackers(config.tracking)],
        **member_facts(job.kind, [member.name for member in job.members]),
        **job.facts,
    }
    if before is None:
        return facts
    kept = (
        "started",
        CONFIG,
        "argv",
        "config_file",
        "working_directory",
        "versions",
        "hardware",
        "git",
        "columns",
        "reading",
    )
    earlier = before.record.get("resumed")
    resumed = {"at": now(), "argv": own["argv"], "versions": own["versions"]}
    facts |= {key: before.record[key] for key in (*kept, "data", "rows") if key in before.record}
    return facts | {"resumed": [*(earlier if isinstance(earlier, list) else []), resumed]}


def _earlier(before: Several | None) -> float:
    seconds = None if before is None else before.record.get("seconds")
    return float(seconds) if isinstance(seconds, (int, float)) and 0 <= seconds < 1e10 else 0.0


def require_kind(several: Several | None, path: Path, kind: Kind) -> Several:
    """A folder of a kind.

    Raises:
        RunError: It is one of another, or a single run.
    """
    if several is not None and several.kind == kind:
        return several
    if several is None:
        what, hint = "a single run", f"dlcli train --resume {path} goes on with it"
    else:
        way = resume_command(several.kind, path)
        what, hint = f"of the kind {several.kind}", f"{way} goes on with it"
    raise RunError(Problem(f"{path} is {what}, and not of the kind {kind}", hint=hint, rule="not-a-run"))
