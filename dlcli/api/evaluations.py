"""Evaluate a run on a split of its data, or on new rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.api.arguments import (
    RunLike,
    cache_in,
    require_names,
    run_path,
)
from dlcli.api.listeners import leave_to_run, warner
from dlcli.backend.memory import with_memory_named
from dlcli.config.document.file_names import safe_name
from dlcli.config.signature import SPLITS, SplitName
from dlcli.training.events import Listener
from dlcli.training.messages import with_warnings_forwarded

if TYPE_CHECKING:
    import pandas as pd

    from dlcli.data.sources.options import Reading
    from dlcli.evaluation.evaluation import Evaluation
    from dlcli.trained.runtime import Runtime

MOST_LETTERS = 50
"""Of the name of a data file, in the name of its evaluation: with a suffix it is a name that a file can have."""


@with_memory_named
@with_warnings_forwarded
def evaluate(
    run: RunLike,
    data: str | os.PathLike[str] | Mapping[str, Any] | pd.DataFrame | None = None,
    *,
    split: SplitName = "test",
    reading: Reading | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    runtime: Runtime = "auto",
    allow_code: bool = False,
    listener: Listener | None = None,
) -> Evaluation:
    """Compute the compiled metrics and a report for each target, and write `evaluations/<name>.json` and a page.

    Args:
        run: A run or its directory.
        data: New rows with the target: a file or folder, a source as in a config, `{"x": "x.npy", "y": "y.npy"}`, or a
            DataFrame. None: a split of the run's own data.
        split: `train`, `validation` or `test`, when `data` is None.
        reading: The delimiter, encoding and the like of a file of text; found from the file when None.
        cache_dir: Where training kept the encoded data; as for `train`.
        runtime: `portable` computes without TensorFlow, which not every metric can; `auto` where it can.
        allow_code: Run the Python files that the run has in its `code/`, where Keras needs them.
        listener: Called with notices.

    Raises:
        RunError: It is no run, or it has no such split, or its data has changed since training.
        DataError: The data lacks columns or holds values that cannot be used.
    """
    require_names(run, data, cache_dir)
    path = run_path(run, runtime)
    from dlcli.reporting.reports import evaluate_and_report

    name = str(split) if data is None else _data_name(data)
    return evaluate_and_report(
        path,
        data,
        split=split,
        name=name,
        cache=None if data is not None else cache_in(cache_dir),
        reading=reading,
        runtime=runtime,
        leave=leave_to_run(allow_code, listener),
        warn=warner(listener),
    )


def _data_name(data: str | os.PathLike[str] | Mapping[str, Any] | pd.DataFrame) -> str:
    if isinstance(data, (str, os.PathLike)):
        said = os.fspath(data).lstrip()
        name = safe_name(said).replace(".", "-") if said.startswith("{") else Path(data).name
        stem = name.split(".")[0][:MOST_LETTERS] or "data"
        if stem not in SPLITS:
            return stem
        return name if name not in SPLITS else f"{name}-data"  # evaluations/test.json is of the split
    return "arrays" if isinstance(data, Mapping) else "frame"
