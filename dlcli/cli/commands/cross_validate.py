"""`dlcli cross-validate CONFIG`, and `dlcli cross-validate --resume DIR`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlcli.cli.commands.options import AllowCode, CacheDirectory, Json, Overrides, Quiet
from dlcli.cli.commands.trainings import can_go_on, require_one, shown, tell_way_on
from dlcli.cli.display.console import Console
from dlcli.cli.display.several import present_several
from dlcli.errors import DlcliError

__all__ = ["command", "cross_validate"]


def command(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="The YAML file; with --resume the folder has its own.")
    ] = None,
    folds: Annotated[int, typer.Option("--folds", metavar="K", help="How many parts the rows are divided into.")] = 5,
    repeats: Annotated[
        int, typer.Option("--repeats", metavar="N", help="How many times they are divided, each time otherwise.")
    ] = 1,
    overrides: Overrides = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            "--run-dir", metavar="DIR", help="Where the folder goes; else runs/<name>-cv-<NNN>.", show_default=False
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that --run-dir names.")] = False,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume", metavar="DIR", help="Go on with a cross-validation that was interrupted.", show_default=False
        ),
    ] = None,
    allow_code: AllowCode = False,
    cache_dir: CacheDirectory = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train once for each fold of the rows, and predict each row by the model that has not seen it."""
    require_one(config, resume, run_dir=run_dir, overwrite=overwrite)
    cross_validate(
        config,
        folds=folds,
        repeats=repeats,
        overrides=overrides or [],
        run_dir=run_dir,
        overwrite=overwrite,
        resume=resume,
        allow_code=allow_code,
        cache_dir=cache_dir,
        console=Console(json_only=json, quiet=quiet),
    )


def cross_validate(
    config: Path | None,
    *,
    folds: int,
    repeats: int,
    overrides: list[str],
    run_dir: Path | None,
    overwrite: bool,
    resume: Path | None,
    allow_code: bool,
    cache_dir: Path | None,
    console: Console,
) -> None:
    """Train all folds and present the outcome; the progress goes to stderr, the result to stdout."""
    from dlcli import api
    from dlcli.cli.display.progress import TrainingDisplay

    display = TrainingDisplay(console)
    try:
        with shown(display):
            run = api.cross_validate(
                config,
                folds=folds,
                repeats=repeats,
                overrides=overrides,
                run_dir=run_dir,
                overwrite=overwrite,
                resume=resume,
                allow_code=allow_code,
                cache_dir=cache_dir,
                listener=display,
            )
    except (KeyboardInterrupt, DlcliError) as error:
        if display.directory is not None and (isinstance(error, KeyboardInterrupt) or can_go_on(display.directory)):
            tell_way_on(display.directory, console)
        raise
    present_several(run, console)
    if run.status == "interrupted":
        tell_way_on(run.path, console)
        raise typer.Exit(75)
