"""`dlcli runs clean [FOLDER]...`"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlcli.cli.commands.options import Json, Quiet
from dlcli.cli.commands.runs.options import Folders, Where
from dlcli.cli.display.console import Console, counted, size
from dlcli.cli.usage import UsageError
from dlcli.errors import Problem, RunError

if TYPE_CHECKING:
    from dlcli.runs.survey.cleaning import Cleaning, Wanted

__all__ = ["clean", "command"]

STATUSES = ("completed", "failed", "interrupted", "killed")


def command(
    folders: Folders = None,
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep", metavar="N", min=0, help="Keep the best N by --by, or the newest N.", show_default=False
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="NAME", help="What the best are the best by: accuracy, val_loss.", show_default=False
        ),
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            help="Those alone that are so: failed, interrupted, killed or completed; several with commas.",
            show_default=False,
        ),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="TIME", help="Those that ended before: 30d, 12h, 2w.", show_default=False),
    ] = None,
    where: Where = None,
    checkpoints: Annotated[
        bool, typer.Option("--checkpoints", help="Remove only what is in their checkpoints/; the runs stay.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed, and remove nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Remove runs, or their checkpoints; nothing that is running, and nothing that dlcli did not write."""
    from dlcli.runs.survey.cleaning import Wanted

    if by is not None and keep is None:
        raise UsageError("--by says what the best are the best by: --keep N says how many of them stay")
    wanted = Wanted(_statuses(status or []), where or [], _age(older_than), keep, by, checkpoints)
    clean(folders or [], wanted, dry_run=dry_run, yes=yes, console=Console(json_only=json, quiet=quiet))


def _statuses(given: Sequence[str]) -> list[str]:
    """Raises UsageError: One is none."""
    words = [word.strip() for text in given for word in text.split(",")]
    for word in words:
        if word not in STATUSES:
            raise UsageError(f"{word!r} is no status that can be removed: {', '.join(STATUSES)}")
    return words


def _age(text: str | None) -> float | None:
    from dlcli.runs.survey.cleaning import parse_age

    try:
        return None if text is None else parse_age(text)
    except ValueError as error:
        raise UsageError(f"--older-than: {error}") from error


def clean(folders: Sequence[Path], wanted: Wanted, *, dry_run: bool, yes: bool, console: Console) -> None:
    """Choose, show, ask, remove; exit 1 when something could not be removed."""
    from dlcli.runs.survey.cleaning import clean_runs, find_removals
    from dlcli.runs.survey.finding import chosen_folders

    chosen = find_removals(chosen_folders(map(str, folders)), wanted)
    if not console.json_only:
        _show(chosen, console)
    done = chosen
    if chosen.removals and not dry_run:
        if not yes and not _agreed(chosen, console):
            raise RunError(Problem("nothing is removed", hint="--yes removes them without asking", rule="not-agreed"))
        done = clean_runs(chosen=chosen)
    _tell(chosen, done, console)
    if len(done.problems) > len(chosen.problems):
        raise typer.Exit(1)


def _show(chosen: Cleaning, console: Console) -> None:
    for problem in (*chosen.problems, *chosen.spared):
        console.warn(problem)
    if chosen.removals:
        rows = [
            [removal.path, removal.status or "left of a removal", size(removal.bytes)] for removal in chosen.removals
        ]
        console.result(console.table(["checkpoints of" if chosen.checkpoints else "run", "", "size"], rows, left=2))


def _agreed(chosen: Cleaning, console: Console) -> bool:
    """Ask, where there is somebody to answer."""
    if console.json_only or not sys.stdin.isatty():
        return False
    return typer.confirm(f"Remove {_words(chosen)}?", default=False, err=True)


def _words(chosen: Cleaning) -> str:
    what = "the checkpoints of " if chosen.checkpoints else ""
    return f"{what}{counted(len(chosen.removals), 'run')}, {size(chosen.bytes)}"


def _tell(chosen: Cleaning, done: Cleaning, console: Console) -> None:
    if console.json_only:
        console.json(done.document())
        return
    for problem in (*done.problems[len(chosen.problems) :], *done.spared[len(chosen.spared) :]):
        console.warn(problem)
    if done.removed:
        console.result(f"{_words(done)} removed")
    else:
        console.result(f"{_words(done)} would be removed" if done.removals else "nothing to remove")
