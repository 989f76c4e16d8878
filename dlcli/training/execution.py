"""How a job is executed: batch by batch, or in stacks, with XLA or without; chosen from the job, never by timing."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from dlcli.config.component import Component
from dlcli.data.batches import Batches

__all__ = ["Execution", "choose", "needs_every_batch"]

Mode = Literal["step", "graph", "xla"]

STACK_BYTES = 32 * 2**20
"""What a stack of batches may take at most."""

STACK_WORK = 2e9
"""Multiplications and additions of a stack at most: about a tenth of a second, for prompt progress and Ctrl-C."""

MOST_BATCHES = 256
"""More batches in a stack gain nothing: the round trip is then less than a thousandth of a step."""

XLA_UPDATES = 4000
"""Updates from which compiling with XLA (a second or so for each program) is earned back by its faster steps."""


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
    if deterministic or (on_cpu and has_convolution(model)):
        # XLA's convolutions on the CPU were measured ten times slower than TensorFlow's.
        return Execution("graph", stack)
    return Execution("xla" if batches.steps * epochs >= XLA_UPDATES else "graph", stack)


def stack_size(model: Any, batches: Batches) -> int:
    """How many batches go into a stack."""
    full = max(batches.rows // batches.batch_size, 1)
    by_bytes = STACK_BYTES / max(batches.bytes_per_row * batches.batch_size, 1)
    # Forward and backward together are about six operations for each weight and sample.
    by_work = STACK_WORK / (6 * max(model.count_params(), 1) * batches.batch_size)
    return max(1, int(min(full, by_bytes, by_work, MOST_BATCHES)))


def has_convolution(model: Any) -> bool:
    """Whether a layer of the model, at any depth, is a convolution."""
    return any("Conv" in type(layer).__name__ for layer in model._flatten_layers())


def needs_every_batch(components: Sequence[Component], callbacks: Iterable[Any]) -> list[str]:
    """The names of the callbacks that must be called for every batch.

    Keras's own are judged by their arguments: ModelCheckpoint overrides a batch hook and does nothing in it unless
    `save_freq` counts batches. TerminateOnNaN may look less often: a loss that is not finite stays so. The user's own
    need every batch when they override a batch hook.

    Args:
        components: The config's callbacks.
        callbacks: The same, built.
    """
    return [
        component.name
        for component, callback in zip(components, callbacks, strict=True)
        if _needs_every_batch(component, callback)
    ]


def _needs_every_batch(component: Component, callback: Any) -> bool:
    arguments = component.arguments
    if type(callback).__module__.startswith("keras."):
        match component.name:
            case "ModelCheckpoint" | "BackupAndRestore":
                return arguments.get("save_freq", "epoch") != "epoch"
            case "TensorBoard":
                return bool(arguments.get("update_freq", "epoch") != "epoch" or arguments.get("profile_batch", 0))
            case _:
                return False
    base = inspect.getmro(type(callback))
    hooks = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    return any(hook in vars(kind) for kind in base if not kind.__module__.startswith("keras.") for hook in hooks)
