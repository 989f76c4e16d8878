"""What applies a trained model to encoded rows: the contract of Keras's predictor and of ONNX Runtime's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol

from numpy.typing import NDArray

from dlcli.config.outputs.output_plan import OutputPlan

__all__ = ["Arrays", "Predictor", "RuntimeName"]

RuntimeName = Literal["portable", "keras"]
"""The portable model in ONNX Runtime, or the model that Keras builds."""

Arrays = Mapping[str, NDArray[Any]]


class Predictor(Protocol):
    """A trained model, ready to run."""

    runtime: ClassVar[RuntimeName]

    @property
    def outputs(self) -> tuple[OutputPlan, ...]:
        """What each output learnt, in the model's order."""

    @property
    def named(self) -> tuple[str, ...]:
        """The features that layers take by name."""

    @property
    def rows_at_once(self) -> int:
        """How many rows to give at once."""

    def __call__(self, inputs: Arrays) -> list[NDArray[Any]]:
        """Run the model.

        Args:
            inputs: An array `(rows, *shape)` for each input, by its name.

        Returns:
            For each output an array `(rows, ...)`.
        """
