"""Whoever starts the workers of this machine, passes on what they tell, and ends all when one is gone.

Nobody computes here. TensorFlow would notice a lost worker after a minute or never; a parent knows at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import dlcli.errors
from dlcli.backend.workers import Place
from dlcli.errors import DlcliError, Problem, RunError
from dlcli.jobs.workers.task import Done, Failed, Interrupted, Task, receive, send
from dlcli.training.events import Listener, Notice, Planned
from dlcli.training.guards.interruption import catch_signals

__all__ = ["Lost", "Workers", "lost_notice"]

GRACE_SECONDS = 2.0
"""So long others may still tell why they ended: the first to fall is not always the one to blame."""

PATIENCE_SECONDS = 10.0
"""So long a worker may take to hear the second Ctrl-C, in the middle of an operation."""


class Lost(Exception):
    """A worker is gone, and with it the training until it begins again.

    Args:
        problem: What is known of it.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclasses.dataclass
class _Worker:
    """A process, and what it has told of its end."""

    rank: int
    process: subprocess.Popen[bytes]
    log: IO[bytes] | None
    end: Done | Failed | Interrupted | None = None
    gone: bool = False
    listener: threading.Thread | None = None


class Workers:
    """The workers of this machine.

    Args:
        task: What they are to do.
        places: Which they are.
        tell: Told what the first of them tells.
        follows: Whether the first worker of all is on another machine: then that one's end is the end.
    """

    def __init__(self, task: Task, places: Sequence[Place], *, tell: Listener, follows: bool = False) -> None:
        self._task, self._places, self._tell = task, places, tell
        self._follows = follows
        self._end: Done | None = None
        self._news: queue.Queue[tuple[_Worker | None, Any]] = queue.Queue()
        self._signals = 0
        self._forced = float("inf")
        self.directory: Path | None = None
        """The run directory, from when it is known."""

    def lose(self, problem: Problem) -> None:
        """End the workers, from another thread: one on another machine is gone."""
        self._news.put((None, problem))

    def end(self, end: Done) -> None:
        """Say, from another thread, that the first worker of all has ended on another machine."""
        self._news.put((None, end))

    def run(self) -> Done:
        """Start them, and wait for their end.

        Raises:
            Lost: One is gone.
            DlcliError: One has met a fault.
            KeyboardInterrupt: They were stopped at once.
        """
        with self._started() as workers, catch_signals(lambda *_: self._pass_on(workers)):
            first = workers[0]
            while True:
                self._take(workers, timeout=0.5)
                if self._end is not None:
                    return self._end
                if isinstance(first.end, Done) and not self._follows:
                    return first.end
                if any(_is_lost(worker) for worker in workers):
                    self._raise(workers)
                if time.monotonic() > self._forced:
                    raise KeyboardInterrupt

    def _take(self, workers: Sequence[_Worker], *, timeout: float) -> None:
        """Take one piece of news, if there is any."""
        try:
            worker, message = self._news.get(timeout=timeout)
        except queue.Empty:
            return
        if worker is None and isinstance(message, Done):
            self._end = message
        elif worker is None:
            raise Lost(message)
        elif message is None:
            worker.gone = True
        elif isinstance(message, Done | Failed | Interrupted):
            worker.end = message
        elif worker is workers[0]:
            if isinstance(message, Planned):
                self.directory = message.directory
            self._tell(message)

    def _raise(self, workers: Sequence[_Worker]) -> None:
        """Find the one that is to blame: who vanished, then who has a fault of its own, then who lost another."""
        until = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < until and not _explains(workers):
            self._take(workers, timeout=0.1)
        for worker in workers:
            if worker.gone and worker.end is None:
                raise Lost(self._vanished(worker))
        failed = [worker.end for worker in workers if isinstance(worker.end, Failed)]
        for end in sorted(failed, key=lambda end: end.of_another):
            if end.of_another:
                raise Lost(end.problems[0])
            raise _error(end)
        raise KeyboardInterrupt

    def _vanished(self, worker: _Worker) -> Problem:
        code = worker.process.wait()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        message = f"worker {worker.rank} of {self._places[0].size} {how}, and training with it"
        if said := _tail(worker.log):
            message += f"; it said: {said}"
        hint = "SIGKILL comes from the system too, when memory runs out" if code == -signal.SIGKILL else ""
        return Problem(message, hint=hint, rule="worker-lost")

    def _pass_on(self, workers: Sequence[_Worker]) -> None:
        """Ask the first to stop: the others hear it from that one, between the same two steps."""
        self._signals += 1
        if self._signals > 1:
            self._forced = min(self._forced, time.monotonic() + PATIENCE_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            workers[0].process.send_signal(signal.SIGINT)

    @contextlib.contextmanager
    def _started(self) -> Iterator[list[_Worker]]:
        workers: list[_Worker] = []
        try:
            for place in self._places:
                workers.append(self._start(place))
            yield workers
        finally:
            for worker in workers:
                with contextlib.suppress(OSError):
                    assert worker.process.stdin is not None
                    worker.process.stdin.close()  # it ends by that
            for worker in workers:
                try:
                    worker.process.wait(GRACE_SECONDS)
                except subprocess.TimeoutExpired:
                    worker.process.kill()
                    worker.process.wait()
                if worker.listener is not None:
                    worker.listener.join()
                if worker.log is not None:
                    worker.log.close()

    def _start(self, place: Place) -> _Worker:
        """Start a worker's process, in a session of its own: Ctrl-C in the terminal is for us."""
        log = tempfile.TemporaryFile() if place is not self._places[0] else None  # noqa: SIM115
        process = subprocess.Popen(
            [sys.executable, "-m", "dlcli.api.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment(),
            start_new_session=True,
        )
        worker = _Worker(place.rank, process, log)
        assert process.stdin is not None
        with contextlib.suppress(OSError):  # it is gone already, and that will be seen
            send(process.stdin, dataclasses.replace(self._task, place=place))
        worker.listener = threading.Thread(target=self._listen, args=[worker], daemon=True)
        worker.listener.start()
        return worker

    def _listen(self, worker: _Worker) -> None:
        assert worker.process.stdout is not None
        with worker.process.stdout as told:
            for message in receive(told):
                self._news.put((worker, message))
        self._news.put((worker, None))


def _is_lost(worker: _Worker) -> bool:
    """Whether the others wait for it in vain; one that has done its part is not missed."""
    return isinstance(worker.end, Failed | Interrupted) or (worker.gone and worker.end is None)


def _environment() -> dict[str, str]:
    """That of this process, where the package is found, and without what TensorFlow would take its peers from."""
    environment = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    place = str(Path(dlcli.errors.__file__).parents[1])
    environment["PYTHONPATH"] = os.pathsep.join([place, *filter(None, [environment.get("PYTHONPATH")])])
    return environment


def _explains(workers: Sequence[_Worker]) -> bool:
    """Whether it is known who is to blame."""
    vanished = any(worker.gone and worker.end is None for worker in workers)
    return vanished or any(isinstance(each.end, Failed) and not each.end.of_another for each in workers)


def _error(end: Failed) -> DlcliError:
    kind = getattr(dlcli.errors, end.kind, RunError)
    return kind(end.problems) if issubclass(kind, DlcliError) else RunError(end.problems)


def _tail(log: IO[bytes] | None) -> str:
    """The last line that a process has written."""
    if log is None:
        return ""
    log.seek(0)
    lines = [line.strip() for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""


def lost_notice(problem: Problem, attempt: int, restarts: int) -> Notice:
    """That training begins again."""
    message = f"{problem.message}; it begins again from its last commit ({attempt} of {restarts})"
    return Notice(dataclasses.replace(problem, message=message), warning=True)
