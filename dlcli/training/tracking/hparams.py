"""The values and the result of a trial, where the TensorBoard callback has written: for its table of trials.

No TensorFlow is needed: TensorBoard brings along what writes its files.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlcli.config.document.writer import flow

__all__ = ["write_hparams"]


def write_hparams(
    directory: Path, values: Mapping[str, Any], *, trial: str, metric: str, value: float | None, epoch: int
) -> None:
    """Write what the table of trials shows of a training.

    Args:
        directory: Where the callback has written.
        values: Of the parameters, by name.
        trial: The trial's name; trainings of one name, such as folds, are one row, with their mean.
        metric: What was measured.
        value: What it came to; None where it came to nothing.
        epoch: Of the value.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import api
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    shown = {name: each if isinstance(each, (bool, int, float, str)) else flow(each) for name, each in values.items()}
    summary = Summary.FromString(api.hparams_pb(shown, trial_id=trial).SerializeToString())
    writer = EventFileWriter(str(directory))
    try:
        writer.add_event(Event(wall_time=time.time(), summary=summary))
        if value is not None:
            said = Summary(value=[Summary.Value(tag=metric, simple_value=value)])
            writer.add_event(Event(wall_time=time.time(), step=epoch, summary=said))
    finally:
        writer.close()
