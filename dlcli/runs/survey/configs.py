"""The resolved config of a run as plain values, and as paths with a value each; the schema is not asked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dlcli.errors import DlcliError, Problem, RunError
from dlcli.runs.survey.entries import RunEntry

__all__ = ["read_config"]

MOST_BYTES = 4 * 2**20


def read_config(entry: RunEntry) -> dict[str, Any]:
    """The config that a run was trained with, its defaults filled in; empty where it cannot be read."""
    try:
        return load_config(entry)
    except DlcliError:
        return {}


def load_config(entry: RunEntry) -> dict[str, Any]:
    """The same.

    Raises:
        DlcliError: It is missing, no YAML, or no mapping.
    """
    from dlcli.config.document.composer import compose
    from dlcli.runs.inside import read_inside

    file = Path(entry.path, "config.yaml")
    try:
        text = read_inside(file, most=MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise RunError(Problem(f"cannot read {file}: {why}", rule="run-incomplete")) from error
    value = compose(text, source=file).value
    if not isinstance(value, dict):
        raise RunError(Problem(f"{os.fspath(file)} is damaged: expected a mapping", rule="run-damaged"))
    return value
