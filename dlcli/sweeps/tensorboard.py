"""The trials of a sweep in TensorBoard's table of them, where its callback is among those of the config."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from dlcli.config.schema.component import Component
from dlcli.runs.run import Run
from dlcli.sweeps.measuring import measure
from dlcli.sweeps.study import Taken
from dlcli.training.callbacks import tensorboard_in
from dlcli.training.tracking.hparams import write_hparams

__all__ = ["show_trial"]


def show_trial(
    taken: Taken, runs: Sequence[Run], metric: str, callbacks: Sequence[Component], *, pruned: bool = False
) -> None:
    """Write what a trial has tried, and what came of it, beside the epochs of its trainings.

    Args:
        taken: The trial.
        runs: Its training, or its folds: one row of the table.
        metric: What was measured.
        callbacks: Those of the config.
        pruned: Whether it was ended early.
    """
    for run in runs:
        for directory in tensorboard_in(callbacks, run.path):
            result = measure(run, metric, pruned=pruned)
            with contextlib.suppress(OSError):  # of a disk that is full the training has told
                write_hparams(
                    directory,
                    taken.values,
                    trial=f"trial-{taken.number:04d}",
                    metric=metric,
                    value=result.value,
                    epoch=run.epochs if pruned else run.model_epoch,
                )
