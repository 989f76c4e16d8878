"""A trained model for other programs: written, reloaded in its own runtime in another process, compared with Keras and
with what the run predicts, and only then given its name."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.backend import startup
from dlcli.config.signature import DEFAULT_INPUT
from dlcli.data.columns.chunk import Chunk
from dlcli.data.inputs import open_input
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.errors import DataError, ModelError, Problem
from dlcli.exports.columns import (
    NumberDtype,
    column_values,
    encoded_tensor,
    make_column_inputs,
    number_dtype,
    require_holdable,
)
from dlcli.exports.formats import FORMATS, ExportFormat, metadata_file, tensor_names, write_model
from dlcli.exports.metadata import Metadata, describe, describe_columns
from dlcli.exports.parity import MOST_ROWS, Parity, batches, floors, judge
from dlcli.exports.reference import reference_outputs, rounding_noise
from dlcli.model.assembly import Assembly
from dlcli.prediction.destination import not_writable
from dlcli.prediction.prediction import run_slices
from dlcli.trained.keras_model import KerasPredictor, load_keras
from dlcli.trained.loading import load
from dlcli.trained.portable import PortablePredictor
from dlcli.trained.predictor import Arrays
from dlcli.trained.run import TrainedRun, Warn

__all__ = ["Export", "export_run"]


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
    format: ExportFormat
    metadata: Path | None
    parity: Parity


def export_run(
    path: Path,
    output: Path,
    *,
    format: ExportFormat,
    with_preprocessing: bool = False,
    rows: Sequence[str] | None = None,
    warn: Warn,
) -> Export:
    """Export the model of a run.

    Args:
        path: The run directory.
        output: The file to write, or the directory for a SavedModel; it must not be there yet.
        format: The format.
        with_preprocessing: The model takes the columns of a table instead of encoded numbers.
        rows: Files of rows to compare on; the run's own data when None.
        warn: Told when the run's portable model cannot be trusted.

    Raises:
        ModelError: The format cannot hold the model or its preprocessing, or the export disagrees with Keras or with
            the run's predictions.
        DataError: There are no rows to compare on, or the output cannot be written.
    """
    _require_free(output, format)
    run = load(path, warn=warn)
    if with_preprocessing:
        require_holdable(run.preprocessing.features, format)
    chunk = _rows(run, rows)
    assembly = _assembly(run)
    outputs = tuple(plan.name for plan in assembly.outputs)
    named = run.predictor.named
    encoded = run.preprocessing.encode(chunk, named)
    if with_preprocessing:
        dtype = number_dtype(format)
        model: Any = _with_preprocessing(assembly, run.preprocessing, dtype)
        inputs: Mapping[str, NDArray[Any]] = column_values(run.preprocessing.features, chunk, dtype)
        metadata = describe_columns(run.config, run.preprocessing, assembly.outputs)
        taken = tuple({**each, **({"dtype": dtype} if each["kind"] == "number" else {})} for each in metadata.inputs)
        metadata = dataclasses.replace(metadata, inputs=taken)
    else:
        model, inputs = assembly.model, encoded
        metadata = describe(run.config, run.preprocessing, assembly.outputs, named)
    with _beside(output) as directory:
        draft = directory / output.name
        try:
            write_model(model, draft, format=format, outputs=outputs, metadata=_document(metadata, format))
        except OSError as error:
            raise not_writable(str(output), error) from error
        received = _reloaded(draft, inputs, format=format, outputs=outputs, code=assembly.config.code)
        parity = _prove(run, assembly, encoded, received)
        return Export(output, format, _move(draft, output, format), parity)


def _prove(run: TrainedRun, assembly: Assembly, encoded: Arrays, received: Sequence[Sequence[NDArray[Any]]]) -> Parity:
    """Compare an export with Keras, all rows at once and some one by one, and with what `predict` uses.

    Args:
        run: The run.
        assembly: Its model in Keras.
        encoded: The rows.
        received: For each of `batches` what the export gave.

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
    if isinstance(run.predictor, PortablePredictor):
        sides.append(([run_slices(run.predictor, encoded)], received[:1]))
    noise = functools.cache(lambda: rounding_noise(assembly.model, encoded))
    proofs = [judge(one, other, floors=floors(assembly.outputs), noise=noise) for one, other in sides]
    for parity in proofs:
        if not parity.agrees:
            message = f"the exported model does not predict what the run does: {parity}"
            raise ModelError(Problem(message, hint="nothing was written", rule="export-differs"))
    return max(proofs, key=lambda parity: (parity.noise, parity.excess))


def _document(metadata: Metadata, format: ExportFormat) -> dict[str, Any]:
    """The description, with TensorFlow's own names of the tensors where they are others."""
    document = metadata.document()
    if format in ("saved_model", "litert"):
        for key in ("inputs", "outputs"):
            legal = tensor_names([each["name"] for each in document[key]])
            document[key] = [{**each, "tensor": legal[each["name"]]} for each in document[key]]
    return document


def _assembly(run: TrainedRun) -> Assembly:
    """The model that Keras builds, in float32."""
    predictor = run.predictor
    if not isinstance(predictor, KerasPredictor):
        predictor = load_keras(run.directory).predictor
    assert isinstance(predictor, KerasPredictor)
    return predictor.assembly


