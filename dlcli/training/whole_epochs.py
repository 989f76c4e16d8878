"""Whether a job trains by whole epochs, many in one call, and how many; chosen from the job, never by timing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras

from dlcli.backend.engine import reports_metrics
from dlcli.backend.epochs.keeping import Watch
from dlcli.data.samples.batches import Batches
from dlcli.training.execution import STACK_BYTES, STACK_WORK, Execution, multiplications, stack_size
from dlcli.training.plan import Plan

__all__ = ["at_most", "by_whole_epochs", "in_turn", "keeper_of", "watch_of"]

UPDATES = 2000
"""In one call at most: a fifth of a second without XLA, for prompt progress and Ctrl-C."""

SMALL_UPDATE = 3e7
"""Multiplications of an update from which on operations may gain by running side by side."""

TOLD_AFTERWARDS = {"CSVLogger", "EarlyStopping", "KeepBest", "RemoteMonitor", "TerminateOnNaN"}
"""Callbacks that look at the logs alone; of those that keep the best weights the program keeps them for one."""

TOLD_EACH = {"LearningRateScheduler", "ModelCheckpoint", "ReduceLROnPlateau"}
"""Callbacks that look at the model, or change it, between two epochs."""

NUMBERS = "biufU"
"""Kinds of arrays whose bytes are known beforehand."""


def by_whole_epochs(plan: Plan, execution: Execution, callbacks: Iterable[Any], *, alone: bool) -> bool:
    """Whether nothing in a job but the ends of its epochs is to be seen from Python.

    So it is where the data is small, the steps are Keras's own, and the callbacks are known.

    Args:
        plan: The job.
        execution: How it is executed.
        callbacks: Those of the config.
        alone: Whether no other process trains with this one.
    """
    model, config = plan.assembly.model, plan.assembly.config
    return bool(
        alone
        and execution.mode != "step"
        and not config.code
        and config.fit.validation_freq == 1
        and all(_name(callback) in TOLD_AFTERWARDS | TOLD_EACH for callback in callbacks)
        and "train_step" not in vars(model)
        and all(reports_metrics(model, step) for step in (model.train_step, model.test_step))
        and plan.train.rows // plan.train.batch_size <= execution.stack
        and all(_is_small(model, batches) for batches in (plan.train, plan.validation) if batches is not None)
    )


def at_most(plan: Plan, callbacks: Sequence[Any], *, every: int | None) -> Callable[[int], int]:
    """How many epochs may go into one call, after so many that are done.

    Args:
        plan: The job.
        callbacks: Those of the config.
        every: An epoch of so many is committed; None: now and then one is.
    """
    model, train = plan.assembly.model, plan.train
    rows = train.rows + (plan.validation.rows if plan.validation is not None else 0)
    by_work = STACK_WORK / (multiplications(model) * rows + 10 * model.count_params() * train.steps + 1)
    most = max(1, int(min(UPDATES / train.steps, by_work)))
    keeper = keeper_of(callbacks)
    if any(_name(each) in TOLD_EACH or (_keeps(each) and each is not keeper) for each in callbacks):
        most = 1
    return lambda done: most if every is None else min(most, every - done % every)


def keeper_of(callbacks: Iterable[Any]) -> Any:
    """The callback that keeps the weights of the best epoch, if the program can do so in its place: one does."""
    keeping = [each for each in callbacks if _keeps(each)]
    return keeping[0] if len(keeping) == 1 and not keeping[0].start_from_epoch else None


def watch_of(keeper: Any) -> Watch:
    """Which epoch it takes for the best.

    Args:
        keeper: See `keeper_of`; it has its model, whose metrics tell what is better.
    """
    if keeper.monitor_op is None:
        keeper._set_monitor_op()
    largest = bool(keeper.monitor_op(1.0, 0.0))
    return Watch(keeper.monitor, largest, abs(keeper.min_delta), last=_name(keeper) == "KeepBest")


def _keeps(callback: Any) -> bool:
    return getattr(callback, "restore_best_weights", False) is True


def in_turn(plan: Plan) -> bool:
    """Whether the operations of an update are so small that threads only wait for each other.

    Measured: 320 updates of Dense(64), Dropout and Dense(3) took 35 ms of processor time in one thread, and 90 in two;
    635 of `realmlp` with three layers of 64 and batches of 248 (1.5e7 multiplications) 1.4 s by the clock, and 2.0; 325
    with layers of 128 (6.5e7) 1.7 s, and 1.5.
    """
    work = multiplications(plan.assembly.model) * plan.train.batch_size
    return plan.assembly.runtime.device == "cpu" and work < SMALL_UPDATE


def _name(callback: Any) -> str:
    """The name of a callback of Keras's or of the catalogue's own; of others, the user's among them, nothing."""
    return type(callback).__name__ if type(callback).__module__.startswith(("keras.", "dlcli.")) else ""


def _is_small(model: Any, batches: Batches) -> bool:
    """Whether a split may lie on the device as a whole, and be gone through in one call."""
    kinds = {array.dtype.kind for array in keras.tree.flatten(batches.sample()) if array is not None}
    fits = batches.rows * batches.bytes_per_row <= STACK_BYTES
    return not kinds - set(NUMBERS) and fits and batches.rows // batches.batch_size <= stack_size(model, batches)
