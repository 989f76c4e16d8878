"""Where a key of the config language lives, for those who write it somewhere else."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from dlcli.config.options.section import Section
from dlcli.config.options.types import feature_types, target_types
from dlcli.config.schema import Config
from dlcli.config.schema.expected import keys

__all__ = ["belongs", "home"]


def home(key: str) -> str:
    """The path of a key: of the top level, of a section, or an option of a feature or target; empty for no key.

    Example:
        >>> home("epochs"), home("seed"), home("scale"), home("nothing")
        ('fit.epochs', 'seed', 'data.features.NAME.scale', '')
    """
    return _homes().get(key, "")


def belongs(path: str) -> str:
    """What to do with a key that lives at a path, in words.

    Example:
        >>> belongs("fit.epochs"), belongs("seed")
        ('it belongs below `fit:`', 'it belongs at the top level, beside `data:` and `model:`')
        >>> belongs("data.features.NAME.scale")
        'it is an option of number features: `features: {NAME: {type: number, scale: ...}}`'
    """
    section, _, key = path.rpartition(".")
    if not section:
        return "it belongs at the top level, beside `data:` and `model:`"
    if section in Config.model_fields:
        return f"it belongs below `{section}:`"
    place = section.split(".")[1]
    kind = next(tag for tag, options in _typed(place) if key in options)
    what = f"{kind} features" if place == "features" else f"a {kind} target"
    return f"it is an option of {what}: `{place}: {{NAME: {{type: {kind}, {key}: ...}}}}`"


@functools.cache
def _homes() -> Mapping[str, str]:
    homes = {key: key for key in (*Config.model_fields, "extends")}
    for name, field in Config.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            for key in keys(section):
                homes.setdefault(key, f"{name}.{key}")
    for place in ("features", "target"):
        for _, options in _typed(place):
            for key in [key for key in options if key != "type"]:
                homes.setdefault(key, f"data.{place}.NAME.{key}")
    return homes


def _typed(place: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each type of features or targets with its options."""
    for name, section in (feature_types() if place == "features" else target_types()).items():
        yield name, keys(section)
