"""A value against a type of the schema; what does not fit becomes problems for people.

Pydantic finds the faults. Its words and its locations (with the insides of unions, and values as they are after
short forms were written out) are not the user's: each location is followed again through the schema and the value as
it was written, and a union that fits nowhere is one problem that says all that would fit.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, get_args, get_origin

from pydantic import ConfigDict, Discriminator, Tag, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from dlcli.config.document.places import ConfigPath, format_path
from dlcli.config.document.scalars import resolve
from dlcli.config.habits.advice import value_way_out, way_out
from dlcli.config.habits.notations import rewrite
from dlcli.config.habits.words import find_habit
from dlcli.config.options.section import Section
from dlcli.config.schema.component import Component
from dlcli.config.schema.data import REST
from dlcli.config.schema.expected import choices, describe, field_type, is_union, keys, unwrap
from dlcli.config.schema.value_text import received
from dlcli.errors import Problem, did_you_mean

__all__ = ["Validated", "missing_key", "unknown_key", "validate"]

_PYDANTICS = frozenset(get_args(ErrorType))
"""The types of pydantic's own errors; all others are the schema's, whose words are the user's."""


@dataclasses.dataclass(frozen=True)
class Validated:
    """What came of a value: an object of the type (None with problems), and the problems."""

    value: Any
    problems: tuple[Problem, ...]


def validate(annotation: Any, value: Any, path: ConfigPath) -> Validated:
    """Validate a value.

    Args:
        annotation: The type, with its constraints.
        value: Plain values as they were written.
        path: Where the value stands in the config.

    Example:
        >>> validate(int, "many", ("fit", "epochs")).problems[0].message
        'expected a whole number, got "many"'
    """
    try:
        return Validated(_adapter(annotation).validate_python(value), ())
    except ValidationError as error:
        return Validated(None, tuple(_explain(annotation, value, path, error.errors(include_url=False))))


def unknown_key(key: str, path: ConfigPath, allowed: Sequence[str]) -> Problem:
    """A problem for a key that the schema does not have; `path` includes it."""
    hint = way_out(key, allowed) or f"the keys here are {', '.join(allowed)}"
    return Problem(f"unknown key '{key}'", path=format_path(path), hint=hint, rule="unknown-key")


def missing_key(key: str, path: ConfigPath, description: str | None) -> Problem:
    """A problem for a key that must be there; `path` includes it."""
    hint = (description or "").partition(". ")[0].rstrip(".").replace("; ", ", ")
    return Problem(f"the key '{key}' is missing", path=format_path(path), hint=hint, rule="missing-key")


@functools.lru_cache(maxsize=256)
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    kind, _ = unwrap(annotation)
    own_config = isinstance(kind, type) and issubclass(kind, (Section, Component))
    return TypeAdapter(annotation, config=None if own_config else ConfigDict(strict=True, allow_inf_nan=False))


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where a location of pydantic's leads."""

    annotation: Any
    value: Any
    path: ConfigPath
    section: type[Section] | None = None  # the mapping in which a key is unknown or missing


def _explain(annotation: Any, value: Any, path: ConfigPath, errors: list[ErrorDetails]) -> list[Problem]:
    problems: list[Problem] = []
    unions: set[ConfigPath] = set()
    for error in errors:
        place = _follow(_Place(annotation, value, path), error["loc"])
        is_gone = error["type"] == "missing" and place.section is not None
        if is_union(unwrap(place.annotation)[0]) and not _is_tagged(place.annotation) and not is_gone:
            if place.path not in unions:
                unions.add(place.path)
                problems += _explain_union(place)
        else:
            problems.append(_explain_one(place, error))
    return problems


def _explain_one(place: _Place, error: ErrorDetails) -> Problem:
    kind, path = error["type"], place.path
    if kind == "extra_forbidden" and place.section is not None:
        return unknown_key(str(path[-1]), path, keys(place.section))
    if kind == "missing" and place.section is not None:
        key = str(path[-1])
        return missing_key(key, path, _field(place.section, key).description)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _explain_type(place)
    context = error.get("ctx", {})
    if kind == "rest":
        return Problem(error["msg"], path=format_path((*path, "features", REST)), rule="wrong-value")
    if kind in ("component", "layer"):
        rule = "unknown-key" if "key" in context else "notation"
        path = (*path, context["key"]) if "key" in context else path
        hint = context.get("hint", "")
        if "key" not in context:
            hint = _in_our_notation(place.value) or hint
        return Problem(error["msg"], path=format_path(path), hint=hint, rule=rule)
    if kind == "value_error":
        return Problem(str(context["error"]), path=format_path(path), rule="wrong-value")
    if kind not in _PYDANTICS:
        return Problem(error["msg"], path=format_path(path), rule="wrong-value")
    return _unexpected(place)


def _in_our_notation(value: Any) -> str:
    notation = rewrite(value)
    return f"write {notation}" if notation else ""


