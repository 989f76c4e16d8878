"""`dlcli train CONFIG`"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlcli.cli.commands.options import CacheDirectory, ConfigFile, Json, Overrides, Quiet
from dlcli.cli.display.console import Console, counted, loss_first, number

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
    from dlcli.cli.display.progress import TrainingDisplay

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
            console.result(_table(metrics, console))
            if scores := _scores(run, metrics):
                console.result(f"R2: {', '.join(f'{split} {number(score)}' for split, score in scores.items())}")
        best = f"; the model is that of epoch {run.model_epoch}" if run.model_epoch != run.epochs else ""
        console.result(f"{run.path}  {run.status}, {counted(run.epochs, 'epoch')} in {number(run.seconds)} s{best}")
    if run.status == "interrupted":
        raise typer.Exit(75)


def _table(metrics: Mapping[str, Mapping[str, float]], console: Console) -> object:
    """The metrics of all splits, one below the other."""
    metrics = {split: loss_first(values) for split, values in metrics.items()}
    names = list(dict.fromkeys(name for values in metrics.values() for name in values))
    return console.table(
        ["", *names], [[split, *(values.get(name) for name in names)] for split, values in metrics.items()]
    )


def _scores(run: Run, metrics: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Of a single number target its R2, by the name of each split that was evaluated: of train, which is measured while
    it is learnt, there is none."""
    if any(name == "r2_score" for values in metrics.values() for name in values):
        return {}
    found = {split: run.evaluation(split).get("r2") for split in metrics if split != "train"}
    return {split: score for split, score in found.items() if score is not None}
