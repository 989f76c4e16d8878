"""Model outputs become classes, probabilities and numbers as the loss and the head demand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dlcli.codecs.number.schema import NumberTarget
from dlcli.config.outputs.conventions import Head, TargetForm
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema.component import Component
from dlcli.config.signature import TargetSpec
from dlcli.data.columns.chunk import Chunk
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.errors import ModelError
from dlcli.trained.decoding import Columns, Decoded, check_columns, decode

EMPTY = Preprocessing({}, {})
TWO, THREE = ("no", "yes"), ("a", "b", "c")


def plan(classes: tuple[str, ...], head: Head, loss: Any, form: TargetForm = "index") -> OutputPlan:
    return OutputPlan("out", (TargetSpec("y", "category", classes=classes),), form, Component.parse(loss), head)


def one(values: Any, output: OutputPlan) -> Decoded:
    (decoded,) = decode([np.array(values, np.float32)], [output], EMPTY)
    return decoded


def test_one_sigmoid_unit_is_the_probability_of_the_second_class() -> None:
    decoded = one([[0.2], [0.9], [0.5]], plan(TWO, Head(1, "sigmoid"), "binary_crossentropy", "column"))
    table = decoded.table(prefix=False)
    # Keras's accuracy counts a score of exactly 0.5 as the first class.
    assert table["prediction"].to_pylist() == ["no", "yes", "no"]
    assert table["probability_yes"].to_pylist() == pytest.approx([0.2, 0.9, 0.5])
    assert table["probability_no"].to_pylist() == pytest.approx([0.8, 0.1, 0.5])


def test_raw_scores_become_probabilities_when_the_loss_took_logits() -> None:
    loss = {"SparseCategoricalCrossentropy": {"from_logits": True}}
    decoded = one([[1000.0, 0.0, 0.0], [0.0, 0.0, 0.0]], plan(THREE, Head(3, "linear"), loss))
    assert decoded.probabilities is not None
    assert decoded.probabilities == pytest.approx(np.array([[1, 0, 0], [1 / 3] * 3]))
    binary = one([[-2.0], [2.0]], plan(TWO, Head(1, "linear"), {"BinaryCrossentropy": {"from_logits": True}}, "column"))
    assert binary.probabilities is not None
    assert binary.probabilities[:, 1] == pytest.approx(1 / (1 + np.exp([2.0, -2.0])))


@pytest.mark.parametrize(
    ("values", "output"),
    [
        ([[0.1, 2.0, 0.3]], plan(THREE, Head(3, "linear"), "mse", "one_hot")),
        ([[3.0]], plan(TWO, Head(1, "linear"), "hinge", "column")),
        ([[0.4]], plan(TWO, Head(1, "tanh"), "squared_hinge", "column")),
        ([[1.7]], plan(TWO, Head(1, "linear"), "mse", "column")),
        ([[0.6]], plan(TWO, Head(1, "linear"), "mse", "column")),
    ],
)
def test_scores_that_are_no_probabilities_are_not_shown_as_such(values: Any, output: OutputPlan) -> None:
    decoded = one(values, output)
    assert decoded.indices is not None
    assert decoded.indices.tolist() == [1]
    assert list(decoded.table(prefix=False)) == ["prediction"]


def test_extra_units_are_never_predicted() -> None:
    decoded = one([[0.1, 0.2, 0.1, 0.6]], plan(THREE, Head(4, "softmax"), "sparse_categorical_crossentropy"))
    assert decoded.indices is not None
    assert decoded.indices.tolist() == [1]


def test_several_targets_prefix_their_names() -> None:
    decoded = one([[0.2]], plan(TWO, Head(1, "sigmoid"), "binary_crossentropy", "column"))
    assert list(decoded.table(prefix=True)) == ["y_prediction", "y_probability_no", "y_probability_yes"]


def test_numbers_come_back_in_their_own_unit() -> None:
    preprocessing = Preprocessing.build(
        {},
        {"x": NumberTarget(scale="standard"), "p": NumberTarget(columns=["u", "v"])},
        available=["x", "u", "v"],
    )
    columns = {name: pa.array(values) for name, values in {"x": [10.0, 20.0], "u": [1.0, 2.0], "v": [3.0, 4.0]}.items()}
    chunk = Chunk(columns, 2, 0)
    preprocessing.fit([chunk])
    encoded = preprocessing.encode_targets(chunk)
    raw = np.concatenate([encoded["x"], encoded["p"]], axis=1)
    output = OutputPlan("out", preprocessing.target_specs, "number", Component("mse"), Head(3, "linear"))
    decoded = decode([raw], [output], preprocessing)
    assert decoded[0].numbers == pytest.approx(np.array([[10.0], [20.0]]))
    assert list(decoded[0].table(prefix=True)) == ["x_prediction"]
    assert list(decoded[1].table(prefix=True)) == ["p_prediction_u", "p_prediction_v"]
    assert decoded[1].numbers == pytest.approx(np.array([[1.0, 3.0], [2.0, 4.0]]))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (Columns(threshold=float("nan")), "expected a probability from 0 to 1 as threshold, got nan"),
        (Columns(threshold=1.5), "expected a probability from 0 to 1 as threshold, got 1.5"),
        (Columns(top=0), "expected at least 1 of the best classes, got 0"),
        (Columns(top=1, threshold=0.9), "the order of the best knows none"),
    ],
)
def test_columns_that_contradict(columns: Columns, said: str) -> None:
    with pytest.raises(ModelError) as error:
        check_columns(columns, [plan(TWO, Head(1, "sigmoid"), "binary_crossentropy", "column")])
    (problem,) = error.value.problems
    assert said in problem.message


def test_what_is_no_number_is_no_class() -> None:
    nan = float("nan")
    loss = {"SparseCategoricalCrossentropy": {"from_logits": True}}
    for values, output in (
        ([[nan], [0.9]], plan(TWO, Head(1, "sigmoid"), "binary_crossentropy", "column")),
        ([[nan], [2.0]], plan(TWO, Head(1, "linear"), "hinge", "column")),
        ([[0.1, nan, 0.2], [0.1, 0.7, 0.2]], plan(THREE, Head(3, "softmax"), "sparse_categorical_crossentropy")),
        ([[nan, nan, nan], [0.1, 0.7, 0.2]], plan(THREE, Head(3, "linear"), loss)),
    ):
        decoded = one(values, output)
        assert decoded.indices is not None
        assert decoded.indices.tolist() == [-1, 1]
        assert decoded.table(prefix=False)["prediction"].to_pylist() == [None, output.classes[1]]
        if decoded.probabilities is not None:
            best = decoded.table(prefix=False, columns=Columns(top=2))
            assert best["prediction_1"].to_pylist() == [None, output.classes[1]]
            assert best["prediction_2"].to_pylist()[0] is None


def test_a_sigmoid_under_from_logits_is_a_probability_already() -> None:
    output = plan(TWO, Head(1, "sigmoid"), {"BinaryCrossentropy": {"from_logits": True}}, "column")
    decoded = one([[0.2], [0.9]], output)
    assert decoded.indices is not None
    assert decoded.indices.tolist() == [0, 1]
    assert decoded.probabilities is not None
    assert decoded.probabilities[:, 1] == pytest.approx([0.2, 0.9])


def quantiles(values: Any, shape: tuple[int, ...], spec: TargetSpec) -> Decoded:
    target = NumberTarget(quantiles=list(spec.quantiles), scale="none")
    preprocessing = Preprocessing.build({}, {"y": target}, available=["y"])
    preprocessing.targets["y"].fit([np.zeros((1, *spec.shape))])
    preprocessing.targets["y"].finish()
    output = OutputPlan("out", (spec,), "number", Component("pinball"), Head(shape[-1], "linear"), shape)
    (decoded,) = decode([np.array(values, np.float32)], [output], preprocessing)
    return decoded


def test_quantiles_never_cross_and_one_that_is_no_number_is_none() -> None:
    spec = TargetSpec("y", "number", quantiles=(0.1, 0.5, 0.9))
    table = quantiles([[3.0, 1.0, 2.0], [1.0, np.nan, 2.0]], (3,), spec).table(prefix=False)
    assert {name: column[0].as_py() for name, column in table.items()} == {
        "prediction": 2.0,
        "quantile_0.1": 1.0,
        "quantile_0.5": 2.0,
        "quantile_0.9": 3.0,
    }
    assert all(np.isnan(column[1].as_py()) for column in table.values())


def test_the_quantiles_of_a_number_stand_side_by_side_or_apart() -> None:
    spec = TargetSpec("y", "number", width=2, quantiles=(0.2, 0.8))
    beside = quantiles([[1.0, 2.0, 30.0, 40.0]], (4,), spec).table(prefix=True)
    assert {name: column[0].as_py() for name, column in beside.items()} == {
        "y_prediction_0": 1.0,
        "y_prediction_1": 30.0,
        "y_quantile_0.2_0": 1.0,
        "y_quantile_0.2_1": 30.0,
        "y_quantile_0.8_0": 2.0,
        "y_quantile_0.8_1": 40.0,
    }
    assert quantiles([[[1.0, 2.0], [30.0, 40.0]]], (2, 2), spec).table(prefix=True) == beside
    series = TargetSpec("y", "number", width=2, axes=(1,), quantiles=(0.2, 0.8))
    steps = quantiles([[[1.0, 2.0, 30.0, 40.0]]], (1, 4), series).table(prefix=False)
    assert {name: column[0].as_py() for name, column in steps.items()} == {
        "prediction": [[1.0, 30.0]],
        "quantile_0.2": [[1.0, 30.0]],
        "quantile_0.8": [[2.0, 40.0]],
    }
    assert quantiles([[[[1.0, 2.0], [30.0, 40.0]]]], (1, 2, 2), series).table(prefix=False) == steps
