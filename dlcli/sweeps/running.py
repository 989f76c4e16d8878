"""A sweep from its beginning to its end: by this process or by several, with its record, its table and its best."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dlcli.config.lint.linting import lint
from dlcli.data.cache.cache import Cache
from dlcli.errors import Problem, RunError
from dlcli.runs.holder import RunLock
from dlcli.runs.members import member_facts
from dlcli.runs.record import RunRecord
from dlcli.sweeps.events import SweepStarted, TrialEnded
from dlcli.sweeps.outcome import SweepOutcome
from dlcli.sweeps.overview import keep_best, write_best, write_table
from dlcli.sweeps.processes import Ending, supervise
from dlcli.sweeps.study import Study
from dlcli.sweeps.sweep import Sweep, facts
from dlcli.sweeps.unchanged import require_unchanged
from dlcli.training.events import Notice
from dlcli.training.guards.interruption import postponed
from dlcli.training.tracking.tracking import Tracking

__all__ = ["open_study", "run_sweep"]

SAVE_SECONDS = 2.0
"""The least time between two writings of the table and the record while a sweep goes on."""

LISTED = 5
"""Reasons that are told where all trials have failed."""


def open_study(sweep: Sweep) -> Study:
    """The study of a sweep."""
    return Study(
        sweep.folder,
        sweep.section,
        direction=sweep.direction,
        seed=sweep.seed,
        most=sweep.section.most,
        board=sweep.board,
    )


def run_sweep(
    sweep: Sweep,
    *,
    workers: int,
    cache: Cache,
    options: Sequence[str],
    config_file: Path | None,
    started: float,
    tell: Callable[[Any], None],
) -> SweepOutcome:
    """Train until all trials have ended, the time is over, or somebody asks to stop.

    Args:
        sweep: What is searched.
        workers: Processes on this machine; one is this one.
        cache: Of encoded data.
        options: Words for the commands of other workers.
        config_file: Where the config was read.
        started: `time.perf_counter()` when the command began.
        tell: Called with the events.

    Raises:
        RunError: All trials have failed; with the reasons. Its data is not what it was.
    """
    for doubt in lint(sweep.config).warnings:
        if doubt.path.startswith("sweep."):  # all else the trials tell
            tell(Notice(doubt, warning=True))
    study = open_study(sweep)
    require_unchanged(sweep.folder)
    minutes = sweep.section.minutes
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    with _Progress(sweep, study, config_file, started, tell) as progress:
        try:
            ending: Ending = "memory"
            if workers == 1:
                from dlcli.sweeps.worker import work  # late: who only waits for others reads and trains nothing

                ending = work(sweep, study, cache=cache, deadline=deadline, tell=tell, ended=progress.look)
            if ending == "memory":
                left = [] if deadline is None else [f"--minutes={max(0.001, (deadline - time.monotonic()) / 60)}"]
                ending = supervise(sweep, study, workers=workers, options=[*options, *left], ended=progress.look)
        except KeyboardInterrupt:
            with postponed():
                progress.save()
            raise
        return progress.end("completed" if ending == "over" else "interrupted")


class _Progress:
    """Follows the study, which others change too, and writes what there is to see of it."""

    def __init__(
        self, sweep: Sweep, study: Study, config_file: Path | None, started: float, tell: Callable[[Any], None]
    ) -> None:
        self._sweep, self._study, self._tell = sweep, study, tell
        self._told: set[int] = set()
        self._saved = 0.0
        self._lock = sweep.folder.run.lock
        self._config_file, self._started = config_file, started
        self._record: RunRecord | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> _Progress:
        self._stack.enter_context(self._recording())
        results = self._study.results()
        self._told = {each.number for each in results}
        section, done = self._sweep.section, sum(each.twin is None for each in results)
        self._tell(SweepStarted(self._sweep.folder.path, section.metric, self._sweep.direction, self._study.most, done))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextlib.contextmanager
    def _recording(self) -> Iterator[None]:
        """Whoever comes first writes the record; who joins does not."""
        lock = RunLock(self._lock)
        if not lock.take():
            yield
            return
        try:
            before = self._sweep.folder.run.read_json(self._sweep.folder.run.record)
            seconds = before.get("seconds")
            earlier = float(seconds) if isinstance(seconds, (int, float)) else 0.0
            said = {**facts(self._sweep.config, self._config_file), **self._reached()}
            if isinstance(before.get("started"), str):
                said["started"] = before["started"]
            self._record = RunRecord(self._sweep.folder.run, facts=said, started=self._started, earlier=earlier)
            self._record.begin()
            config, folder = self._sweep.config, self._sweep.folder
            tracking = Tracking(config.tracking, folder.run, listener=self._tell)
            try:
                tracking.begin(config.notation(), said, resumed=True, epochs=0)
                yield
            finally:
                reached = self._reached()
                self._record.note(**reached)
                self._record.close()
                best = reached["best"]
                metrics = {"best": {self._sweep.section.metric: best["value"]}} if isinstance(best, dict) else {}
                tracking.end(self._record.said("status"), metrics, files=[folder.table, folder.best])
        finally:
            lock.release(remove=True)

    def look(self) -> None:
        """Tell of the trials that have ended since, and write the table now and then."""
        results = self._study.results()
        new = [each for each in results if each.number not in self._told]
        if not new:
            return
        best = next(iter(self._study.best()), None)
        for each in new:
            self._told.add(each.number)
            ended = [other for other in results if other.number in self._told]
            repeated = sum(other.twin is not None for other in ended)
            self._tell(TrialEnded(each, len(ended) - repeated, self._study.most, best, repeated))
        if time.monotonic() - self._saved > SAVE_SECONDS:
            self.save()
            self._saved = time.monotonic()

    def save(self) -> None:
        """Write the table, the best config, and the record."""
        with self._sweep.folder.exclusive("keep"):
            write_table(self._sweep.folder, self._study)
            write_best(self._sweep.folder, self._study)
        if self._record is not None:
            self._record.note(**self._reached())
            self._record.save()

    def _reached(self) -> dict[str, object]:
        results = self._study.results()
        trained = [each for each in results if each.twin is None]
        numbers = sorted({*(each.number for each in trained), *self._study.running()})
        folder = self._sweep.folder
        names = [folder.member(number) for number in numbers if folder.trial(number).path.is_dir()]
        best = next(iter(self._study.best()), None)
        return {
            **member_facts("sweep", names),
            "epochs": sum(each.result.epochs for each in trained),
            "metric": self._sweep.section.metric,
            "direction": self._sweep.direction,
            "best": None if best is None else {"member": folder.member(best.number), "value": best.result.value},
        }

    def end(self, status: str) -> SweepOutcome:
        """The sweep has ended, for now.

        Raises:
            RunError: All trials have failed.
        """
        self.look()
        folder, section = self._sweep.folder, self._sweep.section
        if not self._study.running():
            with folder.exclusive("keep"):
                keep_best(folder, self._study, section)
        self.save()
        results = tuple(self._study.results())
        importance = self._study.importance()
        best = next(iter(self._study.best()), None)
        if self._record is not None:
            self._record.finish(status, **self._reached(), importance=importance)
            if self._sweep.config.report:
                from dlcli.reporting.reports import report_search

                report_search(folder.path, warn=lambda problem: self._tell(Notice(problem, warning=True)))
        if status == "completed" and results and all(each.result.state == "failed" for each in results):
            raise RunError(_failures(folder.path, [each.result.reason for each in results if each.twin is None]))
        found = (results, best, importance, self._study.is_exhausted())
        return SweepOutcome(folder.path, status, section.metric, self._sweep.direction, *found)


def _failures(path: Path, reasons: list[str]) -> list[Problem]:
    different = list(dict.fromkeys(reasons))
    return [
        Problem(
            f"all {len(reasons)} trials have failed: {reason}" if index == 0 else f"others: {reason}",
            hint=f"{path / 'trials.csv'} has the values of each" if index == 0 else "",
            rule="sweep-failed",
        )
        for index, reason in enumerate(different[:LISTED])
    ]
