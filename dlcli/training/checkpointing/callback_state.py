"""What a callback knows: of Keras's own what they count and compare with, of the user's own every plain attribute.

Arguments are not part of it: they are in the config, and some are names of files.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import keras

from dlcli.training.checkpointing.values import NotPlain, PackedArrays, StoredArrays, pack, unpack

__all__ = ["pack_callback", "restore_callback"]

OF_KERAS: dict[str, tuple[str, ...]] = {
    "EarlyStopping": ("wait", "stopped_epoch", "best", "best_weights", "best_epoch"),
    "ReduceLROnPlateau": ("best", "wait", "cooldown_counter"),
    "ModelCheckpoint": (
        "best",
        "_batches_seen_since_last_saving",
        "_last_batch_seen",
        "_current_epoch",
    ),
    "CSVLogger": ("keys",),
    "SwapEMAWeights": ("_ema_weights_in_model",),
    "TensorBoard": ("_global_train_batch", "_global_test_batch", "_train_step", "_val_step"),
}
"""The attributes of Keras's own that change while they work."""

OF_EVERY = frozenset({"_model", "params", "validation_data", "model"})
"""What every callback is given by `fit`."""


def pack_callback(callback: Any, arrays: PackedArrays) -> dict[str, Any]:
    """The state of a callback as JSON. Attributes that are no plain values are left out."""
    values = vars(callback)
    packed = {}
    for name in _names(callback, values):
        try:
            packed[name] = pack(values[name], arrays)
        except NotPlain:
            continue
    return {"class": type(callback).__name__, "values": packed}


def restore_callback(callback: Any, state: Any, arrays: StoredArrays) -> None:
    """Give a callback the state back, after `on_train_begin`, in which Keras's reset themselves.

    Raises:
        ValueError: It is the state of another callback, or damaged.
    """
    name = type(callback).__name__
    if not isinstance(state, Mapping) or state.get("class") != name or not isinstance(state.get("values"), Mapping):
        raise ValueError(f"it has no state of {name}")
    known = _names(callback, [*vars(callback), *state["values"]])
    for attribute, value in state["values"].items():
        if attribute in known:
            setattr(callback, attribute, unpack(value, arrays))


def _names(callback: Any, attributes: Iterable[str]) -> set[str]:
    """Which attributes are the callback's state."""
    if _is_of_keras(type(callback)):
        known = OF_KERAS.get(type(callback).__name__, ())
        return {name for name in attributes if name in known}
    given = OF_EVERY | {name for kind in type(callback).__mro__ if _is_of_keras(kind) for name in _arguments(kind)}
    return {name for name in attributes if name not in given and not name.startswith(("on_", "__"))}


def _is_of_keras(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "keras" and issubclass(kind, keras.callbacks.Callback)


def _arguments(kind: type) -> list[str]:
    return [*inspect.signature(kind.__init__).parameters]  # type: ignore[misc]
