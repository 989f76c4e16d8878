"""A training with its workers, from the first start to the last restart."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
from pathlib import Path

from dlcli.backend.workers import Place
from dlcli.config.schema import RuntimeConfig
from dlcli.errors import RunError
from dlcli.jobs.workers.supervising import Lost, Workers, lost_notice
from dlcli.jobs.workers.task import Task
from dlcli.runs.claiming import can_go_on
from dlcli.runs.layout import RunDirectory
from dlcli.training.events import Listener

__all__ = ["train_together"]


def train_together(task: Task, runtime: RuntimeConfig, *, tell: Listener) -> Path:
    """Train by several processes of this machine.

    Args:
        task: What to train.
        runtime: How many workers, and how often they may begin again.
        tell: Told what the first worker tells.

    Returns:
        The run directory.

    Raises:
        DlcliError: As training by one process; or a worker was lost once too often.
        KeyboardInterrupt: It was stopped at once.
    """
    for attempt in range(1, runtime.restarts + 2):
        workers = Workers(task, _places_here(runtime.workers), tell=tell)
        try:
            outcome = workers.run()
        except Lost as lost:
            if attempt > runtime.restarts:
                raise RunError(lost.problem) from None
            tell(lost_notice(lost.problem, attempt, runtime.restarts))
            task = _again(task, workers.directory)
            continue
        assert outcome.run is not None
        return outcome.run
    raise AssertionError("the last attempt returns or raises")


def _again(task: Task, directory: Path | None) -> Task:
    """The task of a further attempt: to go on with the run, when there is one."""
    if directory is None or not can_go_on(RunDirectory(directory)):
        return task
    return dataclasses.replace(task, config=None, overrides=(), run_dir=None, overwrite=False, resume=directory)


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
