"""A trained model from its run directory: the portable model when it can be trusted, else the one that Keras builds."""

from __future__ import annotations

import dataclasses
import math
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

MOST_NUMBERS = 2**28
"""Numbers of a row, of all features together: a gigabyte."""

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
    from dlcli.inference.portable_model import open_portable, read_portable

    run = RunDirectory.open(path)
    document: Any = run.read_json(run.record).get("portable")
    content = read_portable(run, document)
    if isinstance(content, bytes):
        config, preprocessing = read_resolved(run.config), read_preprocessing(run)
        predictor = open_portable(run, document, content, config=config, preprocessing=preprocessing)
        return TrainedRun(run, config, preprocessing, predictor)
    problem = content
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
        preprocessing = Preprocessing.from_state(run.read_json(run.preprocessing))
    except RunError as error:
        raise RunError(problem.at(run.preprocessing) for problem in error.problems) from error
    fault = _unsound(preprocessing)
    if fault:
        message = f"the preprocessing state cannot be read: {fault}"
        hint = "the file was changed or cut short: restore it, or train again"
        raise RunError(Problem(message, file=run.preprocessing, hint=hint, rule="run-damaged"))
    return preprocessing


def _unsound(preprocessing: Preprocessing) -> str:
    """What no preprocessing that was fitted has: sizes beyond all memory, columns without a name."""
    read = [
        *(codec.columns for codec in preprocessing.features.values()),
        *(codec.columns for codec in preprocessing.targets.values()),
    ]
    if not preprocessing.features or not preprocessing.targets:
        return "it has no features, or no targets"
    if not all(columns and all(type(column) is str for column in columns) for columns in read):
        return "a column has no name"
    sizes = [size for codec in preprocessing.features.values() for size in codec.shape]
    if not all(type(size) is int and size >= 0 for size in sizes):
        return "a shape is no list of sizes"
    numbers = sum(math.prod(codec.shape) for codec in preprocessing.features.values())
    if numbers > MOST_NUMBERS:
        return f"a row has {numbers:,} numbers"
    classes = [name for spec in preprocessing.target_specs for name in spec.classes]
    return "" if all(type(name) is str for name in classes) else "a class has no name"
