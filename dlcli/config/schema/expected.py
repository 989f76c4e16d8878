"""What a place in the config takes, in words: `a whole number of at least 1, or `full``.

The words come from the schema's types, so that messages and the reference cannot say something else.
"""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo

from dlcli.config.options.section import Section, Words
from dlcli.config.schema.component import Component
from dlcli.config.schema.model import LayerItem

__all__ = ["choices", "describe", "field_type", "is_union", "keys", "unwrap"]

_SIMPLE = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


def unwrap(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without `Annotated` and `| None`, and the metadata that were around it.

    Example:
        >>> unwrap(Annotated[int, "x"] | None)
        (<class 'int'>, ('x',))
    """
    metadata: tuple[Any, ...] = ()
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            metadata += tuple(_flat(more))
        elif is_union(annotation):
            branches = [branch for branch in get_args(annotation) if branch is not type(None)]
            if len(branches) > 1:
                return Union[tuple(branches)], metadata  # noqa: UP007 - built at run time
            annotation = branches[0]
        else:
            return annotation, metadata


def describe(annotation: Any) -> str:
    """What a value of a type is, for people.

    Example:
        >>> describe(Annotated[int, Ge(1)] | Literal["full"])
        'a whole number of at least 1, or `full`'
    """
    kind, metadata = unwrap(annotation)
    for item in metadata:
        if isinstance(item, Words):
            return item.text
    if is_union(kind):
        parts = [describe(branch) for branch in get_args(kind)]
        return ", ".join(parts[:-1]) + f", or {parts[-1]}"
    origin = get_origin(kind)
    if origin is Literal:
        names = [f"`{str(name).lower() if isinstance(name, bool) else name}`" for name in get_args(kind)]
        return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" or {names[-1]}"
    if origin is list:
        return _describe_list(get_args(kind)[0], metadata)
    if origin is dict:
        return "a mapping"
    if kind is Component:
        return "a name or {Name: {argument: value}}"
    if isinstance(kind, type) and issubclass(kind, Section):
        return _describe_section(kind)
    return _SIMPLE.get(kind, "a value") + _bounds(metadata)


def field_type(field: FieldInfo) -> Any:
    """The type of a field of the schema, with its constraints."""
    annotation: Any = field.annotation
    for item in field.metadata:
        annotation = Annotated[annotation, item]
    return annotation


def keys(section: type[Section]) -> tuple[str, ...]:
    """The keys of a section, as they are written."""
    return tuple(field.alias or name for name, field in section.model_fields.items() if not field.exclude)


def choices(annotation: Any) -> tuple[str, ...]:
    """The words among which a place lets choose, if any: `("random", "stratified", "ordered")`."""
    kind, _ = unwrap(annotation)
    if is_union(kind):
        return tuple(word for branch in get_args(kind) for word in choices(branch))
    return tuple(map(str, get_args(kind))) if get_origin(kind) is Literal else ()


def _describe_list(item: Any, metadata: tuple[Any, ...]) -> str:
    smallest = next((bound.min_length for bound in metadata if isinstance(bound, MinLen)), 0)
    return f"a list{f' of at least {smallest}' if smallest else ''} (each {describe(item)})"


def _describe_section(section: type[Section]) -> str:
    if section is LayerItem:
        return "a layer"
    if len(names := keys(section)) == 1:
        (field,) = section.model_fields.values()
        return f"{{{names[0]}: {describe(field_type(field))}}}"
    return "a mapping with keys such as " + ", ".join(f"`{key}`" for key in names[:3])


def _bounds(metadata: tuple[Any, ...]) -> str:
    bounds = {type(item): item for item in metadata}
    low_in, low_out = bounds.get(Ge), bounds.get(Gt)
    high_in, high_out = bounds.get(Le), bounds.get(Lt)
    if low_in and high_in:
        return f" from {low_in.ge} to {high_in.le}"
    if low_in and high_out:
        return f" from {low_in.ge} to below {high_out.lt}"
    if low_out and high_out:
        return f" between {low_out.gt} and {high_out.lt}"
    if low_in:
        return f" of at least {low_in.ge}"
    return f" above {low_out.gt}" if low_out else ""


def _flat(metadata: list[Any]) -> list[Any]:
    """Metadata with those inside pydantic's `Field(...)` taken out."""
    flat: list[Any] = []
    for item in metadata:
        flat += item.metadata if isinstance(item, FieldInfo) else [item]
    return flat


def is_union(annotation: Any) -> bool:
    """Whether a type is a choice between several."""
    return get_origin(annotation) in (Union, types.UnionType)
