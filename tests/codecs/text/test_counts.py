"""Tokens counted in bounded memory."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dlcli.codecs.text.counts import TokenCounts

chunks = st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=30), max_size=12)


def counted(chunks: list[list[str]], most: int) -> TokenCounts:
    counts = TokenCounts(most)
    for chunk in chunks:
        names, times = np.unique(chunk or ["a"], return_counts=True)
        counts.add(names.tolist(), times if chunk else np.zeros(1, np.int64), np.ones(len(names), np.int64))
    return counts


@given(chunks=chunks)
def test_counts_are_exact_where_there_is_room(chunks: list[list[str]]) -> None:
    counts = counted(chunks, most=10)
    true = Counter(token for chunk in chunks for token in chunk)
    assert {name: count for name, count, _ in counts.most_frequent(10)} == dict(true)
    assert (counts.total, counts.short, counts.different) == (true.total(), 0, len(true))


@given(chunks=chunks)
def test_what_is_let_go_of_is_no_more_frequent_than_said(chunks: list[list[str]]) -> None:
    counts = counted(chunks, most=4)
    true = Counter(token for chunk in chunks for token in chunk)
    found = {name: count for name, count, _ in counts.most_frequent(10)}
    assert all(found.get(name, 0) <= count <= found.get(name, 0) + counts.short for name, count in true.items())
    assert counts.total == true.total()
    assert len(found) <= 4
