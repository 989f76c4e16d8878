"""A trial that is a cross-validation: its folds are trained one after the other, and it may end between two of them."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Sequence
from typing import Any

from dlcli.config.inspection.inspection import CheckedConfig, Inspection
from dlcli.config.schema.sweep import SweepConfig
from dlcli.errors import DlcliError
from dlcli.jobs.findings import Findings
from dlcli.jobs.several.job import SeveralJob
from dlcli.jobs.several.members import fold_members
from dlcli.jobs.several.shared import Shared
from dlcli.jobs.several.training import train_members
from dlcli.runs.layout import RunDirectory
from dlcli.runs.members import Several, open_several
from dlcli.runs.run import Run
from dlcli.sweeps.measuring import complete_folds, mean_of, measure, measure_folds
from dlcli.sweeps.optuna_names import PAIRED
from dlcli.sweeps.results import Result
from dlcli.sweeps.study import Taken
from dlcli.sweeps.tensorboard import show_trial
from dlcli.training.events import Listener

__all__ = ["train_folds"]


@dataclasses.dataclass
class _Judge:
    """Between two folds tells the pruner how the trial stands, and asks whether it is to go on."""

    taken: Taken
    sweep: SweepConfig
    prunes: bool
    pruned: bool = False

    def __call__(self, done: Sequence[Run]) -> bool:
        """Whether the trial goes on after these folds."""
        self.pruned = self.tell(done) and self.prunes
        return not self.pruned

    def tell(self, done: Sequence[Run]) -> bool:
        """Report each fold, and the mean by then; what was reported before stays. Whether the pruner ends it here.

        A pruner that compares trials fold by fold is told the fold's own value.
        """
        if not self.prunes:
            return False
        values = [each.value for each in (measure(run, self.sweep.metric) for run in done)]
        whole = [value for value in values if value is not None]
        if len(whole) < len(values):
            return False  # the trial has failed
        paired = self.sweep.pruner is not None and self.sweep.pruner.name == PAIRED
        said = [whole[number] if paired else mean_of(whole[: number + 1]) for number in range(len(whole))]
        return [self.taken.report(number, value) for number, value in enumerate(said, start=1)][-1]

    def note(self) -> dict[str, Any]:
        """What the record of the folder says of the trial."""
        return {"trial": {"number": self.taken.number, "values": dict(self.taken.values), "pruned": self.pruned}}


def train_folds(
    taken: Taken,
    run: RunDirectory,
    sweep: SweepConfig,
    *,
    inspection: Inspection,
    checked: CheckedConfig,
    shared: Shared,
    prunes: bool,
    started: float,
    tell: Listener,
) -> Result | None:
    """Train the folds of a trial, or those that are left; None when somebody has asked to stop.

    Args:
        taken: The trial.
        run: The folder of its folds.
        sweep: The section, with `folds`.
        inspection: The config at one of the folds.
        checked: The same, checked.
        shared: Reads the table.
        prunes: Whether the pruner is asked.
        started: `time.perf_counter()` when the trial began.
        tell: Called with the events.

    Raises:
        DlcliError: A fold cannot be trained.
    """
    assert sweep.folds is not None
    judge = _Judge(taken, sweep, prunes)
    facts = {"folds": {"of": sweep.folds, "repeats": 1}}
    members = fold_members(checked.config, sweep.folds, 1)
    trained = train_members(
        SeveralJob(inspection, checked, "cross_validation", members, facts),
        directory=run,
        shared=shared,
        started=started,
        tell=Findings(tell),
        before=_before(run) if taken.again else None,
        whole=False,
        goes_on=judge,
        note=judge.note,
        member_note=lambda: {"trial": {"number": taken.number, "values": dict(taken.values)}},
    )
    if trained.status == "interrupted" and not judge.pruned:
        return None
    done = complete_folds(run) or []
    judge.tell(done)
    show_trial(taken, done, sweep.metric, checked.config.callbacks)
    return measure_folds(trained, done, sweep.metric, pruned=judge.pruned)


def _before(run: RunDirectory) -> Several | None:
    """The folds that a process has left which is dead; None, and nothing is left of them, where they cannot be used."""
    with contextlib.suppress(DlcliError):
        if (several := open_several(run.path)) is not None:
            return several
    shutil.rmtree(run.path, ignore_errors=True)
    return None
