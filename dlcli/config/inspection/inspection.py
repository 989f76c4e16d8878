"""A config from file to `Config`: read, inherit, override, validate, cross-check; all faults at once.

`inspect` never raises for a fault of the config. It goes as far as it can, so that one bad section does not hide the
faults of another, and hands back what is valid with everything that is not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from dlcli.config.checks.callback_values import check_values
from dlcli.config.checks.monitors import Watch, check_monitors
from dlcli.config.checks.rates import check_rates
from dlcli.config.checks.workers import check_workers
from dlcli.config.document.document import Document
from dlcli.config.document.extends import extend
from dlcli.config.document.file_names import safe_name
from dlcli.config.document.overrides import Overrides, override
from dlcli.config.document.plain import plain
from dlcli.config.document.reader import read
from dlcli.config.graph.expanded import Expanded, expand
from dlcli.config.inspection.absolute_names import AbsoluteNames
from dlcli.config.inspection.model_sources import find_sources
from dlcli.config.inspection.problems import in_order, locate, without_consequences
from dlcli.config.inspection.sections import read_sections
from dlcli.config.lint.rules import unknown_rules
from dlcli.config.outputs.quantiles import declared_misfits
from dlcli.config.presets.expansion import expand_preset
from dlcli.config.schema import Config, DataConfig, ModelConfig
from dlcli.config.schema.value_text import received
from dlcli.config.searching.checks import Measured, check_folds, check_space, measure
from dlcli.config.searching.ends import check_ends, trial_document
from dlcli.config.validation.components import check_components
from dlcli.config.validation.crosschecks import cross_check
from dlcli.config.validation.source_code import code_names
from dlcli.errors import ConfigError, Problem

__all__ = ["CheckedConfig", "Inspection", "inspect", "inspect_document", "inspect_value", "measured"]


@dataclasses.dataclass(frozen=True)
class CheckedConfig:
    """A config without faults, with what the steps of a job need of its inspection and need not find out again.

    Args:
        config: The config with absolute paths.
        expanded: The layers, written out.
        watches: What callbacks look at that only the data decides.
    """

    config: Config
    expanded: Expanded
    watches: tuple[Watch, ...] = ()


@dataclasses.dataclass(frozen=True)
class Inspection:
    """All that is known of a config without its data and without Keras.

    Args:
        file: The config file; None for a config given as a mapping.
        document: What was read, with `extends` and overrides applied, and its preset written out.
        config: The config with absolute paths; None when there are problems.
        sections: The values of the top-level keys (`data`, `model`, `seed`, ...), without what is faulty in them; those
            that cannot be read at all are not there.
        expanded: The layers, written out; None when the `model` section cannot be read at all.
        watches: What callbacks look at that only the data decides.
        problems: Every fault, with its place, by file and line.
        written: The document before the preset was written out.
        code: Names that the user's own files define.
    """

    file: Path | None
    document: Document
    config: Config | None
    sections: Mapping[str, Any]
    expanded: Expanded | None
    watches: tuple[Watch, ...]
    problems: tuple[Problem, ...]
    written: Document = dataclasses.field(default_factory=lambda: Document({}))
    code: Collection[str] = ()

    @property
    def takes_rest(self) -> bool:
        """Whether the features are columns that the config does not name, and is not wrong about either."""
        data = self.sections.get("data")
        if data is None or (data.features is None and self.document.has("data", "features")):
            return False
        return bool(data.takes_rest)

    def among(self, features: Collection[str]) -> Inspection:
        """The same, now that columns tell the names of the features, some of which may be left out later.

        Without them all words were taken for features, and their layers seemed to lead nowhere.
        """
        if self.expanded is None:
            return self
        before, expanded = self.expanded.certain, self.expanded.among(features)
        gone = {self.locate(one) for one in before if one not in expanded.certain}
        kept = [one for one in self.problems if one not in gone]
        faulty = {one.path for one in kept}
        found = [one for one in expanded.certain if one not in before and one.path not in faulty]
        problems = in_order([*kept, *map(self.locate, found)], self.file)
        config = None if problems else _config(self.sections, self.file, expanded)
        return dataclasses.replace(self, config=config, expanded=expanded, problems=problems)

    def locate(self, problem: Problem) -> Problem:
        """The problem with the file and line of its config path, or of the nearest place above it."""
        return locate(self.document, self.file, problem)

    def require(self) -> Config:
        """The config.

        Raises:
            ConfigError: It has problems; the error holds all of them.
        """
        return self.checked().config

    def checked(self) -> CheckedConfig:
        """The config with all that was found out about it.

        Raises:
            ConfigError: As `require` does.
        """
        if self.problems or self.config is None or self.expanded is None:
            raise ConfigError(self.problems)
        return CheckedConfig(self.config, self.expanded, self.watches)


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


def inspect_document(document: Document, base_directory: Path, overrides: Overrides = ()) -> Inspection:
    """Find all faults of a config that was read before, whose positions say which file each name was written in.

    Args:
        document: What was read, its preset not written out.
        base_directory: What relative paths are relative to that no file says.
        overrides: As for `inspect`.
    """
    return _inspect(override(document, overrides), None, base_directory)


def _mapping(value: Any) -> Document:
    document = plain(value)
    if not isinstance(document.value, dict):
        message = f"a config is a mapping, got {received(document.value)}"
        raise ConfigError([*document.problems, Problem(message, rule="wrong-value")])
    return document


def _unreadable(file: Path | None, error: ConfigError) -> Inspection:
    return Inspection(file, Document({}), None, {}, None, (), in_order(error.problems, file))


def _inspect(document: Document, file: Path | None, directory: Path) -> Inspection:
    """The journey of a config: each step is made once, and tells its own faults."""
    written, document = document, expand_preset(document)
    sections, problems = read_sections(document)
    names = AbsoluteNames(document, directory)
    if "data" in sections:
        sections["data"] = names.data(sections["data"])
    if "code" in sections:
        sections["code"], faults = names.code(sections["code"])
        problems += faults
    code = code_names([Path(name) for name in sections.get("code", [])])
    problems += code.problems
    if "model" in sections:
        sections["model"], faults = find_sources(sections["model"], names.one, code=code.names)
        problems += faults
    problems += _of_components(document, code.names, is_code_known=not any(map(_is_of_code, problems)))
    expanded = _expanded(sections.get("model"), sections.get("data"), code.names)
    problems += expanded.problems if expanded is not None else ()
    faults, watches = _of_callbacks(sections, code.names, expanded, is_validated=_is_validated(document))
    problems += faults
    problems += check_workers(sections)
    problems += unknown_rules(sections.get("lint"))
    problems += cross_check(document.value)
    if {"data", "model", "compile"} <= sections.keys():
        problems += declared_misfits(sections["data"], sections["model"], sections["compile"])
    problems = [*document.problems, *without_consequences(problems, document.problems, document.value)]
    problems += _of_sweep(written, sections, code.names, expanded, problems, file=file, directory=directory)
    located = in_order((locate(document, file, problem) for problem in problems), file)
    config = None if located else _config(sections, file, expanded)
    return Inspection(file, document, config, sections, expanded, tuple(watches), located, written, tuple(code.names))


def _of_sweep(
    document: Document,
    sections: Mapping[str, Any],
    code: Collection[str],
    expanded: Expanded | None,
    known: list[Problem],
    *,
    file: Path | None,
    directory: Path,
) -> list[Problem]:
    """The faults of a search, and those that the config would have with what is searched for."""
    sweep = sections.get("sweep")
    if sweep is None or any(problem.path.startswith(("sweep.space", "sweep.folds")) for problem in known):
        return []
    if problems := check_space(sweep):
        return problems

    def faults(changed: Document) -> tuple[Problem, ...]:
        return _inspect(changed, file, directory).problems

    if sweep.folds is not None:
        folded = faults(trial_document(sweep, document))
        if problems := check_folds(known, folded, is_fold=document.has("data", "fold")):
            return problems
    problems = list(check_ends(sweep, document, tuple(known), faults))
    if expanded is not None and {"compile", "data", "model"} <= sections.keys():
        problems += measured(document, sections, code, expanded).problems
    return problems


_VALIDATES = (("data", "validation"), ("data", "fold"), ("sweep", "folds"), ("ensemble", "folds"))
"""What leaves rows to validate on."""


def _is_validated(document: Document) -> bool:
    """Whether there are rows to validate on: a split, or a fold of them."""
    return any(document.has(*place) for place in _VALIDATES)


def measured(document: Document, sections: Mapping[str, Any], code: Collection[str], expanded: Expanded) -> Measured:
    """By what the sweep of a config measures its trials.

    Args:
        document: The config as it was read.
        sections: Those of the config, with `sweep`.
        code: Names that the user's own files define.
        expanded: The layers.
    """
    model, graph = sections["model"], expanded.graph
    return measure(
        sections["sweep"],
        compiled=sections["compile"],
        callbacks=sections.get("callbacks", ()),
        fit=sections.get("fit"),
        outputs=graph.outputs if graph is not None else list(model.outputs or ["output"]),
        validation=_is_validated(document),
        code=code,
        own_model=model.class_ is not None,
    )


def _config(sections: Mapping[str, Any], file: Path | None, expanded: Expanded | None) -> Config:
    graph = expanded.graph if expanded is not None else None
    if graph is not None and len(graph.outputs) > 1:
        # Copies that stand side by side are outputs by one name, or by none.
        model = sections["model"].model_copy(update={"outputs": list(graph.outputs)})
        sections = {**sections, "model": model}
    name = sections.get("name") or (safe_name(file.stem) if file is not None else None)
    return Config(**dict(sections) | ({"name": name} if name else {}))


def _is_of_code(problem: Problem) -> bool:
    return problem.rule == "user-code" or problem.path.startswith("code")


def _of_components(document: Document, names: Mapping[str, Any], *, is_code_known: bool) -> list[Problem]:
    problems = check_components(document.value, names)
    if is_code_known:
        return problems
    # What Keras does not have, and has nothing near, may be in the file that could not be read.
    return [problem for problem in problems if problem.rule != "unknown-component" or "did you mean" in problem.hint]


def _expanded(model: ModelConfig | None, data: DataConfig | None, own: Collection[str]) -> Expanded | None:
    if model is None:
        return None
    features = None if data is None or data.takes_rest else list(data.features or ())
    return expand(model, features=features, own=own, more=() if data is None else data.more_inputs)


def _of_callbacks(
    sections: Mapping[str, Any], code: Collection[str], expanded: Expanded | None, *, is_validated: bool
) -> tuple[list[Problem], list[Watch]]:
    if expanded is None or not {"callbacks", "compile", "data"} <= sections.keys():
        return [], []
    compile_, callbacks, model = sections["compile"], sections["callbacks"], sections["model"]
    graph = expanded.graph
    problems, watches = check_monitors(
        compile_,
        callbacks,
        outputs=graph.outputs if graph is not None else list(model.outputs or ["output"]),
        validation=is_validated,
        fit=sections.get("fit"),
        code=code,
        own_model=model.class_ is not None,
    )
    fit = sections.get("fit")
    optimizers = fit.optimizers(compile_.optimizer) if fit is not None else [compile_.optimizer]
    rates = dict.fromkeys(one for each in optimizers for one in check_rates(callbacks, each, code=code))
    return [*problems, *rates, *check_values(callbacks, code=code)], watches
