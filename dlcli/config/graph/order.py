"""The order of a graph's nodes, given for each the numbers of those that must come before it."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

__all__ = ["find_circles", "topological_order"]


def topological_order(before: Sequence[Sequence[int]]) -> list[int]:
    """Every node after those that it waits for; among those that could be next, the smallest number.

    Nodes in a circle, and those that wait for one, are left out.

    Example:
        >>> topological_order([[2], [], [1]])
        [1, 2, 0]
    """
    after: dict[int, list[int]] = {}
    waiting = [len(numbers) for numbers in before]
    for number, numbers in enumerate(before):
        for each in numbers:
            after.setdefault(each, []).append(number)
    ready = [number for number, count in enumerate(waiting) if count == 0]
    order = []
    while ready:
        number = heapq.heappop(ready)
        order.append(number)
        for follower in after.get(number, ()):
            waiting[follower] -= 1
            if waiting[follower] == 0:
                heapq.heappush(ready, follower)
    return order


def find_circles(before: Sequence[Sequence[int]]) -> list[list[int]]:
    """Circles of nodes that wait for each other, each from its smallest number along the edges.

    Circles that share a node count as one: whoever breaks it meets the other the next time.

    Example:
        >>> find_circles([[2], [0], [1], []])
        [[0, 1, 2]]
    """
    circles: list[list[int]] = []
    broken: set[int] = set()
    while True:
        open_edges = [[each for each in numbers if each not in broken] for numbers in before]
        for number in broken:
            open_edges[number] = []
        left = set(range(len(before))) - set(topological_order(open_edges))
        if not left:
            return circles
        seen: dict[int, int] = {}
        number = min(left)
        while number not in seen:
            seen[number] = len(seen)
            number = next(each for each in open_edges[number] if each in left)
        circle = [each for each in seen if seen[each] >= seen[number]][::-1]
        start = circle.index(min(circle))
        circles.append(circle[start:] + circle[:start])
        broken.update(circle)
