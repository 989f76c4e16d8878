"""A trained model from its run directory: the portable model when it can be trusted, else the one that Keras builds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from dlcli.config.resolved import read_resolved
from dlcli.config.schema import Config
from dlcli.data.preprocessing import Preprocessing
from dlcli.errors import Problem, RunError
from dlcli.inference.predictor import Predictor
from dlcli.runs.layout import RunDirectory

__all__ = ["Runtime", "TrainedRun", "Warn", "load", "load_portable", "read_preprocessing"]

Runtime = Literal["auto", "portable", "keras"]
"""`portable` is ONNX Runtime; `auto` takes it where it can be trusted, and Keras elsewhere."""

Warn = Callable[[Problem], None]
"""Called with what the person should know."""


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """Everything that prediction and evaluation need.

    Args:
        directory: The run directory.
        config: The resolved config.
        preprocessing: The fitted features and targets.
        predictor: The model with its trained weights.
    """

    directory: RunDirectory
    config: Config
    preprocessing: Preprocessing
    predictor: Predictor


def load(path: Path, *, runtime: Runtime = "auto", warn: Warn) -> TrainedRun:
    """Open a run.

    Args:
        path: The run directory.
        runtime: What to compute with.
        warn: Told when the portable model should be there and cannot be trusted.

    Raises:
        RunError: It is no run, incomplete, damaged, or of a newer version; or `portable` is asked for, and cannot be.
        ConfigError: Its `config.yaml` was edited into something invalid.
        ModelError: The weights do not fit the model, or ONNX Runtime refuses the portable one.
    """
    if runtime != "keras":
        portable = load_portable(path, required=runtime == "portable", warn=warn)
        if portable is not None:
            return portable
    from dlcli.inference.keras_model import load_keras

    return load_keras(RunDirectory.open(path))


def load_portable(path: Path, *, required: bool, warn: Warn) -> TrainedRun | None:
    """Open a run with its portable model; None when that cannot be trusted.

    Args:
        path: The run directory.
        required: Refuse instead.
        warn: See `load`.

    Raises:
        DlcliError: See `load`.
    """
    from dlcli.inference.portable_model import open_portable, unusable

    run = RunDirectory.open(path)
    document: Any = run.read_json(run.record).get("portable")
    problem = unusable(run, document)
    if problem is None:
        config, preprocessing = read_resolved(run.config), read_preprocessing(run)
        predictor = open_portable(run, document, config=config, preprocessing=preprocessing)
        return TrainedRun(run, config, preprocessing, predictor)
    if required:
        raise RunError(problem)
    if document is not None and problem.rule != "not-portable":  # which `train` has said
        message = f"{problem.message}; Keras predicts instead"
        warn(dataclasses.replace(problem, message=message))
    return None


def read_preprocessing(run: RunDirectory) -> Preprocessing:
    """The fitted preprocessing of a run.

    Raises:
        RunError: It is damaged, or of a newer version.
    """
    try:
        return Preprocessing.from_state(run.read_json(run.preprocessing))
    except RunError as error:
        raise RunError(problem.at(run.preprocessing) for problem in error.problems) from error
