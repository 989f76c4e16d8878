"""Several trainings of one config: on several parts of its rows, or from several seeds."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.api.arguments import (
    ConfigLike,
    Overrides,
    RunLike,
    cache_in,
    checked_config,
    inspected,
    require_names,
    with_more,
)
from dlcli.api.listeners import ignore, leave_to_run, once, warner
from dlcli.backend.memory import with_memory_named
from dlcli.errors import ConfigError, Problem, RunError
from dlcli.runs.claiming import choose
from dlcli.runs.members import WORDS, Several, open_several
from dlcli.runs.run import Run
from dlcli.training.events import Listener, Notice
from dlcli.training.messages import with_warnings_forwarded

if TYPE_CHECKING:
    from dlcli.config.inspection.inspection import CheckedConfig, Inspection
    from dlcli.config.schema import Config
    from dlcli.jobs.findings import Findings
    from dlcli.jobs.several.job import SeveralJob
    from dlcli.jobs.workers.task import Task


@with_memory_named
@with_warnings_forwarded
def cross_validate(
    config: ConfigLike | None = None,
    *,
    folds: int = 5,
    repeats: int = 1,
    overrides: Overrides = (),
    run_dir: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    resume: RunLike | None = None,
    allow_code: bool = False,
    cache_dir: str | os.PathLike[str] | None = None,
    listener: Listener | None = None,
) -> Run:
    """Train a config once for each fold of its rows, each time without that fold, which is then predicted.

    Args:
        config: As for `train`; None where a cross-validation is resumed.
        folds: How many parts the rows that are not tested on are divided into, as `data.split` says.
        repeats: How many times they are divided, each time otherwise.
        overrides: As for `train`.
        run_dir: Where the folder goes; `runs/<name>-cv-<NNN>` when None.
        overwrite: Replace an existing run in `run_dir`.
        resume: A cross-validation to go on with: its folds that are trained stay as they are.
        allow_code: Run the Python files that the folder to resume has in its `code/`.
        cache_dir: As for `train`.
        listener: Called with the events of the job.

    Returns:
        The folder as a run; `metrics` are the means over the folds, of which each is a run in it.

    Raises:
        DlcliError: See `train`; there are too few rows, or too few of a class or group.
        TypeError: Neither a config nor a folder to resume, or both.

    Example:
        >>> run = dlcli.cross_validate("configs/iris.yaml", folds=5)  # doctest: +SKIP
        >>> run.final_metrics()["validation"]["accuracy"]  # doctest: +SKIP
        0.9604
    """
    started = time.perf_counter()
    require_names(run_dir, cache_dir)
    from dlcli.jobs.findings import Findings

    tell = Findings(once(listener or ignore))
    if resume is not None:
        if config is not None or run_dir is not None or overwrite:
            raise TypeError("a cross-validation that is resumed has its config and its directory")
        return _resume(resume, overrides, allow_code=allow_code, cache_dir=cache_dir, started=started, tell=tell)
    if config is None:
        raise TypeError("cross_validate needs a config, or a folder to resume")
    from dlcli.jobs.workers.task import Task

    task = Task(
        config if isinstance(config, Mapping) else Path(config),
        overrides=overrides,
        run_dir=None if run_dir is None else Path(run_dir),
        overwrite=overwrite,
        cache_dir=None if cache_dir is None else Path(cache_dir),
    )
    return _train_folds(task, folds, repeats, name="{}-cv", started=started, tell=tell)


def _train_folds(
    task: Task, folds: int, repeats: int, *, name: str, started: float, tell: Findings, label: str = ""
) -> Run:
    """Train a config once for each fold; the folder is named after it."""
    assert task.config is not None
    require_no_fold(task.config, task.overrides)
    job = fold_job(task.config, task.overrides, folds, repeats, needs_keras=True, notify=warner(tell), label=label)
    return _train_job(job, task, name=name.format(job.checked.config.name), started=started, tell=tell)


def _train_job(job: SeveralJob, task: Task, *, name: str, started: float, tell: Findings) -> Run:
    from dlcli.jobs.inputs import input_files
    from dlcli.jobs.several.training import train_several

    inputs = input_files(job.inspection, job.checked.config)
    return train_several(
        job,
        directory=choose(name, task.run_dir, overwrite=task.overwrite, inputs=inputs),
        numbered=task.run_dir is None,
        overwrite=task.overwrite,
        inputs=inputs,
        cache=cache_in(task.cache_dir),
        started=started,
        tell=tell,
    )


def fold_job(
    config: ConfigLike,
    overrides: Overrides,
    folds: int,
    repeats: int,
    *,
    needs_keras: bool,
    notify: Callable[[Problem], None],
    label: str = "",
) -> SeveralJob:
    """The cross-validation of a config.

    Args:
        config: The config.
        overrides: As for `train`.
        folds: How many parts there are.
        repeats: How many times the rows are divided.
        needs_keras: Whether the config is looked at with Keras too.
        notify: Called with warnings.
        label: What asks for the folds, which is what a problem of theirs names; the option of the commands when empty.

    Raises:
        ConfigError: It is not valid, or trains several models already.
    """
    _require_counts(folds, repeats)
    fold = {"number": 1, "of": folds, "repeat": 1}
    given = with_more(overrides, {"data.fold": fold, "sweep": None}, label=label or f"--folds {folds}")
    inspection, checked = checked_config(config, given, needs_keras=needs_keras, notify=notify)
    asked = checked.config.ensemble
    if checked.config.ensemble_folds is not None:
        checked = dataclasses.replace(checked, config=checked.config.model_copy(update={"ensemble": None}))
    elif asked is not None:
        message = "a cross-validation trains a model for each fold, and not an ensemble for each"
        raise ConfigError(inspection.locate(Problem(message, path="ensemble", hint="leave it out", rule="ensemble")))
    _require_one_process(inspection, checked, "folds")
    from dlcli.jobs.several.job import cross_validation_job

    return cross_validation_job(inspection, checked, folds, repeats, asked_by_config=asked is not None)


def require_no_fold(config: ConfigLike, overrides: Overrides) -> None:
    """Refuse a config that is of one fold already.

    Raises:
        ConfigError: It is.
    """
    inspection = inspected(config, overrides)
    value = inspection.document.value
    data = value.get("data") if isinstance(value, Mapping) else None
    if isinstance(data, Mapping) and data.get("fold") is not None:
        message = "the config is of one fold of a cross-validation already, and there are no folds within folds"
        hint = "leave data.fold out"
        raise ConfigError(inspection.locate(Problem(message, path="data.fold", hint=hint, rule="nested-folds")))


def _resume(
    run: RunLike,
    overrides: Overrides,
    *,
    allow_code: bool,
    cache_dir: str | os.PathLike[str] | None,
    started: float,
    tell: Findings,
) -> Run:
    path = run.path if isinstance(run, Run) else Path(run)
    from dlcli.jobs.several.training import require_kind, train_several
    from dlcli.trained.own_code import require_code

    before = require_kind(open_several(path), path, "cross_validation")
    if "trial" in before.record:
        message = f"{path} is a trial of a sweep, whose folds were trained and not evaluated"
        hint = f"`dlcli sweep --join {path.parent}` goes on with the sweep; a cross-validation of it begins anew, from "
        hint += str(before.directory.config)
        raise RunError(Problem(message, hint=hint, rule="not-resumable"))
    folds = before.record.get("folds")
    of, repeats = (folds.get("of"), folds.get("repeats")) if isinstance(folds, dict) else (None, None)
    _require_counts(of, repeats)
    assert isinstance(of, int)
    assert isinstance(repeats, int)
    _require_same_config(overrides, before)
    if before.is_whole:
        return _nothing_to_do(before, allow_code=allow_code, tell=tell)
    job = fold_job(before.directory.config, (), of, repeats, needs_keras=True, notify=warner(tell))
    require_code(job.checked.config, before.directory, leave_to_run(allow_code, tell))
    job = _reaching_no_further(job, allowed=allow_code, tell=tell)
    return train_several(
        job,
        directory=before.directory,
        numbered=False,
        overwrite=False,
        inputs=(),
        cache=cache_in(cache_dir),
        started=started,
        tell=tell,
        before=before,
    )


def _reaching_no_further(job: SeveralJob, *, allowed: bool, tell: Findings) -> SeveralJob:
    """The job of a folder that goes on, whose trackers are told by leave alone: the folder may be a stranger's."""
    from dlcli.jobs.resuming import followed

    def without(config: Config) -> Config:
        return config.model_copy(update={"tracking": tracking})

    tracking = followed(job.checked.config.tracking, allowed=allowed, tell=tell)
    checked = dataclasses.replace(job.checked, config=without(job.checked.config))
    members = tuple(dataclasses.replace(each, config=without(each.config)) for each in job.members)
    return dataclasses.replace(job, checked=checked, members=members, allowed=allowed)


