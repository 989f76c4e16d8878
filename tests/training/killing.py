"""A program for the tests: runs dlcli again and again, each time in a process that is killed at a given moment.

It has loaded TensorFlow once and forks. Each line of its input is a job, `{"argv": [...], "run": ..., "at": n}`: the
process kills itself (SIGKILL, or the `signal` that is named, `times` times) before the n-th time that it opens,
renames, removes or syncs something of the run directory, or looks for a module with `"imports": true`; or
`"after": seconds` from its start. With `"fault"` it is not killed then: one of `FAULTS` comes upon the run. Each line
of its output is how that ended: `{"code": ..., "calls": n}`. With `--cold` it loads nothing and does not fork: its one
job begins as a command does.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate")
"""What Python announces before it does it."""


def limit(run: Path) -> None:
    """No file may have more than a few bytes; a full disk says so in other words."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))


def vanish(run: Path) -> None:
    """Somebody has removed the run, or moved it."""
    run.rename(run.with_name("gone"))


def lock_up(run: Path) -> None:
    """Nothing may be written into the folders of the run any more; who may do everything gives that up."""

    class Header(ctypes.Structure):
        _fields_ = (("version", ctypes.c_uint32), ("process", ctypes.c_int))

    none = (ctypes.c_uint32 * 6)()
    ctypes.CDLL(None).capset(ctypes.byref(Header(0x20080522, 0)), none)
    for folder in (run, run / "checkpoints", run / "evaluations"):
        folder.chmod(0o500)


def block(run: Path) -> None:
    """A file stands where the commits belong."""
    (run / "checkpoints").rename(run.with_name("commits"))
    (run / "checkpoints").write_text("")


FAULTS = {each.__name__: each for each in (limit, vanish, lock_up, block)}


class Calls:
    """Counts what a process does to files of the run, and kills it before one of them."""

    def __init__(self, job: dict[str, Any], told: Path) -> None:
        self._run, self._at, self._told = job.get("watch", job["run"]), job.get("at"), told
        self._signal, self._times = signal.Signals[job.get("signal", "SIGKILL")], job.get("times", 1)
        self._fault = job.get("fault")
        self._imports = job.get("imports", False)
        self.count = 0

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Something is about to happen."""
        if self._imports:
            if event == "import":
                self.tick()
            return
        if event not in EVENTS or (event == "open" and not _writes(arguments)):
            return
        if any(self._run in os.fsdecode(each) for each in arguments if isinstance(each, (str, bytes, os.PathLike))):
            self.tick()

    def tick(self) -> None:
        """Something of the run is about to be changed."""
        self.count += 1
        if self.count == self._at and self._fault is not None:
            FAULTS[self._fault](Path(self._run))
        elif self.count == self._at:
            for _ in range(self._times):
                os.kill(os.getpid(), self._signal)

    def synced(self, fsync: Callable[[Any], None]) -> Callable[[Any], None]:
        """`os.fsync`, counted."""

        def counted(descriptor: Any) -> None:
            if not self._imports:
                self.tick()
            fsync(descriptor)

        return counted

    def tell(self) -> None:
        """Leave the count for the parent."""
        self._told.write_text(str(self.count))


def _writes(arguments: tuple[Any, ...]) -> bool:
    return len(arguments) > 2 and isinstance(arguments[2], int) and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))


def child(job: dict[str, Any], told: Path) -> None:
    """Run dlcli as its program does; does not return."""
    calls = Calls(job, told)
    sys.addaudithook(calls.see)
    setattr(os, "fsync", calls.synced(os.fsync))  # noqa: B010 - it is declared as a function
    sys.argv = ["dlcli", *job["argv"]]
    from dlcli import __main__ as process

    def leave(code: int) -> NoReturn:
        calls.tell()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    process.leave = leave
    try:
        process.program()
    finally:
        os._exit(3)


def run(job: dict[str, Any]) -> dict[str, int]:
    """One job in a process of its own."""
    told = Path(job["run"] + ".calls").absolute()
    told.unlink(missing_ok=True)
    log = os.open(job["run"] + ".log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    process = os.fork()
    if process == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(log, 1)
        os.dup2(log, 2)
        child(job, told)
    os.close(log)
    if job.get("after") is not None:
        time.sleep(job["after"])
        for _ in range(job.get("times", 1)):  # it is a zombie at worst: nobody else has its number
            os.kill(process, signal.Signals[job.get("signal", "SIGKILL")])
    _, status = os.waitpid(process, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "calls": int(told.read_text()) if told.exists() else 0,
    }


def serve() -> None:
    """Load all that takes time, then work."""
    from dlcli.backend import startup

    startup.load()
    import onnxruntime  # noqa: F401
    import tf2onnx  # noqa: F401

    import dlcli.jobs.running  # noqa: F401

    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--cold"]:
        cold = json.loads(sys.argv[2])
        child(cold, Path(cold["run"] + ".calls").absolute())
    serve()
