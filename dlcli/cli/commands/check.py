"""`dlcli check CONFIG`"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from dlcli.cli.commands.options import CacheDirectory, ConfigFile, Json, Overrides, Quiet
from dlcli.cli.display.console import Console, counted, problem_json
from dlcli.cli.display.several import fold_table
from dlcli.cli.usage import UsageError

__all__ = ["check", "command"]


def command(
    config: ConfigFile,
    overrides: Overrides = None,
    fast: Annotated[
        bool,
        typer.Option(
            "--fast", help="Only the first stage: no data is read and no model built; a fraction of a second."
        ),
    ] = False,
    show_expanded: Annotated[
        bool,
        typer.Option(
            "--show-expanded",
            help="Print the config with its preset and what it extends written out, and check nothing.",
        ),
    ] = False,
    show: Annotated[
        Path | None,
        typer.Option(
            "--show",
            metavar="FILE.png",
            help="Write a picture of the first batch: images as training sees them, changed at random, with their "
            "labels.",
        ),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            "--folds",
            metavar="K",
            help="Check and show how `cross-validate` would divide the rows, with --fast too.",
            show_default=False,
        ),
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", metavar="N", help="With --folds: as of `cross-validate`.")] = 1,
    cache_dir: CacheDirectory = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Report everything that `train` would refuse, without training."""
    if show_expanded:
        from dlcli import api

        Console(json_only=json, quiet=quiet).document(api.expanded(config, overrides=overrides or []))
        return
    if folds is None and repeats != 1:
        raise UsageError("--repeats is of folds: give --folds K with it")
    check(
        config,
        overrides=overrides or [],
        fast=fast,
        show=show,
        folds=folds,
        repeats=repeats,
        cache_dir=cache_dir,
        console=Console(json_only=json, quiet=quiet),
    )


def check(
    config: Path,
    *,
    overrides: list[str],
    fast: bool,
    show: Path | None = None,
    folds: int | None = None,
    repeats: int = 1,
    cache_dir: Path | None,
    console: Console,
) -> None:
    """Check and present; the problems, if any, are raised to the boundary."""
    from dlcli import api
    from dlcli.training.events import Event, Notice

    def tell(event: Event) -> None:
        if isinstance(event, Notice):  # what was inferred; warnings come with the report
            console.note(Text(event.problem.message, style="dim"))

    with console.status("checking"):
        report = api.check(
            config,
            overrides=overrides,
            fast=fast,
            show=show,
            folds=folds,
            repeats=repeats,
            cache_dir=cache_dir,
            listener=tell,
        )
    if console.json_only:
        console.json(
            {
                "status": "ok",
                "built": report.planned is not None,
                "warnings": [problem_json(w) for w in report.warnings],
                **({"picture": str(show)} if show is not None else {}),
                **({"folds": [dataclasses.asdict(fold) for fold in report.folds]} if report.folds else {}),
            }
        )
        return
    for warning in report.warnings:
        console.warn(warning)
    if report.planned is not None:
        from dlcli.cli.display.progress import plan_lines

        for part in plan_lines(report.planned, console):
            console.note(part)
    if report.folds:
        console.result(fold_table(report.folds, console))
    warnings = f", {counted(len(report.warnings), 'warning')}" if report.warnings else ""
    picture = f"; the first batch is shown in {show}" if show is not None and not fast else ""
    console.result(f"{config}: no problems{warnings}{picture}")
