"""Where the random numbers of a process stand that belong to no model: Python's, NumPy's, Keras's, TensorFlow's."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
from keras.src.backend.common import global_state
from keras.src.random import seed_generator
from tensorflow.python.eager import context
from tensorflow.python.ops import stateful_random_ops

__all__ = ["Drawn", "begin_again", "numbers_drawn", "put_back", "random_state", "restore_random_state", "same_draws"]

Drawn = tuple[Any, Any]
"""Where Python's and NumPy's random numbers stand."""


def numbers_drawn() -> Drawn:
    """Where Python's and NumPy's random numbers stand now."""
    return random.getstate(), np.random.get_state()


def same_draws(one: Drawn, other: Drawn) -> bool:
    """Whether nothing was drawn between the two."""
    (name, words, *rest), (name_, words_, *rest_) = one[1], other[1]
    return one[0] == other[0] and name == name_ and rest == rest_ and bool((words == words_).all())


def put_back(drawn: Drawn) -> None:
    """Let them go on from there.

    Raises:
        TypeError, ValueError: It is no state of theirs.
    """
    random.setstate(drawn[0])
    np.random.set_state(drawn[1])


def random_state() -> dict[str, Any]:
    """All of it as plain values. Keras's and TensorFlow's global generators are in it where they have been made.

    Of TensorFlow's stateful operations (`tf.random.uniform`) one outside of a graph takes a new seed each time, from
    where the context stands; what one in a graph draws is kept in its kernel, and cannot be asked for.
    """
    state: dict[str, Any] = {"drawn": numbers_drawn()}
    generator = global_state.get_global_attribute(seed_generator.GLOBAL_SEED_GENERATOR)
    if generator is not None:
        state["keras"] = np.asarray(generator.state)
    seeds = getattr(context.context(), "_rng", None)
    if isinstance(seeds, random.Random):
        state["eager"] = seeds.getstate()
    if stateful_random_ops.global_generator is not None:
        state["tensorflow"] = np.asarray(stateful_random_ops.global_generator.state)
    return state


def restore_random_state(state: Mapping[str, Any]) -> None:
    """Let all of them go on from there.

    Raises:
        TypeError, ValueError: It is no such state.
    """
    if "keras" in state:
        seed_generator.global_seed_generator().state.assign(state["keras"])
    put_back(state["drawn"])
    seeds = getattr(context.context(), "_rng", None)
    if "eager" in state and isinstance(seeds, random.Random):
        seeds.setstate(state["eager"])
    if "tensorflow" in state:
        stateful_random_ops.get_global_generator().state.assign(state["tensorflow"])


def begin_again(state: Mapping[str, Any]) -> None:
    """The same for a training that begins, in a process where others have drawn since: what none had made is not there.

    Raises:
        TypeError, ValueError: It is no such state.
    """
    if "keras" not in state:
        global_state.set_global_attribute(seed_generator.GLOBAL_SEED_GENERATOR, None)
    if "tensorflow" not in state:
        stateful_random_ops.global_generator = None
    restore_random_state(state)
