"""The results as Markdown tables, and the pages that they stand in."""

from __future__ import annotations

import operator
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["SECTIONS", "between", "write_tables"]

Results = Mapping[str, Any]


def training_table(cases: Results) -> str:
    """Rows a second after the first epoch."""
    rows = []
    for case in cases.values():
        speed = case["rows_per_second"]
        beside = [f"{speed[name]:,.0f}" if name in speed else "" for name in ("torch", "sklearn")]
        ratio = _times(case["ratio"])
        rows.append([case["title"], f"{speed['script']:,.0f}", f"{speed['dlcli']:,.0f}", ratio, *beside])
    head = ["rows a second after epoch 1", "script", "dlcli", "ratio (least to most)", "PyTorch", "scikit-learn"]
    return _table(head, rows)


def costs_table(cases: Results) -> str:
    """Wall time and memory of the processes that `training_table` compares, compiling and the first epoch included."""
    sides = ("script", "dlcli", "torch", "sklearn")
    rows = [
        [
            case["title"],
            *(
                f"{case['seconds'][side]:.1f} s, {case['peak'][side] / 1e6:,.0f} MB" if side in case["seconds"] else ""
                for side in sides
            ),
        ]
        for case in cases.values()
    ]
    return _table(["the same, whole processes", "script", "dlcli", "PyTorch", "scikit-learn"], rows)


def kinds_table(kinds: Results) -> str:
    """The same of other kinds of networks."""
    rows = [
        [
            name,
            kind["execution"],
            *(f"{kind['rows_per_second'][side]:,.0f}" for side in ("script", "dlcli")),
            _times(kind["ratio"]),
        ]
        for name, kind in kinds.items()
    ]
    return _table(["other networks, rows a second", "execution", "script", "dlcli", "ratio (least to most)"], rows)


def whole_table(results: Results) -> str:
    """Wall time and memory of the whole command."""
    rows = []
    for count, result in results.items():
        seconds, share, peak = result["seconds"], result["share"], result["peak"]
        rows.append(
            [
                f"{int(count):,} rows of 20 numbers",
                *(f"{seconds[side]:.1f} s, {peak[side] / 1e6:,.0f} MB" for side in ("script", "dlcli")),
                f"**{share['median']:.2f}** ({share['least']:.2f} to {share['most']:.2f})",
            ]
        )
    head = ["`dlcli train`: read a CSV, 3 epochs, save", "script", "dlcli", "share of the time (least to most)"]
    return _table(head, rows)


def pictures_table(result: Results) -> str:
    """Images a second over the whole command, and the peak of memory."""
    names = {"script": "script", "torch": "PyTorch, 2 workers", "dlcli": "dlcli"}
    rows = [
        [
            names[name],
            f"{speed:,.0f}",
            f"{result['peak'][name] / 1e6:,.0f} MB",
            _times(result["ratio"][name]) if name in result["ratio"] else "",
        ]
        for name, speed in result["images_per_second"].items()
    ]
    if "many" in result["peak"]:
        rows.append(["dlcli, 50,000 files", "", f"{result['peak']['many'] / 1e6:,.0f} MB", ""])
    return _table(["5,000 PNG files of 64x64, 3 epochs", "images a second", "memory", "dlcli is faster by"], rows)


def windows_table(result: Results) -> str:
    """Windows a second after the first epoch."""
    rows = [
        [
            case["title"],
            *(f"{case['windows_per_second'][side]:,.0f}" for side in ("script", "dlcli")),
            _times(case["ratio"]),
        ]
        for case in result["speed"].values()
    ]
    head = ["windows of 168 hours, 3 numbers each, a second", "script", "dlcli", "ratio (least to most)"]
    return _table(head, rows)


def windows_memory_table(result: Results) -> str:
    """The peak of memory of tables that windows are made of."""
    rows = [
        [title, f"{each['numbers'] / 1e6:,.1f} MB", f"{each['peak'] / 1e6:,.0f} MB"]
        for title, each in result["peak"].items()
    ]
    return _table(["`dlcli train` on windows over", "their numbers as float32", "peak memory"], rows)


def predicting_table(results: Results) -> str:
    """Wall time and memory of prediction."""
    rows = []
    for count, result in results.items():
        seconds, peak = result["seconds"], result["peak"]
        sides = {name: f"{seconds[name]:.2f} s, {peak[name] / 1e6:,.0f} MB" for name in seconds}
        batches = list(result["ratio"]) or [""]
        for batch in batches:
            title = f"{int(count):,} rows of 20 numbers" + (f", script with batch {batch}" if batch else "")
            ratio = _times(result["ratio"][batch]) if batch else ""
            rows.append([title, sides.get(batch, ""), sides["dlcli"], ratio])
    return _table(["`dlcli predict`: CSV to CSV", "script", "dlcli", "times faster (least to most)"], rows)


def reading_table(result: Results) -> str:
    """The speed of reading."""
    rows = [
        ["first run: read, encode, keep", f"{result['first']['median']:,.0f} MB/s"],
        ["second run, on the same data", f"{result['second_seconds']['median']:.2f} s in all"],
    ]
    return _table([f"a numeric CSV of {result['bytes'] / 1e6:,.0f} MB, until training starts", ""], rows)


