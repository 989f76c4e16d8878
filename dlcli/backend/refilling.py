"""Which numbers of a converted graph come of which weights of the model, so that others can be put in their places."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dlcli.backend.runtime import as_written

__all__ = ["Parts", "places"]

_OUTER = ("Case", "If", "PartitionedCall", "StatefulPartitionedCall", "StatelessIf", "StatelessWhile", "While")
"""Operations with functions inside."""

_READ = "ReadVariableOp"

MOST_AXES = 4
"""Of numbers that are found again with their axes in another order."""


class Parts:
    """What a traced function takes of its weights: a weight itself, or what is computed of weights and constants alone,
    as a weight times a rate is. A converter that computes what it can beforehand is left with these.

    Args:
        function: A concrete function that captures variables alone.
    """

    def __init__(self, function: Any) -> None:
        captures = {inner.name: outer for outer, inner in function.graph.captures}
        by_handle = {id(variable.handle): variable for variable in function.variables}
        self._variables = {name: by_handle[id(outer)] for name, outer in captures.items()}
        self._tensors: dict[str, Any] = {}
        taken = []
        for tensor, takers in _taken(function, set(captures)):
            self._tensors.setdefault(_handle(tensor) or tensor.name, tensor)
            taken.append(len(takers) == 1 and takers[0].type not in _OUTER and tensor.name not in captures)
        self.once = all(taken) and len(taken) == len(self._tensors)
        computed = [name for name in self._tensors if name not in captures]
        self._compute = _computing(function, computed) if computed else dict

    def __len__(self) -> int:
        return len(self._tensors)

    def values(self) -> list[NDArray[Any]]:
        """Their numbers with the weights of now."""
        with as_written():
            computed = {name: value.numpy() for name, value in self._compute().items()}
        return [
            computed[name] if name in computed else self._variables[name].numpy()  # as they are held, and no copy
            for name in self._tensors
        ]


def places(proto: Any, function: Any, parts: Parts) -> dict[int, tuple[int, tuple[int, ...]]] | None:
    """Which initializer of a converted graph is which part, and the order of its axes there; None where that is not
    certain.

    It is when each part is found once, with its axes in one order that is possible, and nothing else comes of it: the
    traced function takes it once, or each other number is one that the function has without any weights.

    Args:
        proto: An `onnx.ModelProto`.
        function: The concrete function that it was made of.
        parts: Those of the function.
    """
    from onnx import AttributeProto, numpy_helper

    others = (AttributeProto.TENSOR, AttributeProto.GRAPH, AttributeProto.TENSORS, AttributeProto.GRAPHS)
    if any(attribute.type in others for node in proto.graph.node for attribute in node.attribute):
        return None
    known = {(each.dtype.str, each.tobytes()) for each in _constants(function)}
    numbers = parts.values()
    found: dict[int, tuple[int, tuple[int, ...]]] = {}
    for number, initializer in enumerate(proto.graph.initializer):
        values = numpy_helper.to_array(initializer)
        fitting = [(place, axes) for place, each in enumerate(numbers) for axes in _orders(each, values)]
        constant = (values.dtype.str, values.tobytes()) in known
        if (
            len(fitting) > 1
            or (fitting and constant)
            or not (fitting or constant or parts.once or values.dtype.kind in "iub")
        ):
            return None
        if fitting:
            if not initializer.raw_data:
                return None
            (found[number],) = fitting
    taken = {place for place, _ in found.values()}
    return found if len(taken) == len(found) == len(parts) else None


def _constants(function: Any) -> list[NDArray[Any]]:
    operations = function.graph.get_operations()
    return [tf.make_ndarray(each.get_attr("value")) for each in operations if each.type == "Const"]


def _taken(function: Any, handles: set[str]) -> Iterator[tuple[Any, list[Any]]]:
    """What comes of weights alone and is taken by what does not, and the operations that take it."""
    of_weights: set[str] = set()
    outputs = {tensor.name for tensor in function.graph.outputs}
    constant: set[str] = set()
    for operation in function.graph.get_operations():
        names = {tensor.name for tensor in operation.inputs}
        made = {tensor.name for tensor in operation.outputs}
        if made & handles:
            of_weights |= made
        elif operation.type != _READ and (operation.op_def.is_stateful or operation.type in _OUTER):
            continue
        elif operation.type == "Const" or (names and names <= constant):
            constant |= made
        elif names and names <= of_weights | constant:
            of_weights |= made
    for operation in function.graph.get_operations():
        for tensor in operation.outputs:
            if tensor.name in of_weights:
                takers = [each for each in tensor.consumers() if not _are_within(each, of_weights)]
                if takers or tensor.name in outputs:
                    yield tensor, takers


def _are_within(operation: Any, names: set[str]) -> bool:
    return bool(operation.outputs) and all(tensor.name in names for tensor in operation.outputs)


def _handle(tensor: Any) -> str:
    """The name of the weight that a tensor is as it is; empty where it is computed."""
    if tensor.op.type == _READ:
        return str(tensor.op.inputs[0].name)
    return str(tensor.name) if tensor.dtype == tf.resource else ""


def _computing(function: Any, names: list[str]) -> Callable[[], dict[str, Any]]:
    """The part of a function that computes some tensors of its weights, as a function of its own."""
    whole = function.graph.as_graph_def()
    needed = _needed(whole, names)
    part = tf.compat.v1.GraphDef(versions=whole.versions, node=[each for each in whole.node if each.name in needed])

    def compute() -> dict[str, Any]:
        graph = tf.compat.v1.get_default_graph()
        captures = [(outer, inner) for outer, inner in function.graph.captures if inner.op.name in needed]
        given = {inner.name: graph.capture(outer) for outer, inner in captures}
        tensors = tf.graph_util.import_graph_def(part, input_map=given, return_elements=names, name="")
        return dict(zip(names, tensors, strict=True))

    with as_written():
        traced = tf.function(compute, autograph=False).get_concrete_function()
    return lambda: traced()


def _needed(graph: Any, names: Iterable[str]) -> set[str]:
    """The names of the operations that some tensors are computed by."""
    inputs = {node.name: node.input for node in graph.node}
    found, open_ = set(), list(names)
    while open_:
        name = open_.pop().lstrip("^").partition(":")[0]
        if name not in found:
            found.add(name)
            open_ += inputs[name]
    return found


def _orders(weight: NDArray[Any], values: NDArray[Any]) -> list[tuple[int, ...]]:
    """The orders of the axes of a weight in which it is these numbers; of axes of one number it is all the same."""
    if weight.dtype != values.dtype or weight.size != values.size or weight.ndim > MOST_AXES:
        return []
    flat = values.ravel()
    if not weight.size or weight.flat[0] != flat[0] or weight.flat[-1] != flat[-1]:  # which stay where they are
        return []
    short = [axis for axis in range(weight.ndim) if weight.shape[axis] == 1]
    long = [axis for axis in range(weight.ndim) if weight.shape[axis] != 1]
    orders = [(*short, *order) for order in itertools.permutations(long)]
    return [order for order in orders if np.array_equal(weight.transpose(order).ravel(), flat)]
