"""The graph that follows the members' graphs gives the mean of what they say, whatever form an output has."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from dlcli.config.outputs.conventions import Head, TargetForm
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema.component import Component
from dlcli.config.signature import TargetSpec
from dlcli.errors import ModelError
from dlcli.exports.merging import merged, require_mean, unit_array, units_differ
from dlcli.trained.averaging import averaged
from dlcli.trained.decoding import decode

ROWS = 7
CLASSES = ("a", "b", "c", "d")
UNITS = ((100.0, 3.0), (-7.0, 0.5))
LOGITS = {"from_logits": True}


def plan(target: TargetSpec, units: int, loss: str, activation: str, **more: Any) -> OutputPlan:
    arguments = more.pop("arguments", {})
    shape = more.pop("shape", (*target.axes, units))
    form: TargetForm = "number" if target.kind == "number" else more.pop("form", "index")
    return OutputPlan("y", (target,), form, Component(loss, arguments), Head(units, activation), shape, **more)


def classes(names: Sequence[str], **more: Any) -> TargetSpec:
    return TargetSpec("y", "category", classes=tuple(names), **more)


def numbers(width: int, unit: tuple[tuple[float, float], ...] = (), **more: Any) -> TargetSpec:
    return TargetSpec("y", "number", width=width, unit=unit, **more)


def other_unit(member: int, width: int) -> tuple[tuple[float, float], ...]:
    return tuple((offset + 10 * member, scale * (1 + member)) for offset, scale in UNITS[:width])


def turned(member: int) -> tuple[str, ...]:
    """The classes, in another order for each member."""
    return CLASSES[member:] + CLASSES[:member]


FORMS: dict[str, Any] = {
    "softmax": lambda member: plan(classes(turned(member)), 4, "sparse_categorical_crossentropy", "softmax"),
    "more units than classes": lambda member: plan(
        classes(turned(member)), 6, "sparse_categorical_crossentropy", "softmax"
    ),
    "logits": lambda member: plan(
        classes(turned(member)), 4, "sparse_categorical_crossentropy", "linear", arguments=LOGITS
    ),
    "one of two": lambda member: plan(
        classes(("n", "y")[:: 1 - 2 * (member % 2)]), 1, "binary_crossentropy", "sigmoid"
    ),
    "one of two from logits": lambda member: plan(
        classes(("n", "y")[:: 1 - 2 * (member % 2)]), 1, "binary_crossentropy", "linear", arguments=LOGITS
    ),
    "a class at each step": lambda member: plan(
        classes(turned(member), axes=(3,)), 4, "sparse_categorical_crossentropy", "softmax"
    ),
    "sets": lambda member: plan(
        TargetSpec("y", "categories", classes=turned(member)), 4, "binary_crossentropy", "sigmoid", form="multi_hot"
    ),
    "sets of one class": lambda member: plan(
        TargetSpec("y", "categories", classes=("a",)), 1, "binary_crossentropy", "sigmoid", form="multi_hot"
    ),
    "a number": lambda member: plan(numbers(1, UNITS[:1]), 1, "mse", "linear"),
    "numbers, each in a unit of its own": lambda member: plan(numbers(2, other_unit(member, 2)), 2, "mse", "linear"),
    "a share from logits": lambda member: plan(
        numbers(1, other_unit(member, 1)), 1, "binary_crossentropy", "linear", arguments=LOGITS
    ),
    "quantiles": lambda member: plan(
        numbers(1, other_unit(member, 1), quantiles=(0.1, 0.5, 0.9)), 3, "pinball", "linear"
    ),
    "quantiles of two numbers": lambda member: plan(
        numbers(2, other_unit(member, 2), quantiles=(0.1, 0.5, 0.9)), 6, "pinball", "linear"
    ),
    "quantiles of two numbers, alike": lambda member: plan(
        numbers(2, UNITS, quantiles=(0.1, 0.9)), 4, "pinball", "linear"
    ),
    "quantiles along an axis of their own": lambda member: plan(
        numbers(2, other_unit(member, 2), quantiles=(0.1, 0.9)), 2, "pinball", "linear", shape=(2, 2)
    ),
    "quantiles at each step": lambda member: plan(
        numbers(2, other_unit(member, 2), axes=(3,), quantiles=(0.1, 0.9)), 4, "pinball", "linear"
    ),
    "more than its target has": lambda member: plan(numbers(1, other_unit(member, 1)), 3, "mse", "linear"),
}


def member_file(given: OutputPlan, moved: NDArray[np.float32]) -> bytes:
    """A model that adds something to what goes in, and ends as its plan says."""
    shape = [None, *(given.shape or ())]
    last = {"softmax": "Softmax", "sigmoid": "Sigmoid"}.get(str(given.head.activation), "Identity")
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "moved"], ["sum"]), helper.make_node(last, ["sum"], ["y"])],
        "member",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(moved, "moved")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def ran(model: Any, x: NDArray[np.float32]) -> NDArray[Any]:
    content = model if isinstance(model, bytes) else model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (values,) = session.run(None, {"x": x})
    return np.asarray(values)


def fitted(given: OutputPlan) -> Any:
    """As much of a fitted preprocessing as decoding looks at."""
    unit = np.array(given.targets[0].unit or ((0.0, 1.0),))
    names = tuple(map(str, range(given.targets[0].width)))
    codec = types.SimpleNamespace(
        values=None, components=names, decode=lambda encoded: encoded * unit[:, 1] + unit[:, 0]
    )
    return types.SimpleNamespace(targets={"y": codec})


@pytest.mark.parametrize("form", FORMS)
def test_the_file_gives_the_mean_of_what_the_members_say(form: str) -> None:
    random = np.random.default_rng(1)
    plans = [FORMS[form](member) for member in range(3)]
    x = random.normal(size=(ROWS, *plans[0].shape)).astype(np.float32)
    files = [member_file(each, random.normal(size=x.shape[1:]).astype(np.float32)) for each in plans]
    require_mean(plans[:1], "member-1")
    model = merged(files, [[each] for each in plans])
    onnx.checker.check_model(model, full_check=True)
    said = ran(model, x)
    alone = [decode([ran(file, x)], [each], fitted(each)) for file, each in zip(files, plans, strict=True)]
    (mean,) = averaged(alone)
    if mean.probabilities is not None:
        wanted = mean.probabilities[..., 1:] if form.startswith("one of two") else mean.probabilities
        assert mean.classes == plans[0].classes
        assert np.allclose(said, wanted, atol=1e-6)
        return
    assert mean.numbers is not None
    parts = [np.asarray(values) for _, values in mean.quantiles] or [mean.numbers]
    if not units_differ(plans) and plans[0].fits:
        offset, scale = unit_array(plans[0])
        said = said * scale + offset
    wanted = np.stack(parts, axis=-1) if mean.quantiles else parts[0]  # the quantiles of each number side by side
    assert np.allclose(said.reshape(wanted.shape), wanted, rtol=1e-5)


def test_votes_are_refused() -> None:
    hinge = plan(classes(("n", "y")), 1, "hinge", "tanh")
    with pytest.raises(ModelError, match="vote"):
        require_mean([hinge], "member-1")
