"""Several processes on this machine, which share nothing but the study: started, watched, replaced, ended."""

from __future__ import annotations

import collections
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from dlcli.errors import Problem, RunError
from dlcli.runs.holder import read_signature
from dlcli.sweeps.storage.address import STORAGE
from dlcli.sweeps.study import Study
from dlcli.sweeps.sweep import Sweep
from dlcli.sweeps.worker import Ending
from dlcli.training.guards.interruption import Urgency, catch_signals

__all__ = ["ONE_OF_SEVERAL", "RECYCLED", "supervise"]

ONE_OF_SEVERAL = "DLCLI_ONE_OF_SEVERAL"
"""The environment variable of a worker that another process watches."""

RECYCLED = 76
"""The exit code of a worker whose memory has grown: another takes its place."""

POLL_SECONDS = 0.1

MOST_DEATHS = 3
"""So often the process of one trial may be killed before the trial is held to be the reason."""

PATIENCE_SECONDS = 60.0
"""So long a worker may take to end when it is asked to."""


def supervise(sweep: Sweep, study: Study, *, workers: int, options: Sequence[str], ended: Callable[[], None]) -> Ending:
    """Train with so many processes until all trials have ended.

    Args:
        sweep: What is searched.
        study: Its study.
        workers: How many.
        options: More words of their commands.
        ended: Called now and then.

    Returns:
        Whether it is over, or somebody has asked to stop.

    Raises:
        RunError: A worker has ended by a fault that is none of a trial; what it said stands on stderr.
    """
    pool = _Pool(sweep, study, options, threads=max(1, (os.cpu_count() or 1) // workers))
    with catch_signals(pool.interrupt):
        try:
            for _ in range(workers):
                pool.start()
            while pool.look():
                ended()
                time.sleep(POLL_SECONDS)
        finally:
            pool.end()
        ended()
    return "interrupted" if pool.interrupted else "over"


class _Pool:
    def __init__(self, sweep: Sweep, study: Study, options: Sequence[str], *, threads: int) -> None:
        self._sweep, self._study = sweep, study
        join = ["sweep", "--join", str(sweep.folder.path.absolute()), *options]
        self._command = [sys.executable, "-m", "dlcli", *join]
        self._environment = {
            **os.environ,
            ONE_OF_SEVERAL: "1",
            "TF_NUM_INTRAOP_THREADS": str(threads),
            "TF_NUM_INTEROP_THREADS": str(threads),
            "OMP_NUM_THREADS": str(threads),
        }
        self._environment.pop(STORAGE, None)
        if sweep.address is not None:
            self._environment[STORAGE] = f"{sweep.address.url}#{sweep.address.study}"
        self._workers: list[subprocess.Popen[bytes]] = []
        self._deaths: collections.Counter[int] = collections.Counter()
        self._urgency = Urgency()
        self.interrupted = False

    def interrupt(self, number: int, frame: FrameType | None) -> None:
        """A signal asks to stop; when it comes again there is no time to."""
        self.interrupted = True
        if self._urgency.grows(number):
            for worker in self._workers:
                worker.kill()

    def start(self) -> None:
        # It ends when this pipe does: with us, however we end.
        worker = subprocess.Popen(
            self._command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        self._workers.append(worker)

    def look(self) -> bool:
        """Replace those that have ended before their time; whether any are at work."""
        for worker in [each for each in self._workers if each.poll() is not None]:
            self._workers.remove(worker)
            code = worker.returncode
            if code == 75:
                self.interrupted = True
            elif code == RECYCLED:
                self.start()
            elif code < 0:
                self._mourn(worker)
                if not self._study.is_over():
                    self.start()
            elif code != 0:
                message = "a worker has ended; what it said is above"
                hint = f"go on with: dlcli sweep --join {self._sweep.folder.path}"
                raise RunError(Problem(message, hint=hint, rule="sweep-worker"))
        return bool(self._workers) and not self.interrupted

    def _mourn(self, worker: subprocess.Popen[bytes]) -> None:
        """A trial during which process after process is killed, of too little memory perhaps, has failed."""
        for number in self._study.running():
            holder = _signer(self._sweep.folder.lease(number).path)
            if holder == worker.pid:
                self._deaths[number] += 1
                if self._deaths[number] >= MOST_DEATHS:
                    name = signal.Signals(-worker.returncode).name
                    reason = f"its process was killed {MOST_DEATHS} times ({name}): out of memory, perhaps"
                    self._study.give_up(number, reason)

    def end(self) -> None:
        for worker in self._workers:
            with contextlib.suppress(ProcessLookupError):
                worker.terminate()
        until = time.monotonic() + PATIENCE_SECONDS
        for worker in self._workers:
            try:
                worker.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
            finally:
                if worker.stdin is not None:
                    worker.stdin.close()


def _signer(path: Path) -> int | None:
    """The process that has signed a lock, dead or alive."""
    holder = read_signature(path)
    return None if holder is None else holder.process
