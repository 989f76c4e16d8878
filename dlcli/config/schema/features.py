"""Features and targets of whatever type, as a config holds them: made of the types that have a folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union

from pydantic import BeforeValidator, Discriminator, Field, Tag, create_model, model_validator
from pydantic_core import PydanticCustomError

from dlcli.config.options.feature import Feature, Target
from dlcli.config.options.section import Section
from dlcli.config.options.types import feature_types, target_types

__all__ = ["AnyFeature", "AnyTarget", "FeatureDefaults"]


class FeatureDefaults(Section):
    """Options for all features of a type, given or inferred, that do not give them."""

    def of(self, name: str) -> Feature | None:
        """The options for a type."""
        options: Feature | None = getattr(self, name)
        return options

    @model_validator(mode="after")
    def _of_no_one_feature(self) -> FeatureDefaults:
        for name, section in feature_types().items():
            options = self.of(name)
            for key in sorted(section.of_one - {"type"}):
                if options is not None and key in options.model_fields_set:
                    raise PydanticCustomError(
                        "defaults",
                        "`{key}` is one feature's own and no default of a type: give it in `features`",
                        {"key": key},
                    )
        return self


def _short(value: Any) -> Any:
    """`age: number` is short for `age: {type: number}`."""
    return {"type": value} if isinstance(value, str) else value


def _type(value: Any) -> Any:
    return value.get("type") if isinstance(value, dict) else getattr(value, "type", None)


def _any_of(sections: Mapping[str, type[Section]]) -> Any:
    """One of several sections, as its `type` says, or an option that only one of them has."""
    tagged = tuple(Annotated[section, Tag(name)] for name, section in sections.items())
    implied = {key: name for name, section in sections.items() if (key := getattr(section, "implied_by", ""))}

    def with_type(value: Any) -> Any:
        if isinstance(value, dict) and "type" not in value:
            found = next((name for key, name in implied.items() if key in value), None)
            return value if found is None else {"type": found, **value}
        return _short(value)

    return Annotated[Union[tagged], Discriminator(_type), BeforeValidator(with_type)]  # noqa: UP007 - built at run time


def _about(name: str, section: type[Feature]) -> str:
    options = ", ".join(f"`{key}`" for key in section.model_fields if key not in section.of_one)
    return f"Of {name} features: {options}."


if TYPE_CHECKING:
    AnyFeature: TypeAlias = Feature
    AnyTarget: TypeAlias = Target
else:
    AnyFeature = _any_of(feature_types())
    AnyTarget = _any_of(target_types())
    FeatureDefaults = create_model(
        "FeatureDefaults",
        __base__=FeatureDefaults,
        __module__=__name__,
        __doc__=FeatureDefaults.__doc__,
        **{
            name: (section | None, Field(None, description=_about(name, section)))
            for name, section in feature_types().items()
        },
    )
