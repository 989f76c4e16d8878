"""`dlcli runs list [FOLDER]...`"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlcli.cli.commands.options import Json, Quiet
from dlcli.cli.commands.runs.options import Folders, Where, moment
from dlcli.cli.display.console import Console, counted, number

if TYPE_CHECKING:
    from dlcli.runs.survey.entries import RunEntry
    from dlcli.runs.survey.listing import RunList

__all__ = ["command", "list_runs"]

LETTERS = 60
"""Of what a failed run says of its error, in a line."""


def command(
    folders: Folders = None,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            metavar="NAME",
            help="The best first: accuracy, test.loss, val_loss (its best epoch), seconds, a path of the config; "
            "NAME:min and NAME:max say which way is better. Else the newest first.",
            show_default=False,
        ),
    ] = None,
    where: Where = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="NAME",
            help="Show this of each run in place of the metrics. Repeatable.",
            show_default=False,
        ),
    ] = None,
    members: Annotated[
        bool, typer.Option("--members", help="Open folders of several runs: folds, ensembles and sweeps.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", metavar="N", min=1, help="The first N alone.", show_default=False)
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the runs in folders, at any depth, by when they were started or by a metric."""
    list_runs(
        folders or [],
        sort=sort,
        where=where or [],
        columns=column or [],
        members=members,
        limit=limit,
        console=Console(json_only=json, quiet=quiet),
    )


def list_runs(
    folders: Sequence[Path],
    *,
    sort: str | None,
    where: Sequence[str],
    columns: Sequence[str],
    members: bool,
    limit: int | None,
    console: Console,
) -> None:
    """Find and present them."""
    # Not by `dlcli.api`, which loads the language of the configs: a list is a matter of hundredths of a second.
    from dlcli.runs.survey.finding import chosen_folders
    from dlcli.runs.survey.listing import list_runs as find

    places = chosen_folders(map(str, folders))
    found = find(places, where=where, sort=sort, columns=columns, members=members, limit=limit)
    if console.json_only:
        console.json({"folders": places, **found.document()})
        return
    for problem in found.problems:
        console.warn(problem)
    if found.runs:
        console.document(table(found, width=console.out.width if console.out.is_terminal else None))
    else:
        console.note(f"no runs in {', '.join(places) or 'runs'}" + (" that are so" if where else ""))


def table(found: RunList, *, width: int | None) -> str:
    """The list for a person."""
    from dlcli.cli.display.lines import Lines
    from dlcli.runs.survey.listing import so_far

    notes = [_note(entry, so_far(entry)) for entry in found.runs]
    heads = ["run", "status", "started", "epochs", "seconds", *(column.name for column in found.columns)]
    rows = [
        [
            _name(entry),
            entry.word,
            moment(entry.text("started")),
            number(entry.number("epochs")),
            number(entry.number("seconds")),
            *("" if value is None else number(value) for value in found.values(entry)),
        ]
        for entry in found.runs
    ]
    spare = [4, *range(len(heads) - 1, 5, -1), 3, 2]
    if any(notes):
        heads.append("note")
        rows = [[*row, note] for row, note in zip(rows, notes, strict=True)]
        spare.insert(0, len(heads) - 1)
    return Lines(heads, rows, left=3, spare=spare, last_left=any(notes)).text(width)


def _name(entry: RunEntry) -> str:
    """The run as commands take it, members below their folder; how many there are of several."""
    from dlcli.runs.survey.entries import KINDS

    indent = "  " * entry.depth
    of = ""
    if entry.kind in KINDS or entry.members:
        of = f" ({counted(len(entry.members), KINDS.get(entry.kind, 'run'))})"
    return f"{indent}{entry.path}{of}"


def _note(entry: RunEntry, losses: dict[str, float]) -> str:
    """Of a run that did not end by itself: how far it has come, or why it did not. Of a sweep its best."""
    if entry.status == "failed" and not entry.killed and (error := entry.text("error")):
        line = error.partition("\n")[0]
        return line if len(line) <= LETTERS else f"{line[: LETTERS - 1]}…"
    if entry.kind == "sweep" and isinstance(best := entry.record.get("best"), dict):
        value, member = best.get("value"), best.get("member")
        if isinstance(value, (int, float)) and isinstance(member, str):
            return f"best {entry.text('metric')} {number(value)}, {member[:LETTERS]}"
    return "  ".join(f"{name} {number(value)}" for name, value in losses.items())
