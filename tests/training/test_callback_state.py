"""What a callback of the user's own knows comes back into one that was made anew, or is said to be lost."""

from __future__ import annotations

import collections
import enum
import json
import sys
import types
from typing import Any

import keras
import numpy as np
import pytest

from dlcli.training.checkpointing.callback_state import pack_callback, restore_callback
from dlcli.training.checkpointing.values import PackedArrays, StoredArrays


class Phase(enum.Enum):
    WARM = 1
    DONE = 2


class Right(enum.Flag):
    READ = 1
    WRITE = 2


for kind in (Phase, Right):
    kind.__module__ = "dlcli_code_own"  # as those of the files of `code`


class Own(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.kept: Any = None
        self.on_plateau = 0


@pytest.fixture(autouse=True)
def module_of_code(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("dlcli_code_own")
    module.Phase, module.Right = Phase, Right  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)


def again(one: Own, other: Own) -> list[tuple[str, str]]:
    """Give the one's state to the other, by way of what a file holds; what is lost."""
    lost: list[tuple[str, str]] = []
    packed = PackedArrays()
    state = pack_callback(one, packed, lost=lambda name, why: lost.append((name, why)))
    document = json.loads(json.dumps([state, packed.table()]))
    arrays = StoredArrays(document[1], b"".join(packed.pieces()))
    restore_callback(other, document[0], arrays, lost=lambda name, why: lost.append((name, why)))
    return lost


@pytest.mark.parametrize(
    "kept",
    [
        Phase.DONE,
        [Phase.WARM, (Phase.DONE, 1)],
        {Phase.DONE: 2, (Phase.WARM, 1): Phase.WARM},
        {Phase.DONE},
        frozenset({(Phase.DONE, 3)}),
        collections.deque([Phase.DONE, 2], maxlen=3),
        collections.defaultdict(list, {Phase.WARM: [Phase.DONE]}),
        collections.Counter({Phase.DONE: 3}),
        10**5000,
    ],
    ids=["member", "list", "keys", "set", "frozenset", "deque", "defaultdict", "counter", "huge"],
)
def test_members_of_enumerations_and_huge_numbers(kept: Any) -> None:
    one, other = Own(), Own()
    one.kept, other.kept = kept, collections.defaultdict(list) if isinstance(kept, collections.defaultdict) else None
    assert again(one, other) == []
    assert other.kept == kept
    assert type(other.kept) is type(kept)


def test_a_member_is_the_one_that_the_code_has_made() -> None:
    one, other = Own(), Own()
    one.kept, other.kept = Phase.DONE, Phase.WARM
    assert again(one, other) == []
    assert other.kept is Phase.DONE
    assert [each.name for each in Phase] == ["WARM", "DONE"]


def test_members_together_are_said_and_stay_what_they_are() -> None:
    one, other = Own(), Own()
    one.kept, other.kept = Right.READ | Right.WRITE, Right.READ
    assert [name for name, _ in again(one, other)] == ["kept"]
    assert Right.READ.value == 1


@pytest.mark.parametrize("kind", [list, tuple, lambda items: collections.deque(items, maxlen=2)])
def test_tensors_come_back_as_tensors(kind: Any) -> None:
    one, other = Own(), Own()
    one.kept, other.kept = kind([keras.ops.ones(2), keras.ops.zeros((), "int32")]), kind([])
    assert again(one, other) == []
    assert type(other.kept) is type(one.kept)
    for before, now in zip(one.kept, other.kept, strict=True):
        assert keras.ops.is_tensor(now)
        assert now.dtype == before.dtype
        assert np.array_equal(now, before)


def test_a_name_that_begins_as_that_of_a_hook() -> None:
    one, other = Own(), Own()
    one.on_plateau = 3
    assert again(one, other) == []
    assert other.on_plateau == 3
