"""What the pinned Keras does otherwise than it says, in silence; mended where objects are made.

A test holds each of these against the installed Keras, and fails when it is mended there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dlcli.config.catalogue.entries import Entry

__all__ = ["alike", "keep_arguments", "mended_arguments", "require_fit"]


def mended_arguments(entry: Entry, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that make Keras do what its documentation says of those given.

    Keras's Tversky weighs false negatives with `alpha` and false positives with `beta`; its documentation, and the
    paper, have them the other way round (keras#23333). `STFTSpectrogram` makes windows with SciPy, which Keras does not
    bring; as numbers it takes them without.

    Args:
        entry: The component.
        arguments: As the config gives them.
    """
    if (entry.kind, entry.name) == ("layers", "STFTSpectrogram"):
        return _with_window(arguments)
    if (entry.kind, entry.name) != ("losses", "Tversky"):
        return dict(arguments)
    swapped = {"alpha": "beta", "beta": "alpha"}
    return {swapped.get(name, name): value for name, value in arguments.items()}


WINDOWS = {"hann": (0.5, 0.5), "hamming": (0.54, 0.46), "blackman": (0.42, 0.5, 0.08)}
"""The parts of a constant and of waves of once, twice, ... the length of the window, with alternating signs."""


def _with_window(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a spectrogram with its window in numbers, if it is one that is known."""
    length, name = arguments.get("frame_length", 256), arguments.get("window", "hann")
    if name not in WINDOWS or not isinstance(length, int) or length < 1:
        return dict(arguments)
    if length == 1:
        return {**arguments, "window": [1.0]}
    turns = length if arguments.get("periodic") else length - 1
    turn = 2 * math.pi / turns
    waves = [(part * (-1) ** times, times * turn) for times, part in enumerate(WINDOWS[name])]
    return {**arguments, "window": [sum(part * math.cos(turn * at) for part, turn in waves) for at in range(length)]}


def keep_arguments(made: Any, arguments: Mapping[str, Any]) -> None:
    """Let an object say all that it was made with, so that what is saved with a model is what was trained.

    `get_config` of Huber, CosineSimilarity, SparseCategoricalCrossentropy and others leaves arguments out (keras#23286,
    #23375): a saved model would be loaded with the default.

    Args:
        made: An object of Keras's.
        arguments: Those that it was made with.
    """
    told = getattr(made, "get_config", None)
    plain = {name: value for name, value in arguments.items() if isinstance(value, (bool, int, float, str, list))}
    if told is None or not plain:
        return
    lost = {name: value for name, value in plain.items() if name not in told()}
    if lost:
        made.get_config = lambda: {**told(), **lost}


def alike(keras: Any, layer: Any, tensors: Sequence[Any]) -> list[Any]:
    """The tensors that a layer adds up, of one shape where they have several.

    Keras adds `(n, 1)` to `(n, n)` as if the first were a bias, along the last axis: a batch of 32 rows of one number
    to 32 rows of 32 comes out wrong, in silence, and right in a batch of any other size.

    Args:
        keras: The package.
        layer: A layer.
        tensors: What it is applied to.
    """
    if type(layer).__name__ not in ("Add", "Average") or len({tuple(tensor.shape) for tensor in tensors}) < 2:
        return list(tensors)
    rank = max(len(tensor.shape) for tensor in tensors)
    tensors = [_of_rank(keras, tensor, rank) for tensor in tensors]  # as Keras does
    sizes = [{tensor.shape[axis] for tensor in tensors} for axis in range(1, rank)]
    if any(None in each or len(each - {1}) > 1 for each in sizes):
        return list(tensors)  # which Keras refuses, or nobody knows
    shape = tuple(max(each) for each in sizes)
    return [
        tensor
        if tuple(tensor.shape[1:]) == shape
        else keras.ops.multiply(tensor, np.ones((1, *shape), np.int8))  # which leaves the type as it is
        for tensor in tensors
    ]


def _of_rank(keras: Any, tensor: Any, rank: int) -> Any:
    while len(tensor.shape) < rank:
        tensor = keras.ops.expand_dims(tensor, 1)
    return tensor


def require_fit(layer: Any, shapes: Sequence[tuple[int | None, ...]]) -> None:
    """Refuse inputs that Keras takes when it builds a model, and that fail when it computes.

    `MelSpectrogram` mirrors half of a transform at both ends of its last axis, whatever that is; of more axes than the
    batch's and that one it reckons another shape than it gives, and of some lengths as well.

    Args:
        layer: A layer.
        shapes: Of its inputs, the batch included.

    Raises:
        ValueError: They do not fit.
    """
    if type(layer).__name__ != "MelSpectrogram":
        return
    (shape,) = shapes
    half, samples = layer.fft_length // 2, shape[-1]
    if len(shape) != 2 or (samples is not None and samples <= half):
        message = "it takes the samples of one channel, and more of them than half of fft_length"
        raise ValueError(f"{message} ({layer.fft_length})")
    if samples is None:
        return
    given = 1 + (samples + 2 * half - layer.fft_length) // layer.sequence_stride
    reckoned = layer.compute_output_shape(shape)[-1]
    if given != reckoned:
        raise ValueError(f"Keras reckons that it gives {reckoned} steps, and of {samples} samples it gives {given}")
