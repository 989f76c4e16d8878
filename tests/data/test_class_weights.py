"""Class weights are a weight for each row: a class that is not named weighs 1, one without rows weighs nothing."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.outputs.conventions import Head
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema.component import Component
from dlcli.config.signature import TargetSpec
from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.labels import class_weights, make_labels, weigh_classes
from dlcli.data.samples.samples import Taken

CLASSES = ("a", "b", "c")
TARGET = TargetSpec("y", "category", classes=CLASSES)
OUTPUT = OutputPlan("out", (TARGET,), "index", Component("sparse_categorical_crossentropy"), Head(3, "softmax"))


def weights(setting: dict[str, float] | Literal["balanced"], indices: list[int]) -> Any:
    weighted = class_weights(setting, [OUTPUT])
    taken = Taken({}, {"y": np.array(indices, np.int32)})
    classes = weigh_classes(setting, weighted, ArraySamples(taken, np.arange(len(indices))))
    _, found = make_labels([OUTPUT], classes).arrange(taken)
    assert found.dtype == np.float32
    return found


@given(st.lists(st.integers(0, 2), min_size=1, max_size=30), st.dictionaries(st.sampled_from(CLASSES), st.floats(0, 9)))
def test_a_class_that_is_not_named_weighs_one(indices: list[int], setting: dict[str, float]) -> None:
    expected = [setting.get(CLASSES[index], 1.0) for index in indices]
    assert weights(setting, indices) == pytest.approx(expected)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=30))
def test_balanced_classes_weigh_the_same_though_one_has_no_rows(indices: list[int]) -> None:
    found = weights("balanced", indices)
    sums = [found[np.array(indices) == index].sum() for index in set(indices)]
    assert sums == pytest.approx([len(indices) / len(sums)] * len(sums), rel=1e-5)
