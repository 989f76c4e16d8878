"""Keras's messages, made short: every real one becomes one line without its noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dlcli.backend import startup
from dlcli.model.faults import KERAS_FAULTS, named_argument, reason

CASES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "units": (lambda k: k.layers.Dense(-3), "expected a positive integer. Received: units=-3"),
    "missing": (lambda k: k.layers.Dense(), "the argument 'units' is missing"),
    "unknown": (lambda k: k.layers.Dense(3, unit=4), "Dense takes no argument 'unit'"),
    "unexpected": (lambda k: k.callbacks.EarlyStopping(foo=1), "EarlyStopping takes no argument 'foo'"),
    "rank": (lambda k: k.layers.LSTM(3)(k.Input((4,))), "expected ndim=3, found ndim=2 in the shape (None, 4)"),
    "pooling": (
        lambda k: k.layers.MaxPooling2D(9)(k.Input((8, 8, 3))),
        "Computed output size would be zero or negative",
    ),
    "reshape": (lambda k: k.layers.Reshape([3, 3])(k.Input((4,))), "The total size of the tensor must be unchanged"),
    "wrapped": (lambda k: k.layers.Bidirectional(k.layers.Dense(3)), "Dense takes no argument 'go_backwards'"),
    "value": (lambda k: k.layers.MultiHeadAttention(2, 3)(k.Input((5, 4))), "the argument 'value' is missing"),
}


@pytest.mark.parametrize("case", CASES)
def test_real_messages(case: str) -> None:
    action, expected = CASES[case]
    with pytest.raises(KERAS_FAULTS) as raised:
        action(startup.load())
    found = reason(raised.value)
    assert expected in found
    for noise in ("\x1b", "\n", "Arguments received", "Exception encountered", "KerasTensor", "deserialize"):
        assert noise not in found
    assert not found.endswith(".")


def test_other_errors_keep_their_kind() -> None:
    assert reason(KeyError("x")) == "KeyError: 'x'"
    assert reason(RuntimeError()) == "RuntimeError"


def test_the_argument_that_is_meant() -> None:
    arguments = {"rate": 7, "seed": 1}
    assert named_argument("Received: rate=7", arguments) == "rate"
    assert named_argument("`rate` and `seed`", arguments) is None
    assert named_argument("nothing", arguments) is None
