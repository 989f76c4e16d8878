"""Numbers that a program reads are the bits that it would have as constants, whatever is computed with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.tensorflow

COMPUTED: list[Callable[[Any], Any]] = [
    lambda rate: rate,
    lambda rate: 1 / (1 - rate),
    lambda rate: (rate * 3.0 + 0.1) - rate / 7,
    lambda rate: rate**2 - 2 ** (-rate),
    lambda rate: rate * rate + rate,
]


@given(first=st.floats(0.01, 0.99), then=st.floats(0.01, 0.99))
def test_what_is_computed_is_what_python_computes(first: float, then: float) -> None:
    from dlcli.backend.numbers import Numbers

    numbers = Numbers({"rate": first})
    made = [compute(numbers["rate"]) for compute in COMPUTED]
    for value in (first, then):
        numbers.assign({"rate": value})
        assert [repr(each) for each in made] == [f"Number({compute(value)!r})" for compute in COMPUTED]
        assert (numbers["rate"] < 0.5, numbers["rate"] >= 0.5) == (value < 0.5, value >= 0.5)


def test_a_program_reads_them_anew() -> None:
    import tensorflow as tf

    from dlcli.backend.numbers import Numbers

    numbers = Numbers({"rate": 0.1})

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def run(x: Any) -> Any:
        with numbers.read_here():
            scale = 1 / (1 - numbers["rate"])
            return tf.while_loop(lambda i, _: i < 3, lambda i, each: (i + 1, each * scale), (0, x))[1]

    traced = run.get_concrete_function(tf.TensorSpec((), tf.float32))
    for rate in (0.1, 0.7, 0.3):
        numbers.assign({"rate": rate})
        scale = tf.constant(1 / (1 - rate), tf.float32)
        assert float(traced(tf.constant(1.5))) == float(tf.constant(1.5) * scale * scale * scale)


def test_nothing_takes_their_value_without_being_known_to() -> None:
    from dlcli.backend.numbers import Numbers

    with pytest.raises(TypeError):
        float(Numbers({"rate": 0.1})["rate"])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected"):
        Numbers({"rate": 0.1}).assign({"other": 0.2})