def texts_table(result: Results) -> str:
    """A folder of texts."""
    titles = {"process": "whole processes", "reading": "the reading alone, seconds of the processor"}
    rows = []
    for kind, title in titles.items():
        seconds = result[f"{kind}_seconds"]
        rows.append(
            [title, *(f"{seconds[side]['median']:.2f} s" for side in ("script", "dlcli")), _times(result[kind])]
        )
    return _table(["5,000 text files, until the vocabulary is known", "script", "dlcli", "times faster"], rows)


def memory_table(sizes: Results) -> str:
    """The peak of memory."""
    rows = [
        [
            f"{float(size):g} GB",
            *(f"{runs[run]['peak'] / 1e6:,.0f} MB, {runs[run]['seconds']:.0f} s" for run in ("first", "second")),
        ]
        for size, runs in sizes.items()
    ]
    return _table(["`dlcli train` on a CSV of", "first run: peak memory, time", "second run"], rows)


def commits_table(ways: Results) -> str:
    """What committed epochs cost."""
    rows = [
        [
            f"`checkpoint: {name}`"
            if name == "false"
            else f"`checkpoint: {{every: {1 if name == 'each epoch' else name}}}`",
            f"{1000 * way['seconds']['median']:.1f} ms",
            f"{1000 * way['cpu']['median']:.1f} ms",
            f"**{way['ratio']['median']:.3f}** ({way['ratio']['least']:.3f} to {way['ratio']['most']:.3f})",
        ]
        for name, way in ways.items()
    ]
    return _table(["20 numbers, 64-64-1: an epoch after the first", "time", "CPU time", "share (least to most)"], rows)


def precision_table(configs: Results) -> str:
    """What models learn in two precisions, of several seeds, and the share of the CPU time."""
    rows = []
    for name, found in configs.items():
        sides = [
            f"{statistics.median(values):.4g} ({min(values):.4g} to {max(values):.4g})"
            for values in (found["float32"]["metric"], found["mixed_bfloat16"]["metric"])
        ]
        rows.append([f"`configs/{name}.yaml`, test {found['metric']}", *sides, f"{found['share']:.2f}"])
    return _table(["5 seeds: median (least to most)", "float32", "mixed_bfloat16", "share of the CPU time"], rows)


NAMES = {
    "dlcli": "dlcli",
    "catboost": "CatBoost",
    "lightgbm": "LightGBM",
    "xgboost": "XGBoost",
    "histgradient": "HistGradientBoosting",
    "mlp": "MLP 64-64",
}
"""What the sides of `boosting_table` are called."""


def boosting_table(tables: Results) -> str:
    """Test errors with their deviation over the seeds, the best of each table in bold, and the mean ranks."""
    sides = [name for name in NAMES if all(name in table["error"] for table in tables.values())]
    rows = []
    for name, table in tables.items():
        means = {side: statistics.fmean(table["error"][side]) for side in sides}
        cells = []
        for side in sides:
            mean = f"{means[side]:.3g}" + "%" * (table["kind"] == "classes")
            best = means[side] == min(means.values())
            spread = f" ± {statistics.pstdev(table['error'][side]):.2g}" if len(table["error"][side]) > 1 else ""
            cells.append((f"**{mean}**" if best else mean) + spread)
        rows.append([f"{name}, {table['rows']:,} rows", *cells])
    found = ranks({name: table["error"] for name, table in tables.items()})
    rows.append(["mean rank", *(f"**{found[side]:.2f}**" for side in sides)])
    seeds = len(next(iter(tables.values()))["error"][sides[0]])
    return _table([f"test error, {seeds} seed{'s' * (seeds != 1)}", *(NAMES[side] for side in sides)], rows)


def boosting_times_table(tables: Results) -> str:
    """The medians of the wall times of whole processes, and how many times CatBoost's ours are."""
    return _boosting_seconds("from CSV to predictions", "seconds", tables)


def boosting_work_table(tables: Results) -> str:
    """The same of the seconds of all cores together."""
    return _boosting_seconds("from CSV to predictions, seconds of all cores", "cpu", tables)


def _boosting_seconds(title: str, key: str, tables: Results) -> str:
    sides = [name for name in NAMES if all(name in table[key] for table in tables.values())]
    rows = []
    for name, table in tables.items():
        medians = {side: statistics.median(table[key][side]) for side in sides}
        against = f"{medians['dlcli'] / medians['catboost']:.1f}" if "catboost" in medians else ""
        rows.append([f"{name}, {table['rows']:,} rows", *(f"{medians[side]:.1f} s" for side in sides), against])
    return _table([title, *(NAMES[side] for side in sides), "dlcli / CatBoost"], rows)


