"""Train a model, and train a run again: the jobs that load TensorFlow first."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.api.arguments import (
    ConfigLike,
    Overrides,
    RunLike,
    cache_in,
    checked_config,
    checked_of,
    require_names,
    run_path,
    with_more,
)
from dlcli.api.listeners import ignore, leave_to_run, once, warner
from dlcli.backend import startup, workers
from dlcli.backend.memory import with_memory_named
from dlcli.errors import Problem
from dlcli.jobs.workers.task import Task
from dlcli.runs.claiming import can_go_on, choose, way_on
from dlcli.runs.members import open_several
from dlcli.runs.run import Run
from dlcli.training.events import Listener, Notice
from dlcli.training.messages import with_warnings_forwarded

if TYPE_CHECKING:
    from dlcli.config.inspection.inspection import CheckedConfig
    from dlcli.data.prepare import Prepared
    from dlcli.jobs.findings import Findings
    from dlcli.jobs.reproducing import Reproduction
    from dlcli.jobs.reproducing_several import Reproductions
    from dlcli.jobs.resuming import Resumption
    from dlcli.training.plan import Plan


@with_memory_named
@with_warnings_forwarded
def train(
    config: ConfigLike | None = None,
    *,
    overrides: Overrides = (),
    run_dir: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    resume: RunLike | None = None,
    allow_code: bool = False,
    cache_dir: str | os.PathLike[str] | None = None,
    coordinator: str | None = None,
    rank: int | None = None,
    listener: Listener | None = None,
) -> Run:
    """Check a config, train its model, and write a run directory; or go on with a run.

    Args:
        config: A YAML file, or the same as a mapping (its relative paths are relative to the working directory). None
            where a run is resumed: it has its own.
        overrides: `["fit.epochs=5"]` as on the command line, or `{"fit.epochs": 5}`.
        run_dir: Where the run goes; `runs/<name>-<NNN>` when None.
        overwrite: Replace an existing run in `run_dir`.
        resume: A run to go on with from its last committed epoch, in its own directory: one that was interrupted, or a
            completed one with `overrides={"fit.epochs": 200}`. It ends as if it had never been interrupted.
        allow_code: Run the Python files that the run to resume has in its `code/`. Those of a config need no leave.
        cache_dir: Where encoded data is kept for the next run; when None `DLCLI_CACHE_DIR`, or the user's cache folder.
        coordinator: `host:port` where the workers of several machines meet, on the machine of worker 0; then each
            machine calls this, and `runtime.workers` says how many they are.
        rank: Which of those this one is, from 0.
        listener: Called with every event of the job (`dlcli.training.events`).

    Returns:
        The run; its status is `completed`, or `interrupted` after Ctrl-C.

    Raises:
        ConfigError: The config has faults; all of them.
        DataError: The data has.
        ModelError: A layer cannot be built, the outputs do not fit the targets, a device is absent.
        RunError: The run directory exists or cannot be written; the run to resume has no committed epoch, or its data,
            its code or its config differ. The run is complete and kept, and lint has found in its model what
            `lint: error` names.
        TypeError: Neither a config nor a run to resume, or both.

    Example:
        >>> run = dlcli.train("configs/iris.yaml", overrides={"fit.epochs": 20})  # doctest: +SKIP
        >>> run.metrics("test")["accuracy"]  # doctest: +SKIP
        0.9333
    """
    started = time.perf_counter()
    require_names(run_dir, cache_dir)
    from dlcli.jobs.findings import Findings

    tell = Findings(once(listener or ignore))
    if resume is not None and (config is not None or run_dir is not None or overwrite):
        raise TypeError("a run that is resumed has its config and its directory")
    if resume is None and config is None:
        raise TypeError("train needs a config, or a run to resume")
    task = Task(
        config if config is None or isinstance(config, Mapping) else Path(config),
        overrides=overrides,
        run_dir=_path(run_dir),
        overwrite=overwrite,
        resume=resume.path if isinstance(resume, Run) else _path(resume),
        allow_code=allow_code,
        cache_dir=_path(cache_dir),
        coordinator=coordinator,
        rank=rank,
    )
    run = _resume(task, started=started, tell=tell) if resume is not None else _begin(task, started=started, tell=tell)
    assert run is not None  # only a worker that follows has none
    return run


@with_memory_named
@with_warnings_forwarded
def train_as_worker(task: Task, *, listener: Listener) -> Run | None:
    """Train as one of several processes; see `dlcli.jobs.workers`. This one has been told which it is.

    Args:
        task: What to train.
        listener: As for `train`.

    Returns:
        The run, of the first worker; the others have none.

    Raises:
        DlcliError: As `train` does.
    """
    started = time.perf_counter()
    from dlcli.jobs.findings import Findings

    tell = Findings(once(listener))
    return (_begin if task.resume is None else _resume)(task, started=started, tell=tell)


def _begin(task: Task, *, started: float, tell: Findings) -> Run | None:
    """Train anew; see `train`."""
    assert task.config is not None
    inspection, checked = checked_config(task.config, task.overrides, needs_keras=True, notify=warner(tell))
    if checked.config.sweep is not None:
        message = "the config is trained as it stands, without its sweep"
        tell(Notice(Problem(message, path="sweep", hint="dlcli sweep CONFIG searches", rule="sweep-left-out")))
        if checked.config.sweep.folds is not None:  # a training has no rows to validate on but those that it names
            given = with_more(task.overrides, {"sweep": None})
            inspection, checked = checked_config(task.config, given, needs_keras=True, notify=ignore)
        checked = dataclasses.replace(checked, config=checked.config.model_copy(update={"sweep": None}))
    if checked.config.ensemble is not None:
        from dlcli.api.several import train_ensemble

        return train_ensemble(task, inspection, checked, started=started, tell=tell)
    if _needs_workers(task, checked):
        return _train_together(task, checked, tell=tell)
    from dlcli.jobs.inputs import input_files
    from dlcli.jobs.preparing import prepare_job

    cache = cache_in(task.cache_dir)
    if _follows():
        _follow(*prepare_job(inspection, checked, directory=Path(), cache=cache, tell=tell))
        return None
    inputs = input_files(inspection, checked.config)
    directory = choose(checked.config.name, task.run_dir, overwrite=task.overwrite, inputs=inputs)
    if task.overwrite and can_go_on(directory):
        message = f"the run {directory.path}, which is replaced when the new one is complete, could be gone on with"
        hint = way_on(directory)
        tell(Notice(Problem(message, hint=hint, rule="could-go-on")))

    prepared, plan = prepare_job(inspection, checked, directory=directory.path, cache=cache, tell=tell)
    from dlcli.jobs.running import run_job  # it needs TensorFlow, which is loaded by now

    run = run_job(
        prepared,
        plan,
        directory=directory,
        numbered=task.run_dir is None,
        overwrite=task.overwrite,
        inputs=inputs,
        config_file=inspection.file,
        started=started,
        tell=tell,
    )
    tell.require_none(run.path)
    return run


def _resume(task: Task, *, started: float, tell: Findings) -> Run | None:
    """Go on with a run; see `train`."""
    from dlcli.jobs.resuming import open_resumption

    path = task.resume
    assert path is not None
    if open_several(path) is not None:
        from dlcli.api.several import resume_ensemble

        return resume_ensemble(task, started=started, tell=tell)
    resumption = open_resumption(path, task.overrides, leave=leave_to_run(task.allow_code, tell))
    if resumption.finished:
        message = f"there is nothing to do: {resumption.finished}"
        tell(Notice(Problem(message, hint="--set fit.epochs=N trains on to epoch N", rule="nothing-to-do")))
        return Run(path)
    checked = checked_of(resumption.inspection, needs_keras=True, notify=warner(tell))
    if _needs_workers(task, checked):
        return _train_together(task, checked, tell=tell)
    from dlcli.jobs.preparing import prepare_job

    cache = cache_in(task.cache_dir)
    prepared, plan = prepare_job(resumption.inspection, checked, directory=path, cache=cache, tell=tell)
    if _follows():
        _follow(prepared, plan, resumption)
        return None
    from dlcli.jobs.running import run_job

    resumed = run_job(
        prepared,
        plan,
        directory=resumption.directory,
        numbered=False,
        overwrite=False,
        inputs=(),
        config_file=resumption.inspection.file,
        started=started,
        tell=tell,
        resumption=resumption,
    )
    tell.require_none(path)
    return resumed


def _needs_workers(task: Task, checked: CheckedConfig) -> bool:
    """Whether it is others who are to train, and this process is none of them."""
    asked = checked.config.runtime.workers > 1 or task.coordinator is not None or task.rank is not None
    return asked and workers.place() is None


def _train_together(task: Task, checked: CheckedConfig, *, tell: Findings) -> Run:
    from dlcli.jobs.workers.crew import train_together

    config = checked.config
    commits = bool(config.checkpoint)
    return Run(train_together(task, config.runtime, commits=commits, code=config.code, tell=tell))


def _follows() -> bool:
    """Whether this process trains for another one, which writes the run."""
    where = workers.place()
    return where is not None and where.rank > 0


def _follow(prepared: Prepared, plan: Plan, resumption: Resumption | None = None) -> None:
    from dlcli.jobs.workers.following import follow, require_alike

    require_alike(prepared, plan)
    follow(plan, resumption)


def _path(name: str | os.PathLike[str] | None) -> Path | None:
    return None if name is None else Path(name)


@with_memory_named
@with_warnings_forwarded
def reproduce(
    run: RunLike,
    *,
    run_dir: str | os.PathLike[str] | None = None,
    allow_code: bool = False,
    cache_dir: str | os.PathLike[str] | None = None,
    listener: Listener | None = None,
) -> Reproduction | Reproductions:
    """Train a run again from its own directory, its config and its code, and say whether the numbers are the same.

    As many epochs are trained as the run has: of one that was interrupted or killed those that were whole.

    Args:
        run: A run or its directory; nothing in it is changed. Of an ensemble or a cross-validation each member is
            trained again.
        run_dir: Where the new run goes and stays; when None it is trained beside, and removed.
        allow_code: Run the Python files that the run has in its `code/`.
        cache_dir: As for `train`.
        listener: Called with every event of the training.

    Raises:
        RunError: It is no run, or a sweep, it is still being trained, or there is no place for another.
        DlcliError: It cannot be trained again: its data is gone, for instance.

    Example:
        >>> dlcli.reproduce("runs/iris-001").same  # doctest: +SKIP
        True
    """
    require_names(run, run_dir, cache_dir)
    path = run_path(run, "keras")
    from dlcli.jobs.reproducing_several import reproduce_several, require_reproducible

    several = open_several(path)
    if several is not None:
        require_reproducible(several)
    startup.load()
    from dlcli.jobs.reproducing import reproduce_run

    def again(config: Path, directory: Path, tell: Listener) -> Run:
        # Whoever follows the run has been told of it once, and a run may name anybody's address.
        unfollowed = {"tracking": None}
        unseen = {"report": False} if run_dir is None else {}
        return train(config, overrides={**unfollowed, **unseen}, run_dir=directory, cache_dir=cache_dir, listener=tell)

    place = None if run_dir is None else Path(run_dir)
    leave = leave_to_run(allow_code, listener)
    tell = listener or ignore
    if several is not None:
        return reproduce_several(several, place=place, leave=leave, train=again, tell=tell)
    return reproduce_run(path, place=place, leave=leave, train=again, tell=tell)
