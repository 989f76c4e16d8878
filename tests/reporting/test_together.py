"""What several models say together is what one would say that had seen all their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.samples import Samples, Taken
from dlcli.evaluation.report import ClassReport, NumberReport
from dlcli.evaluation.several_report import PlacesReport
from dlcli.reporting.folders.pooling import pooled
from dlcli.reporting.joining import averaged_seen, chained
from dlcli.reporting.rows_kept import RowsKept
from dlcli.reporting.seen import Seen
from dlcli.trained.decoding import Decoded

CLASSES = ("a", "b", "c")
ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=12)


def class_report(rows: list[tuple[int, int]], order: tuple[str, ...] = CLASSES) -> dict[str, Any]:
    """Of rows of true and predicted classes, for a model that has the classes in some order."""
    places = np.array([order.index(name) for name in CLASSES])
    true, predicted = (places[np.array(each)] for each in zip(*rows, strict=True))
    report = ClassReport(order, ranked=False)
    report.add(true, predicted, np.where(np.eye(3)[predicted] > 0, 0.6, 0.2))
    return report.result()


@given(st.lists(st.tuples(ROWS, st.permutations(CLASSES)), min_size=1, max_size=4))
def test_the_reports_of_folds_are_that_of_all_rows(parts: list[tuple[list[tuple[int, int]], tuple[str, ...]]]) -> None:
    whole = class_report([row for rows, _ in parts for row in rows], tuple(parts[0][1]))
    found = pooled([class_report(rows, tuple(order)) for rows, order in parts], [len(rows) for rows, _ in parts])
    assert found["confusion_matrix"] == whole["confusion_matrix"]
    assert found["accuracy"] == pytest.approx(whole["accuracy"])
    assert found["log_loss"] == pytest.approx(whole["log_loss"])
    assert found["classes"].keys() == whole["classes"].keys()
    for name, measures in whole["classes"].items():
        assert found["classes"][name] == pytest.approx(measures)
    for name in ("precision", "recall", "f1"):
        assert found["macro_average"][name] == pytest.approx(whole["macro_average"][name])


def test_overlaps_of_places_are_those_of_all_rows() -> None:
    def report(rows: list[tuple[list[int], list[int]]]) -> dict[str, Any]:
        made = PlacesReport(CLASSES)
        true, predicted = (np.array(each) for each in zip(*rows, strict=True))
        made.add(true, predicted)
        return made.result()

    one, other = [([0, 1, 2], [0, 1, 1])], [([0, 0, 1], [0, 1, 1]), ([2, 2, -1], [2, 2, 0])]
    whole, found = report(one + other), pooled([report(one), report(other)], [1, 2])
    for name in ("classes", "macro_average", "confusion_matrix"):
        assert found[name] == whole[name]
    assert found["whole"] == pytest.approx(whole["whole"])


NUMBERS = st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=1, max_size=12)


def number_report(rows: list[tuple[float, float]]) -> dict[str, Any]:
    report = NumberReport(("",), (0.5,))
    true, predicted = (np.array(each).reshape(-1, 1) for each in zip(*rows, strict=True))
    report.add(true, predicted, [predicted])
    return report.result()


@given(st.lists(NUMBERS, min_size=1, max_size=4))
def test_errors_of_folds_are_those_of_all_rows(parts: list[list[tuple[float, float]]]) -> None:
    whole = number_report([row for rows in parts for row in rows])
    found = pooled([number_report(rows) for rows in parts], [len(rows) for rows in parts])
    for name in ("mae", "rmse"):
        assert found[name] == pytest.approx(whole[name])
    for level, measures in whole["quantiles"].items():
        assert found["quantiles"][level] == pytest.approx(measures)


def test_a_baseline_is_better_when_it_is_on_all_rows() -> None:
    def report(own: float, other: float) -> dict[str, Any]:
        worse = {"worse_than": {"mean": ["mae"]}} if own > other else {}
        return {"mae": own, "baselines": {"mean": {"is": "always predicting the mean", "mae": other}}, **worse}

    assert "worse_than" not in pooled([report(1, 5), report(3, 2)], [10, 10])
    found = pooled([report(1, 5), report(3, 2)], [1, 10])
    assert found["worse_than"] == {"mean": ["mae"]}
    assert found["baselines"]["mean"]["is"] == "always predicting the mean"


@given(st.lists(st.tuples(st.integers(0, 5), st.permutations(CLASSES)), min_size=1, max_size=4), st.randoms())
def test_rows_one_after_the_other_keep_their_classes(parts: list[tuple[int, tuple[str, ...]]], random: Any) -> None:
    seen, true, said, chances = [], [], [], []
    for count, order in parts:
        names = [random.choice(CLASSES) for _ in range(count)]
        own = np.array([[random.random() for _ in CLASSES] for _ in names]).reshape(count, 3)
        indices = own.argmax(axis=1) if count else np.empty(0, np.int64)
        decoded = Decoded("y", classes=tuple(order), indices=indices, probabilities=own)
        seen.append(Seen(decoded, np.array([order.index(name) for name in names], np.int64)))
        true += names
        said += [order[index] for index in indices]
        chances += [dict(zip(order, row, strict=True)) for row in own.tolist()]
    whole = chained(seen)
    assert whole.decoded.indices is not None
    assert whole.decoded.probabilities is not None
    classes = whole.decoded.classes
    assert [classes[index] for index in whole.true] == true
    assert [classes[index] for index in whole.decoded.indices] == said
    assert [dict(zip(classes, row, strict=True)) for row in whole.decoded.probabilities.tolist()] == chances


def test_sets_and_numbers_one_after_the_other() -> None:
    def of_sets(order: tuple[str, ...], chosen: list[list[bool]]) -> Seen:
        array = np.array(chosen)
        decoded = Decoded("y", order, array.argmax(axis=1), array.astype(np.float32), chosen=array)
        return Seen(decoded, array)

    sets = chained([of_sets(("a", "b"), [[True, False]]), of_sets(("b", "a"), [[True, False]])])
    assert sets.decoded.chosen is not None
    assert sets.decoded.chosen.tolist() == sets.true.tolist() == [[True, False], [False, True]]

    def of_numbers(value: float) -> Seen:
        numbers = np.full((2, 1), value)
        return Seen(Decoded("y", numbers=numbers, quantiles=((0.5, numbers),)), numbers + 1)

    numbers = chained([of_numbers(1), of_numbers(2)])
    assert numbers.true.ravel().tolist() == [2, 2, 3, 3]
    assert numbers.decoded.quantiles[0][1].ravel().tolist() == [1, 1, 2, 2]
    assert averaged_seen([[of_numbers(1)], [of_numbers(2)]])[0].decoded.numbers.ravel().tolist() == [1.5, 1.5]  # type: ignore[union-attr]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(1, 40))
def test_rows_that_are_kept_know_their_numbers(sizes: list[int], most: int) -> None:
    kept, parts, start = RowsKept(most), [], 0
    for size in sizes:
        numbers = np.arange(start, start + size)
        held = Taken({"x": numbers[:, np.newaxis] * 2.0}, {"y": numbers[:, np.newaxis] * 1.0})
        parts.append(ArraySamples(held, numbers))
        start += size
    streams: list[list[Samples]] = [list(kept.watch(parts)) for _ in range(2)]
    assert streams[0] == parts
    one, other = (stream.taken for stream in kept._streams)
    assert one is not None
    assert other is not None
    assert one.rows is not None
    assert len(one.rows) == min(most, start)
    assert one.inputs["x"].ravel().tolist() == (one.rows * 2.0).tolist()
    assert other.rows is not None
    assert other.rows.tolist() == one.rows.tolist()
