"""`dlcli predict RUN INPUT`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlcli.cli.console import Console
from dlcli.cli.options import Quiet, RunPath

__all__ = ["command", "predict"]


def command(
    run: RunPath,
    source: Annotated[
        str,
        typer.Argument(metavar="INPUT", help="The rows: CSV, TSV, Parquet, JSON lines or .npz.", show_default=False),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A .csv, .tsv, .jsonl or .parquet file, which appears whole or not at all; else CSV on stdout.",
            show_default=False,
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="COL", help="Copy this column of the input before the predictions. Repeatable."),
    ] = None,
    keep_all: Annotated[bool, typer.Option("--keep-all", help="Copy all columns of the input.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON lines instead of CSV, one object a row.")] = False,
    quiet: Quiet = False,
) -> None:
    """Predict row for row, in the input's order; no target column is needed."""
    predict(
        run,
        source,
        output=output,
        keep=None if keep_all else keep or [],
        json_lines=json,
        console=Console(json_only=json, quiet=quiet),
    )


def predict(
    run: Path, source: str, *, output: Path | None, keep: list[str] | None, json_lines: bool, console: Console
) -> None:
    """Predict to a file or to stdout.

    Args:
        run: The run directory.
        source: The input's path or glob.
        output: The file to write; None for stdout.
        keep: Columns of the input to copy; None for all.
        json_lines: JSON lines instead of CSV on stdout.
        console: Where information goes.
    """
    from dlcli import api

    with console.status("predicting"):
        rows = api.predict_file(run, source, output=output, keep=keep, format="jsonl" if json_lines else "csv")
    if output is not None:
        if json_lines:
            console.json({"rows": rows, "output": output})
        else:
            console.note(f"{rows:,} predictions in {output}")
