"""A trained model for other programs: written, reloaded in its own runtime in another process, compared with Keras and
with what the run predicts, and only then given its name."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from dlcli.backend import startup
from dlcli.config.signature import DEFAULT_INPUT
from dlcli.data.columns.chunk import Chunk
from dlcli.data.inputs import Input, open_input
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.window_inputs import LabelledWindows, rows_in_windows
from dlcli.errors import DataError, ModelError, Problem
from dlcli.exports.columns import column_inputs, column_values, encoded_tensor, make_column_inputs, require_holdable
from dlcli.exports.draft import draft_directory, move, require_free, write_model
from dlcli.exports.formats import ExportFormat
from dlcli.exports.metadata import describe, describe_columns
from dlcli.exports.parity import MOST_ROWS, Parity, batches, floors, judge
from dlcli.exports.reference import reference_outputs, rounding_noise
from dlcli.exports.reload import reload
from dlcli.exports.windows import encoded_windows, steps_inputs, steps_values
from dlcli.model.assembly import Assembly
from dlcli.prediction.destination import not_writable
from dlcli.prediction.prediction import run_slices
from dlcli.trained.keras_predictor import KerasPredictor, load_keras
from dlcli.trained.onnx_predictor import OnnxPredictor
from dlcli.trained.own_code import Leave
from dlcli.trained.predictor import Arrays
from dlcli.trained.run import TrainedRun, Warn
from dlcli.trained.runtime import load

__all__ = ["Export", "export_run", "given_rows", "keras_model", "require_columns", "some_rows", "with_columns"]


@dataclasses.dataclass(frozen=True)
class Export:
    """An exported model.

    Args:
        path: The file, or the directory of a SavedModel.
        format: Its format.
        metadata: The file that describes it; None when that is inside.
        parity: How it was compared with Keras and with the run's predictions: the worse of the two.
    """

    path: Path
    format: str
    metadata: Path | None
    parity: Parity


def export_run(
    path: Path,
    output: Path,
    *,
    format: ExportFormat,
    with_preprocessing: bool = False,
    rows: Sequence[str] | None = None,
    leave: Leave,
    warn: Warn,
) -> Export:
    """Export the model of a run.

    Args:
        path: The run directory.
        output: The file to write, or the directory for a SavedModel; it must not be there yet.
        format: The format.
        with_preprocessing: The model takes the columns of a table instead of encoded numbers.
        rows: Files of rows to compare on; the run's own data when None.
        leave: Whether code of the run's own may be run.
        warn: Told when the run's portable model cannot be trusted.

    Raises:
        ModelError: The format cannot hold the model or its preprocessing, or the export disagrees with Keras or with
            the run's predictions.
        DataError: There are no rows to compare on, or the output cannot be written.
    """
    require_free(output, format)
    run = load(path, leave=leave, warn=warn)
    if with_preprocessing:
        require_columns(run, format)
    named = run.predictor.named
    encoded, columns = given_rows(run, rows, format if with_preprocessing else None, warn)
    assembly = keras_model(run, leave)
    outputs = tuple(plan.name for plan in assembly.outputs)
    if with_preprocessing:
        model: Any = with_columns(assembly, run.preprocessing, format)
        inputs = columns
        metadata = describe_columns(run.config, run.preprocessing, assembly.outputs, named, format)
    else:
        model, inputs = assembly.model, encoded
        metadata = describe(run.config, run.preprocessing, assembly.outputs, named)
    with draft_directory(output) as directory:
        draft = directory / output.name
        document = metadata.document(tensor_names=format.tensor_names)
        try:
            write_model(model, draft, format=format, outputs=outputs, metadata=document)
        except OSError as error:
            raise not_writable(str(output), error) from error
        singles = len(batches(len(next(iter(encoded.values()))))) - 1
        received = reload(draft, inputs, format=format, outputs=outputs, singles=singles, code=assembly.config.code)
        parity = _prove(run, assembly, encoded, received, tolerance=format.tolerance)
        return Export(output, format.name, move(draft, output, format), parity)


def _prove(
    run: TrainedRun,
    assembly: Assembly,
    encoded: Arrays,
    received: Sequence[Sequence[NDArray[Any]]],
    *,
    tolerance: float,
) -> Parity:
    """Compare an export with Keras, all rows at once and some one by one, and with what `predict` uses.

    Args:
        run: The run.
        assembly: Its model in Keras.
        encoded: The rows.
        received: For each of `batches` what the export gave.
        tolerance: Of its format.

    Returns:
        The worse of the two comparisons.

    Raises:
        ModelError: They differ.
    """
    parts = [
        {name: values[start : start + count] for name, values in encoded.items()}
        for start, count in batches(len(received[0][0]))
    ]
    expected = [reference_outputs(assembly.model, part) for part in parts]
    sides = [(expected, received)]
    if isinstance(run.predictor, OnnxPredictor):
        sides.append(([run_slices(run.predictor, encoded)], received[:1]))
    noise = functools.cache(lambda: rounding_noise(assembly.model, encoded))
    allowed = floors(assembly.outputs)
    proofs = [judge(one, other, floors=allowed, noise=noise, tolerance=tolerance) for one, other in sides]
    for parity in proofs:
        if not parity.agrees:
            message = f"the exported model does not predict what the run does: {parity}"
            raise ModelError(Problem(message, hint="nothing was written", rule="export-differs"))
    return max(proofs, key=lambda parity: (parity.noise, parity.excess))


def keras_model(run: TrainedRun, leave: Leave) -> Assembly:
    """The model that Keras builds, in float32."""
    predictor = run.predictor
    if not isinstance(predictor, KerasPredictor):
        predictor = load_keras(run.directory, leave=leave).predictor
    assert isinstance(predictor, KerasPredictor)
    return predictor.assembly


def with_columns(assembly: Assembly, preprocessing: Preprocessing, format: ExportFormat) -> Any:
    """A model that takes columns: the codecs' layers before the trained ones."""
    keras, named = startup.load(), assembly.graph.features
    if preprocessing.windows is not None:
        steps = steps_inputs(preprocessing, named, format)
        columns = {name: keras.Input(each.shape, dtype=each.step.dtype, name=name) for name, each in steps.items()}
        return _joined_model(assembly, columns, encoded_windows(preprocessing, named, columns, format))
    columns = make_column_inputs(preprocessing.features, format)
    tensors = {
        name: encoded_tensor(codec, [columns[column] for column in codec.columns], format)
        for name, codec in preprocessing.features.items()
    }
    specs = preprocessing.inputs(named)
    own = {spec.name for spec in specs if spec.name != DEFAULT_INPUT}
    joined = [tensor for name, tensor in tensors.items() if name not in own]
    inputs = {name: tensor for name, tensor in tensors.items() if name in own}
    if joined:
        inputs[DEFAULT_INPUT] = joined[0] if len(joined) == 1 else keras.layers.Concatenate()(joined)
    return _joined_model(assembly, columns, inputs)


