"""The predictor of Keras: the model built from the config, with its weights.

A run's model is never deserialised from `model.keras`: Keras's loader has been made to run code by crafted files time
and again (CVE-2025-1550, CVE-2025-8747, CVE-2025-9905 and others). The YAML says what to build; the file gives numbers.
"""

from __future__ import annotations

import dataclasses
import warnings
import zipfile
import zlib
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dlcli.config.graph.graph import Graph
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema import Config
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.errors import ModelError, Problem, RunError
from dlcli.model.assembly import Assembly, assemble
from dlcli.model.capacity import rows_at_once
from dlcli.model.faults import model_faults, reason
from dlcli.model.weights import load_weights
from dlcli.runs.inside import open_inside
from dlcli.runs.layout import RunDirectory
from dlcli.runs.record import read_batch_size
from dlcli.trained.own_code import Leave, inspect_run, require_code
from dlcli.trained.predictor import Arrays, RuntimeName
from dlcli.trained.run import TrainedRun, read_preprocessing

__all__ = ["KerasPredictor", "assemble_run", "cannot_take", "load_keras", "rebuild"]


@dataclasses.dataclass(frozen=True)
class KerasPredictor:
    """An assembly that predicts.

    Args:
        assembly: The model.
        batch_size: Rows of a training batch: a layer of the user's own may take no other number.
    """

    assembly: Assembly
    batch_size: int
    runtime: ClassVar[RuntimeName] = "keras"

    @property
    def outputs(self) -> tuple[OutputPlan, ...]:
        """What each output learnt."""
        return self.assembly.outputs

    @property
    def named(self) -> tuple[str, ...]:
        """The features that layers take by name."""
        return self.assembly.graph.features

    @property
    def rows_at_once(self) -> int:
        """How many rows to give at once."""
        return rows_at_once(self.assembly.model)

    def __call__(self, inputs: Arrays) -> list[NDArray[Any]]:
        """The outputs `(rows, ...)`, in the model's order."""
        rows = len(next(iter(inputs.values())))
        try:
            return self._predict(inputs)
        except model_faults() as error:
            if rows == self.batch_size:
                raise cannot_take(rows, error) from error
        return self._by_batches(inputs, rows)

    def _by_batches(self, inputs: Arrays, rows: int) -> list[NDArray[Any]]:
        """The same in batches as in training, the last one filled up with rows of its own."""
        parts = []
        for start in range(0, rows, self.batch_size):
            places = np.arange(start, start + self.batch_size)
            places[places >= rows] = rows - 1
            try:
                parts.append(self._predict({name: np.asarray(values)[places] for name, values in inputs.items()}))
            except model_faults() as error:
                raise cannot_take(self.batch_size, error) from error
        return [np.concatenate(each)[:rows] for each in zip(*parts, strict=True)]

    def _predict(self, inputs: Arrays) -> list[NDArray[Any]]:
        from dlcli.backend.engine import predict_rows  # TensorFlow, which is there by now

        values = predict_rows(self.assembly.model, dict(inputs), own_code=bool(self.assembly.config.code))
        outputs = [np.asarray(value) for value in (values if isinstance(values, (list, tuple)) else [values])]
        rows = len(next(iter(inputs.values())))
        if any(len(output) != rows for output in outputs):  # one row may have been made as many as a layer has
            raise ValueError(f"it gives {len(outputs[0])} rows for {rows}")
        return outputs


def cannot_take(rows: int, error: Exception, hint: str = "") -> ModelError:
    """The error of a model that cannot take so many rows at once."""
    message = f"the model cannot take {rows} rows at once: {reason(error)}"
    return ModelError(Problem(message, path="model", hint=hint or "see what the data holds there", rule="model-call"))


def load_keras(run: RunDirectory, *, leave: Leave, mixed: bool = False) -> TrainedRun:
    """Build the model of a run and read its weights.

    Args:
        run: The run.
        leave: Whether its own code may be run.
        mixed: Compute in the precision of the config, as in training; else in float32, as the portable model does.

    Raises:
        RunError: The run is damaged, or has code that may not be run.
        ConfigError: Its `config.yaml` was edited into something invalid.
        ModelError: The weights do not fit the model.
    """
    checked = inspect_run(run).checked()
    require_code(checked.config, run, leave)
    preprocessing = read_preprocessing(run, checked.config)
    graph = checked.expanded.among(list(preprocessing.features)).require()
    return rebuild(run, checked.config, graph, preprocessing, mixed=mixed)


def rebuild(
    run: RunDirectory, config: Config, graph: Graph, preprocessing: Preprocessing, *, mixed: bool
) -> TrainedRun:
    """Build the model of a run, whose config is checked, and read its weights.

    Raises:
        RunError: The weights are damaged.
        ModelError: The weights do not fit the model.
    """
    if not mixed:
        config = config.model_copy(update={"runtime": config.runtime.model_copy(update={"precision": "float32"})})
    assembly = assemble_run(config, graph, preprocessing)
    _load_weights(assembly, run)
    predictor = KerasPredictor(assembly, batch_size=read_batch_size(run))
    return TrainedRun(run, assembly.config, preprocessing, predictor)


def _load_weights(assembly: Assembly, run: RunDirectory) -> None:
    """Read the weights, all of them: Keras only warns of layers that the file does not have."""
    message, hint = "", "restore the file, or train again"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            with open_inside(run.trained) as file:
                load_weights(assembly.model, file)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        message = f"{run.trained.name} is damaged: {reason(error)}"
        cause: Exception = error
    except (UserWarning, ValueError, KeyError, IndexError) as error:
        message = f"{run.trained.name} does not hold the weights of the model that {run.config.name} describes"
        hint = f"undo the changes to {run.config.name}, or train again"
        cause = error
    if message:
        raise RunError(Problem(message, file=run.trained, hint=hint, rule="run-damaged")) from cause


def assemble_run(config: Config, graph: Graph, preprocessing: Preprocessing) -> Assembly:
    """Build the model for fitted preprocessing; it is not compiled."""
    return assemble(config, graph, inputs=preprocessing.inputs(graph.features), targets=preprocessing.target_specs)
