"""Values that training has not seen are counted, and few of them are kept."""

from __future__ import annotations

import pyarrow as pa

from dlcli.codecs.category.codec import CategoryCodec
from dlcli.data.columns.unseen import KEPT, UnseenValues


def test_many_are_counted_and_few_are_kept() -> None:
    unseen = UnseenValues()
    for start in range(0, 100_000, 1000):
        unseen.add({str(number): 2 for number in range(start, start + 1000)})
    assert unseen.cells == 200_000
    assert len(unseen._seen) == KEPT
    assert "more than" in str(unseen)


def test_values_beside_the_categories_given_are_not_kept_either() -> None:
    codec = CategoryCodec(["x"], categories=["1.0", "007"])
    codec.fit([pa.array([*map(str, range(1000)), "007"])])
    codec.finish()
    assert codec.counts == {"1": 1, "007": 1}
    assert codec.others.cells == 999
    assert len(codec.others._seen) == KEPT
    assert codec.encode([pa.array([1.0, None])]).tolist() == [[0, 1, 0], [1, 0, 0]]
