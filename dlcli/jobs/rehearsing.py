"""The end of a job, tried before its beginning: the model is saved, loaded and proved while nothing can be lost yet."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlcli.config.inspection.resolved import read_resolved
from dlcli.config.schema.component import Component
from dlcli.data.prepare import Prepared
from dlcli.errors import ConfigError, DlcliError, ModelError, Problem, RunError
from dlcli.exports.portable import write_portable
from dlcli.files.syncing import owed_below
from dlcli.model.assembly import Assembly
from dlcli.model.faults import model_faults, reason
from dlcli.runs.layout import RunDirectory, write_json
from dlcli.trained.keras_predictor import KerasPredictor, rebuild
from dlcli.trained.run import read_preprocessing
from dlcli.training.events import Listener, Notice, Stage
from dlcli.training.model_file import save_trained, unsavable
from dlcli.training.own_indices import check_own_indices

__all__ = ["rehearse", "require_savable"]

MOST_PARAMETERS = 25_000_000
"""A model of more is not written for a trial: 100 MB, and some seconds."""


def require_savable(assembly: Assembly) -> Problem | None:
    """What of the model Keras cannot save, if anything.

    Raises:
        ConfigError: A ModelCheckpoint wants whole models, and Keras can save none.
    """
    problem = unsavable(assembly.model)
    if problem is not None and problem.rule == "saved-weights":
        problems = [
            Problem(
                problem.message.partition(";")[0],
                path=f"callbacks[{index}].ModelCheckpoint",
                hint="save_weights_only: true; or give the class a get_config that returns its arguments",
                rule="checkpoint-whole",
            )
            for index in _whole_checkpoints(assembly.config.callbacks)
        ]
        if problems:
            raise ConfigError(problems)
    return problem


def _whole_checkpoints(callbacks: Sequence[Component]) -> list[int]:
    return [
        index
        for index, each in enumerate(callbacks)
        if each.name == "ModelCheckpoint" and each.arguments.get("save_weights_only") is not True
    ]


def rehearse(assembly: Assembly, prepared: Prepared, *, tell: Listener) -> None:
    """Write a run of the untrained model into a scratch directory, and read it again.

    The model is of no use afterwards: its weights are moved, so that those that come back are not the first ones, which
    every build gives.

    Args:
        assembly: The compiled model.
        prepared: The data.
        tell: Told what will not be written, or not be proved.

    Raises:
        ConfigError: See `require_savable`; or an embedding of the user's own is too small.
        ModelError: The weights do not come back: what was trained would be lost.
    """
    if assembly.config.code and (problems := check_own_indices(assembly, prepared.splits)):
        raise ConfigError(problems)
    require_savable(assembly)
    if assembly.model.count_params() > MOST_PARAMETERS:
        return
    tell(Stage("trying to save the model"))
    _move(assembly.model)
    with tempfile.TemporaryDirectory(prefix="dlcli-") as directory, contextlib.ExitStack() as stack:
        stack.callback(owed_below, Path(directory))  # it goes: nobody waits for it
        run = RunDirectory(Path(directory))
        try:
            run.write_inputs(assembly.config, prepared.preprocessing.state())
            write_json(run.record, {"format": 1, "batch_size": 1})
            if (problem := save_trained(assembly.model, run)) is not None:
                tell(Notice(problem, warning=True))
        except RunError:
            return  # no room for a trial says nothing of the run's own place
        _, problem = write_portable(
            run, assembly=assembly, preprocessing=prepared.preprocessing, splits=prepared.splits
        )
        if problem is not None:
            tell(Notice(problem))
        _require_weights(assembly, run)


def _move(model: Any) -> None:
    for weight in model.weights:
        if np.dtype(weight.dtype).kind == "f":
            weight.assign(np.asarray(weight) * 1.125 + 0.0625)


def _require_weights(assembly: Assembly, run: RunDirectory) -> None:
    """Load the weights into a model that is built anew, and hold them against those that were saved.

    All that was written is read again, with the code that was copied; that the config is without fault is known.
    """
    model = assembly.model
    faults: tuple[type[Exception], ...] = (DlcliError, *model_faults())
    try:
        config = read_resolved(run.config)
        config = config.model_copy(update={"code": [str(run.path / name) for name in config.code]})
        predictor = rebuild(run, config, assembly.graph, read_preprocessing(run), mixed=True).predictor
    except faults as error:
        raise _lost(error.problems[0].message if isinstance(error, DlcliError) else reason(error)) from error
    assert isinstance(predictor, KerasPredictor)
    pairs = zip(model.weights, predictor.assembly.model.weights, strict=False)
    lost = [one.path for one, other in pairs if not np.array_equal(np.asarray(one), np.asarray(other), equal_nan=True)]
    if lost or len(model.weights) != len(predictor.assembly.model.weights):
        raise _lost(f"{lost[0]} is another when it is loaded" if lost else "another build has other weights")


def _lost(why: str) -> ModelError:
    return ModelError(
        Problem(
            f"the model's weights do not come back when it is saved and loaded: {why}",
            path="model",
            hint="make a layer's weights and layers in __init__ or build, as attributes of it, the same each time",
            rule="weights-lost",
        )
    )
