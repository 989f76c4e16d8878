"""`dlcli export RUN --format FORMAT`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from dlcli.cli.console import Console
from dlcli.cli.options import Json, Quiet, RunPath
from dlcli.cli.prediction_display import PredictionDisplay

__all__ = ["command", "export"]

Format = Literal["keras", "saved_model", "onnx", "litert"]


def command(
    run: RunPath,
    format: Annotated[
        Format,
        typer.Option("--format", metavar="FORMAT", help="keras, saved_model, onnx or litert.", show_default=False),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="The .keras, .onnx or .tflite file, or the SavedModel's directory. Without it --format onnx writes "
            "the run's own model.onnx again.",
            show_default=False,
        ),
    ] = None,
    with_preprocessing: Annotated[
        bool,
        typer.Option(
            "--with-preprocessing",
            help="Take columns instead of encoded numbers; in onnx those of numbers and datetimes alone, in litert "
            "those of numbers.",
        ),
    ] = False,
    rows: Annotated[
        Path | None,
        typer.Option(
            "--rows", metavar="FILE", help="Rows to compare on; else those of the run's own data.", show_default=False
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a run's model for other programs, once it is proved to predict the same."""
    if output is None and (format != "onnx" or rows is not None):
        raise typer.BadParameter("--output is needed; only --format onnx alone writes into the run")
    export(
        run,
        format=format,
        output=output,
        with_preprocessing=with_preprocessing,
        rows=rows,
        console=Console(json_only=json, quiet=quiet),
    )


def export(
    run: Path, *, format: Format, output: Path | None, with_preprocessing: bool, rows: Path | None, console: Console
) -> None:
    """Export and say how it was compared."""
    from dlcli import api

    with console.status("exporting"), PredictionDisplay(console, "exporting") as display:
        done = api.export(
            run, output, format=format, with_preprocessing=with_preprocessing, rows=rows, listener=display
        )
    if console.json_only:
        console.json(
            {"output": done.path, "format": format, "metadata": done.metadata, "proof": done.parity.document()}
        )
    else:
        console.result(
            f"{done.path}  {format}, {done.parity.rows} rows compared, greatest difference {done.parity.difference:.2g}"
        )
