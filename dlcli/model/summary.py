"""What a built model is made of, as data for a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

__all__ = ["LayerRow", "ModelSummary", "summarize"]


@dataclasses.dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer.

    Args:
        name: Its name in the config, or the generated one.
        type: Its Keras class, such as `Dense`; `Model` for a nested model.
        shapes: Shape of one sample of each output, None where a size is free; one for each time the layer is applied.
        parameters: Its weights, as single numbers; those of a nested model are counted in its own row alone.
        inputs: The layers that it takes, in order.
        depth: 0, or how deep in nested models it stands.
    """

    name: str
    type: str
    shapes: tuple[tuple[int | None, ...], ...]
    parameters: int
    inputs: tuple[str, ...]
    depth: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class ModelSummary:
    """All layers in order, and the totals of their parameters."""

    rows: tuple[LayerRow, ...]
    trainable: int
    non_trainable: int

    @property
    def parameters(self) -> int:
        """All parameters."""
        return self.trainable + self.non_trainable


def summarize(model: Any) -> ModelSummary:
    """Describe a functional `keras.Model`.

    Example:
        >>> summarize(model).rows[-1]  # doctest: +SKIP
        LayerRow(name='dense', type='Dense', shapes=((3,),), parameters=27, inputs=('features',), depth=0)
    """
    return ModelSummary(
        rows=tuple(_rows(model, 0)),
        trainable=_size(model.trainable_weights),
        non_trainable=_size(model.non_trainable_weights),
    )


def _rows(model: Any, depth: int) -> Iterator[LayerRow]:
    # Keras keeps the edges of a functional model in its nodes; its own `summary` reads them the same way.
    nodes = {id(node) for level in model._nodes_by_depth.values() for node in level}
    for layer in model.layers:
        applied = [node for node in layer._inbound_nodes if id(node) in nodes]
        nested = hasattr(layer, "_nodes_by_depth")
        yield LayerRow(
            name=layer.name,
            type="Model" if nested else type(layer).__name__,
            shapes=tuple(tuple(tensor.shape[1:]) for node in applied for tensor in node.output_tensors),
            parameters=layer.count_params(),
            inputs=tuple(
                tensor._keras_history.operation.name for node in applied for tensor in node.arguments.keras_tensors
            ),
            depth=depth,
        )
        if nested:
            yield from _rows(layer, depth + 1)


def _size(weights: list[Any]) -> int:
    total = 0
    for weight in weights:
        size = 1
        for dimension in weight.shape:
            size *= dimension
        total += size
    return total
