"""The program: its commands, and the one boundary that turns exceptions into exit codes.

0 done; 1 a fault that the user can mend; 2 wrong usage; 3 a bug in dlcli; 75 interrupted.
"""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import typer

from dlcli import __version__
from dlcli.cli import cache, check, evaluate, export, predict, schema, train
from dlcli.cli.console import Console
from dlcli.errors import DlcliError

__all__ = ["app", "main"]

app = typer.Typer(
    name="dlcli",
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
        console = Console(json_only="--json" in sys.argv)
        try:
            command(**arguments)
        except (typer.Exit, typer.BadParameter):
            raise
        except DlcliError as error:
            console.problems(error.problems)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            console.error("interrupted")
            raise typer.Exit(75) from None
        except BrokenPipeError:
            # The reader of our output has gone, as in `dlcli predict ... | head`. Python would complain at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except Exception:
            console.error("This is a bug in dlcli. Please report it with the lines below.")
            traceback.print_exc()
            raise typer.Exit(3) from None

    return run


for module in (train, evaluate, predict, export, check, schema):
    app.command(module.__name__.rpartition(".")[2])(_bounded(module.command))

cached = typer.Typer(help="List and clear the encoded data that is kept for the next run.", no_args_is_help=True)
cached.command("list")(_bounded(cache.list_command))
cached.command("clear")(_bounded(cache.clear_command))
app.add_typer(cached, name="cache")


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
    app(prog_name="dlcli")
