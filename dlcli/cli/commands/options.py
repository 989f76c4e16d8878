"""The options that several commands share, defined once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = [
    "AllowCode",
    "CacheDirectory",
    "ConfigFile",
    "Json",
    "Overrides",
    "Quiet",
    "RunPath",
    "Runtime",
    "either",
]


def either(*names: str) -> str:
    """The names as help lists them.

    Example:
        >>> either("csv", "tsv", "npz")
        'csv, tsv or npz'
    """
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


AllowCode = Annotated[
    bool,
    typer.Option("--allow-code", help="Run the Python files that the run has in its code/: read them before."),
]
CacheDirectory = Annotated[
    Path | None,
    typer.Option(
        "--cache-dir",
        metavar="DIR",
        help="Where encoded data is kept for the next run; else $DLCLI_CACHE_DIR, or your cache folder.",
        show_default=False,
    ),
]
ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML file.", show_default=False)]
RunPath = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run directory, such as runs/iris-001.", show_default=False)
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Override a value of the config; lists by index: --set model.layers.0.Dense.units=8. Repeatable.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to stdout, and nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no information; warnings and errors stay.")]
Runtime = Annotated[
    Literal["auto", "portable", "keras"],
    typer.Option(
        "--runtime",
        metavar="RUNTIME",
        help="portable: ONNX Runtime, without TensorFlow; keras: Keras; auto: portable where it can be.",
    ),
]
