"""A trial: the config with its values becomes an ordinary run, told to the pruner as it goes on."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import shutil
import time
import weakref
from collections.abc import Mapping
from typing import Any

from dlcli.backend import startup
from dlcli.config.checks.monitors import Watch
from dlcli.config.document.overrides import assignments
from dlcli.config.inspection.inspection import CheckedConfig, Inspection
from dlcli.config.schema import Config
from dlcli.config.schema.sweep import SweepConfig
from dlcli.config.searching.ends import trial_overrides
from dlcli.data.reader import TableReader
from dlcli.errors import DataError, DlcliError, Problem, RunError
from dlcli.jobs.checking import check_config
from dlcli.jobs.findings import Findings
from dlcli.jobs.preparing import prepare_job
from dlcli.jobs.resuming import Resumption, hashes_of, open_resumption
from dlcli.jobs.several.dividing import divide_folds
from dlcli.jobs.several.members import fold_members
from dlcli.jobs.several.shared import Shared
from dlcli.jobs.several.unchanged import require_ours
from dlcli.runs.claiming import can_go_on
from dlcli.runs.layout import RunDirectory
from dlcli.runs.members import open_several
from dlcli.runs.run import Run
from dlcli.sweeps.fold_trial import train_folds
from dlcli.sweeps.folder import SweepFolder, Written
from dlcli.sweeps.measuring import found_result, measure
from dlcli.sweeps.results import Result
from dlcli.sweeps.study import Taken
from dlcli.sweeps.tensorboard import show_trial
from dlcli.sweeps.unchanged import BegunWith, require_alike, sources_searched
from dlcli.trained.own_code import GRANTED
from dlcli.training.events import EpochEnded, Event, Listener
from dlcli.training.guards.interruption import StopTraining

__all__ = ["SweepTrials"]


@dataclasses.dataclass
class _Watch:
    """Listens to a training: each epoch is reported, and a trial that falls behind is ended."""

    taken: Taken
    metric: str
    prunes: bool
    tell: Listener
    pruned: bool = False

    def __call__(self, event: Event) -> None:
        self.tell(event)
        if not self.prunes or not isinstance(event, EpochEnded):
            return
        value = event.logs.get(self.metric)
        if value is not None and math.isfinite(value) and self.taken.report(event.epoch, value):
            self.pruned = True
            raise StopTraining

    def note(self) -> dict[str, Any]:
        """What the record of the run says of the trial."""
        return {"trial": {"number": self.taken.number, "values": dict(self.taken.values), "pruned": self.pruned}}


class SweepTrials:
    """Trains the trials of a sweep, one after the other, in one process.

    Args:
        folder: The sweep.
        written: Its config.
        sweep: Its section.
        watches: What is to be seen of the metric when the data has been read.
        shared: The data, read once.
        prunes: Whether each epoch is reported.
        tell: Called with the events of the trainings.
    """

    def __init__(
        self,
        folder: SweepFolder,
        written: Written,
        sweep: SweepConfig,
        *,
        watches: tuple[Watch, ...],
        shared: Shared,
        prunes: bool,
        tell: Listener,
    ) -> None:
        self._folder, self._written, self._sweep, self._watches = folder, written, sweep, watches
        self._shared, self._prunes, self._tell = shared, prunes, tell
        self._sound = False
        self._files: tuple[TableReader, dict[str, Any]] | None = None
        self._sources = sources_searched(sweep)
        self._begun_with = BegunWith(folder)
        self._alike: weakref.WeakSet[TableReader] = weakref.WeakSet()

    def train(self, taken: Taken) -> Result | None:
        """Train a trial, or what is left of it; None when somebody has asked to stop.

        Args:
            taken: Ours as long as this lasts.

        Raises:
            DlcliError: The config would be refused without the values too, as that of every other trial.
        """
        started = time.perf_counter()
        run = self._folder.trial(taken.number)
        try:
            if self._is_left(taken, run):
                taken = dataclasses.replace(taken, again=True)
            if taken.again and (result := self._found(taken, run)) is not None:
                return result
            return self._trained(taken, run, started)
        except DlcliError as error:
            if isinstance(error, RunError) and _is_of_all(error):
                raise
            if isinstance(error, DataError) or not _is_begun(run):
                self._require_sound(error)
            return Result("failed", seconds=time.perf_counter() - started, reason=_reason(error.problems))

    def _is_left(self, taken: Taken, run: RunDirectory) -> bool:
        """Whether a trial stands there that the study holds for new, for it has lost lines: to a power cut, or because
        its file was restored from a copy. It is the same trial when it has the same values, and else it is not ours to
        replace.

        Raises:
            RunError: It is another one.
        """
        if taken.again or not run.record.is_file():
            return False
        try:
            said = run.read_record().get("trial")
        except RunError:
            return True  # what is damaged begins anew
        values = said.get("values") if isinstance(said, dict) else None  # one that somebody has gone on with has none
        if _written(values) != _written(taken.values):
            message = f"{run.path} is there already, and the study knows it with other values or not at all"
            hint = "put back the study as it was with these trials; or --overwrite begins anew"
            raise RunError(Problem(message, hint=hint, rule="sweep-differs"))
        return True

    def _found(self, taken: Taken, run: RunDirectory) -> Result | None:
        """What came of a trial whose process died when it was trained and not told yet.

        Raises:
            RunError: Somebody has gone on with it, or with a fold of it, which is another run now.
        """
        if not run.record.is_file():
            return None
        config = self._inspect(taken.values, taken.number).require()
        several = None
        with contextlib.suppress(RunError):  # what is damaged is not found, and begins anew
            several = open_several(run.path)
        for place in (run,) if several is None else several.present():
            require_ours(place, config)
        return found_result(run, self._sweep.metric)

    def _require_sound(self, error: DlcliError) -> None:
        """Make sure that it is for its values that a trial was refused, before it was trained.

        Raises:
            DlcliError: The config is refused as it stands: the data is gone, or lint makes a fault of what is in it.
        """
        if self._sound and not isinstance(error, DataError):
            return
        inspection = self._inspect({})
        checked = self._checked(inspection)
        if self._sweep.folds is not None:
            table = self._shared.reader(checked.config).checked()
            divide_folds(table, fold_members(checked.config, self._sweep.folds, 1))
        prepare_job(
            inspection,
            checked,
            directory=self._folder.path,
            cache=self._shared.cache,
            tell=lambda event: None,
            ready=self._shared.prepared,
        )
        self._sound = True

    def _trained(self, taken: Taken, run: RunDirectory, started: float) -> Result | None:
        if self._sweep.folds is not None:
            inspection = self._inspect(taken.values, taken.number)
            checked = self._checked(inspection)
            self._require_alike(taken, checked.config)
            return train_folds(
                taken,
                run,
                self._sweep,
                inspection=inspection,
                checked=checked,
                shared=self._shared,
                prunes=self._prunes,
                started=started,
                tell=self._tell,
            )
        watch = _Watch(taken, self._sweep.metric, self._prunes, self._tell)
        trained = self._train(taken, run, watch, started)
        if trained.status == "interrupted" and not watch.pruned:
            return None
        return measure(trained, self._sweep.metric, pruned=watch.pruned)

    def _require_alike(self, taken: Taken, config: Config) -> None:
        """Look at the data when it is read first; see `unchanged.require_alike`."""
        reader = self._shared.reader(config)
        if reader not in self._alike:
            files, code = reader.files.fingerprints(), hashes_of(config.code)
            require_alike(self._folder, taken.values, sources=self._sources, files=files, code=code)
            self._alike.add(reader)

    def _checked(self, inspection: Inspection) -> CheckedConfig:
        """The config of a trial; it is seen of the metric too, when the data has been read, whether there is one."""
        checked = check_config(inspection)
        return dataclasses.replace(checked, watches=(*checked.watches, *self._watches))

    def _train(self, taken: Taken, run: RunDirectory, watch: _Watch, started: float) -> Run:
        tell = Findings(watch)
        resumption = self._resumption(run) if taken.again else None
        inspection = self._inspect(taken.values, taken.number) if resumption is None else resumption.inspection
        checked = self._checked(inspection)
        prepared, plan = prepare_job(
            inspection,
            checked,
            directory=run.path,
            cache=self._shared.cache,
            tell=tell,
            ready=self._shared.prepared,
            models=self._shared.models,
        )
        reader = self._shared.reader(checked.config)
        self._require_alike(taken, checked.config)
        self._begun_with.require_alike(plan.assembly.begun)
        from dlcli.jobs.running import run_job  # it needs TensorFlow, which is loaded by now

        trained = run_job(
            prepared,
            plan,
            directory=run,
            numbered=False,
            overwrite=False,
            inputs=(),
            config_file=None,
            started=started,
            tell=tell,
            resumption=resumption,
            whole=False,
            note=watch.note,
            files=self._files[1] if self._files is not None and self._files[0] is reader else None,
        )
        if trained.status == "completed" or watch.pruned:
            show_trial(taken, [trained], self._sweep.metric, checked.config.callbacks, pruned=watch.pruned)
        self._files = (reader, {key: trained.record.get(key) for key in ("columns", "reading")})
        return trained

    def _inspect(self, values: Mapping[str, Any], number: int | None = None) -> Inspection:
        startup.load_before_tables()
        label = "sweep" if number is None else f"trial {number}"
        return self._written.inspect([*assignments(trial_overrides(self._sweep, dict(values)), label=label)])

    def _resumption(self, run: RunDirectory) -> Resumption | None:
        """Where a trial that was begun goes on from; None, and nothing is left of it, when it has committed nothing."""
        if can_go_on(run):
            with contextlib.suppress(DlcliError):
                resumption = open_resumption(run.path, (), leave=GRANTED)
                if not resumption.finished:
                    return resumption
        shutil.rmtree(run.path, ignore_errors=True)
        return None


def _written(values: Any) -> str:
    return json.dumps(values, sort_keys=True, default=str)


def _reason(problems: tuple[Problem, ...]) -> str:
    problem = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    where = f"{problem.path}: " if problem.path else ""
    return f"{where}{problem.message}{more}"


def _is_begun(run: RunDirectory) -> bool:
    """Whether a trial, or a fold of it, has come to be a run: then nothing was wrong before it was trained."""
    if not run.record.is_file():
        return False
    with contextlib.suppress(RunError):
        several = open_several(run.path)
        return several is None or bool(several.present())
    return True


def _is_of_all(error: RunError) -> bool:
    """Whether it is no fault of the trial's: nobody can write into the sweep any more, or its data has changed."""
    return any(problem.rule in ("not-writable", "sweep-differs") for problem in error.problems)
