"""The top-level keys of a config against the schema, each on its own, so that one bad section hides no other."""

from __future__ import annotations

from typing import Any

from dlcli.config.document.document import Document
from dlcli.config.schema import Config
from dlcli.config.schema.expected import field_type
from dlcli.config.validation.salvage import salvage
from dlcli.config.validation.validator import missing_key, unknown_key, validate
from dlcli.errors import Problem

__all__ = ["read_sections"]


def read_sections(document: Document) -> tuple[dict[str, Any], list[Problem]]:
    """The values of the keys, without what is faulty in them and with their defaults; and every fault."""
    fields = Config.model_fields
    sections: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in document.value.items():
        if key not in fields:
            problems.append(unknown_key(key, (key,), [*fields, "extends"]))
        elif value is not None or fields[key].is_required():  # `fit:` with nothing below it says nothing
            validated = validate(field_type(fields[key]), value, (key,))
            problems += validated.problems
            usable = validated.value
            if validated.problems:
                usable = salvage(field_type(fields[key]), value, key, validated.problems)
            if usable is not None:
                sections[key] = usable
    for key, field in fields.items():
        if field.is_required():
            if key not in document.value:
                problems.append(missing_key(key, (key,), field.description))
        elif document.value.get(key) is None and key != "name":  # which has the file's name for its default
            sections[key] = field.get_default(call_default_factory=True)
    if not document.complete:
        problems = [problem for problem in problems if problem.rule != "missing-key"]
    return sections, problems
