"""The first stage: everything that the config and the headers of the data files can show."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from dlcli.config.inspection.inspection import CheckedConfig, Inspection, inspect_document
from dlcli.config.lint.linting import lint
from dlcli.config.schema.sweep import SweepConfig
from dlcli.config.searching.ends import end_values, of_value, trial_overrides
from dlcli.data.table.headers import Headers, look_at_headers
from dlcli.errors import ConfigError, DlcliError, Problem
from dlcli.training.callbacks import check_callbacks
from dlcli.training.tracking.tracking import check_tracking

__all__ = ["check_config", "check_values", "located"]


def check_config(inspection: Inspection, *, notify: Callable[[Problem], None] = lambda problem: None) -> CheckedConfig:
    """The config, checked.

    Args:
        inspection: The config as it was read.
        notify: Told, of a config without faults, what looks as if it were meant otherwise.

    Raises:
        ConfigError: All that is wrong: in the YAML, and between it and the headers of the data files.
    """
    sections = inspection.sections
    compiled, data = sections.get("compile"), sections.get("data")
    fit = sections.get("fit")
    optimizers = [] if compiled is None else [compiled.optimizer] if fit is None else fit.optimizers(compiled.optimizer)
    found = check_callbacks(sections.get("callbacks", ()), optimizers)
    found += check_tracking(sections.get("tracking"))
    headers = look_at_headers(data) if data is not None else Headers(None, (), ())
    if headers.features is not None and inspection.takes_rest:
        inspection = inspection.among(headers.features)
    # The config alone has shown a target among the features already, under the path of the one or the other.
    is_told = any(problem.rule == "target-is-feature" for problem in inspection.problems)
    found += [one for one in headers.problems if one.rule != "target-is-feature" or not is_told]
    faulty = {problem.path for problem in inspection.problems if problem.path}  # where no further fault is looked for
    problems = [*inspection.problems, *(inspection.locate(one) for one in found if one.path not in faulty)]
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: (str(problem.file or ""), problem.line or 0)))
    for doubt in headers.doubts:
        notify(inspection.locate(doubt))
    checked = inspection.checked()
    # The earlier they are told the better; once the data is read more is known, and it is asked again.
    if checked.config.lint.error and (faults := lint(checked.config).faults):
        raise ConfigError(map(inspection.locate, faults))
    return checked


def check_values(inspection: Inspection, sweep: SweepConfig) -> None:
    """Make sure that the data has what each value of a search asks of it, as far as its headers show.

    Args:
        inspection: The config as it was read, from where its relative names are meant.
        sweep: Its section.

    Raises:
        ConfigError: A file or a column is not there; all of them, with the lines of the parameters.
    """
    base = Path.cwd() if inspection.file is None else inspection.file.parent
    problems: dict[str, Problem] = {}
    for name, value, values in end_values(sweep):
        if isinstance(value, (int, float)) or not any(
            path.startswith("data") for path in sweep.space[name].at or [name]
        ):
            continue
        changed = inspect_document(inspection.written, base, trial_overrides(sweep, values))
        data = changed.sections.get("data")
        for problem in () if data is None else look_at_headers(data).problems:
            told = inspection.locate(of_value(name, value, problem))
            problems.setdefault(f"{told.path} {told.message}", told)
    if problems:
        raise ConfigError(problems.values())


@contextlib.contextmanager
def located(inspection: Inspection) -> Iterator[None]:
    """Fill in the config's lines where an error names a path of it."""
    try:
        yield
    except DlcliError as error:
        raise type(error)(inspection.locate(problem) for problem in error.problems) from error
