"""The compiled loss and metrics as Keras computes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from dlcli.model.assembly import Assembly
from dlcli.model.batch_division import division_matters
from dlcli.model.capacity import rows_at_once
from dlcli.model.faults import model_faults
from dlcli.model.state import MetricsPass
from dlcli.trained.keras_predictor import cannot_take

__all__ = ["KerasMetrics"]


class KerasMetrics:
    """Keras's own metrics: the model is run again, by Keras's own test step.

    Args:
        assembly: A compiled model.
        batch_size: Rows of a training batch.
    """

    def __init__(self, assembly: Assembly, *, batch_size: int) -> None:
        self._assembly = assembly
        self._batch_size = batch_size
        self._pass = MetricsPass(assembly.model)

    @property
    def rows_at_once(self) -> int:
        """As many as in validation: those of a training batch where larger ones would give other metrics."""
        return self._batch_size if division_matters(self._assembly) else rows_at_once(self._assembly.model)

    def add(self, inputs: Any, labels: Any, weights: Any, outputs: Sequence[NDArray[Any]]) -> None:
        """Take in some rows."""
        try:
            self._pass.add((inputs, labels, weights))
        except model_faults() as error:
            rows = len(next(iter(inputs.values())))
            hint = f"evaluate on whole batches of {self._batch_size} rows" if rows != self._batch_size else ""
            raise cannot_take(rows, error, hint) from error

    def result(self) -> dict[str, float]:
        """The metrics by Keras's names."""
        return self._pass.result()
