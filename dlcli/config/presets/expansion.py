"""`model: {preset: realmlp}` written out: a preset's sections below those of the config, which win."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from dlcli.config.document.document import Document, Position
from dlcli.config.document.extends import merge
from dlcli.config.document.places import ConfigPath, format_path
from dlcli.config.document.writer import flow
from dlcli.config.options.feature import Target
from dlcli.config.options.types import target_types
from dlcli.config.presets.presets import Preset, load, names
from dlcli.config.schema.value_text import received
from dlcli.errors import Problem, did_you_mean

__all__ = ["expand_preset"]

_PLACE: ConfigPath = ("model", "preset")

EVERY = "..."
"""In a preset, each target that the config names."""


def expand_preset(document: Document) -> Document:
    """The document with its preset written out; as it is when it names none.

    All that comes from the preset stands where the preset is named, for the messages. A preset that cannot be used is
    among the `problems`, and the document is not `complete`.

    Example:
        >>> written = expand_preset(Document({"model": {"preset": "linear"}, "fit": {"epochs": 7}})).value
        >>> sorted(written), written["fit"]
        (['callbacks', 'compile', 'data', 'fit', 'model'], {'epochs': 7})
    """
    model = document.value.get("model") if isinstance(document.value, dict) else None
    if not isinstance(model, dict) or "preset" not in model:
        return document
    own = _without_preset(document)
    problems, base = _written(model["preset"], document.value)
    if base is None:
        return dataclasses.replace(own, problems=(*own.problems, *problems), complete=False)
    base = _for_targets(base, document.value)
    position = dataclasses.replace(document.position(_PLACE) or Position(None), preset=_name(model["preset"]))
    own = _opened(own, base)
    if not own.positions:  # a config without a file
        own = dataclasses.replace(own, positions=dict.fromkeys(_paths(own.value, ()), Position(None)))
    return merge(Document(base, dict.fromkeys(_paths(base, ()), position)), own)


def _without_preset(document: Document) -> Document:
    model = {key: value for key, value in document.value["model"].items() if key != "preset"}
    positions: dict[ConfigPath, Position] = {
        path: place for path, place in document.positions.items() if path[:2] != _PLACE
    }
    return dataclasses.replace(document, value={**document.value, "model": model}, positions=positions)


def _opened(own: Document, base: Mapping[str, Any]) -> Document:
    """The config's own values; a section that is there and empty says nothing, and hides nothing of the preset."""
    value = {key: each for key, each in own.value.items() if each is not None or key not in base}
    if base.get("data", {}).get("target"):
        target = {
            name: {"type": options} if isinstance(options, str) else options
            for name, options in value["data"]["target"].items()
        }
        value["data"] = {**value["data"], "target": target}
    return dataclasses.replace(own, value=value)


def _for_targets(base: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """What a preset says of `...` said of each target, as far as its type has such options."""
    every = base.get("data", {}).get("target", {}).get(EVERY)
    if every is None:
        return base
    data, target = config.get("data"), dict[str, dict[str, Any]]()
    asked = data.get("target") if isinstance(data, Mapping) else None
    for name, options in asked.items() if isinstance(asked, Mapping) else ():
        section = _section(options)
        if found := {key: value for key, value in every.items() if section and key in section.model_fields}:
            target[name] = found
    others = {key: value for key, value in base["data"].items() if key != "target"}
    return {**base, "data": {**({"target": target} if target else {}), **others}}


def _written(asked: Any, config: Mapping[str, Any]) -> tuple[list[Problem], dict[str, Any] | None]:
    """The sections of a preset; or why there are none."""
    name, given = _name(asked), next(iter(asked.values())) if isinstance(asked, Mapping) and len(asked) == 1 else None
    if not isinstance(name, str) or not isinstance(given, (Mapping, type(None))):
        message = f"a preset is a name or {{name: {{argument: value}}}}, got {received(asked)}"
        return [_problem(message, (), f"the presets are {', '.join(names())}", "wrong-value")], None
    if name not in names():
        hint = did_you_mean(name, names()) or f"the presets are {', '.join(names())}"
        return [_problem(f"unknown preset {name!r}", (), hint, "unknown-preset")], None
    preset = load(name)
    problems = [_unknown_argument(preset, key) for key in given or {} if key not in preset.arguments]
    values = {key: argument.default for key, argument in preset.arguments.items()} | dict(given or {})
    if preset.by_target:
        kind = _kind(config)
        if kind is None:
            problems.append(_untold(preset, config))
        else:
            values |= preset.by_target[kind]
    return problems, None if problems else _filled(dict(preset.config), values)


def _name(asked: Any) -> Any:
    return next(iter(asked)) if isinstance(asked, Mapping) and len(asked) == 1 else asked


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    """A part of a preset with `$name` replaced; what is null is left out.

    A list in the place of an item is put among the items.
    """
    if isinstance(value, Mapping):
        filled_items = {key: _filled(item, values) for key, item in value.items()}
        return {key: item for key, item in filled_items.items() if item is not None or not _is_name(value[key])}
    if isinstance(value, list):
        items: list[Any] = []
        for item in value:
            filled = _filled(item, values)
            items += filled if _is_name(item) and isinstance(filled, list) else [filled]
        return items
    return values[value[1:]] if _is_name(value) else value


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("$")


def _kind(config: Mapping[str, Any]) -> str | None:
    """What the config says that its targets are: `number`, `category` or `categories`; None when it does not."""
    data = config.get("data")
    target = data.get("target") if isinstance(data, Mapping) else None
    if not isinstance(target, Mapping) or not target:
        return None
    kinds = {_kind_of(options) for options in target.values()}
    return kinds.pop() if len(kinds) == 1 else None


def _kind_of(options: Any) -> str | None:
    found = _section(options)
    return None if found is None else found.kind


def _section(options: Any) -> type[Target] | None:
    kind = options.get("type") if isinstance(options, Mapping) else options
    return target_types().get(kind) if isinstance(kind, str) else None


def _untold(preset: Preset, config: Mapping[str, Any]) -> Problem:
    data = config.get("data")
    target = data.get("target") if isinstance(data, Mapping) else None
    column = target if isinstance(target, str) else next(iter(target), "y") if target else "y"
    column = column if isinstance(column, str) else "y"
    message = f"the preset {preset.name} is one for classes and another for numbers, and the config does not say which"
    said = " or ".join(f"`target: {flow({column: kind})}`" for kind in ("category", "number"))
    path = format_path(("data", "target"))
    return Problem(f"{message} the target is", path=path, hint=f"write {said}", rule="preset-target")


def _unknown_argument(preset: Preset, argument: str) -> Problem:
    known = ", ".join(preset.arguments)
    hint = did_you_mean(argument, preset.arguments) or (f"it takes {known}" if known else "it takes none")
    message = f"the preset {preset.name} takes no argument {argument!r}"
    return _problem(message, (preset.name, argument), f"{hint}; all else is set in the sections", "unknown-argument")


def _problem(message: str, inside: ConfigPath, hint: str, rule: str) -> Problem:
    return Problem(message, path=format_path((*_PLACE, *inside)), hint=hint, rule=rule)


def _paths(value: Any, path: ConfigPath) -> Iterator[ConfigPath]:
    yield path
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths(item, (*path, index))
