"""How a job is executed: batch by batch, or in stacks, with XLA or without; chosen from the job, never by timing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import keras

from dlcli.data.samples.batches import Batches

__all__ = ["Execution", "choose", "needs_every_batch", "sees_validation_batches", "stack_size"]

Mode = Literal["step", "graph", "xla"]

STACK_BYTES = 32 * 2**20
"""What a stack of batches may take at most."""

STACK_WORK = 5e9
"""Multiplications of a stack at most: about a tenth of a second, for prompt progress and Ctrl-C."""

MOST_BATCHES = 256
"""More batches in a stack gain nothing: the round trip is then less than a thousandth of a step."""

XLA_UPDATES = 1000
"""Updates from which compiling with XLA (half a second to two for a job) is earned back by its faster steps.

Measured from 200 (GRU) to 6,000 (BatchNormalization): docs/decisions/0008-engine.md.
"""


SHORT_SERIES = 32
"""Time steps of a recurrent layer from which on fewer updates earn the compiling back, in proportion: what XLA saves
is the round trip of every step. LSTM(32) over 168 steps, batch 32: 25 ms an update without, 12 ms with it, and a first
epoch of 183 updates, compiling included, that took as long either way."""


@dataclasses.dataclass(frozen=True, slots=True)
class Execution:
    """The choice.

    Args:
        mode: `step` is Keras's own function for every batch; `graph` and `xla` take stacks.
        stack: Batches in a stack; 1 for `step`.
        reason: Why, in words for the person; empty when there is nothing to say.
    """

    mode: Mode
    stack: int
    reason: str = ""


def choose(
    wanted: Literal["auto", "xla", "graph", "step"],
    *,
    model: Any,
    batches: Batches,
    epochs: int,
    device: str,
    deterministic: bool,
    demanding: Sequence[str],
    alone: bool = True,
) -> Execution:
    """Choose how to execute a job; a function of the config, the model and the number of rows alone.

    Args:
        wanted: The config's `runtime.execution`.
        model: The compiled model.
        batches: The training batches.
        epochs: Epochs at most.
        device: `cpu`, or a GPU.
        deterministic: Whether only deterministic operations may run; Keras switches XLA off then.
        demanding: Callbacks that need every batch.
        alone: Whether no other process trains with this one: XLA knows nothing of them on a CPU.
    """
    if demanding and wanted != "step":
        names = " and ".join(demanding)
        needs = "needs" if len(demanding) == 1 else "need"
        return Execution("step", 1, f"{names} {needs} every batch, so training goes batch by batch, many times slower")
    if wanted == "step":
        return Execution("step", 1)
    stack = stack_size(model, batches)
    if wanted != "auto":
        return Execution(wanted, stack)
    on_cpu = device == "cpu"
    if not alone or deterministic or (on_cpu and has_convolution(model)):
        # XLA's convolutions on the CPU were measured ten times slower than TensorFlow's.
        return Execution("graph", stack)
    needed = XLA_UPDATES * min(1.0, SHORT_SERIES / max(recurrent_steps(model), 1))
    return Execution("xla" if batches.steps * epochs >= needed else "graph", stack)


def stack_size(model: Any, batches: Batches) -> int:
    """How many batches go into a stack."""
    full = max(batches.rows // batches.batch_size, 1)
    by_bytes = STACK_BYTES / max(batches.bytes_per_row * batches.batch_size, 1)
    by_work = STACK_WORK / (multiplications(model) * batches.batch_size + 10 * model.count_params() + 1)
    return max(1, int(min(full, by_bytes, by_work, MOST_BATCHES)))


def multiplications(model: Any) -> int:
    """About how many a sample takes, forward and backward: six for each weight and place that it is applied at.

    A Dense layer has one place, a convolution as many as pixels, a recurrent layer as many as time steps.
    """
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.Embedding)]
    return sum(6 * int(layer.count_params()) * _places(layer) for layer in layers)


def _places(layer: Any) -> int:
    try:
        shapes = [tensor.shape for tensor in keras.tree.flatten([layer.input, layer.output])]
    except (AttributeError, ValueError):  # applied several times, or in a model that is no graph
        return 1
    return int(max(math.prod(size or 1 for size in shape[1:-1]) for shape in shapes))


def recurrent_steps(model: Any) -> int:
    """The most time steps that a recurrent layer of the model goes through; 0 without one."""
    recurrent = (keras.layers.RNN, keras.layers.Bidirectional)
    return max((_places(layer) for layer in model.layers if isinstance(layer, recurrent)), default=0)


def has_convolution(model: Any) -> bool:
    """Whether a layer of the model, at any depth, is a convolution."""
    return any("Conv" in type(layer).__name__ for layer in model._flatten_layers())


def needs_every_batch(callbacks: Iterable[Any]) -> list[str]:
    """The names of the callbacks that must be called for every batch.

    Keras's own are judged by their settings: ModelCheckpoint overrides a batch hook and does nothing in it unless
    `save_freq` counts batches. TerminateOnNaN may look less often: a loss that is not finite stays so. The user's own
    need every batch when they override a batch hook.

    Args:
        callbacks: `keras.callbacks.Callback` objects.
    """
    return [type(callback).__name__ for callback in callbacks if _needs_every_batch(callback)]


def sees_validation_batches(callbacks: Iterable[Any]) -> bool:
    """Whether a callback of the user's is called for every batch of the validation split.

    Args:
        callbacks: `keras.callbacks.Callback` objects.
    """
    return any(_overrides(callback, VALIDATION_HOOKS) for callback in callbacks)


HOOKS = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")


VALIDATION_HOOKS = ("on_test_batch_begin", "on_test_batch_end")


def _overrides(callback: Any, hooks: Sequence[str]) -> bool:
    own = [vars(kind) for kind in type(callback).__mro__ if not kind.__module__.startswith("keras.")]
    # LambdaCallback keeps its functions in the object.
    return any(hook in names for names in (vars(callback), *own) for hook in hooks)


def _needs_every_batch(callback: Any) -> bool:
    if _overrides(callback, HOOKS):
        return True
    if isinstance(callback, keras.callbacks.TensorBoard):
        return bool(callback.update_freq != "epoch" or callback._should_trace)
    return getattr(callback, "save_freq", "epoch") not in ("epoch", False)
