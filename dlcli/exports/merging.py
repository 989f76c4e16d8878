"""Several ONNX models as one graph: the same inputs for all, and the mean of what they say.

Probabilities are met by the names of their classes. Numbers stay as they are encoded where all members scale them
alike; else they are brought into the target's own unit, in float64, before the mean.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.errors import ModelError, Problem
from dlcli.exports.to_onnx import LARGEST

__all__ = ["is_one_of_two", "merged", "require_mean", "unit_array", "units_differ"]

Plans = Sequence[Sequence[OutputPlan]]


def require_mean(outputs: Sequence[OutputPlan], member: str) -> None:
    """Refuse outputs whose mean no graph tells.

    Args:
        outputs: Of one member.
        member: Its directory.

    Raises:
        ModelError: With every such output.
    """
    hint = f"export one of the members, such as {member}"
    problems = []
    for output in outputs:
        if output.fits and output.classes and output.scores not in ("probabilities", "logits"):
            why = "the members vote for a class, for their scores are no probabilities"
            message = f"several models cannot be one ONNX file: of {output.name!r} {why}"
            problems.append(Problem(message, hint=hint, rule="not-portable"))
    if problems:
        raise ModelError(problems)


def units_differ(plans: Sequence[OutputPlan]) -> bool:
    """Whether members scale the numbers of an output each in a way of its own."""
    return plans[0].fits and not plans[0].classes and any(plan.unit != plans[0].unit for plan in plans)


def is_one_of_two(plan: OutputPlan, size: int) -> bool:
    """Whether an output with a last axis of such a size gives one probability, that of the second of two classes."""
    return size == 1 and len(plan.classes) == 2


def unit_array(plan: OutputPlan) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The offsets and scales of what an output gives, in a shape that meets its last axes; `(0, 1)` when unscaled."""
    pairs = np.array(plan.given_unit or ((0.0, 1.0),), np.float64)
    shape = (-1, 1) if plan.is_flat or plan.is_deep else (-1,)
    return pairs[:, 0].reshape(shape), pairs[:, 1].reshape(shape)


def merged(models: Sequence[bytes], plans: Plans) -> Any:
    """One model of several.

    Args:
        models: ONNX files with the same inputs.
        plans: For each model what its outputs learnt.

    Returns:
        The `onnx.ModelProto`: the inputs of the first, and an output for each of the first's plans.

    Raises:
        ModelError: The whole does not fit into a file, or the models do not take the same.
    """
    import onnx
    from onnx import compose

    if sum(map(len, models)) > LARGEST:
        message = "the models together do not fit into a file of 2 GiB"
        raise ModelError(Problem(message, hint="export the members one by one", rule="not-portable"))
    protos = [onnx.load_from_string(content) for content in models]
    first = protos[0]
    inputs = {each.name: each for proto in protos for each in reversed(proto.graph.input)}
    shapes = {each.name: _sizes(each) for each in first.graph.output}
    parts = [
        compose.add_prefix(proto, f"member_{place}/", rename_inputs=False, inplace=True)
        for place, proto in enumerate(protos, start=1)
    ]
    nodes = [node for part in parts for node in part.graph.node]
    constants = [each for part in parts for each in part.graph.initializer]
    outputs = []
    for at, first_plan in enumerate(plans[0]):
        mean = _Mean([each[at] for each in plans], shapes[first_plan.name])
        nodes += mean.nodes()
        constants += mean.constants
        outputs.append(mean.value())
    graph = onnx.helper.make_graph(nodes, "dlcli", list(inputs.values()), outputs, constants)
    opsets = {each.domain: each for part in parts for each in part.opset_import}
    return onnx.helper.make_model(
        graph,
        opset_imports=list(opsets.values()),
        ir_version=max(part.ir_version for part in parts),
        producer_name="dlcli",
    )


def _sizes(value: Any) -> tuple[int, ...]:
    """The sizes of a value; 0 where one differs."""
    return tuple(int(size.dim_value) for size in value.type.tensor_type.shape.dim)


