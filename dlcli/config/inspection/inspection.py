"""A config from file to `Config`: read, inherit, override, validate, cross-check; all faults at once.

`inspect` never raises for a fault of the config. It goes as far as it can, so that one bad section does not hide the
faults of another, and hands back what is valid with everything that is not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from dlcli.config.checks.callback_values import check_values
from dlcli.config.checks.lint import RULES
from dlcli.config.checks.monitors import check_monitors
from dlcli.config.checks.rates import check_rates
from dlcli.config.document.document import Document, Position
from dlcli.config.document.extends import extend
from dlcli.config.document.file_names import safe_name
from dlcli.config.document.overrides import Overrides, override
from dlcli.config.document.places import ConfigPath, format_path, parse_path
from dlcli.config.document.plain import plain
from dlcli.config.document.reader import read
from dlcli.config.graph.graph import expand
from dlcli.config.inspection.absolute_names import Locations
from dlcli.config.schema import Config, DataConfig, ModelConfig
from dlcli.config.schema.config import LintConfig
from dlcli.config.schema.expected import field_type
from dlcli.config.schema.value_text import received
from dlcli.config.validation.components import check_components
from dlcli.config.validation.crosschecks import cross_check
from dlcli.config.validation.salvage import salvage
from dlcli.config.validation.source_code import code_names
from dlcli.config.validation.validator import missing_key, unknown_key, validate
from dlcli.errors import ConfigError, Problem, did_you_mean

__all__ = ["Inspection", "inspect", "inspect_value"]


@dataclasses.dataclass(frozen=True)
class Inspection:
    """All that is known of a config without its data and without Keras.

    Args:
        file: The config file; None for a config given as a mapping.
        document: What was read, with `extends` and overrides applied.
        config: The config with absolute paths; None when there are problems.
        sections: The values of the top-level keys (`data`, `model`, `seed`, ...), without what is faulty in them; those
            that cannot be read at all are not there.
        problems: Every fault, with its place, by file and line.
    """

    file: Path | None
    document: Document
    config: Config | None
    sections: Mapping[str, Any]
    problems: tuple[Problem, ...]

    def locate(self, problem: Problem) -> Problem:
        """The problem with the file and line of its config path, or of the nearest place above it."""
        return _locate(self.document, self.file, problem)

    def require(self) -> Config:
        """The config.

        Raises:
            ConfigError: It has problems; the error holds all of them.
        """
        if self.problems or self.config is None:
            raise ConfigError(self.problems)
        return self.config


def inspect(file: str | Path, overrides: Overrides = ()) -> Inspection:
    """Read a config file and find all its faults.

    Args:
        file: The YAML file.
        overrides: `["fit.epochs=5"]`, or `{"fit.epochs": 5}`.

    Example:
        >>> inspect("configs/iris.yaml", ["fit.epochs=5"]).require().fit.epochs  # doctest: +SKIP
        5
    """
    file = Path(file)
    try:
        document = extend(read(file), directory=file.parent, file=file)
    except ConfigError as error:
        return _unreadable(file, error)
    return _inspect(override(document, overrides), file, file.parent)


def inspect_value(value: Mapping[str, Any], base_directory: str | Path, overrides: Overrides = ()) -> Inspection:
    """Find all faults of a config that is given as a mapping.

    Args:
        value: What the YAML would say. Paths, tuples and keys that are numbers are taken as their YAML.
        base_directory: What relative paths in it are relative to.
        overrides: As for `inspect`.

    Example:
        >>> inspect_value({"data": {}}, ".").problems[0].path
        'data.train'
    """
    directory = Path(base_directory)
    try:
        document = extend(_mapping(value), directory=directory)
    except ConfigError as error:
        return _unreadable(None, error)
    return _inspect(override(document, overrides), None, directory)


def _mapping(value: Any) -> Document:
    document = plain(value)
    if not isinstance(document.value, dict):
        message = f"a config is a mapping, got {received(document.value)}"
        raise ConfigError([*document.problems, Problem(message, rule="wrong-value")])
    return document


def _unreadable(file: Path | None, error: ConfigError) -> Inspection:
    return Inspection(file, Document({}), None, {}, _in_order(error.problems, file))


def _inspect(document: Document, file: Path | None, directory: Path) -> Inspection:
    sections, problems = _validate(document)
    locations = Locations(document, directory)
    if "data" in sections:
        sections["data"] = locations.data(sections["data"])
    if "code" in sections:
        sections["code"], faults = locations.code(sections["code"])
        problems += faults
    code = code_names([Path(name) for name in sections.get("code", [])])
    problems += code.problems
    problems += _of_components(document, code.names, is_code_known=not any(map(_is_of_code, problems)))
    problems += _of_graph(sections.get("model"), sections.get("data"))
    problems += _of_callbacks(sections, code.names, is_validated=document.has("data", "validation"))
    problems += _of_lint(sections.get("lint"))
    problems += cross_check(document.value)
    problems = [*document.problems, *_not_consequences(problems, document.problems)]
    located = _in_order((_locate(document, file, problem) for problem in problems), file)
    config = None
    if not located:
        name = sections.get("name") or (safe_name(file.stem) if file is not None else None)
        config = Config(**sections | ({"name": name} if name else {}))
    return Inspection(file, document, config, sections, located)


def _validate(document: Document) -> tuple[dict[str, Any], list[Problem]]:
    """Validate every top-level key on its own."""
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


def _is_of_code(problem: Problem) -> bool:
    return problem.rule == "user-code" or problem.path.startswith("code")


def _of_components(document: Document, names: Mapping[str, Any], *, is_code_known: bool) -> list[Problem]:
    problems = check_components(document.value, names)
    if is_code_known:
        return problems
    # What Keras does not have, and has nothing near, may be in the file that could not be read.
    return [problem for problem in problems if problem.rule != "unknown-component" or "did you mean" in problem.hint]


def _of_graph(model: ModelConfig | None, data: DataConfig | None) -> tuple[Problem, ...]:
    if model is None:
        return ()
    features = None if data is None or data.takes_rest else set(data.features or ())
    return expand(model, features=features)[1]


def _of_callbacks(sections: Mapping[str, Any], code: Collection[str], *, is_validated: bool) -> list[Problem]:
    if not {"callbacks", "compile", "data", "model"} <= sections.keys():
        return []
    compile_, callbacks = sections["compile"], sections["callbacks"]
    monitors = check_monitors(
        compile_,
        callbacks,
        outputs=list(sections["model"].outputs or ["output"]),
        validation=is_validated,
        fit=sections.get("fit"),
        code=code,
        own_model=sections["model"].class_ is not None,
    )
    rates = check_rates(callbacks, compile_.optimizer, code=code)
    return [*monitors, *rates, *check_values(callbacks, code=code)]


def _of_lint(config: LintConfig | None) -> list[Problem]:
    return [
        Problem(
            f"there is no lint rule '{name}'",
            path=format_path(("lint", "ignore", index)),
            hint=did_you_mean(name, RULES) or f"the rules are {', '.join(RULES)}",
            rule="unknown-lint-rule",
        )
        for index, name in enumerate(config.ignore if config is not None else [])
        if name not in RULES
    ]


def _not_consequences(problems: Iterable[Problem], causes: Iterable[Problem]) -> list[Problem]:
    """The problems that do not merely follow from a value that could not be read."""
    unread = {
        problem.path for problem in causes if problem.path and problem.rule in ("yaml-tag", "yaml-alias", "yaml-key")
    }
    return [problem for problem in problems if problem.path not in unread]


def _locate(document: Document, file: Path | None, problem: Problem) -> Problem:
    path: ConfigPath
    try:
        path = parse_path(problem.path)
    except ValueError:
        path = ()
    located = document.locate(problem, path) if path else problem
    if located.file is None and file is not None:
        place = document.positions.get((), Position(file))
        return located.at(file, place.line if place.file == file else None)
    return located


def _in_order(problems: Iterable[Problem], file: Path | None) -> tuple[Problem, ...]:
    """Problems by place, the config's own file first; each once."""

    def place(problem: Problem) -> tuple[bool, str, int, int]:
        return problem.file != file, str(problem.file or ""), problem.line or 0, problem.column or 0

    unique: dict[tuple[str, int | None, str, str], Problem] = {}
    for problem in problems:
        unique.setdefault((str(problem.file), problem.line, problem.path, problem.message), problem)
    return tuple(sorted(unique.values(), key=place))
