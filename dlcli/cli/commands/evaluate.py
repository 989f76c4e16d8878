"""`dlcli evaluate RUN [DATA]`"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlcli.cli.commands.options import AllowCode, CacheDirectory, Json, Quiet, RunPath, Runtime
from dlcli.cli.commands.reading import with_reading
from dlcli.cli.display.console import Console
from dlcli.cli.display.predictions import PredictionDisplay
from dlcli.config.signature import SplitName

if TYPE_CHECKING:
    from dlcli.data.sources.options import Reading
    from dlcli.evaluation.evaluation import Evaluation

__all__ = ["command", "evaluate", "present"]

SHOWN = {"mae": "MAE", "mase": "MASE", "rmse": "RMSE", "r2": "R2", "log_loss": "log loss", "whole": "whole rows"}
"""What measures are called in tables."""

MOST_CLASSES = 20
"""A confusion matrix of more classes is left to the JSON file."""


@with_reading
def command(
    run: RunPath,
    data: Annotated[
        Path | None,
        typer.Argument(
            metavar="DATA",
            help="A file or folder of new rows with the target, or a source as in a config: '{x: x.npy, y: y.npy}'; "
            "else a split of the run.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        SplitName | None,
        typer.Option("--split", metavar="NAME", help="train, validation or test (the default).", show_default=False),
    ] = None,
    *,
    reading: Reading,
    cache_dir: CacheDirectory = None,
    runtime: Runtime = "auto",
    allow_code: AllowCode = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compute the metrics of a run on one of its splits or on new data."""
    from dlcli.data.sources.options import Reading

    if data is not None and split is not None:
        raise typer.BadParameter("give DATA or --split, not both")
    if data is None and reading != Reading():
        raise typer.BadParameter("a split of the run is read as in training; give DATA to read otherwise")
    evaluate(
        run,
        data=data,
        split=split or "test",
        reading=reading,
        cache_dir=cache_dir,
        runtime=runtime,
        allow_code=allow_code,
        console=Console(json_only=json, quiet=quiet),
    )


def evaluate(
    run: Path,
    *,
    data: Path | None,
    split: SplitName,
    reading: Reading,
    cache_dir: Path | None,
    runtime: Runtime,
    allow_code: bool,
    console: Console,
) -> None:
    """Evaluate and present."""
    from dlcli import api

    with console.status("evaluating"), PredictionDisplay(console, "evaluating") as display:
        evaluation = api.evaluate(
            run,
            data,
            split=split,
            reading=reading,
            cache_dir=cache_dir,
            runtime=runtime,
            allow_code=allow_code,
            listener=display,
        )
    if console.json_only:
        console.json(evaluation.document())
    else:
        present(evaluation, console)


def present(evaluation: Evaluation, console: Console) -> None:
    """The metrics, then each target's report, as tables on stdout."""
    console.result(f"{evaluation.name}: {evaluation.rows:,} rows", "")
    console.result(console.table(["metric", "value"], _not_in_report(evaluation)))
    if evaluation.scaled:
        console.result(f"loss: of {', '.join(evaluation.scaled)} as scaled for training; all else in its own unit")
    if evaluation.measured:
        names = ", ".join(evaluation.measured)
        console.result(f"loss and metrics: of {names} as measured by each window's past; below in its own unit")
    for target, report in evaluation.reports.items():
        console.result("")
        if "error_rate" in report:
            row = [target, report["whole"], report["error_rate"], report["rows"]]
            console.result(console.table(["target", "right sequences", "error rate", "rows"], [row]))
        elif "classes" in report:
            _classes(target, report, console)
        elif "nearest_accuracy" in report:
            row = [target, report["nearest_accuracy"], report["compared"]]
            console.result(console.table(["target", "nearest row of its class", "rows compared"], [row]))
        else:
            _numbers(target, report, console)
        if "steps" in report:
            _steps(report, console)
        if "baselines" in report:
            _baselines(report, console)


def _steps(report: dict[str, Any], console: Console) -> None:
    """What is said of each step ahead."""
    steps = report["steps"]
    measures = list(next(iter(steps.values())))
    rows = [[step, *(said[name] for name in measures)] for step, said in steps.items()]
    console.result("", console.table(["steps ahead", *(SHOWN.get(name, name) for name in measures)], rows))


def _baselines(report: dict[str, Any], console: Console) -> None:
    """The model beside what needs none."""
    from dlcli.evaluation.verdict import in_words

    baselines = report["baselines"]
    measures = [name for name in next(iter(baselines.values())) if name != "is"]
    rows = [["the model", *(report[name] for name in measures)]]
    rows += [[each["is"], *(each[name] for name in measures)] for each in baselines.values()]
    console.result("", console.table(["compared with", *(SHOWN.get(name, name) for name in measures)], rows))
    for name, worse in report.get("worse_than", {}).items():
        for measure in worse:
            console.result(f"worse than {in_words(report, name, measure)}")


def _not_in_report(evaluation: Evaluation) -> list[tuple[str, float]]:
    """The metrics without those that the report of the only target shows again."""
    from dlcli.config.schema.component import Component, normal_name  # with it comes the whole language

    reports = list(evaluation.reports.values())
    shown = reports[0] if len(reports) == 1 else {}
    said = {
        name: shown[key]
        for key, name in (("mae", "meanabsoluteerror"), ("rmse", "rootmeansquarederror"), ("r2", "r2score"))
        if shown.get(key) is not None
    }
    return [
        (name, value)
        for name, value in evaluation.metrics.items()
        if not math.isclose(said.get(normal_name(Component(name)), math.inf), value, rel_tol=1e-4)
    ]


def _classes(target: str, report: dict[str, Any], console: Console) -> None:
    support = sum(values["support"] for values in report["classes"].values())
    averages = [(name, f"{name}_average") for name in ("micro", "macro") if f"{name}_average" in report]
    each = [*report["classes"].items()]
    each += [(f"{name} average", {**report[key], "support": support}) for name, key in averages]
    more = [name for name in ("auc", "iou") if name in report["macro_average"]]
    measures = ["precision", "recall", "f1", *more, "support"]
    rows = [[name, *(values.get(measure) for measure in measures)] for name, values in each]
    console.result(console.table([target, *measures], rows))
    if "whole" in report:
        console.result(f"right in a whole row: {report['whole']:.4g}")
    if "confusion_matrix" not in report:
        return
    matrix = report["confusion_matrix"]
    names = list(report["classes"])
    if len(names) <= MOST_CLASSES:
        console.result("")
        console.result(
            console.table(
                ["true \\ predicted", *names], [[name, *row] for name, row in zip(names, matrix, strict=True)]
            )
        )


def _numbers(target: str, report: dict[str, Any], console: Console) -> None:
    rows = [[target, report["mae"], report["rmse"], report["r2"]]]
    rows += [[f"  {name}", each["mae"], each["rmse"], each["r2"]] for name, each in report.get("columns", {}).items()]
    console.result(console.table(["target", "MAE", "RMSE", "R2"], rows))
    if "quantiles" in report:
        _quantiles(report, console)


def _quantiles(report: dict[str, Any], console: Console) -> None:
    each = report["quantiles"]
    lines = [[name, one["nominal"], one["coverage"], one["pinball"]] for name, one in each.items()]
    console.result("", console.table(["quantile", "below, nominal", "below, actual", "pinball"], lines))
    if report["intervals"]:
        lines = [[name, one["nominal"], one["coverage"], one["width"]] for name, one in report["intervals"].items()]
        console.result("", console.table(["interval", "inside, nominal", "inside, actual", "mean width"], lines))