def train_ensemble(
    task: Task, inspection: Inspection, checked: CheckedConfig, *, started: float, tell: Findings
) -> Run:
    """Train the members of a config with `ensemble`; see `dlcli.train`."""
    from dlcli.jobs.several.job import ensemble_job

    _require_one_process(inspection, checked, "the members of an ensemble", elsewhere=task.coordinator)
    if (folds := checked.config.ensemble_folds) is not None:
        label = f"ensemble: {{folds: {folds}}}"
        return _train_folds(task, folds, 1, name="{}", started=started, tell=tell, label=label)
    return _train_job(ensemble_job(inspection, checked), task, name=checked.config.name, started=started, tell=tell)


def resume_ensemble(task: Task, *, started: float, tell: Findings) -> Run:
    """Go on with an ensemble: its members that are trained stay as they are."""
    from dlcli.jobs.several.job import ensemble_job
    from dlcli.jobs.several.training import require_kind, train_several
    from dlcli.trained.own_code import require_code

    path = task.resume
    assert path is not None
    several = open_several(path)
    if several is not None and several.kind == "cross_validation":
        return _resume(
            path,
            task.overrides,
            allow_code=task.allow_code,
            cache_dir=task.cache_dir,
            started=started,
            tell=tell,
        )
    before = require_kind(several, path, "ensemble")
    _require_same_config(task.overrides, before)
    if before.is_whole:
        return _nothing_to_do(before, allow_code=task.allow_code, tell=tell)
    inspection, checked = checked_config(before.directory.config, (), needs_keras=True, notify=warner(tell))
    require_code(checked.config, before.directory, leave_to_run(task.allow_code, tell))
    return train_several(
        _reaching_no_further(ensemble_job(inspection, checked), allowed=task.allow_code, tell=tell),
        directory=before.directory,
        numbered=False,
        overwrite=False,
        inputs=(),
        cache=cache_in(task.cache_dir),
        started=started,
        tell=tell,
        before=before,
    )


