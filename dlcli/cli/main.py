"""The program: its commands, and the one boundary that turns exceptions into exit codes.

0 done; 1 a fault that the user can mend; 2 wrong usage; 3 a bug in dlcli; 75 interrupted.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import typer

from dlcli import __version__
from dlcli.backend.memory import memory_problem
from dlcli.cli.commands import (
    cache,
    check,
    cross_validate,
    evaluate,
    export,
    init,
    predict,
    report,
    reproduce,
    schema,
    sweep,
    train,
)
from dlcli.cli.commands.runs import clean, compare, diff, show
from dlcli.cli.commands.runs import list as listing
from dlcli.cli.display.console import Console
from dlcli.cli.interrupts import Interrupts
from dlcli.cli.standard_streams import guarded_streams
from dlcli.cli.usage import Command, Program, UsageError
from dlcli.errors import DlcliError

__all__ = ["app", "main"]

app = typer.Typer(
    name="dlcli",
    cls=Program,
    help="Train, evaluate and use Keras models described in a YAML file.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)


def _bounded(command: Callable[..., None]) -> Callable[..., None]:
    """The command within the boundary: it is in here because Typer has its own answers to Ctrl-C and closed pipes."""

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        console = Console(json_only="--json" in sys.argv and sys.__stdout__ is not None)
        with Interrupts() as interrupts:
            try:
                command(**arguments)
            except (typer.Exit, UsageError):
                raise
            except (Exception, KeyboardInterrupt) as error:
                interrupts.end()
                code = _explain(console, KeyboardInterrupt() if interrupts.requested else error)
                raise typer.Exit(code) from None

    return run


def _explain(console: Console, error: Exception | KeyboardInterrupt) -> int:
    """Say what has ended a command; the exit code."""
    match error:
        case DlcliError():
            console.problems(error.problems)
            return 1
        case MemoryError():
            console.problems([memory_problem(error)])
            return 1
        case KeyboardInterrupt():
            console.error("interrupted")
            return 75
        case BrokenPipeError():
            # The reader of our output has gone, as in `dlcli predict ... | head`. Python would complain at its end.
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        case _:
            console.error("This is a bug in dlcli. Please report it with the lines below.")
            traceback.print_exception(error)
            return 3


for module in (init, train, cross_validate, sweep, evaluate, predict, report, export, reproduce, check, schema):
    app.command(module.__name__.rpartition(".")[2].replace("_", "-"), cls=Command)(_bounded(module.command))

cached = typer.Typer(
    cls=Program, help="List and clear the encoded data that is kept for the next run.", no_args_is_help=True
)
cached.command("list", cls=Command)(_bounded(cache.list_command))
cached.command("clear", cls=Command)(_bounded(cache.clear_command))
app.add_typer(cached, name="cache")

runs = typer.Typer(cls=Program, help="List, show, compare and clear away runs.", no_args_is_help=True)
for module in (listing, show, compare, diff, clean):
    runs.command(module.__name__.rpartition(".")[2], cls=Command)(_bounded(module.command))
app.add_typer(runs, name="runs")


def _show_version(value: bool) -> None:
    if value:
        Console().result(f"dlcli {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Train, evaluate and use Keras models described in a YAML file."""


def main() -> None:
    """Run the program and exit."""
    with guarded_streams(), Interrupts() as interrupts:
        try:
            app(prog_name="dlcli")
        except SystemExit as end:
            # Typer has an answer of its own to what comes before or after a command.
            if not interrupts.requested or end.code in (0, None, 75):
                raise
            raise SystemExit(_explain(Console(), KeyboardInterrupt())) from None
        except (DlcliError, KeyboardInterrupt) as error:
            raise SystemExit(_explain(Console(), error)) from None
