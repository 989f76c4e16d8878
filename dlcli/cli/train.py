"""`dlcli train CONFIG`"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlcli.cli.console import Console, counted, loss_first, number
from dlcli.cli.options import CacheDirectory, ConfigFile, Json, Overrides, Quiet

if TYPE_CHECKING:
    from dlcli.runs.run import Run

__all__ = ["command", "train"]


def command(
    config: ConfigFile,
    overrides: Overrides = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            "--run-dir", metavar="DIR", help="Where the run goes; else runs/<name>-<NNN>.", show_default=False
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that --run-dir names.")] = False,
    cache_dir: CacheDirectory = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check the config, train the model and write a run directory."""
    train(
        config,
        overrides=overrides or [],
        run_dir=run_dir,
        overwrite=overwrite,
        cache_dir=cache_dir,
        console=Console(json_only=json, quiet=quiet),
    )


def train(
    config: Path,
    *,
    overrides: list[str],
    run_dir: Path | None,
    overwrite: bool,
    cache_dir: Path | None,
    console: Console,
) -> None:
    """Train and present the outcome; the plan and the progress go to stderr, the result to stdout."""
    from dlcli import api
    from dlcli.cli.progress import TrainingDisplay

    # What the user's own code prints is no result.
    with contextlib.redirect_stdout(sys.stderr), TrainingDisplay(console) as display:
        run = api.train(
            config, overrides=overrides, run_dir=run_dir, overwrite=overwrite, cache_dir=cache_dir, listener=display
        )
    metrics = run.final_metrics()
    if console.json_only:
        console.json(
            {
                "run": run.path,
                "status": run.status,
                "epochs": run.epochs,
                "model_epoch": run.model_epoch,
                "seconds": run.seconds,
                "metrics": metrics,
            }
        )
    else:
        if metrics:
            console.result(_table(run, metrics, console))
        best = f"; the model is that of epoch {run.model_epoch}" if run.model_epoch != run.epochs else ""
        console.result(f"{run.path}  {run.status}, {counted(run.epochs, 'epoch')} in {number(run.seconds)} s{best}")
    if run.status == "interrupted":
        raise typer.Exit(75)


def _table(run: Run, metrics: Mapping[str, Mapping[str, float]], console: Console) -> object:
    """The metrics of all splits, one below the other, and of a single number target its R2."""
    metrics = {split: loss_first(values) for split, values in metrics.items()}
    names = list(dict.fromkeys(name for values in metrics.values() for name in values))
    found = {split: run.evaluation(split).get("r2") for split in metrics if split != "train"}
    if "r2_score" in names or all(value is None for value in found.values()):
        found = {}
    rows = [
        [split, *(values.get(name) for name in names), *([found.get(split)] if found else [])]
        for split, values in metrics.items()
    ]
    return console.table(["", *names, *(["R2"] if found else [])], rows)
