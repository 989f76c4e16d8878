"""How the validation split goes through the model: in large batches, or in those of the config, many at a time."""

from __future__ import annotations

from typing import Any

from dlcli.backend import engine
from dlcli.backend.datasets import dataset, stacked_pass
from dlcli.data.samples.batches import Batches
from dlcli.model.assembly import Assembly
from dlcli.model.batch_division import division_matters
from dlcli.model.capacity import rows_at_once
from dlcli.training.execution import stack_size

__all__ = ["validation_dataset", "validation_rows"]


def validation_rows(assembly: Assembly, batch_size: int, *, seen: bool) -> int:
    """How many rows a batch of the validation split has: the config's where another number could be told.

    Args:
        assembly: The built model.
        batch_size: The config's.
        seen: Whether somebody looks at each batch.
    """
    return batch_size if seen or division_matters(assembly) else rows_at_once(assembly.model)


def validation_dataset(model: Any, batches: Batches, *, seen: bool) -> Any:
    """The data set for `fit`; the model's test function is made to take it.

    Args:
        model: The compiled model.
        batches: The validation split.
        seen: Whether somebody looks at each batch, which then goes through Keras's own function.
    """
    size = 1 if seen else stack_size(model, batches)
    if size == 1:
        return dataset(batches)
    engine.install_validation(model)
    return stacked_pass(batches, size)
