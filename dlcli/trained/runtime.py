"""A trained model from its run directory: the portable model when it can be trusted, else the one that Keras builds."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Literal

from dlcli.config.inspection.resolved import read_resolved
from dlcli.errors import Problem, RunError
from dlcli.runs.layout import RunDirectory, needs_leave
from dlcli.runs.members import Several, open_several
from dlcli.trained.ensemble import open_ensemble
from dlcli.trained.own_code import Leave
from dlcli.trained.run import TrainedRun, Warn, read_preprocessing

__all__ = ["Runtime", "load", "load_portable", "tell_older_model"]

Runtime = Literal["auto", "portable", "keras"]
"""`portable` is ONNX Runtime; `auto` takes it where it can be trusted, and Keras elsewhere."""


def load(path: Path, *, leave: Leave, runtime: Runtime = "auto", warn: Warn) -> TrainedRun:
    """Open a run, or a folder of several as one.

    Args:
        path: The run directory.
        leave: Whether Keras may run code of the run's own; the portable model has none.
        runtime: What to compute with.
        warn: Told when the portable model should be there and cannot be trusted.

    Raises:
        RunError: It is no run, incomplete, damaged, or of a newer version; or `portable` is asked for, and cannot be.
        ConfigError: Its `config.yaml` was edited into something invalid.
        ModelError: The weights do not fit the model, or ONNX Runtime refuses the portable one.
    """
    several = open_several(path)
    if several is not None:
        _tell_older_metrics(several, warn)
        return open_ensemble(several, lambda member: load(member, leave=leave, runtime=runtime, warn=warn))
    tell_older_model(path, warn)
    if runtime != "keras":
        portable = load_portable(path, required=runtime == "portable", warn=warn)
        if portable is not None:
            return portable
    from dlcli.trained.keras_predictor import load_keras

    return load_keras(RunDirectory.open(path), leave=leave)


def _tell_older_metrics(several: Several, warn: Warn) -> None:
    """Warn of a folder a member of which somebody has gone on with since it was complete: what it says of itself, its
    metrics and predictions, is of before."""
    said = several.record.get("epochs")
    if several.kind == "sweep" or several.record.get("status") != "completed" or not isinstance(said, int):
        return
    found = [place.read_record().get("epochs") for place in several.present()]
    whole = sum(epochs for epochs in found if isinstance(epochs, int))
    if whole > said:
        path = several.directory.path
        message = f"members of {path} were trained on since it was complete: {whole} epochs in all, and {said} then"
        hint = f"its metrics and predictions.csv are of before; `dlcli evaluate {path} DATA` tells how good it is now"
        warn(Problem(message, hint=hint, rule="older-metrics"))


def tell_older_model(path: Path, warn: Warn) -> None:
    """Warn of a run that was trained on, and killed, or is being trained on: its model is the one of before.

    Args:
        path: The run directory.
        warn: Told.

    Raises:
        RunError: See `load`.
    """
    run = RunDirectory.open(path)
    record = run.read_record()
    status, epochs, of_model = (record.get(name) for name in ("status", "epochs", "model_epoch"))
    if status not in ("running", "failed") or not isinstance(of_model, int) or not isinstance(epochs, int):
        return
    if of_model < epochs:
        state = "is being trained on" if status == "running" else "was trained on"
        message = f"the model of {path} is that of epoch {of_model}; the run {state} to epoch {epochs}, and not ended"
        hint = (
            "wait until it ends"
            if status == "running"
            else f"go on with it: dlcli train --resume {path}{needs_leave(path)}"
        )
        warn(Problem(message, hint=hint, rule="older-model"))


def load_portable(path: Path, *, required: bool, warn: Warn) -> TrainedRun | None:
    """Open a run with its portable model; None when that cannot be trusted.

    Args:
        path: The run directory.
        required: Refuse instead.
        warn: See `load`.

    Raises:
        DlcliError: See `load`.
    """
    from dlcli.trained.onnx_model import open_portable, read_portable

    run = RunDirectory.open(path)
    document: Any = run.read_json(run.record).get("portable")
    content = read_portable(run, document)
    if isinstance(content, bytes):
        config = read_resolved(run.config)
        preprocessing = read_preprocessing(run, config)
        predictor = open_portable(run, document, content, config=config, preprocessing=preprocessing)
        return TrainedRun(run, config, preprocessing, predictor)
    problem = content
    if required:
        raise RunError(problem)
    if document is not None and problem.rule != "not-portable":  # which `train` has said
        message = f"{problem.message}; Keras predicts instead"
        warn(dataclasses.replace(problem, message=message))
    return None
