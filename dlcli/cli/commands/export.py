"""`dlcli export RUN --format FORMAT`"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dlcli.cli.commands.options import AllowCode, Json, Quiet, RunPath
from dlcli.cli.display.console import Console
from dlcli.cli.display.predictions import PredictionDisplay
from dlcli.exports.formats import OWN_FORMAT, export_formats

__all__ = ["command", "export"]

FORMATS = export_formats()
if TYPE_CHECKING:
    Format = str
else:
    Format = Literal[tuple(FORMATS)]


def _listed(words: Iterable[str]) -> str:
    """The words as a sentence lists them: `keras, onnx or litert`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


FILES = _listed(each.suffix for each in FORMATS.values() if each.suffix)
FOLDERS = _listed(f"the {each.title}'s directory" for each in FORMATS.values() if not each.suffix)
HOLDING = ", ".join(f"in {each.name} those of {each.holds}" for each in FORMATS.values() if each.holds)


def command(
    run: RunPath,
    format: Annotated[
        Format,
        typer.Option("--format", metavar="FORMAT", help=f"{_listed(FORMATS)}.", show_default=False),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help=f"The {FILES} file, or {FOLDERS}. Without it --format {OWN_FORMAT} writes "
            "the run's own model.onnx again.",
            show_default=False,
        ),
    ] = None,
    with_preprocessing: Annotated[
        bool,
        typer.Option(
            "--with-preprocessing",
            help=f"Take columns instead of encoded numbers; {HOLDING}.",
        ),
    ] = False,
    rows: Annotated[
        Path | None,
        typer.Option(
            "--rows", metavar="FILE", help="Rows to compare on; else those of the run's own data.", show_default=False
        ),
    ] = None,
    allow_code: AllowCode = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a run's model for other programs, once it is proved to predict the same."""
    if output is None and (format != OWN_FORMAT or rows is not None):
        raise typer.BadParameter(f"--output is needed; only --format {OWN_FORMAT} alone writes into the run")
    export(
        run,
        format=format,
        output=output,
        with_preprocessing=with_preprocessing,
        rows=rows,
        allow_code=allow_code,
        console=Console(json_only=json, quiet=quiet),
    )


def export(
    run: Path,
    *,
    format: Format,
    output: Path | None,
    with_preprocessing: bool,
    rows: Path | None,
    allow_code: bool,
    console: Console,
) -> None:
    """Export and say how it was compared."""
    from dlcli import api

    with console.status("exporting"), PredictionDisplay(console, "exporting") as display:
        done = api.export(
            run,
            output,
            format=format,
            with_preprocessing=with_preprocessing,
            rows=rows,
            allow_code=allow_code,
            listener=display,
        )
    if console.json_only:
        console.json(
            {"output": done.path, "format": format, "metadata": done.metadata, "proof": done.parity.document()}
        )
    else:
        console.result(
            f"{done.path}  {format}, {done.parity.rows} rows compared, greatest difference {done.parity.difference:.2g}"
        )