def _joined_model(assembly: Assembly, columns: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
    keras = startup.load()
    outputs = assembly.model(inputs)
    _part_names(keras.tree.flatten(outputs), columns)
    return keras.Model(columns, outputs, name=assembly.config.name)


def _part_names(tensors: Sequence[Any], columns: Collection[str]) -> None:
    """Give each operation a name of its own: a column, or the model, may be called as one of Keras's (`where`)."""
    waiting, nodes, operations, taken = list(tensors), set[int](), set[int](), set(columns)
    while waiting:
        operation, place, _ = waiting.pop()._keras_history
        node = operation._inbound_nodes[place]
        if id(node) in nodes or node.is_input:
            continue
        nodes.add(id(node))
        waiting += node.input_tensors
        if id(operation) not in operations and operation.name in taken:
            names = (f"{operation.name}__{number}" for number in itertools.count())
            operation.name = next(name for name in names if name not in taken)
        operations.add(id(operation))
        taken.add(operation.name)


def require_columns(run: TrainedRun, format: ExportFormat) -> None:
    """Refuse a run whose columns cannot go in as they are.

    Raises:
        ModelError: A feature has no layers in that format, two inputs would have one name, or targets are measured by
            what a window shows of them.
    """
    form = run.preprocessing.windows
    if form is not None and form.scale is not None:
        message = f"windows of `scale: {form.scale}` are measured each by itself, which no layer does"
        raise ModelError(Problem(message, hint="export without --with-preprocessing", rule="not-portable"))
    require_holdable(run.preprocessing.features, format)
    if form is None:
        column_inputs(run.preprocessing.features, format)
    else:
        steps_inputs(run.preprocessing, run.predictor.named, format)


def _opened(run: TrainedRun, files: Sequence[str] | None, *, with_targets: bool = False) -> Input:
    """The run's data, the test split's file before others, or the files that are given."""
    data = run.config.data
    places = (data.test, data.validation, data.train)
    own = next(place for place in places if place is not None and not isinstance(place, float))
    return open_input(own if files is None else list(files), data, run.preprocessing, with_targets=with_targets)


@contextlib.contextmanager
def _asking_for_rows(files: Sequence[str] | None) -> Iterator[None]:
    """What to do where the run's own data is not there any more."""
    try:
        yield
    except DataError as error:
        if files is not None:
            raise
        hint = "give rows with --rows FILE: an export is compared with the run's predictions before it is kept"
        raise DataError(dataclasses.replace(problem, hint=hint) for problem in error.problems) from error


def given_rows(
    run: TrainedRun, files: Sequence[str] | None, format: ExportFormat | None, warn: Warn
) -> tuple[Arrays, Arrays]:
    """Some rows, or windows over them, as the trained model takes them, and as one that takes columns does.

    Args:
        run: The run.
        files: Of rows; the run's own data when None.
        format: What the columns are for; None: they are not asked for.
        warn: Told of rows without a target.
    """
    preprocessing, named = run.preprocessing, run.predictor.named
    if preprocessing.windows is not None:
        found = some_windows(run, files, warn)
        encoded = found.samples.take(slice(0, MOST_ROWS)).inputs
        if format is None:
            return encoded, {}
        return encoded, steps_values(steps_inputs(preprocessing, named, format), found, preprocessing.features, format)
    chunk = some_rows(run, files)
    columns = {} if format is None else column_values(preprocessing.features, chunk, format)
    return preprocessing.encode(chunk, named), columns


def some_windows(run: TrainedRun, files: Sequence[str] | None, warn: Warn) -> LabelledWindows:
    """The windows over such rows."""
    with _asking_for_rows(files):
        opened = _opened(run, files, with_targets=True)
        config = run.config.data.model_copy(update={"sample_weight": None})  # a column that nobody asks for
        return rows_in_windows(opened, config, run.preprocessing, named=run.predictor.named, warn=warn)


def some_rows(run: TrainedRun, files: Sequence[str] | None) -> Chunk:
    """Some of such rows."""
    with _asking_for_rows(files):
        source = _opened(run, files)
        rows = next((part.chunk for part in source.rows() if part.chunk.num_rows), None)
    if rows is None:
        raise DataError(Problem(f"'{source.source.name}' has no rows", hint="give others: --rows FILE", rule="no-rows"))
    count = min(rows.num_rows, MOST_ROWS)
    return Chunk({name: values[:count] for name, values in rows.columns.items()}, count, rows.start, rows.file)
