"""A trained run, opened: its config, its preprocessing and something that applies its model."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

from dlcli.config.schema import Config
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.errors import Problem, RunError
from dlcli.runs.layout import RunDirectory
from dlcli.trained.predictor import Predictor

__all__ = ["TrainedRun", "Warn", "read_preprocessing"]

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
        members: Where several models are one: all of them, each with what it needs; the first is also what stands
            above, and tells what is predicted of what. Their mean is the answer: see `dlcli.trained.averaging`.
    """

    directory: RunDirectory
    config: Config
    preprocessing: Preprocessing
    predictor: Predictor
    members: tuple[TrainedRun, ...] = ()

    @property
    def models(self) -> tuple[TrainedRun, ...]:
        """Those whose mean is the answer: itself alone, or the members."""
        return self.members or (self,)


def read_preprocessing(run: RunDirectory, config: Config | None = None) -> Preprocessing:
    """The fitted preprocessing of a run.

    Args:
        run: Where it is.
        config: The run's own, whose targets it must have; None where that does not matter.

    Raises:
        RunError: It is damaged, or of a newer version.
    """
    try:
        preprocessing = Preprocessing.from_state(run.read_json(run.preprocessing))
    except RunError as error:
        raise RunError(problem.at(run.preprocessing) for problem in error.problems) from error
    fault = _unsound(preprocessing)
    if config is not None and preprocessing.targets.keys() != config.data.target.keys():
        fault = fault or "its targets are not those of the run's config"
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
    if not preprocessing.features:
        return "it has no features"
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
