"""The JSON Schema of the config language, for editors: every key, every Keras component and argument, documented.

The keys come from the pydantic models, short notations included; the components come from the catalogue. The schema
accepts what the language accepts. A name that Keras does not know may be a class of the user's own, which only a
`code` file can bring; so such names are refused, at any depth, where the config has neither `code` nor `extends`
(whose base may have it).
"""

from __future__ import annotations

import collections
import json
from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonRef, JsonSchemaValue
from pydantic_core import core_schema

from dlcli.config.catalogue.entries import KINDS, Argument, Entry, load, singular
from dlcli.config.catalogue.values import AUTO
from dlcli.config.document.scalars import FRACTION
from dlcli.config.options.section import Spoken
from dlcli.config.options.types import feature_types, target_types
from dlcli.config.presets.presets import load as load_preset
from dlcli.config.presets.presets import names
from dlcli.config.published.json_schema_names import (
    COMPONENT_FIELDS,
    OF_PHASES,
    OF_SWEEPS,
    any_case,
    below,
    known_definitions,
    known_places,
    names_of,
    required,
)
from dlcli.config.schema import LAYER_KEYS, Config
from dlcli.config.schema.component import Component

__all__ = ["json_schema", "schema_text"]

JSON = dict[str, Any]

# Without a description: Keras's names fit it too, and an editor would show it for each of them.
_OWN_NAME = {"type": "string", "pattern": r"^[A-Za-z_]\w*$"}
_COLUMN_TYPES = ["string", "number", "boolean"]
_COLUMN = {"type": _COLUMN_TYPES}
_FRACTION: JSON = {"type": "string", "pattern": f"^{FRACTION}$"}
_PLAIN: dict[str, JSON] = {
    "positive_integer": {"type": "integer", "minimum": 1},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "fraction": {"type": "number", "minimum": 0, "maximum": 1},
    "fractions": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 1},
    "string": {"type": "string"},
}


def json_schema() -> JSON:
    """The schema as JSON values (draft 2020-12).

    Example:
        >>> sorted(json_schema()["properties"])[:3]
        ['callbacks', 'code', 'compile']
    """
    schema = _without_titles(Config.model_json_schema(schema_generator=_Generator))
    definitions: JSON = schema.pop("$defs")
    _refine_sections(schema, definitions)
    item_keys = {key: definitions["LayerItem"]["properties"][key] for key in LAYER_KEYS}
    for kind in KINDS:
        definitions[kind] = _component(kind)
        definitions |= {f"{kind}.{entry.name}": _entry(entry) for entry in load().entries(kind) if entry.usable}
    definitions["LayerItem"] = _layer_item(item_keys)
    definitions |= _shared_arguments(definitions)
    definitions |= known_definitions()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dlcli config",
        **schema,
        "allOf": [
            {
                "if": {"not": {"required": ["extends"]}},
                "then": {
                    "required": ["data", "model"],
                    **below(
                        {
                            "data": {"required": ["train", "target"]},
                            "model": {"anyOf": [{"required": ["layers"]}, {"required": ["preset"]}]},
                        }
                    ),
                },
            },
            {"if": {"not": {"anyOf": [{"required": ["code"]}, {"required": ["extends"]}]}}, "then": known_places()},
        ],
        "$defs": definitions,
    }


