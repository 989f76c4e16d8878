"""A callback with the wrong mode keeps the worst weights, or stops when the model gets better."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from dlcli.config.checks.history_names import history_names
from dlcli.config.checks.modes import modes_against
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    names = config.model.outputs or ["output"]
    history = history_names(config.compile, outputs=names, validation=config.data.validation is not None)
    if not config.code:  # where any name may be the user's own
        yield from itertools.starmap(Finding, modes_against(config.callbacks, history.directions))
