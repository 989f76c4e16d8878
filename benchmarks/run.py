"""The benchmark: dlcli and the scripts that people write, in turn, on the same data and network; run by `make bench`.

Every measurement is a fresh process, and the sides alternate (A B A B ...), so that whatever else the machine does
falls on both. What is compared is the median of the pairs' ratios. Results go to `results.json` as they come; with
`--write` the tables go into the README and docs/benchmarks.md, between their markers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.boosting import LIBRARIES, boosting
from benchmarks.commits import commits
from benchmarks.folds import folds
from benchmarks.kinds import KINDS, kind
from benchmarks.measuring import ROOT, Bench, Result
from benchmarks.memory import SIZES as FILE_SIZES
from benchmarks.memory import memory
from benchmarks.pictures import pictures
from benchmarks.precision import precision
from benchmarks.predicting import SIZES, predicting, train
from benchmarks.public import PUBLIC
from benchmarks.reading import reading
from benchmarks.sweeps import sweeps
from benchmarks.tables import SECTIONS, write_tables
from benchmarks.texts import texts
from benchmarks.training import CASES, training
from benchmarks.whole import ROWS, whole
from benchmarks.windows import windows

OTHERS = ("torch", *dict.fromkeys(LIBRARIES.values()))
"""What stands beside, where it is installed."""

WHOLE = {
    "commits": commits,
    "pictures": pictures,
    "precision": precision,
    "reading": reading,
    "texts": texts,
    "windows": windows,
}
"""The sections that are measured at once."""

RESULTS = ROOT / "benchmarks" / "results.json"


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", nargs="*", metavar="WHAT", help=f"of {', '.join([*SECTIONS, *CASES])}; all when none")
    parser.add_argument("--pairs", type=int, default=5, help="how often each side runs; seeds of `boosting`")
    parser.add_argument("--trials", type=int, default=300, help="of a sweep")
    parser.add_argument("--load", type=float, default=0.7, help="wait for a load of the machine below this")
    parser.add_argument("--alone", action="store_true", help="without PyTorch, scikit-learn and boosting")
    parser.add_argument("--folder", type=Path, help="keep the files; what `boosting` has found there is not done again")
    parser.add_argument("--tables", nargs="*", default=list(PUBLIC), metavar="TABLE", help="those of `boosting`")
    parser.add_argument("--write", action="store_true", help="write the tables into the pages")
    options = parser.parse_args()
    unknown = set(options.what) - {*SECTIONS, *CASES}
    if unknown:
        parser.error(f"nothing is called {', '.join(sorted(unknown))}")
    results: Result = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results["machine"] = machine()
    with tempfile.TemporaryDirectory(prefix="dlcli-bench-") as name:
        others = {} if options.alone else dict(_others())
        bench = Bench(options.folder or Path(name), options.pairs, options.load, others)
        for section, tables in SECTIONS.items():
            cases = [case for case in CASES if section == "training" and case in options.what]
            if not options.what or section in options.what or cases:
                results.setdefault("pairs", {})[section] = options.pairs
                for found in measured(section, cases, bench, trials=options.trials, public=options.tables):
                    results[section] = {**results.get(section, {}), **found}
                    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
                    print(*(table(found) for table in tables), sep="\n", flush=True)
    if options.write:
        write_tables(ROOT, results)


def measured(
    section: str, cases: list[str], bench: Bench, *, trials: int, public: Sequence[str] = tuple(PUBLIC)
) -> Iterator[Result]:
    """The results of a section, one after the other.

    Args:
        section: Of `SECTIONS`.
        cases: Of `training`: which; all when empty.
        bench: How to measure.
        trials: Of a sweep.
        public: The tables of `boosting`.
    """
    if section == "training":
        yield from ({case: training(case, bench)} for case in cases or CASES)
    elif section == "boosting":
        yield from boosting(bench, public)
    elif section == "kinds":
        yield from ({name: kind(name, bench)} for name in KINDS)
    elif section == "whole":
        yield from ({str(rows): whole(rows, bench)} for rows in ROWS)
    elif section == "predicting":
        run = train(bench.folder)
        yield from ({str(rows): predicting(rows, run, bench)} for rows in SIZES)
    elif section == "folds":
        yield {"Breast cancer": folds(bench)}
    elif section == "sweeps":
        yield {"MLP on iris": sweeps(bench, trials)}
    elif section in WHOLE:
        yield WHOLE[section](bench)
    else:
        yield from ({str(size): memory(size, bench)} for size in FILE_SIZES)


def machine() -> Result:
    """What the numbers were measured on."""
    return {
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("tensorflow", "keras", "numpy")},
    }


def _others() -> Iterator[tuple[str, str]]:
    """Which of the others their environment has, with its Python."""
    python = ROOT / ".venv" / "bench" / "bin" / "python"
    for name in OTHERS:
        if python.exists() and not subprocess.run([python, "-c", f"import {name}"], capture_output=True).returncode:
            yield name, str(python)


if __name__ == "__main__":
    main()
