"""One process that trains trials until there are no more, or its memory has grown."""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Callable
from pathlib import Path

from dlcli.data.cache.cache import Cache
from dlcli.jobs.several.shared import Shared
from dlcli.sweeps.overview import keep_best
from dlcli.sweeps.processes import Ending
from dlcli.sweeps.study import Study
from dlcli.sweeps.sweep import Sweep
from dlcli.sweeps.trial import SweepTrials
from dlcli.training.events import Listener

__all__ = ["work"]

POLL_SECONDS = 0.2

ROOM = 1.5 * 2**30
"""Bytes that a process may grow by after its first trial; then another takes its place."""


def work(
    sweep: Sweep,
    study: Study,
    *,
    cache: Cache,
    deadline: float | None = None,
    tell: Listener = lambda event: None,
    ended: Callable[[], None] = lambda: None,
) -> Ending:
    """Train trials.

    Args:
        sweep: What is searched.
        study: Its study.
        cache: Of encoded data.
        deadline: `time.monotonic()` after which no trial begins.
        tell: Called with the events of the trainings.
        ended: Called after each trial, and while there is none to train.

    Returns:
        Why it has ended.
    """
    with Shared(cache, tell) as shared:
        trials = SweepTrials(
            sweep.folder,
            sweep.written,
            sweep.section,
            watches=sweep.watches,
            shared=shared,
            prunes=study.prunes,
            tell=tell,
        )
        return _train_all(sweep, study, trials, deadline, ended)


def _train_all(
    sweep: Sweep, study: Study, trials: SweepTrials, deadline: float | None, ended: Callable[[], None]
) -> Ending:
    most: int | None = None
    while deadline is None or time.monotonic() < deadline:
        taken = study.take()
        if taken is None:
            if study.is_over():
                return "over"
            ended()
            time.sleep(POLL_SECONDS)
            continue
        try:
            result = trials.train(taken)
            if result is None:
                return "interrupted"
            with sweep.folder.exclusive("keep"):
                study.tell(taken, result)
                keep_best(sweep.folder, study, sweep.section, taken.number)
        finally:
            study.release(taken)
        ended()
        if most is None:
            _leave_out_what_stays()
        size = _resident()
        most = size + int(ROOM) if most is None else most
        if size > most:
            return "memory"
    return "over"


def _leave_out_what_stays() -> None:
    """Look for no garbage among what TensorFlow has imported: Keras collects all whenever a model is forgotten.

    Measured: a tenth of a second of each trial, or a quarter on a busy machine.
    """
    gc.collect()
    gc.freeze()


def _resident() -> int:
    """Bytes of memory that the process has; 0 where that cannot be told."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
