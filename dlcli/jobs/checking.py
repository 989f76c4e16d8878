"""The first stage: everything that the config and the headers of the data files can show."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from dlcli.config.graph.graph import expand
from dlcli.config.inspection.inspection import Inspection
from dlcli.config.schema import Config
from dlcli.data.table.headers import look_at_headers
from dlcli.errors import ConfigError, DlcliError, Problem
from dlcli.training.callbacks import check_callbacks

__all__ = ["check_config", "located"]


def check_config(inspection: Inspection, *, notify: Callable[[Problem], None] = lambda problem: None) -> Config:
    """The config.

    Args:
        inspection: The config as it was read.
        notify: Told, of a config without faults, what looks as if it were meant otherwise.

    Raises:
        ConfigError: All that is wrong: in the YAML, and between it and the headers of the data files.
    """
    problems = list(inspection.problems)
    doubts: tuple[Problem, ...] = ()
    seen = {problem.path for problem in problems}
    rules = {problem.rule for problem in problems}
    compiled = inspection.sections.get("compile")
    optimizer = compiled.optimizer if compiled is not None else None
    found = check_callbacks(inspection.sections.get("callbacks", ()), optimizer)
    data = inspection.sections.get("data")
    if data is not None:
        headers = look_at_headers(data)
        doubts = headers.doubts
        # The config alone has shown a target among the features already, under the path of the one or the other.
        found += [one for one in headers.problems if one.rule != "target-is-feature" or one.rule not in rules]
        is_faulty = data.features is None and inspection.document.has("data", "features")
        if data.takes_rest and not is_faulty and headers.features is not None and "model" in inspection.sections:
            graph_problems = expand(inspection.sections["model"], features=headers.features)[1]
            unknown = [one for one in graph_problems if one.rule == "unknown-name" and one.path not in seen]
            if unknown:  # without the columns these were taken for features, and their layers seemed to lead nowhere
                problems = [one for one in problems if one.rule != "dead-end"]
                found += unknown
    problems += [inspection.locate(one) for one in found if not one.path or one.path not in seen]
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: (str(problem.file or ""), problem.line or 0)))
    config = inspection.require()
    for doubt in doubts:
        notify(inspection.locate(doubt))
    return config


@contextlib.contextmanager
def located(inspection: Inspection) -> Iterator[None]:
    """Fill in the config's lines where an error names a path of it."""
    try:
        yield
    except DlcliError as error:
        raise type(error)(inspection.locate(problem) for problem in error.problems) from error