def _require_same_config(overrides: Overrides, before: Several) -> None:
    """Refuse what would make other members of those that are trained still.

    Raises:
        ConfigError: Something is to be another.
    """
    if overrides:
        message = f"the {WORDS[before.kind]} {before.directory.path} goes on with the config that it was begun with"
        raise ConfigError(Problem(message, hint="leave --set out, or begin anew", rule="resume-differs"))


def _nothing_to_do(before: Several, *, allow_code: bool, tell: Findings) -> Run:
    """A folder whose members are all trained; it may have been ended before their mean was evaluated."""
    if not (before.directory.evaluations / "test.json").is_file():
        from dlcli.config.inspection.resolved import read_resolved
        from dlcli.jobs.several.outcome import evaluate_mean

        config = read_resolved(before.place(before.names[0]).config)
        evaluate_mean(before.directory, config, tell, leave=leave_to_run(allow_code, tell))
    message = f"there is nothing to do: all {len(before.names)} members are trained"
    tell(Notice(Problem(message, rule="nothing-to-do")))
    return Run(before.directory.path)


def _require_one_process(
    inspection: Inspection, checked: CheckedConfig, who: str, *, elsewhere: str | None = None
) -> None:
    """Refuse several workers for several trainings.

    Raises:
        ConfigError: They are asked for.
    """
    if checked.config.runtime.workers > 1 or elsewhere is not None:
        message = f"{who} are trained one after the other in one process"
        hint = "leave runtime.workers out; several workers train one model"
        raise ConfigError(inspection.locate(Problem(message, path="runtime.workers", hint=hint, rule="workers")))


def _require_counts(folds: Any, repeats: Any) -> None:
    """Refuse what are no numbers of folds and repeats.

    Raises:
        ConfigError: All that is wrong.
    """
    problems = []
    if not isinstance(folds, int) or isinstance(folds, bool) or not 2 <= folds <= 1000:
        problems.append(Problem(f"expected 2 to 1,000 folds, got {folds!r}", hint="--folds 5", rule="wrong-value"))
    if not isinstance(repeats, int) or isinstance(repeats, bool) or not 1 <= repeats <= 1000:
        problems.append(
            Problem(f"expected 1 to 1,000 repeats, got {repeats!r}", hint="--repeats 1", rule="wrong-value")
        )
    if problems:
        raise ConfigError(problems)
