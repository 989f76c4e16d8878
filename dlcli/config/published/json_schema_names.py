"""The part of the JSON Schema that knows every name: it refuses names that are not Keras's, at any depth.

It stands apart from the schema of the components because it holds only where the user has no classes of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from dlcli.config.catalogue.entries import KINDS, load
from dlcli.config.schema import LAYER_KEYS

__all__ = [
    "COMPONENT_FIELDS",
    "OF_PHASES",
    "OF_SWEEPS",
    "any_case",
    "below",
    "known_definitions",
    "known_places",
    "names_of",
    "required",
]

JSON = dict[str, Any]

COMPONENT_FIELDS = {"optimizer": "optimizers", "loss": "losses", "metrics": "metrics", "weighted_metrics": "metrics"}
"""The keys of `compile` that hold components, and their kinds."""


OF_PHASES = {"optimizer": "optimizers", "learning_rate": "schedules"}
"""The keys of a phase of `fit` that hold components, and their kinds."""


OF_SWEEPS = {"sampler": "samplers", "pruner": "pruners"}
"""The keys of `sweep` that hold components, and their kinds."""


def names_of(kind: str) -> tuple[list[str], JSON]:
    """Every name of a kind, and a reference to the definition of each."""
    entries = {name: load().get(kind, name) for name in load().identifiers(kind)}
    references = {
        name: {"$ref": f"#/$defs/{entry.kind}.{entry.name}"}
        for name, entry in entries.items()
        if entry is not None and entry.usable
    }
    return list(references), references


def required(kind: str, name: str) -> tuple[str, ...]:
    """The arguments that a component, by any of its names, cannot do without."""
    entry = load().get(kind, name)
    return entry.required if entry is not None else ()


def any_case(words: Iterable[str]) -> str:
    """A pattern that reads words without regard to case, as JSON Schema has no flag for it."""
    letters = ("".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in word) for word in words)
    return f"^({'|'.join(letters)})$"


def below(keys: Mapping[str, JSON]) -> JSON:
    """What holds of the values of some keys, said as of patterns: editors offer what stands in `properties`.

    Example:
        >>> below({"units": {"type": "integer"}})
        {'patternProperties': {'^units$': {'type': 'integer'}}}
    """
    alike: dict[str, list[str]] = {}
    for key, value in keys.items():
        alike.setdefault(json.dumps(value), []).append(re.escape(key))
    patterns = {f"^({'|'.join(names)})$" if len(names) > 1 else f"^{names[0]}$": text for text, names in alike.items()}
    return {"patternProperties": {pattern: json.loads(text) for pattern, text in patterns.items()}}


def known_places() -> JSON:
    """The places of components, each holding names that Keras knows."""

    def known(name: str) -> JSON:
        return {"$ref": f"#/$defs/known.{name}"}

    def by_output(name: str) -> JSON:
        return {"anyOf": [known(name), {"type": "object", "additionalProperties": known(name)}]}

    items = {"items": known("inner_item")}
    blocks = {"additionalProperties": {**items, **below({"layers": items})}}
    fields = {
        field: known(kind) if kind == "optimizers" else by_output(kind) for field, kind in COMPONENT_FIELDS.items()
    }
    return below(
        {
            "model": below({"layers": {"items": known("item")}, "blocks": blocks}),
            "compile": below(fields),
            "fit": below(
                {"phases": {"items": below({key: _if_component(known(kind)) for key, kind in OF_PHASES.items()})}}
            ),
            "callbacks": {"items": known("callbacks")},
            "sweep": below({key: known(kind) for key, kind in OF_SWEEPS.items()}),
        }
    )


def _if_component(known: JSON) -> JSON:
    """A number may stand there as well."""
    return {"if": {"type": ["string", "object"]}, "then": known}


def known_definitions() -> JSON:
    """For each kind: the names are Keras's, here and in all components among the arguments."""
    definitions: JSON = {}
    for kind in KINDS:
        names, _ = names_of(kind)
        strings: list[JSON] = [{"enum": [name for name in names if not required(kind, name)]}]
        unfixed = [name for name in names if kind == "optimizers" or _is_shorthand(kind, name)]
        if unfixed:
            strings.append({"type": "string", "pattern": any_case(unfixed)})
        definitions[f"known.{kind}"] = {
            "if": {"type": "string"},
            "then": {"anyOf": strings},
            "propertyNames": {"anyOf": [{"enum": names}, *strings[1:]]},
            "additionalProperties": _slots(kind),
            "items": {"$ref": f"#/$defs/known.{kind}"},
        }
    names, _ = names_of("layers")
    definitions["known.inner_item"] = {
        "if": {"type": "string"},
        "then": {"enum": names},
        "propertyNames": {"enum": [*names, *LAYER_KEYS]},
        **below({"layers": {"items": {"$ref": "#/$defs/known.inner_item"}}}),
        "additionalProperties": _slots("layers"),
    }
    needing = {name: list(required("layers", name)) for name in names if required("layers", name)}
    definitions["known.item"] = {
        "allOf": [
            {"$ref": "#/$defs/known.inner_item"},
            {"not": {"enum": list(needing)}},
            {
                "if": {"not": {"required": ["for"]}},
                "then": below({name: {"type": "object", "required": of} for name, of in needing.items()}),
            },
        ]
    }
    return definitions


def _is_shorthand(kind: str, name: str) -> bool:
    entry = load().get(kind, name)
    return entry is not None and entry.shorthand


def _slots(kind: str) -> JSON:
    """The arguments of a kind that take components; an argument's name settles what it takes."""
    slots = {
        argument.name: {"$ref": f"#/$defs/known.{argument.takes}"}
        for each in ((kind, "applications") if kind == "layers" else (kind,))
        for entry in load().entries(each)
        for argument in entry.arguments.values()
        if argument.takes is not None
    }
    return below(slots) if slots else {}
