"""What the commands that train have in common: a config or something to go on with, their progress, the way on."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from dlcli.cli.display.console import Console
from dlcli.cli.usage import UsageError
from dlcli.errors import RunError

__all__ = ["can_go_on", "require_one", "shown", "tell_way_on"]

Display = TypeVar("Display")


def require_one(config: Path | None, resume: Path | None, *, run_dir: Path | None, overwrite: bool) -> None:
    """Make sure that there is a config or a run to go on with, and not both.

    Raises:
        UsageError: Wrong usage.
    """
    if resume is None:
        if config is None:
            raise UsageError("Missing argument 'CONFIG'.")
    elif config is not None:
        raise UsageError(f"--resume goes on with what is there by its own config: leave {config} out")
    elif run_dir is not None or overwrite:
        raise UsageError("--resume goes on in the directory itself: leave --run-dir and --overwrite out")


@contextlib.contextmanager
def shown(display: contextlib.AbstractContextManager[Display]) -> Iterator[Display]:
    """Show the progress of a job; what the user's own code prints meanwhile is no result."""
    with contextlib.redirect_stdout(sys.stderr), display as listener:
        yield listener


def tell_way_on(run: Path, console: Console) -> None:
    """Say how a run, or a folder of several, goes on; one that a signal found at its very end is complete."""
    from dlcli.runs.claiming import way_on
    from dlcli.runs.layout import RunDirectory
    from dlcli.runs.run import Run

    with contextlib.suppress(RunError):
        if Run(run).status == "completed":
            console.note(f"the run {run} is complete")
        else:
            console.note(f"go on with: {way_on(RunDirectory(run))}")


def can_go_on(run: Path) -> bool:
    """Whether there is something to go on with."""
    from dlcli.runs import claiming
    from dlcli.runs.layout import RunDirectory

    return claiming.can_go_on(RunDirectory(run))