def schema_text(schema: JSON) -> str:
    """The schema as it is published: a line for each definition, so that it is small, and its changes can be read."""

    def lines(values: JSON) -> str:
        return ",\n".join(f"{_compact(key)}:{_compact(value)}" for key, value in values.items())

    rest = {key: value for key, value in schema.items() if key != "$defs"}
    return f'{{\n{lines(rest)},\n"$defs":{{\n{lines(schema["$defs"])}\n}}\n}}'


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class _Generator(GenerateJsonSchema):
    """Knows the short notations: it asks the functions that read them before a model validates."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        inner = super().function_before_schema(schema)
        read: Any = schema["function"]["function"]
        if ("properties" in inner or "$ref" in inner) and read("auto") == {} and read(8) == {"length": 8}:
            return {"anyOf": [{"enum": ["auto", True]}, {"type": "integer", "minimum": 1}, inner]}
        if "properties" in inner:
            return inner  # a whole section
        if isinstance(read, Spoken):
            return {"anyOf": [*inner.get("anyOf", [inner]), {"enum": list(read.values)}]}
        if "anyOf" in inner and read(8) == [8, 8]:
            return {"anyOf": [next(each["items"] for each in inner["anyOf"] if "items" in each), *inner["anyOf"]]}
        if inner.get("type") == "string" and read(1) == "1":
            return {**inner, "type": _COLUMN_TYPES}
        if "anyOf" in inner and read("x") == ["x"]:
            return {"anyOf": [next(each["items"] for each in inner["anyOf"] if "items" in each), *inner["anyOf"]]}
        if "anyOf" in inner and read("1/255") != "1/255":
            return {"anyOf": [*inner["anyOf"], _FRACTION]}
        if inner.get("type") == "object" and read({"inputs": "x"}) == {"inputs": ["x"]}:
            return {**inner, "properties": {"inputs": {"type": ["string", "object", "array"]}}}
        if inner.get("type") == "array" and read("x") == ["x"]:
            return {"anyOf": [inner["items"], inner]}
        if inner.get("type") == "object" and isinstance(read(["x"]), dict):
            if read({"x": "auto"}) == {"x": None}:
                inner["additionalProperties"] = {"anyOf": [{"const": "auto"}, inner["additionalProperties"]]}
            short: list[JSON] = [{"type": "array", "items": _COLUMN, "minItems": 1}]
            return {"anyOf": [*([_COLUMN] if isinstance(read("x"), dict) else []), *short, inner]}
        if "oneOf" in inner and read("x") == {"type": "x"}:
            return {"anyOf": [{"enum": self._types(inner)}, inner]}
        return inner

    def _types(self, union: JsonSchemaValue) -> list[str]:
        """The values of `type` in a union of sections."""
        sections = [self.get_schema_from_definitions(JsonRef(option["$ref"])) for option in union["oneOf"]]
        return [section["properties"]["type"]["const"] for section in sections if section is not None]

    def encode_default(self, dft: Any) -> Any:
        return dft.notation() if isinstance(dft, Component) else super().encode_default(dft)


def _without_titles(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _without_titles(value) for key, value in node.items() if key != "title" or not isinstance(value, str)
        }
    return [_without_titles(value) for value in node] if isinstance(node, list) else node


def _refine_sections(schema: JSON, definitions: JSON) -> None:
    """What the models cannot say: components by kind, `extends`, and keys that a base config may bring."""
    for section in (schema, definitions["DataConfig"], definitions["ModelConfig"]):
        section.pop("required", None)
    implied = {section.__name__ for section in target_types().values() if section.implied_by}
    for name, section in definitions.items():
        if "const" in section.get("properties", {}).get("type", {}) and name not in implied:
            section["required"] = sorted({*section.get("required", ()), "type"})
    properties = definitions["DataConfig"]["properties"]
    properties["augment"] = _with_kind(properties["augment"], "layers")
    for options in feature_types().values():
        for key in options.layers:
            definitions[options.__name__]["properties"][key]["items"] = {"$ref": "#/$defs/layers"}
    _refine_defaults(definitions)
    definitions["ModelConfig"]["properties"]["preset"] |= {"anyOf": _presets()}
    for field, kind in COMPONENT_FIELDS.items():
        properties = definitions["CompileConfig"]["properties"]
        properties[field] = _with_kind(properties[field], kind)
    phase = definitions["PhaseConfig"]["properties"]
    phase |= {key: _with_kind(phase[key], kind) for key, kind in OF_PHASES.items()}
    sweep = definitions["SweepConfig"]["properties"]
    parameter = sweep["space"]["additionalProperties"]
    sweep["space"]["additionalProperties"] = {"anyOf": [{"type": "array", "minItems": 1}, parameter]}
    sweep |= {key: _with_kind(sweep[key], kind) for key, kind in OF_SWEEPS.items()}
    schema["properties"]["callbacks"] = _with_kind(schema["properties"]["callbacks"], "callbacks")
    schema["properties"] = {
        "extends": {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
            "description": "Configs to inherit from: mappings merge, lists and values replace.",
        },
        **schema["properties"],
    }


def _presets() -> list[JSON]:
    """The presets: a name, or a name with arguments."""
    known = {name: load_preset(name) for name in names()}
    arguments = {
        name: {
            "description": preset.about,
            "type": ["object", "null"],
            "properties": {
                key: {"description": each.doc, "default": each.default} for key, each in preset.arguments.items()
            },
            "additionalProperties": False,
        }
        for name, preset in known.items()
    }
    several = {"type": "object", "minProperties": 1, "maxProperties": 1, "properties": arguments}
    return [{"enum": list(known)}, {**several, "additionalProperties": False}]


def _refine_defaults(definitions: JSON) -> None:
    """The options of a type without what is one feature's own."""
    properties = definitions["FeatureDefaults"]["properties"]
    for name, option in properties.items():
        options = feature_types()[name]
        section = definitions[options.__name__]
        keys = {key: value for key, value in section["properties"].items() if key not in options.of_one}
        about = {key: value for key, value in option.items() if key == "description"}
        plain = {key: value for key, value in section.items() if key not in ("required", "description")}
        properties[name] = {**plain, **about, "properties": keys, "type": ["object", "null"]}


