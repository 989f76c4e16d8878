"""What is made of a run that is there: another format, a proof, a page."""

from __future__ import annotations

import os
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
from dlcli.training.events import Listener
from dlcli.training.messages import with_warnings_forwarded

if TYPE_CHECKING:
    from dlcli.exports.export import Export
    from dlcli.trained.runtime import Runtime


@with_memory_named
@with_warnings_forwarded
def export(
    run: RunLike,
    output: str | os.PathLike[str] | None = None,
    *,
    format: str = "onnx",
    with_preprocessing: bool = False,
    rows: str | os.PathLike[str] | None = None,
    allow_code: bool = False,
    listener: Listener | None = None,
) -> Export:
    """Write a trained model for other programs, reload it in its own runtime in another process, and compare it with
    the run's predictions before it gets its name.

    Args:
        run: A run or its directory; of an ensemble or a cross-validation the mean of its members is one ONNX file.
        output: The file to write, or the directory for a SavedModel; None: the run's own `model.onnx`, again.
        format: `keras`, `saved_model`, `onnx` or `litert`; docs/exports.md says what each holds.
        with_preprocessing: The model takes the columns of a table instead of encoded numbers.
        rows: A file of rows to compare on; the run's own data when None.
        allow_code: Run the Python files that the run has in its `code/`.
        listener: Called with notices.

    Returns:
        Where the model is, and how it was compared.

    Raises:
        ModelError: The format cannot hold the model, or it disagrees with the run's predictions.
        DataError: There is no such format, there are no rows to compare on, or the output cannot be written.
    """
    require_names(run, output, rows)
    from dlcli.exports.formats import OWN_FORMAT, find_format

    chosen = find_format(format)
    path = run_path(run, "keras")
    from dlcli.exports.export import export_run
    from dlcli.exports.portable_rebuild import rebuild_portable
    from dlcli.exports.together import export_together
    from dlcli.runs.members import open_several

    several = open_several(path)
    if output is None:
        if format != OWN_FORMAT or with_preprocessing or rows is not None:
            raise TypeError("output is needed: only ONNX without preprocessing is written into the run")
        if several is None:
            return rebuild_portable(path, leave=leave_to_run(allow_code, listener))
    arguments: dict[str, Any] = {
        "format": chosen,
        "with_preprocessing": with_preprocessing,
        "rows": None if rows is None else [os.fspath(rows)],
        "leave": leave_to_run(allow_code, listener),
        "warn": warner(listener),
    }
    if several is not None:
        return export_together(path, None if output is None else Path(output), **arguments)
    assert output is not None
    return export_run(path, Path(output), **arguments)


@with_memory_named
@with_warnings_forwarded
def report(
    run: RunLike,
    output: str | os.PathLike[str] | None = None,
    *,
    cache_dir: str | os.PathLike[str] | None = None,
    runtime: Runtime = "portable",
    allow_code: bool = False,
    listener: Listener | None = None,
) -> Path:
    """Write what a person wants to see of a run, as one HTML page.

    Args:
        run: A run or its directory, whatever its status.
        output: The page; None: `report.html` in the run, with `model_card.md` and `plots/` beside it.
        cache_dir: Where training kept the encoded data; as for `train`.
        runtime: What predicts the rows that are looked at: `portable` needs no TensorFlow.
        allow_code: Run the Python files that the run has in its `code/`, where Keras needs them.
        listener: Called with notices.

    Returns:
        Where the page is.

    Raises:
        RunError: It is no run, or it is damaged.
        DataError: The page cannot be written there.

    Example:
        >>> dlcli.report("runs/iris-001")  # doctest: +SKIP
        PosixPath('runs/iris-001/report.html')
    """
    require_names(run, output, cache_dir)
    path = run_path(run, runtime)
    from dlcli.reporting.reports import report_run

    return report_run(
        path,
        None if output is None else Path(output),
        cache=cache_in(cache_dir),
        runtime=runtime,
        leave=leave_to_run(allow_code, listener),
        warn=warner(listener),
    )
