"""Objects that are no values, as what is in them: it is put into the same objects, which the code has made again.

Nothing is made from a file but values: what it says of an object goes into one that is there, of the same class.
"""

from __future__ import annotations

import collections
import enum
import functools
import logging
import random
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from dlcli.model.code import MODULES
from dlcli.training.checkpointing.values import Member

__all__ = ["NotTheSame", "contents", "fill", "has_no_state", "member", "new_tensor"]

WITHOUT_STATE = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.MethodWrapperType,
    np.ufunc,
    functools.partial,
    logging.Logger,
    keras.callbacks.Callback,
    keras.DTypePolicy,
)
"""What the code makes, and nothing changes; a callback is kept where it stands itself."""


class NotTheSame(ValueError):
    """There is no object that could take up what was in another."""


def has_no_state(value: Any) -> bool:
    """Whether an object is the same in every training: a function, a class, a module.

    Example:
        >>> has_no_state(len), has_no_state(random.Random())
        (True, False)
    """
    return isinstance(value, WITHOUT_STATE)


def contents(value: Any) -> Any:
    """What is in an object, as values and further objects; None where nobody knows."""
    for kind, read, _ in _WAYS:
        if isinstance(value, kind):
            return read(value)
    if _is_tensor(value):
        return np.asarray(value)
    if _has_variables(value):
        return [np.asarray(each) for each in value.variables]
    return dict(vars(value)) if _is_open(value) else None


def fill(value: Any, content: Any, put: Callable[[Any, Any], Any]) -> Any:
    """Put into an object what was in another of its class.

    Args:
        value: The object.
        content: What `contents` gave.
        put: The value of an attribute, from what is there now and what was read.

    Returns:
        The object; of a tensor, which nothing can change, another.

    Raises:
        NotTheSame: It has another form.
        TypeError, ValueError: The content is none of such an object.
    """
    for kind, read, write in _WAYS:
        if isinstance(value, kind):
            write(value, put(read(value), content))
            return value
    if _is_tensor(value):
        return _as_tensor(value, content)
    if _has_variables(value):
        _assign(list(value.variables), content)
    elif _is_open(value):
        for name, now in content.items():
            object.__setattr__(value, name, put(vars(value).get(name), now))  # it may be frozen
    else:
        raise NotTheSame(f"nobody knows what is in a {type(value).__name__}")
    return value


def member(found: Member) -> Any:
    """A member of an enumeration of a module that is loaded; nothing is imported for it.

    Raises:
        NotTheSame: There is none of the name.
    """
    kind: Any = sys.modules.get(found.module)
    for name in found.kind.split("."):
        kind = vars(kind).get(name) if hasattr(kind, "__dict__") else None
    known: Mapping[str, enum.Enum] = kind.__members__ if isinstance(kind, enum.EnumType) else {}
    if found.name not in known:
        raise NotTheSame(f"there is no {found.kind}.{found.name}")
    return known[found.name]


def new_tensor(content: Any) -> Any:
    """A tensor of the numbers that were in one; raises NotTheSame where there are none."""
    if not isinstance(content, np.ndarray):
        raise NotTheSame("it has no numbers")
    return keras.ops.convert_to_tensor(content)


def _is_tensor(value: Any) -> bool:
    """Whether it is a tensor or a variable of TensorFlow's."""
    return keras.ops.is_tensor(value) or (hasattr(value, "assign") and hasattr(value, "numpy"))


def _has_variables(value: Any) -> bool:
    """Whether it keeps all its state in variables: a layer, a metric, an optimizer."""
    kinds = (keras.Layer, keras.metrics.Metric, keras.optimizers.Optimizer)
    return isinstance(value, kinds)


def _is_open(value: Any) -> bool:
    """Whether its attributes are all of it: an object of a class of the user's own, a schedule, a seed of Keras's."""
    if isinstance(value, enum.Enum) or not hasattr(value, "__dict__"):  # a member is one for all
        return False
    schedule = isinstance(value, keras.optimizers.schedules.LearningRateSchedule)
    return schedule or type(value).__module__.startswith(MODULES)


def _as_tensor(value: Any, content: Any) -> Any:
    array = np.asarray(content)
    if array.dtype != np.asarray(value).dtype:
        raise NotTheSame(f"a tensor of {np.asarray(value).dtype} was one of {array.dtype}")
    if hasattr(value, "assign"):
        _assign([value], [array])
        return value
    return keras.ops.convert_to_tensor(array)


def _assign(variables: list[Any], values: Any) -> None:
    arrays = [np.asarray(value) for value in values] if isinstance(values, list) else []
    if [array.shape for array in arrays] != [tuple(each.shape) for each in variables]:
        raise NotTheSame("its variables have other shapes")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _update(mapping: Any, content: Any) -> None:
    items = dict(content)
    mapping.clear()
    mapping.update(items)


def _set_state(generator: Any, state: Any) -> None:
    generator.bit_generator.state = state


_WAYS: list[tuple[Any, Callable[[Any], Any], Callable[[Any, Any], None]]] = [
    (keras.Variable, np.asarray, lambda variable, value: _assign([variable], [value])),
    (
        keras.random.SeedGenerator,
        lambda seed: np.asarray(seed.state),
        lambda seed, value: _assign([seed.state], [value]),
    ),
    (random.Random, lambda value: value.getstate(), lambda value, state: value.setstate(state)),
    (np.random.Generator, lambda value: value.bit_generator.state, _set_state),
    (np.random.RandomState, lambda value: value.get_state(), lambda value, state: value.set_state(state)),
    (collections.defaultdict, dict, _update),
]
"""How what is in an object is read, and written."""
