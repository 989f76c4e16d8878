"""The area under the ROC curve is that of its definition, exact while there is room and near it beyond."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.evaluation.ranking import Ranking

scores = st.floats(-100, 100, width=32) | st.sampled_from([0.0, -0.0, 0.5, 1.0, 1e-30, -1e-30])


def area_by_definition(values: np.ndarray, is_class: np.ndarray) -> float:
    own, others = values[is_class], values[~is_class]
    above = (own[:, np.newaxis] > others).mean()
    return float(above + (own[:, np.newaxis] == others).mean() / 2)


@given(st.lists(st.tuples(scores, st.booleans()), min_size=1, max_size=60), st.integers(0, 60))
def test_the_area_is_the_share_of_pairs_in_their_order(rows: list[tuple[float, bool]], cut: int) -> None:
    values = np.array([score for score, _ in rows], np.float32)
    is_class = np.array([own for _, own in rows])
    ranking = Ranking()
    ranking.add(values[:cut], is_class[:cut])
    ranking.add(values[cut:], is_class[cut:])
    if is_class.all() or not is_class.any():
        assert ranking.area() is None
    else:
        assert ranking.area() == pytest.approx(area_by_definition(values, is_class), abs=1e-12)


def test_with_less_room_it_is_near() -> None:
    random = np.random.default_rng(3)
    is_class = random.random(20_000) < 0.3
    values = 1 / (1 + np.exp(-random.normal(is_class * 1.5, 1.0)))
    exact, small = Ranking(), Ranking(most_keys=500)
    for start in range(0, 20_000, 700):
        chunk = slice(start, start + 700)
        exact.add(values[chunk], is_class[chunk])
        small.add(values[chunk], is_class[chunk])
    assert len(small._keys) <= 500
    assert exact.area() == pytest.approx(area_by_definition(values.astype(np.float32), is_class), abs=1e-12)
    assert small.area() == pytest.approx(exact.area(), abs=5e-3)


def test_a_score_that_is_no_number_has_no_rank() -> None:
    ranking = Ranking()
    ranking.add(np.array([0.1, np.nan, 0.9]), np.array([False, True, True]))
    assert ranking.area() is None
