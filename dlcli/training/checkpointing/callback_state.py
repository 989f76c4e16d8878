"""What a callback knows: of Keras's own what they count and compare with, of the user's own every attribute.

Arguments are not part of it: they are in the config, and some are names of files.
"""

from __future__ import annotations

import collections
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras

from dlcli.training.checkpointing.objects import NotTheSame, contents, fill, has_no_state, member, new_tensor
from dlcli.training.checkpointing.values import Held, Member, NotPlain, PackedArrays, StoredArrays, pack, unpack

__all__ = ["pack_callback", "restore_callback"]

KNOWN: dict[str, tuple[str, ...]] = {
    "EarlyStopping": ("wait", "stopped_epoch", "best", "best_weights", "best_epoch"),
    "KeepBest": ("wait", "stopped_epoch", "best", "best_weights", "best_epoch"),
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
"""The attributes of Keras's own, and of the one that is ours, that change while they work."""

OF_EVERY = frozenset({"_model", "params", "validation_data", "model"})
"""What every callback is given by `fit`."""

HOOKS = frozenset(name for name in dir(keras.callbacks.Callback) if name.startswith("on_"))
"""What is called while training: a wrapper may lie there."""

TENSOR = "EagerTensor"
"""A value of TensorFlow's, which may be made again."""


def pack_callback(
    callback: Any, arrays: PackedArrays, *, lost: Callable[[str, str], None] = lambda name, why: None
) -> dict[str, Any]:
    """The state of a callback as JSON.

    Args:
        callback: A `keras.callbacks.Callback`.
        arrays: Where its arrays go.
        lost: Told of each attribute that has no form in a file: its name, and what it holds.
    """
    values = vars(callback)
    packed = {}
    for name in _names(callback, values):
        try:
            packed[name] = pack(values[name], arrays, contents=_contents)
        except NotPlain as error:
            lost(name, str(error))
    return {"class": type(callback).__name__, "values": packed}


def restore_callback(
    callback: Any, state: Any, arrays: StoredArrays, *, lost: Callable[[str, str], None] = lambda name, why: None
) -> None:
    """Give a callback the state back, after `on_train_begin`, in which Keras's reset themselves.

    Args:
        callback: The callback.
        state: What `pack_callback` gave.
        arrays: The arrays of the file.
        lost: Told of each attribute that cannot be given back, and why.

    Raises:
        ValueError: It is the state of another callback, or damaged.
    """
    name = type(callback).__name__
    if not isinstance(state, Mapping) or state.get("class") != name or not isinstance(state.get("values"), Mapping):
        raise ValueError(f"it has no state of {name}")
    known = _names(callback, [*vars(callback), *state["values"]])
    for attribute, value in state["values"].items():
        if attribute in known:
            try:
                setattr(callback, attribute, _put(vars(callback).get(attribute), unpack(value, arrays)))
            except NotTheSame as error:
                lost(attribute, str(error))


def _contents(value: Any) -> Any:
    if has_no_state(value):
        return None
    found = contents(value)
    if found is None:
        raise NotPlain(f"a {type(value).__name__}")
    return found


def _put(now: Any, value: Any) -> Any:
    """A value that was read, its objects being those that are there now, filled."""
    match value:
        case Member():
            return member(value)
        case Held() if value.kind == TENSOR:
            return new_tensor(value.content)
        case Held():
            if now is None or type(now).__name__ != value.kind:
                raise NotTheSame(f"it held a {value.kind}, and holds {'none' if now is None else type(now).__name__}")
            return now if value.content is None else fill(now, value.content, _put)
        case dict():
            known = now if isinstance(now, dict) else {}
            items = [(_put(None, key), each) for key, each in value.items()]
            value.clear()
            value.update({key: _put(known.get(key), each) for key, each in items})
            return value
        case collections.deque():
            return collections.deque(_put(now, list(value)), value.maxlen)
        case list() | tuple():
            there = now if isinstance(now, (list, tuple, collections.deque)) and len(now) == len(value) else None
            return type(value)(_put(*pair) for pair in zip(there or [None] * len(value), value, strict=True))
        case set() | frozenset():
            return type(value)(_put(None, each) for each in value)
        case _:
            return value


def _names(callback: Any, attributes: Iterable[str]) -> set[str]:
    """Which attributes are the callback's state."""
    if _is_of_keras(type(callback)) or type(callback).__module__.startswith("dlcli."):
        known = KNOWN.get(type(callback).__name__, ())
        return {name for name in attributes if name in known}
    given = OF_EVERY | {name for kind in type(callback).__mro__ if _is_of_keras(kind) for name in _arguments(kind)}
    return {name for name in attributes if name not in given and name not in HOOKS and not name.startswith("__")}


def _is_of_keras(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "keras" and issubclass(kind, keras.callbacks.Callback)


def _arguments(kind: type) -> list[str]:
    return [*inspect.signature(kind.__init__).parameters]  # type: ignore[misc]