def _with_preprocessing(assembly: Assembly, preprocessing: Preprocessing, dtype: NumberDtype) -> Any:
    """A model that takes columns: the codecs' layers before the trained ones."""
    keras = startup.load()
    columns = make_column_inputs(preprocessing.features, dtype)
    tensors = {
        name: encoded_tensor(codec, [columns[column] for column in codec.columns])
        for name, codec in preprocessing.features.items()
    }
    specs = preprocessing.inputs(assembly.graph.features)
    own = {spec.name for spec in specs if spec.name != DEFAULT_INPUT}
    joined = [tensor for name, tensor in tensors.items() if name not in own]
    inputs = {name: tensor for name, tensor in tensors.items() if name in own}
    if joined:
        inputs[DEFAULT_INPUT] = joined[0] if len(joined) == 1 else keras.layers.Concatenate()(joined)
    return keras.Model(columns, assembly.model(inputs), name=assembly.config.name)


def _rows(run: TrainedRun, files: Sequence[str] | None) -> Chunk:
    """Some rows of the run's data, the test split's file before others, or of the files that are given."""
    data = run.config.data
    own = next(place for place in (data.test, data.validation, data.train) if isinstance(place, list))
    try:
        source = open_input(list(files or own), data, run.preprocessing)
        rows = next((part.chunk for part in source.rows() if part.chunk.num_rows), None)
    except DataError as error:
        if files is not None:
            raise
        hint = "give rows with --rows FILE: an export is compared with the run's predictions before it is kept"
        raise DataError(dataclasses.replace(problem, hint=hint) for problem in error.problems) from error
    if rows is None:
        raise DataError(Problem(f"'{source.source.name}' has no rows", hint="give others: --rows FILE", rule="no-rows"))
    count = min(rows.num_rows, MOST_ROWS)
    return Chunk({name: values[:count] for name, values in rows.columns.items()}, count, rows.start, rows.file)


def _reloaded(
    model: Path,
    inputs: Mapping[str, NDArray[Any]],
    *,
    format: ExportFormat,
    outputs: Sequence[str],
    code: Sequence[str],
) -> list[list[NDArray[Any]]]:
    """What the written model gives for each of `batches`, in another process."""
    given, taken = model.parent / "inputs.npz", model.parent / "outputs.npz"
    np.savez(given, **{f"={name}": values for name, values in inputs.items()})  # type: ignore[arg-type]
    count = len(batches(len(next(iter(inputs.values())))))
    arguments = [format, str(model), str(given), str(taken), str(count - 1), *code]
    done = subprocess.run(
        # -P: without it the working directory, which may be a stranger's, is where modules are looked for first.
        [sys.executable, "-P", "-m", "dlcli.exports.reloading", *arguments],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        hint = ""
        if "ai_edge_litert" in last:
            hint = "install the runtime: pip install 'dlcli[litert]'"
        message = f"the exported model cannot be used in its own runtime: {last}"
        raise ModelError(Problem(message, hint=hint, rule="export-differs"))
    names = {
        "keras": [str(place) for place in range(len(outputs))],
        "onnx": list(outputs),
        "saved_model": list(tensor_names(outputs).values()),
        "litert": list(tensor_names(outputs).values()),
    }[format]
    with np.load(taken) as archive:
        return [[archive[f"{place}={name}"] for name in names] for place in range(count)]


def _require_free(output: Path, format: ExportFormat) -> None:
    suffix = FORMATS[format]
    problems = []
    if suffix and output.suffix != suffix:
        message = f"the output {str(output)!r} has the suffix {output.suffix!r}, and a model in {format} has {suffix!r}"
        problems.append(Problem(message, hint=f"name it {output.with_suffix(suffix)}", rule="unknown-format"))
    for place in (output, metadata_file(output, format)):
        if place is not None and place.exists():
            problems.append(Problem(f"{place} exists already", hint="choose another --output", rule="output-exists"))
    if problems:
        raise DataError(problems)


@contextlib.contextmanager
def _beside(output: Path) -> Iterator[Path]:
    """A directory for drafts, on the same file system as the output.

    Raises:
        DataError: It cannot be made.
    """
    try:
        directory = tempfile.TemporaryDirectory(prefix=f".{output.name[:40]}.", dir=_parent(output))
    except OSError as error:
        raise not_writable(str(output), error) from error
    with directory as path:
        yield Path(path)


def _parent(output: Path) -> Path:
    if not output.parent.is_dir():
        message = f"cannot write {output}: there is no directory {output.parent}"
        raise DataError(Problem(message, hint="choose another --output", rule="not-writable"))
    return output.parent


def _move(draft: Path, output: Path, format: ExportFormat) -> Path | None:
    """Give the draft its name, the description first: a model without one is not left behind."""
    described, place = metadata_file(draft, format), metadata_file(output, format)
    try:
        if described is not None and place is not None and format != "saved_model":
            os.replace(described, place)
        if draft.is_dir():
            shutil.move(draft, output)
        else:
            os.replace(draft, output)
    except OSError as error:
        raise not_writable(str(output), error) from error
    return place
