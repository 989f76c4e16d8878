"""`dlcli report RUN`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlcli.cli.commands.options import AllowCode, CacheDirectory, Json, Quiet, RunPath, Runtime
from dlcli.cli.display.console import Console
from dlcli.cli.display.predictions import PredictionDisplay

__all__ = ["command", "report"]


def command(
    run: RunPath,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The HTML file to write; else report.html in the run, with its plots and the model card.",
            show_default=False,
        ),
    ] = None,
    cache_dir: CacheDirectory = None,
    runtime: Runtime = "portable",
    allow_code: AllowCode = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write what there is to see of a run as one HTML file that opens offline."""
    console = Console(json_only=json, quiet=quiet)
    report(run, output=output, cache_dir=cache_dir, runtime=runtime, allow_code=allow_code, console=console)


def report(
    run: Path, *, output: Path | None, cache_dir: Path | None, runtime: Runtime, allow_code: bool, console: Console
) -> None:
    """Write it, and say where it is."""
    from dlcli import api

    with console.status("writing the report"), PredictionDisplay(console, "writing the report") as display:
        page = api.report(run, output, cache_dir=cache_dir, runtime=runtime, allow_code=allow_code, listener=display)
    if console.json_only:
        console.json({"report": page})
    else:
        console.result(str(page))
