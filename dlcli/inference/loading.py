"""A trained model from its run directory: built from the resolved config, its weights read from `model.keras`.

A run's model is never deserialised from `model.keras`: Keras's loader has been made to run code by crafted files time
and again (CVE-2025-1550, CVE-2025-8747, CVE-2025-9905 and others). The YAML says what to build; the file gives numbers.
"""

from __future__ import annotations

import dataclasses
import warnings
import zipfile
from pathlib import Path

from dlcli.config.loading import inspect
from dlcli.config.schema import Config
from dlcli.data.preprocessing import Preprocessing
from dlcli.errors import Problem, RunError
from dlcli.model.assembly import Assembly, assemble
from dlcli.model.faults import reason
from dlcli.runs.layout import RunDirectory

__all__ = ["TrainedRun", "load"]


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """Everything that prediction and evaluation need.

    Args:
        directory: The run directory.
        config: The resolved config.
        preprocessing: The fitted features and targets.
        assembly: The model with its trained weights.
    """

    directory: RunDirectory
    config: Config
    preprocessing: Preprocessing
    assembly: Assembly


def load(path: Path, *, compiled: bool = False) -> TrainedRun:
    """Open a run.

    Args:
        path: The run directory.
        compiled: Compile the model too, for evaluation.

    Raises:
        RunError: It is no run, incomplete, damaged, or of a newer version.
        ConfigError: Its `config.yaml` was edited into something invalid.
        ModelError: The weights do not fit the model.
    """
    run = RunDirectory.open(path)
    config = inspect(run.config).require()
    try:
        preprocessing = Preprocessing.from_state(run.read_json(run.preprocessing))
    except RunError as error:
        raise RunError(problem.at(run.preprocessing) for problem in error.problems) from error
    assembly = assemble_run(config, preprocessing)
    _load_weights(assembly, run)
    if compiled:
        assembly.compile()
    return TrainedRun(run, assembly.config, preprocessing, assembly)


def _load_weights(assembly: Assembly, run: RunDirectory) -> None:
    """Read the weights, all of them: Keras only warns of layers that the file does not have."""
    message, hint = "", "restore the file, or train again"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            assembly.model.load_weights(run.model)
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        message = f"{run.model.name} is damaged: {reason(error)}"
        cause: Exception = error
    except (UserWarning, ValueError, KeyError, IndexError) as error:
        message = f"{run.model.name} does not hold the weights of the model that {run.config.name} describes"
        hint = f"undo the changes to {run.config.name}, or train again"
        cause = error
    if message:
        raise RunError(Problem(message, file=run.model, hint=hint, rule="run-damaged")) from cause


def assemble_run(config: Config, preprocessing: Preprocessing) -> Assembly:
    """Build the model for fitted preprocessing; it is not compiled."""
    return assemble(
        config,
        features=list(preprocessing.features),
        inputs_of=preprocessing.inputs,
        targets=preprocessing.target_specs,
    )
