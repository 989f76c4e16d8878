"""The program: its commands, and the one boundary that turns exceptions into exit codes.

0 done; 1 a fault that the user can mend; 2 wrong usage; 3 a bug in dlcli; 75 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback

import typer

from dlcli import __version__
from dlcli.cli import check, evaluate, predict, schema, train
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
for module in (train, evaluate, predict, check, schema):
    app.command(module.__name__.rpartition(".")[2])(module.command)


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
    console = Console(json_only="--json" in sys.argv)
    try:
        app()
    except DlcliError as error:
        console.problems(error.problems)
        sys.exit(1)
    except KeyboardInterrupt:
        console.error("interrupted")
        sys.exit(75)
    except BrokenPipeError:
        # The reader of our output has gone, as in `dlcli predict ... | head`. Python would complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception:
        console.error("This is a bug in dlcli. Please report it with the lines below.")
        traceback.print_exc()
        sys.exit(3)
