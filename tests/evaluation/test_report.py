"""Reports agree with the definitions, however the rows are cut into chunks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.evaluation.report import ClassReport, NumberReport

labels = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60)


@given(labels, st.integers(1, 60))
def test_counts_do_not_depend_on_the_chunks(pairs: list[tuple[int, int]], cut: int) -> None:
    true, predicted = np.array(pairs).T
    whole, parts = ClassReport(("a", "b", "c")), ClassReport(("a", "b", "c"))
    whole.add(true, predicted)
    parts.add(true[:cut], predicted[:cut])
    parts.add(true[cut:], predicted[cut:])
    assert whole.result() == parts.result()
    matrix = np.array(whole.result()["confusion_matrix"])
    for i, j in pairs:
        assert matrix[i, j] == sum(pair == (i, j) for pair in pairs)


def test_measures_follow_their_definitions() -> None:
    report = ClassReport(("no", "yes", "never"))
    report.add(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0]))
    result = report.result()
    assert result["accuracy"] == pytest.approx(3 / 5)
    assert result["classes"]["yes"] == {
        "precision": pytest.approx(2 / 3),
        "recall": pytest.approx(2 / 3),
        "f1": pytest.approx(2 / 3),
        "support": 3,
    }
    assert result["classes"]["never"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2, max_size=50),
    st.integers(1, 49),
    st.floats(-1e9, 1e9),
)
def test_number_errors_survive_chunks_and_large_offsets(
    pairs: list[tuple[float, float]], cut: int, offset: float
) -> None:
    true = np.array([[pair[0]] for pair in pairs]) + offset
    predicted = np.array([[pair[1]] for pair in pairs]) + offset
    report = NumberReport(("y",))
    report.add(true[:cut], predicted[:cut])
    report.add(true[cut:], predicted[cut:])
    result = report.result()
    error = true - predicted
    assert result["mae"] == pytest.approx(np.abs(error).mean())
    assert result["rmse"] == pytest.approx(np.sqrt((error**2).mean()))
    spread = ((true - true.mean()) ** 2).sum()
    if spread > 1e-3:
        assert result["r2"] == pytest.approx(1 - (error**2).sum() / spread, rel=1e-4, abs=1e-4)


def test_r2_of_equal_values_is_not_defined() -> None:
    report = NumberReport(("y",))
    report.add(np.full((3, 1), 2.0), np.zeros((3, 1)))
    assert report.result()["r2"] is None


def test_several_columns_have_their_own_errors() -> None:
    report = NumberReport(("x", "y"))
    report.add(np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([[0.0, 1.0], [1.0, 3.0]]))
    result = report.result()
    assert result["columns"]["x"]["mae"] == 0
    assert result["columns"]["y"]["mae"] == 1
    assert result["mae"] == 0.5


def test_rows_without_a_prediction_are_not_right() -> None:
    report = ClassReport(("no", "yes"))
    report.add(np.array([0, 1, 1, 1]), np.array([0, -1, 1, -1]))
    result = report.result()
    assert result["accuracy"] == 0.5
    assert result["confusion_matrix"] == [[1, 0], [0, 1]]
    assert result["without_prediction"] == 2
    assert result["classes"]["yes"]["recall"] == pytest.approx(1 / 3)
    assert "without_prediction" not in ClassReport(("no", "yes")).result()


def test_macro_averages_and_areas() -> None:
    report = ClassReport(("no", "yes", "never"))
    probabilities = np.array([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1]])
    report.add(np.array([0, 0, 1, 1]), probabilities.argmax(axis=1), probabilities)
    result = report.result()
    assert [each["auc"] for each in result["classes"].values()] == [0.75, 0.75, None]
    # A class that neither occurs nor is predicted, such as padding, has no share in them.
    assert result["macro_average"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "auc": 0.75}


def test_two_classes_have_one_curve() -> None:
    report = ClassReport(("no", "yes"))
    positive = np.array([0.1, 0.6, 0.4, 0.9])
    report.add(np.array([0, 0, 1, 1]), (positive > 0.5).astype(int), np.stack([1 - positive, positive], axis=1))
    result = report.result()
    assert [each["auc"] for each in result["classes"].values()] == [0.75, 0.75]
    assert result["macro_average"]["auc"] == 0.75


def test_without_probabilities_there_is_no_area() -> None:
    report = ClassReport(("no", "yes"))
    report.add(np.array([0, 1]), np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]))
    report.add(np.array([0, 1]), np.array([0, 1]))
    result = report.result()
    assert "auc" not in result["macro_average"]
    assert result["classes"]["no"].keys() == {"precision", "recall", "f1", "support"}