def _with_kind(node: Any, kind: str) -> Any:
    """The general notation of a component, replaced by the components of a kind."""
    if isinstance(node, list):
        return [_with_kind(item, kind) for item in node]
    if not isinstance(node, dict):
        return node
    replaced = {key: _with_kind(value, kind) for key, value in node.items()}
    options = replaced.get("anyOf")
    if isinstance(options, list):
        general = [option for option in options if option == {"type": "string"} or "maxProperties" in option]
        if general:
            rest = [option for option in options if option not in general]
            reference = {"$ref": f"#/$defs/{kind}"}
            others = {key: value for key, value in replaced.items() if key != "anyOf"}
            return {**others, "anyOf": [reference, *rest]} if rest else {**others, **reference}
    return replaced


def _component(kind: str) -> JSON:
    """A component of a kind: a name, or a one-key mapping; a class of the user's own too."""
    names, references = names_of(kind)
    return {
        "description": f"{singular(kind).capitalize()}: a name, or {{Name: {{argument: value}}}}.",
        "anyOf": [
            {"enum": [name for name in names if not required(kind, name)]},
            _OWN_NAME,
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "properties": references,
                "additionalProperties": {"type": ["object", "null"]},
            },
        ],
    }


def _entry(entry: Entry) -> JSON:
    """The arguments of a component. `for` and `with` may set those of a layer, so a layer's are all optional here."""
    needed = list(entry.required) if entry.kind not in ("layers", "applications") else []
    return {
        "description": entry.doc,
        "type": "object" if needed else ["object", "null"],
        "properties": {name: _argument(argument) for name, argument in entry.arguments.items()},
        "additionalProperties": entry.extra,
        **({"required": needed} if needed else {}),
    }


def _shared_arguments(definitions: JSON) -> JSON:
    """Definitions of the arguments that several components have in the same words; they are put in their places.

    Most components of a kind have their arguments in common: written out each time they were more than half of all.
    """
    properties = [section["properties"] for name, section in definitions.items() if "." in name]
    uses = collections.Counter((name, _compact(value)) for each in properties for name, value in each.items())
    variants: collections.Counter[str] = collections.Counter()
    names: dict[tuple[str, str], str] = {}
    for (name, text), count in uses.items():
        if count > 1 and len(text) > len('{"$ref":"#/$defs/argument."}') + len(name):
            variants[name] += 1
            names[name, text] = f"argument.{name}" + (f".{variants[name]}" if variants[name] > 1 else "")
    for each in properties:
        for name, value in each.items():
            if (shared := names.get((name, _compact(value)))) is not None:
                each[name] = {"$ref": f"#/$defs/{shared}"}
    return {shared: json.loads(text) for (_, text), shared in names.items()}


def _argument(argument: Argument) -> JSON:
    about: JSON = {"description": argument.doc} if argument.doc else {}
    if argument.deprecated:
        return {**about, "deprecated": True}
    if not argument.required and not argument.default_text:
        about["default"] = argument.default
    options = list(_options(argument))
    if not options:
        return about
    if argument.none or argument.takes is not None:
        options.append({"type": "null"})
    return {**about, **options[0]} if len(options) == 1 else {**about, "anyOf": options}


def _options(argument: Argument) -> Iterable[JSON]:
    if argument.takes is not None:
        reference = {"$ref": f"#/$defs/{argument.takes}"}
        yield reference
        if argument.several:
            yield {"type": "array", "items": reference}
    if argument.choices:
        yield {"enum": [choice for choice in argument.choices if choice is not None]}
        yield {"type": "string", "pattern": any_case(choice for choice in argument.choices if choice is not None)}
    elif argument.type == "boolean":
        yield {"type": "boolean"}
        yield {"enum": [0, 1]}
    elif argument.type in _PLAIN:
        yield _PLAIN[argument.type]
        if argument.type in ("number", "fraction"):
            yield _FRACTION
    if argument.auto:
        yield {"const": AUTO}


def _layer_item(keys: JSON) -> JSON:
    names, references = names_of("layers")
    return {
        "description": "A layer with its keys; or a `block`, nested `layers`, a `shared` layer, or a `run`.",
        "anyOf": [
            {"enum": names},
            _OWN_NAME,
            {
                "type": "object",
                "minProperties": 1,
                "properties": {**keys, **references},
                "additionalProperties": {"type": ["object", "null"]},
                "dependentRequired": {"with": ["block"], "output": ["run"]},
            },
        ],
    }