def _explain_type(place: _Place) -> Problem:
    """A feature or target whose `type` is missing or unknown."""
    types = [_tag(branch) for branch in get_args(unwrap(place.annotation)[0])]
    given = place.value.get("type") if isinstance(place.value, dict) else place.value
    if isinstance(place.value, dict) and "type" not in place.value:
        other = next((key for key in place.value if "type" in find_habit(str(key)).means), None)
        hint = f"write `type` for `{other}`" if other is not None else f"one of {', '.join(types)}"
        return missing_key("type", (*place.path, "type"), hint)
    path = (*place.path, "type") if isinstance(place.value, dict) else place.path
    listed = f"the types are {', '.join(types)}"
    if isinstance(given, str):
        meant = next((f"did you mean '{each}'?" for each in find_habit(given).means if each in types), "")
        message, hint = f"unknown type {received(given)}", meant or did_you_mean(given, types) or listed
    else:
        message, hint = f"expected a type, or a mapping with the key `type`, got {received(given)}", listed
    return Problem(message, path=format_path(path), hint=hint, rule="wrong-value")


def _explain_union(place: _Place) -> list[Problem]:
    """The faults of the alternative that the value was meant for; when there is none, what would fit."""
    branch = _meant(get_args(unwrap(place.annotation)[0]), place.value)
    problems = validate(branch, place.value, place.path).problems if branch is not None else ()
    return list(problems) or [_unexpected(place)]


def _unexpected(place: _Place) -> Problem:
    value, hint = place.value, ""
    words = choices(place.annotation)
    if isinstance(value, str):
        expected = describe(place.annotation)
        if words:
            hint = did_you_mean(value, words)
        elif "number" in expected and isinstance(resolve(value[:40]), (int, float)):
            hint = "write it without quotes"
        elif expected == "true or false" and value.lower() in ("yes", "on", "no", "off"):
            hint = f"write {'true' if value.lower() in ('yes', 'on') else 'false'}"
    elif isinstance(value, dict) and value and get_origin(unwrap(place.annotation)[0]) is list:
        hint = "make it a list: begin each item with '- '"
    hint = value_way_out(str(place.path[-1]) if place.path else "", value) or hint
    message = f"expected {describe(place.annotation)}, got {received(value)}"
    return Problem(message, path=format_path(place.path), hint=hint, rule="wrong-value")


def _follow(place: _Place, location: tuple[int | str, ...]) -> _Place:
    """Follow a location of pydantic's through the type and the value as it was written.

    Ends at an untagged union, whatever of the location is left: it names the union's insides.
    """
    if not location:
        return place
    part, rest = location[0], location[1:]
    kind, _ = unwrap(place.annotation)
    value, path = place.value, place.path
    if is_union(kind):
        if not _is_tagged(place.annotation):
            return place
        branch = next((branch for branch in get_args(kind) if _tag(branch) == part), None)
        written_out = {"type": value} if isinstance(value, str) else value
        return _follow(_Place(branch, written_out, path), rest) if branch is not None else place
    if isinstance(kind, type) and issubclass(kind, Section):
        below = value.get(part) if isinstance(value, dict) else None
        known = part in keys(kind)
        annotation = _annotation(kind, str(part)) if known else Any
        if not rest:
            return _Place(annotation, below, (*path, part), section=kind)
        return _follow(_Place(annotation, below, (*path, part)), rest)
    origin = get_origin(kind)
    if origin is list and isinstance(part, int):
        item = get_args(kind)[0]
        if isinstance(value, list):
            return _follow(_Place(item, value[part], (*path, part)), rest)
        return _follow(_Place(item, value, path), rest)  # one value, short for a list of one
    if origin is dict:
        return _follow_key(place, kind, part, rest)
    return place


def _follow_key(place: _Place, kind: Any, part: int | str, rest: tuple[int | str, ...]) -> _Place:
    names, items = get_args(kind)
    value, path = place.value, place.path
    if isinstance(value, dict) and part in value:
        place = _Place(items, value[part], (*path, part))
    elif isinstance(value, list) and str(part) in (listed := [str(name) for name in value]):
        place = _Place(names, part, (*path, listed.index(str(part))))  # a list of names, short for a mapping
    else:
        return place
    return _Place(names, part, place.path) if rest == ("[key]",) else _follow(place, rest)


def _meant(branches: tuple[Any, ...], value: Any) -> Any:
    """The alternative of a union that a list or mapping was meant for; None for none."""
    kinds = [(branch, unwrap(branch)[0]) for branch in branches]
    if isinstance(value, list):
        return next((branch for branch, kind in kinds if get_origin(kind) is list), None)
    if not isinstance(value, dict) or not value:
        return None
    is_component = len(value) == 1 and next(iter(value))[:1].isupper()
    for branch, kind in kinds:
        takes_component = kind is Component or (get_origin(kind) is list and unwrap(get_args(kind)[0])[0] is Component)
        if is_component and takes_component:
            return branch
    for branch, kind in kinds:
        if get_origin(kind) is dict:
            return branch
        if isinstance(kind, type) and issubclass(kind, Section) and value.keys() & set(keys(kind)):
            return branch
    return next((branch for branch, kind in kinds if kind is Component), None)


def _is_tagged(annotation: Any) -> bool:
    return any(isinstance(item, Discriminator) for item in unwrap(annotation)[1])


def _tag(branch: Any) -> str:
    return next((item.tag for item in unwrap(branch)[1] if isinstance(item, Tag)), "")


def _field(section: type[Section], key: str) -> Any:
    return next(field for name, field in section.model_fields.items() if (field.alias or name) == key)


def _annotation(section: type[Section], key: str) -> Any:
    return field_type(_field(section, key))
