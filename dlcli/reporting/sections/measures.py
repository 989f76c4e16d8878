"""What was measured: the metrics of each split, and the model beside what needs none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dlcli.reporting.document import Block, Figure, Folded, Section, Table, Text
from dlcli.reporting.gathering import Facts
from dlcli.reporting.plots.lines import Line, lines_plot

__all__ = ["measures"]

MOST_ROWS = 60

FEW_CLASSES = 25
"""Classes that are shown at once."""

MOST_CLASSES = 300
NAMES = {
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R2",
    "log_loss": "log loss",
    "mase": "MASE",
    "f1": "F1",
    "whole": "whole rows",
    "auc": "AUC",
    "iou": "IoU",
}
"""What measures are called."""


def measures(facts: Facts) -> Section | None:
    """The section; None where nothing was evaluated."""
    blocks = tuple(_blocks(facts))
    return Section("measures", "How good it is", blocks, on_card=True) if blocks else None


def _blocks(facts: Facts) -> Iterator[Block]:
    table = _metrics(facts)
    if table is not None:
        yield table
    for place, (name, report) in enumerate(facts.reports().items()):
        where = f"{name}, {facts.subject}"
        yield from _baselines(where, report)
        yield from _of_classes(where, report)
        yield from _of_numbers(where, report, place)
        yield from _of_others(where, report)


def _metrics(facts: Facts) -> Table | None:
    found: dict[str, Mapping[str, Any]] = {}
    trained = facts.record.get("metrics")
    if isinstance(trained, Mapping) and isinstance(trained.get("train"), Mapping) and "train" not in facts.evaluations:
        found["train, while it learnt"] = trained["train"]
    for name, document in facts.evaluations.items():
        if isinstance(document.get("metrics"), Mapping):
            found[name] = document["metrics"]
    names = list(dict.fromkeys(metric for values in found.values() for metric in values))[:10]
    if not names:
        return None
    rows = [(name, *(_number(values.get(each)) for each in names)) for name, values in found.items()]
    return Table("Metrics", ("rows", *names), rows, strong=[0] if len(rows) == 1 else ())


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _baselines(where: str, report: Mapping[str, Any]) -> Iterator[Block]:
    """The model beside predictions that need none, and where it is worse."""
    baselines = report.get("baselines")
    if not isinstance(baselines, Mapping) or not baselines:
        return
    names = [name for name in next(iter(baselines.values())) if name != "is"]
    rows = [("the model", *(_number(report.get(name)) for name in names))]
    rows += [
        (str(each.get("is", key)), *(_number(each.get(name)) for name in names)) for key, each in baselines.items()
    ]
    yield Table(
        f"{where}: beside what needs no model", ("", *(NAMES.get(name, name) for name in names)), rows, strong=[0]
    )
    for name, worse in (report.get("worse_than") or {}).items():
        words = baselines.get(name, {}).get("is", name)
        listed = ", ".join(NAMES.get(each, each) for each in worse)
        yield Text(f"The model is worse than {words}, by {listed}.", "warning")


def _of_classes(where: str, report: Mapping[str, Any]) -> Iterator[Block]:
    classes = report.get("classes")
    if not isinstance(classes, Mapping):
        return
    macro = report.get("macro_average", {})
    names = ["precision", "recall", "f1", *(name for name in ("auc", "iou") if name in macro), "support"]
    titles = ["class", *(NAMES.get(name, name) for name in names[:-1]), "rows"]
    each = [(name, *(one.get(measure) for measure in names)) for name, one in list(classes.items())[:MOST_CLASSES]]
    averages = [
        (f"{average} average", *(report[f"{average}_average"].get(measure) for measure in names))
        for average in ("micro", "macro")
        if isinstance(report.get(f"{average}_average"), Mapping)
    ]
    shown = each if len(classes) <= FEW_CLASSES else []
    strong = range(len(shown), len(shown) + len(averages))
    yield Table(f"{where}: classes", titles, [*shown, *averages], strong=strong)
    if not shown:
        more = f"; the first {MOST_CLASSES:,}" if len(classes) > MOST_CLASSES else ""
        yield Folded(f"each of {len(classes):,} classes{more}", (Table(f"{where}: classes", titles, each),))
    if "whole" in report:
        yield Text(f"Right in every place of a row: {report['whole']:.1%} of the rows.")


def _of_numbers(where: str, report: Mapping[str, Any], place: int) -> Iterator[Block]:
    if "rmse" not in report:
        return
    names = ("mae", "rmse", "r2")
    columns = report.get("columns", {})
    rows = [("all together" if columns else where, *(_number(report.get(name)) for name in names))]
    rows += [(name, *(_number(each.get(measure)) for measure in names)) for name, each in columns.items()]
    yield Table(
        f"{where}: errors, in its own unit", ("", *(NAMES[name] for name in names)), rows[:MOST_ROWS], strong=[0]
    )
    yield from _quantiles(where, report, place)


def _quantiles(where: str, report: Mapping[str, Any], place: int) -> Iterator[Block]:
    levels = report.get("quantiles")
    if not isinstance(levels, Mapping) or not levels:
        return
    each = list(levels.values())
    nominal, actual = [one["nominal"] for one in each], [one["coverage"] for one in each]
    rows = [(name, one["nominal"], one["coverage"], one["pinball"]) for name, one in levels.items()]
    table = Table(f"{where}: quantiles", ("quantile", "below, nominal", "below, actual", "pinball"), rows)
    said = "; ".join(
        f"{one['coverage']:.0%} of the true values are below the quantile {name}" for name, one in levels.items()
    )
    yield Figure(
        lines_plot(
            f"quantiles-{place}",
            f"{where}: coverage of the quantiles",
            said,
            [Line("share of true values below", nominal, actual, dots=True)],
            x_label="quantile",
            y_label="true values below it",
            x=(0.0, 1.0),
            y=(0.0, 1.0),
            diagonal=True,
        ),
        table,
    )
    intervals = report.get("intervals")
    if isinstance(intervals, Mapping) and intervals:
        lines = [(name, one["nominal"], one["coverage"], one["width"]) for name, one in intervals.items()]
        yield Table(f"{where}: intervals", ("interval", "inside, nominal", "inside, actual", "mean width"), lines)


def _of_others(where: str, report: Mapping[str, Any]) -> Iterator[Block]:
    """What sequences and embeddings are measured by."""
    if "error_rate" in report:
        cells = (where, _number(report["whole"]), _number(report["error_rate"]), report["rows"])
        yield Table(f"{where}: sequences", ("", "right sequences", "error rate", "rows"), [cells])
    if "nearest_accuracy" in report:
        row = (where, _number(report["nearest_accuracy"]), report["compared"])
        yield Table(f"{where}: nearest rows", ("", "nearest row of its class", "rows compared"), [row])
