"""`dlcli cache list` and `dlcli cache clear`"""

from __future__ import annotations

import json as json_module
import time
from pathlib import Path
from typing import Annotated

import typer

from dlcli.cli.commands.options import CacheDirectory, Json, Quiet
from dlcli.cli.display.console import Console, counted, size

__all__ = ["clear", "clear_command", "list_command", "list_entries"]


def list_command(cache_dir: CacheDirectory = None, json: Json = False, quiet: Quiet = False) -> None:
    """List the encoded data that is kept for the next run, the last used first."""
    list_entries(cache_dir, console=Console(json_only=json, quiet=quiet))


def clear_command(
    older_than: Annotated[
        float | None,
        typer.Option(
            "--older-than", metavar="DAYS", min=0, help="Only what was not used for so long.", show_default=False
        ),
    ] = None,
    cache_dir: CacheDirectory = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Remove encoded data; what a run uses stays. It is made again when it is needed."""
    clear(cache_dir, older_than=older_than, console=Console(json_only=json, quiet=quiet))


def list_entries(cache_dir: Path | None, *, console: Console) -> None:
    """Present the entries of the cache."""
    from dlcli.data.cache.cache import Cache

    cache = Cache(cache_dir)
    entries = [(entry, _data_files(entry.directory)) for entry in cache.entries()]
    if console.json_only:
        console.json(
            {
                "directory": cache.directory,
                "limit": cache.limit,
                "entries": [
                    {"name": entry.directory.name, "bytes": entry.bytes, "used": entry.used, "data": files}
                    for entry, files in entries
                ],
            }
        )
        return
    if entries:
        rows = [
            [", ".join(files) or entry.directory.name, size(entry.bytes), _age(time.time() - entry.used)]
            for entry, files in entries
        ]
        console.result(console.table(["data", "size", "last used"], rows))
    total = size(sum(entry.bytes for entry, _ in entries))
    console.result(f"{cache.directory}: {counted(len(entries), 'entry', 'entries')}, {total} of {size(cache.limit)}")


def clear(cache_dir: Path | None, *, older_than: float | None, console: Console) -> None:
    """Remove entries and say what was removed."""
    from dlcli.data.cache.cache import Cache

    cache = Cache(cache_dir)
    cleared = cache.clear(older_than_days=older_than)
    if console.json_only:
        console.json(
            {
                "directory": cache.directory,
                "removed": cleared.entries,
                "bytes": cleared.bytes,
                "in_use": cleared.in_use,
            }
        )
        return
    used = f"; {cleared.in_use} in use stay" if cleared.in_use else ""
    console.result(
        f"{cache.directory}: {counted(cleared.entries, 'entry', 'entries')} removed, {size(cleared.bytes)}{used}"
    )


def _data_files(entry: Path) -> list[str]:
    """The data files of an entry; none when that cannot be read."""
    try:
        files = json_module.loads((entry / "files.json").read_text(encoding="utf-8"))
        return [str(file["identity"]["path"]) for file in files]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _age(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"
