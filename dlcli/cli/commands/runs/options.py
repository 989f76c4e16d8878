"""What the commands on runs share."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["Folders", "RunPath", "RunPaths", "Where", "complete_runs", "moment", "worded"]


def complete_runs(incomplete: str) -> Iterator[str]:
    """Directories that a shell may complete a word to: those of runs, and folders on the way to them."""
    above = os.path.dirname(incomplete)
    try:
        names = sorted(entry.name for entry in os.scandir(above or ".") if entry.is_dir())
    except OSError:
        return
    for name in names:
        path = os.path.join(above, name)
        if path.startswith(incomplete):
            yield path if os.path.isfile(os.path.join(path, "run.json")) else f"{path}/"


Folders = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FOLDER]...",
        help="Folders of runs, or runs themselves; else runs/.",
        show_default=False,
        autocompletion=complete_runs,
    ),
]
RunPath = Annotated[
    Path,
    typer.Argument(
        metavar="RUN", help="A run directory, such as runs/iris-001.", show_default=False, autocompletion=complete_runs
    ),
]
RunPaths = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN...", help="Run directories, two or more.", show_default=False, autocompletion=complete_runs
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help="Those alone of which it holds: 'test.accuracy>=0.9', 'status=failed', 'fit.epochs=5'. Repeatable.",
        show_default=False,
    ),
]


def moment(text: str) -> str:
    """A time in the record, which is in UTC, as the clock here shows it."""
    try:
        return datetime.datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return text


def worded(value: Any) -> str:
    """A value of a config on one line, as YAML has it."""
    from dlcli.config.document.writer import flow

    return flow(value)
