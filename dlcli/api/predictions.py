"""Predict with a run: for a DataFrame, and from a file to a file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.api.arguments import (
    RunLike,
    require_names,
    run_path,
)
from dlcli.api.listeners import ignore, leave_to_run, warner
from dlcli.backend.memory import with_memory_named
from dlcli.errors import DataError, Problem
from dlcli.training.events import Listener, Notice, RowsDone
from dlcli.training.messages import with_warnings_forwarded

if TYPE_CHECKING:
    import pandas as pd

    from dlcli.data.sources.options import Reading
    from dlcli.prediction.outputs import OutputFormat
    from dlcli.trained.run import TrainedRun
    from dlcli.trained.runtime import Runtime
    from dlcli.trained.undefined import Undefined


@with_memory_named
@with_warnings_forwarded
def predict(
    run: RunLike,
    frame: pd.DataFrame,
    *,
    probabilities: bool = True,
    top: int | None = None,
    threshold: float | None = None,
    runtime: Runtime = "auto",
    allow_code: bool = False,
    listener: Listener | None = None,
) -> pd.DataFrame:
    """Predict for a DataFrame.

    Args:
        run: A run or its directory.
        frame: The features' columns, in any order; other columns are ignored.
        probabilities: Of classes: a column for the probability of each.
        top: Of classes: the best so many instead, in `prediction_1`, `probability_1`, `prediction_2`, ...
        threshold: Of two classes: the second is predicted where its probability is above this.
        runtime: `portable` is without TensorFlow, `keras` with it; `auto` is portable where that can be trusted.
        allow_code: Run the Python files that the run has in its `code/`, where Keras needs them.
        listener: Called with notices.

    Returns:
        As many rows as `frame`, with its index: `prediction`, and for classes `probability_<class>`; with several
        targets each name is prefixed with `<target>_`. Of a model of windows a row for each series and step after the
        rows of `frame`, with the columns that name the series and tell the time.

    Raises:
        DataError: Columns are missing, or hold values that cannot be used.
        ModelError: The model has no classes or probabilities as they are asked for.

    Example:
        >>> predictions = dlcli.predict("runs/iris-001", frame)  # doctest: +SKIP
        >>> predictions["prediction"].iloc[0]  # doctest: +SKIP
        'setosa'
    """
    require_names(run)
    path = run_path(run, runtime)
    import pyarrow as pa

    from dlcli.prediction.forecast import predictions
    from dlcli.prediction.prediction import no_predictions
    from dlcli.trained.decoding import Columns
    from dlcli.trained.rows import input_rows
    from dlcli.trained.runtime import load
    from dlcli.trained.undefined import Undefined

    if not hasattr(frame, "columns"):
        kind = type(frame).__name__
        hint = "of a file: `dlcli predict RUN FILE`, or predict(run, pandas.read_csv(file))"
        raise DataError(Problem(f"expected a DataFrame, got {kind}", hint=hint, rule="wrong-value"))
    trained = load(path, leave=leave_to_run(allow_code, listener), runtime=runtime, warn=warner(listener))
    columns = Columns(probabilities=probabilities, top=top, threshold=threshold)
    undefined = Undefined()
    rows = input_rows(trained, frame)
    tables = list(predictions(trained, rows, columns=columns, undefined=undefined, warn=warner(listener)))
    tables = tables or [no_predictions(trained, rows, columns=columns)]
    result: pd.DataFrame = pa.concat_tables(tables).to_pandas()
    if trained.preprocessing.windows is None:
        result.index = frame.index
    tell_unseen(trained, undefined, listener)
    return result


@with_memory_named
@with_warnings_forwarded
def predict_file(
    run: RunLike,
    source: str | os.PathLike[str],
    *,
    output: str | os.PathLike[str] | None = None,
    keep: Sequence[str] | None = (),
    format: OutputFormat | None = None,
    input_format: str | None = None,
    reading: Reading | None = None,
    probabilities: bool = True,
    top: int | None = None,
    threshold: float | None = None,
    raw_text: bool = False,
    runtime: Runtime = "auto",
    allow_code: bool = False,
    listener: Listener | None = None,
) -> int:
    """Predict row for row from a file to a file, in bounded memory; of series the steps after their last.

    Args:
        run: A run or its directory.
        source: The input: CSV, TSV, Parquet, JSON lines or `.npz`, a path or a glob; `-` for standard input.
        output: A .csv, .tsv, .jsonl, .parquet or .npz file, which appears whole or not at all; of images and masks that
            are predicted a directory (one that is there and empty, or a name without a suffix); None or `-` for stdout.
        keep: Columns of the input to copy before the predictions; None for all.
        format: `csv`, `tsv`, `jsonl` or `parquet`; by the suffix of `output` when None, and `csv` on stdout.
        input_format: The same for the input, or `npz`; by its name, or its first bytes, when None.
        reading: The delimiter, encoding and the like of an input of text; found from the input when None.
        probabilities: See `predict`.
        top: See `predict`.
        threshold: See `predict`.
        raw_text: Write texts to CSV as they are, those included that a spreadsheet would run as formulas.
        runtime: See `predict`.
        allow_code: See `predict`.
        listener: Called with notices, and with `RowsDone` after every chunk.

    Returns:
        The number of rows.

    Raises:
        DataError: Columns are missing, values cannot be used, there are no rows, or the output cannot be written.
        ModelError: See `predict`.
    """
    require_names(run, source, output)
    path = run_path(run, runtime)
    from dlcli.prediction.files import Writing, predict_to
    from dlcli.trained.decoding import Columns
    from dlcli.trained.runtime import load
    from dlcli.trained.undefined import Undefined

    tell, undefined = listener or ignore, Undefined()
    trained = load(path, leave=leave_to_run(allow_code, listener), runtime=runtime, warn=warner(listener))
    rows = predict_to(
        trained,
        os.fspath(source),
        Writing(output=None if output is None else Path(output), format=format, raw_text=raw_text),
        format=input_format,
        reading=reading,
        keep=keep,
        columns=Columns(probabilities=probabilities, top=top, threshold=threshold),
        undefined=undefined,
        progress=lambda rows, about: tell(RowsDone(rows, about)),
        warn=warner(listener),
    )
    tell_unseen(trained, undefined, listener)
    return rows


def tell_unseen(run: TrainedRun, undefined: Undefined, listener: Listener | None) -> None:
    """Warn of predictions that are less than they seem: from what training has not seen, or none at all."""
    for problem in (*run.preprocessing.gaps(), *run.preprocessing.unseen_values(), *undefined.problems()):
        if listener is not None:
            listener(Notice(problem, warning=True))
        else:
            warnings.warn(str(problem), UserWarning, stacklevel=3)
