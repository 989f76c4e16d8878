"""`dlcli cross-validate CONFIG`, and `dlcli cross-validate --resume DIR`"""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlcli.cli.commands.options import AllowCode, CacheDirectory, Json, Overrides, Quiet
from dlcli.cli.display.console import Console, counted, loss_first, number
from dlcli.cli.usage import UsageError
from dlcli.errors import DlcliError

if TYPE_CHECKING:
    from dlcli.runs.run import Run

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
    _require_one(config, resume, run_dir=run_dir, overwrite=overwrite)
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


def _require_one(config: Path | None, resume: Path | None, *, run_dir: Path | None, overwrite: bool) -> None:
    """Make sure that there is a config or a folder to go on with, and not both.

    Raises:
        UsageError: Wrong usage.
    """
    if resume is None:
        if config is None:
            raise UsageError("Missing argument 'CONFIG'.")
    elif config is not None:
        raise UsageError(f"--resume goes on with a folder by its own config: leave {config} out")
    elif run_dir is not None or overwrite:
        raise UsageError("--resume goes on in the folder itself: leave --run-dir and --overwrite out")


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
        # What the user's own code prints is no result.
        with contextlib.redirect_stdout(sys.stderr), display:
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
    except (KeyboardInterrupt, DlcliError):
        if display.directory is not None:
            _tell_way_on(display.directory, console)
        raise
    if console.json_only:
        console.json(several_document(run))
    else:
        show_several(run, console)
        if (file := run.path / "predictions.csv").is_file():
            console.note(f"each row, predicted by the model that has not seen it: {file}")
    if run.status == "interrupted":
        _tell_way_on(run.path, console)
        raise typer.Exit(75)


def several_document(run: Run) -> dict[str, Any]:
    """A folder of several runs as JSON values: the means over its members, their spread, and each of them."""
    record = run.record
    return {
        "run": run.path,
        "status": run.status,
        "epochs": run.epochs,
        "seconds": run.seconds,
        "metrics": run.final_metrics(),
        "spread": record.get("spread", {}),
        "members": record.get("runs", []),
    }


def show_several(run: Run, console: Console) -> None:
    """A table of the members, their mean and spread by split, and how the whole ended."""
    record = run.record
    members = record.get("runs") or []
    split = next((name for name in ("validation", "test", "train") if name in run.final_metrics()), None)
    if split is not None:
        console.result(_table(members, run.final_metrics(), record.get("spread", {}), split, console))
    for other in [name for name in run.final_metrics() if name not in (split, "train")]:
        values = loss_first(run.final_metrics()[other])
        spread = record.get("spread", {}).get(other, {})
        said = ", ".join(f"{name} {number(value)} ± {number(spread.get(name))}" for name, value in values.items())
        console.result(f"{other}: {said} (mean of the members)")
    ended = f"{run.status}, {len(members)} of {counted(len(record['members']), 'member')}"
    console.result(f"{run.path}  {ended}, {counted(run.epochs, 'epoch')} in {number(run.seconds)} s")


def _table(
    members: list[dict[str, Any]],
    means: Mapping[str, Mapping[str, float]],
    spread: Mapping[str, Mapping[str, float]],
    split: str,
    console: Console,
) -> object:
    names = list(loss_first(means[split]))
    rows: list[list[object]] = [
        [each["name"], *((each["metrics"].get(split) or {}).get(name) for name in names), each["epochs"]]
        for each in members
    ]
    rows.append(["mean", *(means[split].get(name) for name in names), ""])
    rows.append(["spread", *(spread.get(split, {}).get(name) for name in names), ""])
    return console.table([split, *names, "epochs"], rows)


def _tell_way_on(path: Path, console: Console) -> None:
    from dlcli.runs.layout import needs_leave

    console.note(f"go on with: dlcli cross-validate --resume {shlex.quote(str(path))}{needs_leave(path)}")
