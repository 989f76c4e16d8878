"""Numbers of a config that a compiled program reads in place of constants, so that another value needs no other one.

A rate of dropout is a Python number to Keras: computing with it (`1 / (1 - rate)`) is done while a step is traced, and
what comes of it is a constant of the program. Here a number that stands in for it keeps the expression, and each
constant is a variable of TensorFlow's. For another value the expression is computed again, by Python and in its own
precision, so the program computes with the bits that it would have as a constant.
"""

from __future__ import annotations

import contextlib
import numbers
import operator
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.python.ops.resource_variable_ops import ResourceVariable

__all__ = ["Number", "Numbers", "adjust", "held_of", "hold", "is_number", "read_as_numbers"]

Value = Callable[[], float]

NAME = "number_of_the_config"
"""Of the variables."""

HELD = "_numbers_of_dlcli"

Places = Mapping[Hashable, tuple[Any, str]]
"""Objects of a model and the attributes that hold the numbers."""


class Numbers:
    """The numbers of one model, by any names.

    Args:
        values: What they are.

    Example:
        >>> numbers = Numbers({"rate": 0.25})
        >>> 1 / (1 - numbers["rate"])
        Number(1.3333333333333333)
    """

    def __init__(self, values: Mapping[Hashable, float]) -> None:
        self._values = dict(values)
        self._read: list[tuple[Value, Any]] = []
        self._graph: Any = None

    @property
    def values(self) -> dict[Hashable, float]:
        """What they are."""
        return dict(self._values)

    @property
    def variables(self) -> list[Any]:
        """Those that programs read."""
        return [variable for _, variable in self._read]

    def __getitem__(self, name: Hashable) -> Number:
        return Number(self, lambda: self._values[name])

    def assign(self, values: Mapping[Any, float]) -> None:
        """Let the same numbers have other values, also in the programs that are compiled."""
        if values.keys() != self._values.keys():
            raise ValueError(f"expected {list(self._values)}, got {list(values)}")
        self._values.update(values)
        for value, variable in self._read:
            variable.assign(value())

    @contextlib.contextmanager
    def read_here(self) -> Iterator[None]:
        """While a function is traced: what reads them inside its loops is read here, once."""
        before, self._graph = self._graph, tf.compat.v1.get_default_graph()
        try:
            yield
        finally:
            self._graph = before

    def tensor(self, value: Value, dtype: Any) -> Any:
        """A value as it is when a program runs."""
        with tf.init_scope():  # and no `tf.Variable`, which a function that is traced would have made by itself
            variable = ResourceVariable(value(), trainable=False, dtype=dtype, name=NAME)
        self._read.append((value, variable))
        if self._graph is None:
            return tf.constant(value(), dtype)
        with self._graph.as_default(), tf.control_dependencies(None):
            return variable.read_value()


class Number:
    """A number that is known, and may be another one when the program runs.

    It computes with numbers as a float does. It is none, so that nothing takes its value without being known to.

    Args:
        owner: Whose it is.
        value: Computes it.
    """

    def __init__(self, owner: Numbers, value: Value) -> None:
        self._owner, self._value = owner, value

    def __repr__(self) -> str:
        return f"Number({self._value()!r})"

    def tensor(self, dtype: Any) -> Any:
        """What the program reads."""
        return self._owner.tensor(self._value, dtype)


numbers.Real.register(Number)
"""TensorFlow computes with such ones in Python."""


def _computing(operation: Callable[[Any, Any], Any], *, turned: bool = False) -> Callable[[Number, Any], Any]:
    def method(self: Number, other: Any) -> Any:
        if not isinstance(other, (int, float, Number)):
            return NotImplemented
        value: Value = other._value if isinstance(other, Number) else lambda: other
        first, second = (value, self._value) if turned else (self._value, value)
        return Number(self._owner, lambda: operation(first(), second()))

    return method


def _comparing(operation: Callable[[Any, Any], bool]) -> Callable[[Number, Any], Any]:
    """What comes of it holds for all values that a program serves: whoever lets them be others knows their range."""

    def method(self: Number, other: Any) -> Any:
        if not isinstance(other, (int, float, Number)):
            return NotImplemented
        return operation(self._value(), other._value() if isinstance(other, Number) else other)

    return method


for _name in ("add", "sub", "mul", "truediv", "pow"):
    setattr(Number, f"__{_name}__", _computing(getattr(operator, _name)))
    setattr(Number, f"__r{_name}__", _computing(getattr(operator, _name), turned=True))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Number, f"__{_name}__", _comparing(getattr(operator, _name)))
Number.__hash__ = object.__hash__


def hold(model: Any, places: Places) -> None:
    """Let the programs that are traced of a model read some numbers, and not hold them.

    Args:
        model: A `keras.Model`.
        places: The numbers, by any names.
    """
    numbers_ = Numbers({name: getattr(owner, attribute) for name, (owner, attribute) in places.items()})
    vars(model)[HELD] = numbers_, dict(places)  # Keras would track what is set as an attribute


def held_of(model: Any) -> dict[Any, float]:
    """The numbers of a model that its programs read."""
    return vars(model)[HELD][0].values if HELD in vars(model) else {}  # type: ignore[no-any-return]


def adjust(model: Any, values: Mapping[Any, float]) -> bool:
    """Give a model's numbers other values, also in its programs; whether any is another one.

    Args:
        model: A model whose numbers are held.
        values: All of them, by their names.
    """
    held, places = vars(model)[HELD]
    if held.values == values:
        return False
    held.assign(values)
    for name, (owner, attribute) in places.items():
        setattr(owner, attribute, values[name])
    return True


@contextlib.contextmanager
def read_as_numbers(model: Any) -> Iterator[None]:
    """While a step of a model is traced: its numbers are read, before the loops inside."""
    held, places = vars(model).get(HELD, (Numbers({}), {}))
    before = {name: getattr(owner, attribute) for name, (owner, attribute) in places.items()}
    for name, (owner, attribute) in places.items():
        setattr(owner, attribute, held[name])
    try:
        with held.read_here():
            yield
    finally:
        for name, (owner, attribute) in places.items():
            setattr(owner, attribute, before[name])


def is_number(variable: Any) -> bool:
    """Whether a variable that a program reads is such a number."""
    return str(variable.name).rpartition("/")[2].partition(":")[0].startswith(NAME)  # within scopes, and numbered


def _convert(value: Number, dtype: Any = None, name: str | None = None, as_ref: bool = False) -> Any:
    wanted = tf.float32 if dtype is None else tf.as_dtype(dtype)
    return value.tensor(wanted) if wanted.is_floating else NotImplemented


tf.register_tensor_conversion_function(Number, _convert)
