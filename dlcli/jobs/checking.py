"""The first stage: everything that the config and the headers of the data files can show."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator

from dlcli.config.inspection.inspection import CheckedConfig, Inspection
from dlcli.data.table.headers import Headers, look_at_headers
from dlcli.errors import ConfigError, DlcliError, Problem
from dlcli.training.callbacks import check_callbacks

__all__ = ["check_config", "located"]


def check_config(inspection: Inspection, *, notify: Callable[[Problem], None] = lambda problem: None) -> CheckedConfig:
    """The config, checked.

    Args:
        inspection: The config as it was read.
        notify: Told, of a config without faults, what looks as if it were meant otherwise.

    Raises:
        ConfigError: All that is wrong: in the YAML, and between it and the headers of the data files.
    """
    problems = list(inspection.problems)
    seen = {problem.path for problem in problems}
    sections, expanded = inspection.sections, inspection.expanded
    compiled, data = sections.get("compile"), sections.get("data")
    found = check_callbacks(sections.get("callbacks", ()), compiled.optimizer if compiled is not None else None)
    headers = look_at_headers(data) if data is not None else Headers(None, (), ())
    # The config alone has shown a target among the features already, under the path of the one or the other.
    is_told = any(problem.rule == "target-is-feature" for problem in problems)
    found += [one for one in headers.problems if one.rule != "target-is-feature" or not is_told]
    if expanded is not None and headers.features is not None and _takes_rest(inspection):
        expanded = expanded.among(headers.features)
        unknown = [one for one in expanded.unknown(headers.features) if one.path not in seen]
        if unknown:  # without the columns these were taken for features, and their layers seemed to lead nowhere
            problems = [one for one in problems if one.rule != "dead-end"]
            found += unknown
    problems += [inspection.locate(one) for one in found if not one.path or one.path not in seen]
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: (str(problem.file or ""), problem.line or 0)))
    checked = inspection.checked()
    for doubt in headers.doubts:
        notify(inspection.locate(doubt))
    return dataclasses.replace(checked, expanded=expanded or checked.expanded)


def _takes_rest(inspection: Inspection) -> bool:
    """Whether the features are columns that the config does not name, and is not wrong about either."""
    data = inspection.sections["data"]
    return bool(data.takes_rest) and not (data.features is None and inspection.document.has("data", "features"))


@contextlib.contextmanager
def located(inspection: Inspection) -> Iterator[None]:
    """Fill in the config's lines where an error names a path of it."""
    try:
        yield
    except DlcliError as error:
        raise type(error)(inspection.locate(problem) for problem in error.problems) from error
