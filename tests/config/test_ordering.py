"""Orders and circles of small graphs, against what they must satisfy."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.graph.order import find_circles, topological_order

GRAPHS = st.integers(0, 8).flatmap(
    lambda count: st.lists(
        st.lists(st.integers(0, max(count - 1, 0)), max_size=3, unique=True), min_size=count, max_size=count
    )
)


@given(GRAPHS)
def test_every_node_comes_after_those_it_waits_for(before: list[list[int]]) -> None:
    order = topological_order(before)
    for place, number in enumerate(order):
        assert set(before[number]) <= set(order[:place])


@given(GRAPHS)
def test_a_graph_has_an_order_or_circles(before: list[list[int]]) -> None:
    circles = find_circles(before)
    assert (len(topological_order(before)) == len(before)) == (not circles)
    for circle in circles:
        assert circle[0] == min(circle)
        for number, follower in zip(circle, [*circle[1:], circle[0]], strict=True):
            assert number in before[follower]


def test_the_smallest_number_that_could_be_next_comes_first() -> None:
    assert topological_order([[], [3], [], [0]]) == [0, 2, 3, 1]


def test_a_long_chain_needs_no_recursion() -> None:
    count = 20_000
    assert topological_order([[number - 1] if number else [] for number in range(count)]) == list(range(count))
