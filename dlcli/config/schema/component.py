"""The one rule of the language: a component is a name, or a one-key mapping from it to its arguments."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from dlcli.config.document.scalars import from_fraction
from dlcli.config.schema.value_text import received

__all__ = ["Component", "normal_name"]


@dataclasses.dataclass(frozen=True)
class Component:
    """A Keras object (or the user's own), by name and arguments.

    `arguments` keeps the YAML values; components among them stay in the notation and are read with
    `Component.parse` by whoever knows, from the catalogue, that the argument takes one.

    Example:
        >>> Component.parse({"Dense": {"units": 8}})
        Component(name='Dense', arguments={'units': 8})
        >>> Component.parse("Flatten").notation()
        'Flatten'
    """

    name: str
    arguments: dict[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def parse(cls, value: Any) -> Component:
        """Read the notation.

        Raises:
            ValueError: `value` is neither a name nor a one-key mapping from a name to a mapping.
        """
        if isinstance(value, Component):
            return value
        if isinstance(value, str) and value:
            return cls(value)
        if isinstance(value, Mapping) and len(value) == 1:
            ((name, arguments),) = value.items()
            if isinstance(name, str) and name:
                if arguments is None:
                    return cls(name)
                if isinstance(arguments, Mapping) and all(isinstance(key, str) for key in arguments):
                    return cls(name, {key: from_fraction(value) for key, value in arguments.items()})
                raise ValueError(
                    f"the arguments of {name} must be a mapping such as {{{name}: {{argument: value}}}}, "
                    f"got {received(arguments)}"
                )
        if isinstance(value, Mapping) and value:
            keys = ", ".join(str(key) for key in value)
            raise ValueError(f"a component is one name with its arguments, got {len(value)} keys: {keys}")
        raise ValueError(f"a component is a name or {{Name: {{argument: value}}}}, got {received(value)}")

    def notation(self) -> str | dict[str, Any]:
        """The component as it is written in a config."""
        return {self.name: self.arguments} if self.arguments else self.name

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def validate(value: Any) -> Component:
            try:
                return cls.parse(value)
            except ValueError as error:
                raise PydanticCustomError("component", "{reason}", {"reason": str(error)}) from None

        return core_schema.no_info_plain_validator_function(
            validate, serialization=core_schema.plain_serializer_function_ser_schema(cls.notation)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1, "maxProperties": 1}]}


def normal_name(component: Component) -> str:
    """The name of a loss or metric in one spelling: `mean_squared_error`, `MeanSquaredError` and `mse` are one.

    Example:
        >>> normal_name(Component("MSE")), normal_name(Component("binary_crossentropy"))
        ('meansquarederror', 'binarycrossentropy')
    """
    name = component.name.replace("_", "").lower()
    return _SHORT.get(name, name)


_SHORT = {
    "acc": "accuracy",
    "bce": "binarycrossentropy",
    "kld": "kldivergence",
    "kullbackleiblerdivergence": "kldivergence",
    "mae": "meanabsoluteerror",
    "mape": "meanabsolutepercentageerror",
    "mse": "meansquarederror",
    "msle": "meansquaredlogarithmicerror",
}
