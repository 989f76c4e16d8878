"""Several processes on this machine, which share nothing but the study: started, watched, replaced, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Literal

from dlcli.errors import Problem, RunError
from dlcli.sweeps.storage.address import STORAGE
from dlcli.sweeps.study import MOST_DEATHS, Study
from dlcli.sweeps.sweep import Sweep
from dlcli.training.guards.interruption import Urgency, catch_signals

__all__ = ["ONE_OF_SEVERAL", "RECYCLED", "Ending", "supervise"]

Ending = Literal["over", "interrupted", "memory"]

ONE_OF_SEVERAL = "DLCLI_ONE_OF_SEVERAL"
"""The environment variable of a worker that another process watches."""

RECYCLED = 76
"""The exit code of a worker whose memory has grown: another takes its place."""

POLL_SECONDS = 0.1

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
    pool = _Pool(sweep, study, options, workers)
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
    def __init__(self, sweep: Sweep, study: Study, options: Sequence[str], workers: int) -> None:
        self._sweep, self._study, self._size = sweep, study, workers
        threads = max(1, (os.cpu_count() or 1) // workers)
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
        self._deaths = (0, 0)  # how many trials had ended, and the workers that were killed since
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
        """A worker was killed, of too little memory perhaps, and the trial that it trained goes to another.

        Raises:
            RunError: One after the other is, and no trial ends.
        """
        ended = len(self._study.results())
        self._deaths = (ended, self._deaths[1] + 1 if self._deaths[0] == ended else 1)
        if self._deaths[1] >= MOST_DEATHS * (self._size + 1):
            name = signal.Signals(-worker.returncode).name
            message = (
                f"{self._deaths[1]} workers were ended by {name}, one after the other, and no trial has come to its end"
            )
            hint = f"see what ends them; then go on with: dlcli sweep --join {self._sweep.folder.path}"
            raise RunError(Problem(message, hint=hint, rule="sweep-worker"))

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
