"""`dlcli train CONFIG`, and `dlcli train --resume RUN`"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlcli.cli.commands.options import AllowCode, CacheDirectory, Json, Overrides, Quiet
from dlcli.cli.commands.trainings import can_go_on, require_one, shown, tell_way_on
from dlcli.cli.display.console import Console, counted, loss_first, number
from dlcli.cli.display.several import present_several
from dlcli.errors import DlcliError

if TYPE_CHECKING:
    from dlcli.runs.run import Run

__all__ = ["command", "train"]


def command(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="The YAML file; with --resume the run has its own.")
    ] = None,
    overrides: Overrides = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            "--run-dir", metavar="DIR", help="Where the run goes; else runs/<name>-<NNN>.", show_default=False
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that --run-dir names.")] = False,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume",
            metavar="RUN",
            help="Go on with a run that was interrupted, or with --set fit.epochs=N one that is completed.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            min=1,
            help="Train by so many processes, as runtime.workers says: here, or on as many machines.",
            show_default=False,
        ),
    ] = None,
    restarts: Annotated[
        int | None,
        typer.Option(
            "--restarts",
            metavar="N",
            min=0,
            help="When a worker is lost, begin again from the last commit, so often at most.",
            show_default=False,
        ),
    ] = None,
    coordinator: Annotated[
        str | None,
        typer.Option(
            "--coordinator",
            metavar="HOST:PORT",
            help="Where the workers of several machines meet: on the machine of rank 0.",
            show_default=False,
        ),
    ] = None,
    rank: Annotated[
        int | None,
        typer.Option("--rank", metavar="I", help="Which worker this machine is, from 0.", show_default=False),
    ] = None,
    allow_code: AllowCode = False,
    cache_dir: CacheDirectory = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check the config, train the model and write a run directory; or go on with a run."""
    require_one(config, resume, run_dir=run_dir, overwrite=overwrite)
    train(
        config,
        overrides=[*(overrides or []), *_runtime(workers=workers, restarts=restarts)],
        run_dir=run_dir,
        overwrite=overwrite,
        resume=resume,
        allow_code=allow_code,
        cache_dir=cache_dir,
        coordinator=coordinator,
        rank=rank,
        console=Console(json_only=json, quiet=quiet),
    )


def _runtime(**options: int | None) -> list[str]:
    """What options say of the config's `runtime`, as overrides."""
    return [f"runtime.{name}={value}" for name, value in options.items() if value is not None]


def train(
    config: Path | None,
    *,
    overrides: list[str],
    run_dir: Path | None,
    overwrite: bool,
    resume: Path | None = None,
    allow_code: bool = False,
    cache_dir: Path | None,
    coordinator: str | None = None,
    rank: int | None = None,
    console: Console,
) -> None:
    """Train and present the outcome; the plan and the progress go to stderr, the result to stdout."""
    from dlcli import api
    from dlcli.cli.display.progress import TrainingDisplay
    from dlcli.config.lint.rules import OF_RUNS, rule_names
    from dlcli.runs.run import Run

    display = TrainingDisplay(console)
    try:
        with shown(display):
            run = api.train(
                config,
                overrides=overrides,
                run_dir=run_dir,
                overwrite=overwrite,
                resume=resume,
                allow_code=allow_code,
                cache_dir=cache_dir,
                coordinator=coordinator,
                rank=rank,
                listener=display,
            )
    except KeyboardInterrupt:
        if display.directory is not None:
            tell_way_on(display.directory, console)
        raise
    except DlcliError as error:
        ended = [problem.rule for problem in error.problems]
        if display.directory is not None and "loss-not-finite" not in ended and can_go_on(display.directory):
            tell_way_on(display.directory, console)
        if display.directory is not None and not console.json_only and not {*rule_names(*OF_RUNS)}.isdisjoint(ended):
            _present(Run(display.directory), console)
        raise
    if (followed := display.followed) is not None:
        part = f"worker {followed.rank} of {followed.size} has done its part of {followed.directory}, of worker 0"
        console.note(f"{part}: {followed.status}")
        if console.json_only:
            console.json({"run": followed.directory, "status": followed.status, "worker": followed.rank})
        if followed.status == "interrupted":
            raise typer.Exit(75)
        return
    _present(run, console)
    if run.status == "interrupted":
        tell_way_on(run.path, console)
        raise typer.Exit(75)


def _present(run: Run, console: Console) -> None:
    """What came of a training."""
    metrics = run.final_metrics()
    if run.is_several:
        present_several(run, console)
    elif console.json_only:
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
        if (page := run.path / "report.html").is_file():
            console.note(f"its report: {page}")


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