@dataclasses.dataclass
class _Mean:
    """The operations after the members' graphs, for one output.

    Args:
        plans: Of each member.
        sizes: Of what the first gives; 0 for one that differs.
        constants: What the operations take; known after `nodes`.
    """

    plans: Sequence[OutputPlan]
    sizes: tuple[int, ...]
    constants: list[Any] = dataclasses.field(default_factory=list)

    @property
    def one_of_two(self) -> bool:
        """Whether it is one probability, of the second of two classes."""
        return is_one_of_two(self.plans[0], self.sizes[-1] if self.sizes else 0)

    def nodes(self) -> list[Any]:
        """From the members' outputs to their mean."""
        self._made: list[Any] = []
        ends = [self._of_member(place, plan) for place, plan in enumerate(self.plans, start=1)]
        # ONNX Runtime has no Mean of float64.
        count = np.array(len(ends), np.float64 if units_differ(self.plans) else np.float32)
        name = self.plans[0].name
        total = self._add("Sum", ends, f"mean/{name}/sum")
        self._add("Div", [total, self._constant(f"mean/{name}/count", count)], name)
        return self._made

    def value(self) -> Any:
        """The output."""
        from onnx import TensorProto, helper

        first = self.plans[0]
        kind = TensorProto.DOUBLE if units_differ(self.plans) else TensorProto.FLOAT
        sizes = self.sizes
        if first.fits and first.classes:
            before = sizes[:-1] if first.axes else sizes[:1]
            sizes = (*before, 1 if self.one_of_two else len(first.classes))
        return helper.make_tensor_value_info(first.name, kind, [size or None for size in sizes])

    def _of_member(self, place: int, plan: OutputPlan) -> str:
        name = f"member_{place}/{plan.name}"
        if not plan.fits:
            return name
        if plan.classes and not plan.axes:
            name = self._shaped(name, "row", [0, -1])
        if plan.scores == "logits":
            operation, more = ("Sigmoid", {}) if plan.link == "sigmoid" else ("Softmax", {"axis": -1})
            name = self._add(operation, [name], f"{name}/probabilities", **more)
        if plan.classes:
            return self._in_order(name, plan)
        if plan.quantiles:
            name = self._sorted(name, plan)
        return self._own_unit(name, plan) if units_differ(self.plans) else name

    def _in_order(self, name: str, plan: OutputPlan) -> str:
        """Probabilities, of the classes of the first member in their order."""
        order = [plan.classes.index(each) for each in self.plans[0].classes]
        if self.one_of_two:
            if order == [0, 1]:
                return name
            return self._add("Sub", [self._constant(f"{name}/one", np.array(1, np.float32)), name], f"{name}/other")
        return self._add("Gather", [name, self._constant(f"{name}/order", np.array(order))], f"{name}/known", axis=-1)

    def _sorted(self, name: str, plan: OutputPlan) -> str:
        """The quantiles of each number in order, as they are decoded."""
        count, is_flat = len(plan.quantiles), not plan.is_deep and plan.width > len(plan.quantiles)
        before = [0] * (1 + len(plan.axes))
        if is_flat:  # those of several numbers stand one after the other
            name = self._shaped(name, "apart", [*before, -1, count])
        counted = self._constant(f"{name}/count", np.array([count]))
        self._add("TopK", [name, counted], f"{name}/sorted", f"{name}/places", axis=-1, largest=0, sorted=1)
        name = f"{name}/sorted"
        return self._shaped(name, "together", [*before, -1]) if is_flat else name

    def _own_unit(self, name: str, plan: OutputPlan) -> str:
        offset, scale = unit_array(plan)
        name = self._add("Cast", [name], f"{name}/double", to=11)  # TensorProto.DOUBLE
        name = self._add("Mul", [name, self._constant(f"{name}/scale", scale)], f"{name}/scaled")
        return self._add("Add", [name, self._constant(f"{name}/offset", offset)], f"{name}/own")

    def _shaped(self, name: str, word: str, shape: Sequence[int]) -> str:
        return self._add("Reshape", [name, self._constant(f"{name}/{word}/shape", np.array(shape))], f"{name}/{word}")

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def _add(self, operation: str, inputs: Sequence[str], *outputs: str, **attributes: Any) -> str:
        from onnx import helper

        self._made.append(helper.make_node(operation, list(inputs), list(outputs), **attributes))
        return outputs[0]
