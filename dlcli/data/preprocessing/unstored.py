"""Options of features and targets that training alone looks at: they decide nothing of what is stored of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from dlcli.config.options.feature import Feature, Target
from dlcli.config.options.types import feature_types, target_types
from dlcli.config.schema import DataConfig

__all__ = ["as_asked", "state_as_asked", "stored"]

_Options = TypeVar("_Options", Feature, Target)


def stored(value: Any) -> Any:
    """JSON values without such options, wherever a feature or a target is described in them.

    Example:
        >>> stored({"x": {"type": "image", "size": [8, 8], "augment": ["RandomFlip"]}})
        {'x': {'type': 'image', 'size': [8, 8]}}
    """
    if isinstance(value, list):
        return [stored(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    unstored = _unstored(value.get("type"))
    return {key: stored(each) for key, each in value.items() if key not in unstored}


def as_asked(found: DataConfig, asked: DataConfig) -> DataConfig:
    """What was found of data, with such options as they are asked for now.

    Args:
        found: Its features and targets have types.
        asked: The section as it was written.
    """
    features = {name: _with(each, *_asked(asked, name, each)) for name, each in (found.features or {}).items() if each}
    targets = {name: _with(each, asked.target.get(name)) for name, each in found.target.items() if each}
    return found.model_copy(
        update={"features": {**(found.features or {}), **features}, "target": {**found.target, **targets}}
    )


def state_as_asked(state: Mapping[str, Any], config: DataConfig) -> dict[str, Any]:
    """The state of a preprocessing, with such options of features as a config has them.

    Args:
        state: See `Preprocessing.state`.
        config: Its features have types.
    """

    def changed(value: Any) -> Any:
        if isinstance(value, list):
            return [changed(each) for each in value]
        if not isinstance(value, Mapping):
            return value
        feature = (config.features or {}).get(str(value.get("name")))
        own = {} if feature is None or feature.type != value.get("type") else feature.model_dump(mode="json")
        given = {key: own[key] for key in _unstored(value.get("type")) if key in own and key in value}
        return {key: changed(each) for key, each in value.items()} | given

    return dict(changed(state))


def _asked(config: DataConfig, name: str, found: Feature) -> tuple[Feature | None, ...]:
    """Where options of a feature may stand: with itself, or as defaults of its type."""
    return config.feature(name), None if config.defaults is None else config.defaults.of(found.type)


def _with(found: _Options, *asked: Feature | Target | None) -> _Options:
    options = {}
    for key in type(found).unstored:
        given = next((each for each in asked if each is not None and key in each.model_fields_set), None)
        options[key] = type(found).model_fields[key].get_default() if given is None else getattr(given, key)
    return found.model_copy(update=options)


def _unstored(kind: object) -> frozenset[str]:
    sections = (feature_types().get(str(kind)), target_types().get(str(kind)))
    return frozenset().union(*(section.unstored for section in sections if section is not None))
