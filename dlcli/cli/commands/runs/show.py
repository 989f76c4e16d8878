"""`dlcli runs show RUN`"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.cli.commands.options import Json, Quiet
from dlcli.cli.commands.runs.options import RunPath, moment
from dlcli.cli.display.console import Console, counted, loss_first, number, size

if TYPE_CHECKING:
    from dlcli.runs.survey.showing import RunView

__all__ = ["command", "show"]

MOST_LAYERS = 12

HASH = 12
"""Letters of a fingerprint."""


def command(run: RunPath, json: Json = False, quiet: Quiet = False) -> None:
    """Show what a run is: its data, its model, its numbers, how it was made, and how it is used."""
    show(run, console=Console(json_only=json, quiet=quiet))


def show(run: Path, *, console: Console) -> None:
    """Read and present it."""
    from dlcli.runs.survey.showing import show_run

    view = show_run(str(run))
    if console.json_only:
        console.json(view.document())
        return
    facts = [(name, value) for name, value in _facts(view) if value]
    width = max(len(name) for name, _ in facts)
    console.result("\n".join(f"{name:{width}}  {value}" for name, value in facts))
    if view.metrics:
        console.result("", _metrics(view.metrics, console))
    if view.history:
        rows = [[each.name, each.best, each.best_epoch, each.last] for each in view.history]
        console.result("", console.table(["history", "best", "in epoch", "last"], rows))
    if view.files:
        console.result("", console.table(["file", "size"], [[name, size(count)] for name, count in view.files.items()]))
    if view.commands:
        console.result("", *(f"    {each}" for each in view.commands))


def _facts(view: RunView) -> Iterator[tuple[str, str]]:
    entry, record = view.entry, view.entry.record
    yield "run", entry.path
    ended = f": {error}" if entry.status == "failed" and (error := entry.text("error")) else ""
    yield "status", entry.word + ended
    if entry.members:
        yield (
            entry.kind.replace("_", "-"),
            f"{counted(len(entry.members), 'run')}: {', '.join(entry.members[:6])}"
            + (" ..." if len(entry.members) > 6 else ""),
        )
    yield "started", moment(entry.text("started"))
    if entry.text("finished"):
        yield "finished", f"{moment(entry.text('finished'))}, after {number(entry.number('seconds'))} s"
    kept = entry.number("model_epoch")
    of = f"; the model is that of epoch {number(kept)}" if kept not in (None, entry.number("epochs")) else ""
    each = "" if not entry.members else "in all, of each at most "  # those of a folder are of all its runs together
    yield "epochs", f"{number(entry.number('epochs'))} {each or 'of '}{number(view.setting('fit', 'epochs'))}{of}"
    yield from _data(record)
    yield from _model(view)
    argv = record.get("argv")
    if isinstance(argv, list):
        yield "made by", shlex.join(["dlcli", *map(str, argv[1:])])
    versions = record.get("versions")
    if isinstance(versions, Mapping):
        yield "versions", ", ".join(f"{name} {version}" for name, version in versions.items())
    git = record.get("git")
    if isinstance(git, Mapping) and git.get("commit"):
        yield "commit", str(git["commit"])
    yield "device", entry.text("device_name") or entry.text("device")


def _data(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    rows = record.get("rows")
    if isinstance(rows, Mapping):
        yield "rows", ", ".join(f"{split} {number(count)}" for split, count in rows.items())
    data = record.get("data")
    for source, files in data.items() if isinstance(data, Mapping) else ():
        for file in files[:4] if isinstance(files, list) else ():
            if isinstance(file, Mapping):
                yield f"data, {source}", f"{file.get('path')}, sha256 {str(file.get('sha256'))[:HASH]}"
        if isinstance(files, list) and len(files) > 4:
            yield "", f"and {len(files) - 4} more"


def _model(view: RunView) -> Iterator[tuple[str, str]]:
    layers = view.layers()
    if layers:
        more = f", and {len(layers) - MOST_LAYERS} more" if len(layers) > MOST_LAYERS else ""
        yield "layers", ", ".join(layers[:MOST_LAYERS]) + more
    yield "parameters", number(view.entry.number("parameters"))
    from dlcli.config.document.writer import flow

    for key in ("optimizer", "loss", "metrics"):
        if (value := view.setting("compile", key)) is not None:
            yield key, flow(value)
    if (seed := view.entry.number("seed")) is not None:
        yield "seed", str(seed)


def _metrics(metrics: Mapping[str, Mapping[str, float]], console: Console) -> object:
    """The metrics of all splits, one below the other."""
    names = list(dict.fromkeys(name for values in metrics.values() for name in loss_first(values)))
    return console.table(
        ["", *names], [[split, *(values.get(name) for name in names)] for split, values in metrics.items()]
    )