def ranks(errors: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, float]:
    """The mean rank of each side over the tables, by its mean error over the seeds; equals share theirs.

    Example:
        >>> ranks({"a": {"x": [1.0], "y": [2.0]}, "b": {"x": [3.0], "y": [3.0]}})
        {'x': 1.25, 'y': 1.75}
    """
    found: dict[str, list[float]] = {}
    for sides in errors.values():
        means = {side: round(statistics.fmean(each), 9) for side, each in sides.items()}
        for side, mean in means.items():
            less, same = (sum(test(other, mean) for other in means.values()) for test in (operator.lt, operator.eq))
            found.setdefault(side, []).append(less + (same + 1) / 2)
    return {side: statistics.fmean(each) for side, each in found.items()}


def sweeps_table(spaces: Results) -> str:
    """Trials a minute, the start of each process included."""
    sides = list(dict.fromkeys(side for space in spaces.values() for side in space["per_minute"]))
    rows = [
        [
            f"{name}, {space['trials']} trials",
            *(f"{space['per_minute'][side]['median']:.1f}" if side in space["per_minute"] else "" for side in sides),
            _times(space["ratios"]["Optuna and fit"]),
        ]
        for name, space in spaces.items()
    ]
    return _table(["trials a minute", *sides, "dlcli to the script (least to most)"], rows)


def folds_table(jobs: Results) -> str:
    """Seconds of folds in one command, beside those of one training and of a command for each."""
    rows = []
    for name, job in jobs.items():
        title = f"{name}, {job['folds']} folds of {job['epochs']} epochs"
        seconds = [f"{job['seconds'][side]:.1f} s" for side in ("one", "together", "each")]
        rows.append([title, *seconds, _times(job["trainings"]), _times(job["ratio"])])
    head = ["`dlcli cross-validate`", "one `train`", "all folds", "a command for each"]
    return _table([*head, "all to one (least to most)", "each to all (least to most)"], rows)


SECTIONS: dict[str, tuple[Callable[[Results], str], ...]] = {
    "boosting": (boosting_table, boosting_times_table, boosting_work_table),
    "training": (training_table, costs_table),
    "kinds": (kinds_table,),
    "whole": (whole_table,),
    "pictures": (pictures_table,),
    "precision": (precision_table,),
    "windows": (windows_table, windows_memory_table),
    "predicting": (predicting_table,),
    "commits": (commits_table,),
    "reading": (reading_table,),
    "texts": (texts_table,),
    "memory": (memory_table,),
    "folds": (folds_table,),
    "sweeps": (sweeps_table,),
}
"""What is measured, in the order of the report, and its tables."""


PAGES: tuple[tuple[str, str, tuple[tuple[str, Callable[[Results], str]], ...]], ...] = (
    (
        "README.md",
        "benchmarks",
        (("training", training_table), ("whole", whole_table), ("predicting", predicting_table)),
    ),
    ("docs/benchmarks.md", "boosting", (("boosting", boosting_table), ("boosting", boosting_work_table))),
    (
        "docs/benchmarks.md",
        "benchmarks",
        tuple((name, table) for name, tables in SECTIONS.items() if name != "boosting" for table in tables),
    ),
)
"""Between which marks of which page the tables of which sections stand."""


def write_tables(root: Path, results: Results) -> None:
    """Replace the tables of the pages that were measured by what was measured, and on what; the others stay.

    Args:
        root: The project's.
        results: By section.

    Raises:
        SystemExit: A page lacks the marks.
    """
    for name, mark, tables in PAGES:
        measured = [(section, table) for section, table in tables if results.get(section)]
        if measured:
            between(root / name, mark, lambda text, measured=measured: _replaced(text, results, measured))


def between(page: Path, mark: str, text: str | Callable[[str], str]) -> None:
    """Replace what stands between the marks `<!-- mark -->` and `<!-- /mark -->` of a page.

    Args:
        page: The page.
        mark: The mark.
        text: What takes its place, or what makes that of it.

    Raises:
        SystemExit: The page lacks the marks.
    """
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    inside, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"{page} lacks the lines {begin} and {end}")
    text = text if isinstance(text, str) else text(inside.strip("\n"))
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def _replaced(before: str, results: Results, tables: Sequence[tuple[str, Callable[[Results], str]]]) -> str:
    """The tables with those that were measured in the places of the ones with their head."""
    parts = {_title(part): part for part in before.split("\n\n")[1:]}
    parts |= {_title(part): part for part in (table(results[name]) for name, table in tables)}
    return "\n\n".join([_measured_on(results, [name for name, _ in tables]), *parts.values()])


def _title(table: str) -> str:
    return table.split("|")[1].strip()


def _measured_on(results: Results, sections: Sequence[str]) -> str:
    machine, pairs = results["machine"], sorted({results["pairs"][name] for name in sections})
    on = (
        f"Measured with {machine['cores']} cores, {machine['system']}, Python {machine['python']}, TensorFlow "
        f"{machine['tensorflow']}, Keras {machine['keras']}"
    )
    if all(name != "boosting" for name in sections):
        on += f"; medians of {' to '.join(map(str, pairs))} pairs, in turn"
    return on + "."


def _times(ratio: Results) -> str:
    return f"**{ratio['median']:.1f}** ({ratio['least']:.1f} to {ratio['most']:.1f})"


def _table(head: list[str], rows: list[list[str]]) -> str:
    """A table whose first column is text, and whose others are numbers."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, rule, *rows])
