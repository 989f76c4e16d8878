"""`dlcli init DATA`"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from dlcli.cli.commands.options import Json, Quiet
from dlcli.cli.commands.reading import with_reading
from dlcli.cli.display.console import Console, counted

if TYPE_CHECKING:
    from dlcli.data.sources.options import Reading
    from dlcli.drafting.draft import Draft

__all__ = ["command", "init"]


@with_reading
def command(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A table, a glob, a folder of files, or a source as in a config: '{keras: mnist}'.",
            show_default=False,
        ),
    ],
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            "-t",
            metavar="COL",
            help="The column to predict, repeated for several; else one with a usual name, or the last.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The YAML file; else one beside the data, with its name. - is standard output.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
    expand: Annotated[
        bool, typer.Option("--expand", help="Write out the layers and the training of the preset, to change them.")
    ] = False,
    *,
    reading: Reading,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look at data and write a config that trains on it, with the reason of each choice beside it."""
    console = Console(json_only=json, quiet=quiet)
    init(
        data,
        target=target,
        output=output,
        overwrite=overwrite,
        reading=reading,
        expand=expand,
        console=console,
    )


def init(
    data: str,
    *,
    target: list[str] | None,
    output: str | None,
    overwrite: bool,
    reading: Reading,
    expand: bool,
    console: Console,
) -> None:
    """Draft and say what was found."""
    from dlcli import api

    with console.status("looking at the data"):
        drafted = api.init(data, target=target, output=output, overwrite=overwrite, reading=reading, expand=expand)
    shown = output == "-"
    if console.json_only:
        console.json(_document(drafted, shown=shown))
        return
    if shown:
        console.document(drafted.text.rstrip("\n"))
        return
    task = drafted.task
    if task.target.why:
        console.note(f"the target is {task.target.name!r}, {task.target.why}")
    found = f"{counted(drafted.num_rows, 'row')}, {counted(len(drafted.used), 'feature')}"
    console.note(f"{found} -> {', '.join(task.columns) or task.target.name} ({task.described})")
    for name, why in list(drafted.left_out.items())[:10]:
        console.note(f"left out: {name!r}, {why}")
    if len(drafted.left_out) > 10:
        console.note(f"left out: {counted(len(drafted.left_out) - 10, 'more column')}")
    console.result(f"{drafted.output}: dlcli train {shlex.quote(str(drafted.output))}")


def _document(drafted: Draft, *, shown: bool) -> dict[str, object]:
    task = drafted.task
    return {
        "config": None if shown else str(drafted.output),
        "text": drafted.text,
        "target": task.target.name,
        "columns": list(task.columns or (task.target.name,)),
        "guessed": bool(task.target.why),
        "task": task.kind,
        "classes": {part.output: list(part.classes) for part in task.parts} if task.parts else list(task.classes),
        "rows": drafted.num_rows,
        "features": list(drafted.used),
        "left_out": drafted.left_out,
    }
