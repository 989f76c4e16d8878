"""`dlcli runs diff A B`"""

from __future__ import annotations

from pathlib import Path

from dlcli.cli.commands.options import Json, Quiet
from dlcli.cli.commands.runs.options import RunPath, worded
from dlcli.cli.display.console import Console

__all__ = ["command", "diff"]


def command(before: RunPath, after: RunPath, json: Json = False, quiet: Quiet = False) -> None:
    """Tell what differs between two runs: the config, versions, data and code, and the numbers."""
    diff(before, after, console=Console(json_only=json, quiet=quiet))


def diff(before: Path, after: Path, *, console: Console) -> None:
    """Compare and present."""
    from dlcli.runs.survey.comparing import diff_runs

    found = diff_runs(str(before), str(after))
    if console.json_only:
        console.json(found.document())
        return
    heads = [found.before.path, found.after.path]
    if found.config:
        rows = [
            [
                change.path,
                "-" if change.before is None else worded(change.old),
                "-" if change.after is None else worded(change.new),
            ]
            for change in found.config
        ]
        console.result(console.table(["config", *heads], rows, left=3), "")
    if found.circumstances:
        rows = [[each.what, each.before, each.now] for each in found.circumstances]
        console.result(console.table(["what is another", *heads], rows, left=3), "")
    if found.metrics:
        numbers = [[row.name, *row.values] for row in found.metrics]
        console.result(console.table(["metric", *heads], numbers))
    if found.same:
        console.result(f"{heads[0]} and {heads[1]} are the same: config, versions, data and numbers")
