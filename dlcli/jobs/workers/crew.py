"""A training with its workers, from the first start to the last restart."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlcli.backend.workers import Place
from dlcli.config.schema import RuntimeConfig
from dlcli.errors import DlcliError, RunError
from dlcli.jobs.workers.meeting import meet
from dlcli.jobs.workers.peers import Peers, find_peers, places_of
from dlcli.jobs.workers.supervising import Lost, Workers, lost_notice
from dlcli.jobs.workers.task import Done, Task
from dlcli.runs.claiming import can_go_on, was_left
from dlcli.runs.layout import RunDirectory
from dlcli.trained.own_code import keeps_code
from dlcli.training.events import Followed, Listener

__all__ = ["begin_again", "go_on_with_first", "train_together"]


def train_together(
    task: Task,
    runtime: RuntimeConfig,
    *,
    commits: bool,
    code: Sequence[str] = (),
    tell: Listener,
    environment: Mapping[str, str] = os.environ,
) -> Path:
    """Train by several processes: of this machine, or one here and the others elsewhere.

    Args:
        task: What to train.
        runtime: How many workers, and how often they may begin again.
        commits: Whether epochs are committed.
        code: The Python files of the config.
        tell: Told what the first worker tells, if it is of this machine.
        environment: Where a cluster may say which worker this is.

    Returns:
        The run directory.

    Raises:
        DlcliError: As training by one process; or a worker was lost once too often.
        KeyboardInterrupt: It was stopped at once.
    """
    peers = find_peers(runtime.workers, coordinator=task.coordinator, rank=task.rank, environment=environment)
    for attempt in range(1, runtime.restarts + 2):
        try:
            if peers is None:
                return _here(task, runtime.workers, tell=tell)
            return _among(peers, task, code, tell=tell)
        except _LostRun as lost:
            if attempt > runtime.restarts:
                raise RunError(lost.problem) from None
            tell(lost_notice(lost.problem, attempt, runtime.restarts))
            task = begin_again(task, lost.directory, commits=commits)
    raise AssertionError("the last attempt returns or raises")


class _LostRun(Lost):
    """A worker is gone, and this run is left."""

    def __init__(self, lost: Lost, directory: Path | None) -> None:
        super().__init__(lost.problem)
        self.directory = directory


def _here(task: Task, size: int, *, tell: Listener) -> Path:
    workers = Workers(task, _places_here(size), tell=tell)
    try:
        end = workers.run()
    except Lost as lost:
        raise _LostRun(lost, workers.directory) from None
    assert end.run is not None
    return end.run


def _among(peers: Peers, task: Task, code: Sequence[str], *, tell: Listener) -> Path:
    """Train as one of workers of several machines."""
    meeting = meet(peers, resume=str(task.resume.resolve()) if task.resume is not None else "")
    with contextlib.closing(meeting):
        if meeting.resume and peers.rank:
            task = go_on_with_first(task, Path(meeting.resume), code)
        place = Place(peers.rank, meeting.addresses, **places_of(peers.rank, list(meeting.addresses)))
        workers = Workers(task, [place], tell=tell, follows=peers.rank > 0)
        meeting.watch(
            lost=workers.lose, ended=lambda message: workers.end(Done(Path(message["run"]), str(message["status"])))
        )
        try:
            end = workers.run()
        except Lost as lost:
            meeting.tell({"lost": lost.problem.message})
            raise _LostRun(lost, workers.directory) from None
        except (DlcliError, KeyboardInterrupt) as error:
            said = error.problems[0].message if isinstance(error, DlcliError) else "it was interrupted"
            meeting.tell({"lost": f"worker {peers.rank} of {peers.size} has ended: {said}"})
            raise
        assert end.run is not None
        if peers.rank == 0:
            meeting.tell({"run": str(end.run.resolve()), "status": end.status})
        else:
            tell(Followed(peers.rank, peers.size, end.run, end.status))
        return end.run


def begin_again(task: Task, directory: Path | None, *, commits: bool) -> Task:
    """The task of a further attempt: to go on with the run that the one before has left, when there is one.

    Args:
        task: Of the attempt before.
        directory: Its run; None where it is not known of any.
        commits: Whether epochs are committed. Of a run that was ended before its first commit the beginning is gone on
            with; one that commits none is replaced by another in its place.
    """
    if directory is None or not was_left(run := RunDirectory(directory)):
        return task
    if commits or can_go_on(run):
        # The code in it is that of the config, which needs no leave.
        return dataclasses.replace(_going_on(task, directory), allow_code=task.allow_code or task.config is not None)
    return dataclasses.replace(task, run_dir=directory, overwrite=True)


def go_on_with_first(task: Task, directory: Path, code: Sequence[str]) -> Task:
    """The task of a worker whose first has said that a run goes on.

    Args:
        task: As this worker was told it.
        directory: The run.
        code: The Python files of the config that this worker was given. A run that keeps the same needs no further
            leave: it was begun by the attempt before.
    """
    granted = task.allow_code or (task.config is not None and keeps_code(RunDirectory(directory), code))
    return dataclasses.replace(_going_on(task, directory), allow_code=granted)


def _going_on(task: Task, directory: Path) -> Task:
    overrides = () if task.resume is None else task.overrides  # those of a config are in the run's own
    return dataclasses.replace(task, config=None, overrides=overrides, run_dir=None, overwrite=False, resume=directory)


def _places_here(size: int) -> list[Place]:
    """Workers of this machine, with ports that are free."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(size):
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            ports.append(listener.getsockname()[1])
    addresses = tuple(f"127.0.0.1:{port}" for port in ports)
    return [Place(rank, addresses, local=rank, here=size) for rank in range(size)]
