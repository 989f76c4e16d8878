"""`dlcli predict RUN INPUT`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypedDict, Unpack

import typer

from dlcli.cli.commands.options import AllowCode, Quiet, RunPath, Runtime, either
from dlcli.cli.commands.reading import with_reading
from dlcli.cli.display.console import Console
from dlcli.cli.display.predictions import PredictionDisplay
from dlcli.data.sources.registry import formats, spoken_names
from dlcli.prediction.outputs import OUTPUTS, OutputFormat

if TYPE_CHECKING:
    from dlcli.data.sources.options import Reading

    InputFormat = str
else:
    InputFormat = Literal[spoken_names()]

__all__ = ["Options", "command", "predict"]

_ROWS = either(*(format.title for format in formats()))
_FILES = either(*(output.suffixes[0] for output in OUTPUTS.values()))


class Options(TypedDict):
    """What `dlcli.predict_file` is asked for beside files."""

    keep: list[str] | None
    format: OutputFormat | None
    input_format: InputFormat | None
    reading: Reading
    probabilities: bool
    top: int | None
    threshold: float | None
    raw_text: bool
    runtime: Runtime
    allow_code: bool


@with_reading
def command(
    run: RunPath,
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help=f"The rows: {_ROWS}; - for standard input.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=f"A {_FILES} file, which appears whole or not at all; a directory for predicted images; else "
            "standard output.",
            show_default=False,
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="COL", help="Copy this column of the input before the predictions. Repeatable."),
    ] = None,
    keep_all: Annotated[bool, typer.Option("--keep-all", help="Copy all columns of the input.")] = False,
    probabilities: Annotated[
        bool,
        typer.Option("--probabilities/--no-probabilities", help="Of classes: a column for the probability of each."),
    ] = True,
    top: Annotated[
        int | None,
        typer.Option(
            "--top",
            metavar="K",
            min=1,
            help="Of classes: the best K instead, as prediction_1, probability_1, prediction_2, ...",
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="T",
            min=0.0,
            max=1.0,
            help="Of two classes: predict the second where its probability is above T; else 0.5.",
            show_default=False,
        ),
    ] = None,
    input_format: Annotated[
        InputFormat | None,
        typer.Option(
            "--input-format",
            metavar="FORMAT",
            help=f"{either(*spoken_names())}; else by the input's name, or the first bytes of standard input.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        OutputFormat | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"{either(*OUTPUTS)}; else by the output's name, and CSV on standard output.",
            show_default=False,
        ),
    ] = None,
    *,
    reading: Reading,
    raw_text: Annotated[
        bool,
        typer.Option("--raw-text", help="Leave texts in CSV as they are that a spreadsheet would run as formulas."),
    ] = False,
    runtime: Runtime = "auto",
    allow_code: AllowCode = False,
    json: Annotated[bool, typer.Option("--json", help="The same as --format jsonl, one object a row.")] = False,
    quiet: Quiet = False,
) -> None:
    """Predict row for row, in the input's order; no target column is needed. Of series: the steps after their last."""
    predict(
        run,
        source,
        output=output,
        console=Console(json_only=json, quiet=quiet),
        keep=None if keep_all else keep or [],
        format=format or ("jsonl" if json and is_standard(output) else None),
        input_format=input_format,
        reading=reading,
        probabilities=probabilities,
        top=top,
        threshold=threshold,
        raw_text=raw_text,
        runtime=runtime,
        allow_code=allow_code,
    )


def predict(run: Path, source: str, *, output: Path | None, console: Console, **options: Unpack[Options]) -> None:
    """Predict to a file or to standard output.

    Args:
        run: The run directory.
        source: The input's path or glob, or `-`.
        output: The file to write; None or `-` for standard output.
        console: Where information goes.
        options: Those of `dlcli.predict_file`.
    """
    from dlcli import api

    with PredictionDisplay(console, "predicting") as display:
        rows = api.predict_file(run, source, output=output, listener=display, **options)
    if not is_standard(output):
        if console.json_only:
            console.json({"rows": rows, "output": output})
        else:
            console.note(f"{rows:,} predictions in {output}")


def is_standard(output: Path | None) -> bool:
    """Whether the output is standard output."""
    return output is None or str(output) == "-"
