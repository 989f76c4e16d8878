"""`dlcli sweep CONFIG`, and `dlcli sweep --join DIR`"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlcli.cli.commands.options import CacheDirectory, Json, Overrides, Quiet
from dlcli.cli.commands.trainings import shown
from dlcli.cli.display.console import Console, counted
from dlcli.cli.usage import UsageError

if TYPE_CHECKING:
    from dlcli.sweeps.outcome import SweepOutcome

__all__ = ["command", "sweep"]


def command(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="The YAML file; with --join the sweep has its own.")
    ] = None,
    overrides: Overrides = None,
    trials: Annotated[
        int | None, typer.Option("--trials", metavar="N", min=1, help="Trials in all.", show_default=False)
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", metavar="M", min=0, help="No trial begins after that time.", show_default=False),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, help="Processes on this machine.")] = 1,
    join: Annotated[
        str | None,
        typer.Option(
            "--join",
            metavar="DIR",
            help="Take part in a sweep that was begun: its directory, or the database with it.",
            show_default=False,
        ),
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            "--storage",
            metavar="URL",
            envvar="DLCLI_STORAGE",
            help="A database for the study, for machines that share no folder.",
            show_default=False,
        ),
    ] = None,
    run_dir: Annotated[
        Path | None,
        typer.Option("--run-dir", metavar="DIR", help="Where it goes; else runs/<name>-sweep.", show_default=False),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    allow_code: Annotated[
        bool,
        typer.Option("--allow-code", help="With --join: run the Python files that the sweep names: read them before."),
    ] = False,
    cache_dir: CacheDirectory = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search the values that the config's `sweep` names; the same command goes on with what was ended."""
    if (config is None) == (join is None):
        raise UsageError(
            "Missing argument 'CONFIG'." if config is None else f"--join has its own config: leave {config} out"
        )
    if minutes is not None and not minutes > 0:
        raise UsageError(f"--minutes takes a number above 0, got {minutes:g}")
    in_database = join is not None and "://" in join
    if join is not None and (overrides or (run_dir is not None and not in_database) or overwrite):
        raise UsageError("--join takes part in a sweep as it is: leave --set, --run-dir and --overwrite out")
    if join is not None and _is_one_of_several():
        _work(Path(join), storage=storage, minutes=minutes, cache_dir=cache_dir)
        return
    sweep(
        config,
        overrides=overrides or [],
        trials=trials,
        minutes=minutes,
        workers=workers,
        join=join,
        storage=None if in_database else storage,
        run_dir=run_dir,
        overwrite=overwrite,
        allow_code=allow_code,
        cache_dir=cache_dir,
        console=Console(json_only=json, quiet=quiet),
    )


def sweep(config: Path | None, *, overrides: list[str], join: str | None, console: Console, **arguments: Any) -> None:
    """Search and present the outcome; the trials go to stderr as they end, the result to stdout."""
    from dlcli import api
    from dlcli.cli.display.sweeps import SweepDisplay

    display = SweepDisplay(console)
    try:
        with shown(display):
            outcome = api.sweep(config, overrides=overrides, join=join, listener=display, **arguments)
    except KeyboardInterrupt:
        if display.started is not None:
            console.note(_way_on(display.started.directory))
        raise
    _show(outcome, console)
    if outcome.status == "interrupted":
        console.note(_way_on(outcome.path))
        raise typer.Exit(75)


def _way_on(directory: Path) -> str:
    return f"go on with the same command, or: dlcli sweep --join {shlex.quote(str(directory))}"


def _show(outcome: SweepOutcome, console: Console) -> None:
    if console.json_only:
        console.json(_document(outcome))
        return
    from dlcli.cli.display.sweeps import value_of
    from dlcli.sweeps.overview import shown

    if outcome.importance:
        rows = [[name, share] for name, share in outcome.importance.items()]
        console.result(console.table(["parameter", "importance"], rows))
    counts = outcome.counts()
    others = [f"{count} {state}" for state, count in counts.items() if state != "complete" and count]
    said = ", ".join([f"{counts['complete']} complete", *others])
    if outcome.best is not None:
        console.result(f"best {outcome.metric}: {value_of(outcome.best.result)}, trial {outcome.best.number}")
        for name, value in outcome.best.values.items():
            console.result(f"  {name}: {shown(value)}")
    console.result(f"{outcome.path}  {outcome.status}, {counted(len(outcome.trials), 'trial')}: {said}")
    if outcome.exhausted:
        console.note("every combination of the values has been tried")
    if outcome.best is not None:
        folds = outcome.best.result.folds
        again = f"cross-validate --folds {folds}" if folds else "train"
        console.note(f"its config: dlcli {again} {shlex.quote(str(outcome.best_config))}")
    if (page := outcome.path / "report.html").is_file():
        console.note(f"its report: {page}")


def _document(outcome: SweepOutcome) -> dict[str, Any]:
    best, run = outcome.best, outcome.best_run
    return {
        "sweep": outcome.path,
        "status": outcome.status,
        "metric": outcome.metric,
        "direction": outcome.direction,
        "trials": outcome.counts(),
        "best": None
        if best is None
        else {
            "run": None if run is None else run.path,
            "value": best.result.value,
            **({"spread": best.result.spread} if best.result.folds else {}),
            "values": dict(best.values),
            "config": outcome.best_config,
        },
        "importance": dict(outcome.importance),
    }


def _is_one_of_several() -> bool:
    """Whether another process has started this one to work for it."""
    from dlcli.sweeps.processes import ONE_OF_SEVERAL

    return os.environ.get(ONE_OF_SEVERAL) == "1"


def _work(join: Path, *, storage: str | None, minutes: float | None, cache_dir: Path | None) -> None:
    """Be one of the processes of a sweep, which ends when the process that has started it does."""
    from dlcli.api.sweeps import work_for
    from dlcli.sweeps.processes import RECYCLED
    from dlcli.training.events import Notice

    console = Console(quiet=True)

    def tell(event: Any) -> None:
        if isinstance(event, Notice) and event.warning:
            console.warn(event.named)

    threading.Thread(target=_end_with_starter, daemon=True).start()
    ending = work_for(join, storage=storage, minutes=minutes, cache_dir=cache_dir, listener=tell)
    raise typer.Exit({"over": 0, "interrupted": 75, "memory": RECYCLED}[ending])


def _end_with_starter() -> None:
    """Wait for the end of the pipe that the starter holds."""
    with contextlib.suppress(OSError, ValueError):
        while os.read(0, 1024):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
