"""What a person sees of a folder of several runs: each of them, their mean and their spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlcli.cli.display.console import Console, counted, loss_first, number

if TYPE_CHECKING:
    from dlcli.jobs.several.dividing import FoldRows
    from dlcli.runs.run import Run

__all__ = ["fold_table", "present_several"]

MOST_CLASSES = 8
"""Of a target whose classes are shown."""


def present_several(run: Run, console: Console) -> None:
    """What several trainings came to, for a person or a program."""
    if console.json_only:
        console.json(_document(run))
    else:
        _show(run, console)
    if (file := run.path / "predictions.csv").is_file():
        console.note(f"each row, predicted by the model that has not seen it: {file}")


def fold_table(folds: Sequence[FoldRows], console: Console) -> object:
    """What each fold is made of: the samples of each split, and of each class those that are validated on."""
    splits, targets = list(folds[0].samples), folds[0].classes
    shown = {target: list(classes) for target, classes in targets.items() if len(classes) <= MOST_CLASSES}
    names = [name if len(shown) == 1 else f"{target} {name}" for target, classes in shown.items() for name in classes]
    groups = [] if folds[0].groups is None else [f"groups of {split}" for split in folds[0].groups]
    rows: list[list[object]] = [
        [
            fold.name,
            *(fold.samples[split] for split in splits),
            *(fold.groups or {}).values(),
            *(fold.classes[target][name]["validation"] for target, classes in shown.items() for name in classes),
        ]
        for fold in folds
    ]
    return console.table(["fold", *splits, *groups, *(f"validation: {name}" for name in names)], rows)


def _document(run: Run) -> dict[str, Any]:
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
        "together": _together(run),
    }


def _together(run: Run) -> dict[str, float]:
    """What the mean of the members was measured as on the test split; empty where it was not."""
    return run.metrics("test") if (run.path / "evaluations" / "test.json").is_file() else {}


def _show(run: Run, console: Console) -> None:
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
    if together := _together(run):
        said = ", ".join(f"{name} {number(value)}" for name, value in together.items())
        console.result(f"test, by the mean of what the members say: {said}")
    ended = f"{run.status}, {len(members)} of {counted(len(record['members']), 'member')}"
    console.result(f"{run.path}  {ended}, {counted(run.epochs, 'epoch')} in {number(run.seconds)} s")
    if (page := run.path / "report.html").is_file():
        console.note(f"its report: {page}")


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
