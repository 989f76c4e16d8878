"""The run's own portable model, written and proved again: after it was lost, or for a run that had none."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from dlcli.errors import ModelError, Problem, RunError
from dlcli.exports.export import Export
from dlcli.exports.formats import OWN_FORMAT
from dlcli.exports.parity import Parity
from dlcli.exports.portable import write_portable
from dlcli.files.replacing import Replacement
from dlcli.runs.claiming import exclusive
from dlcli.runs.layout import RunDirectory, write_json
from dlcli.trained.keras_predictor import KerasPredictor, load_keras
from dlcli.trained.own_code import Leave
from dlcli.trained.rows import some_split

__all__ = ["rebuild_portable"]


def rebuild_portable(path: Path, *, leave: Leave) -> Export:
    """Write `model.onnx` of a run again, and what `run.json` says of it. Where that fails, both stay as they were.

    Args:
        path: The run directory.
        leave: Whether code of the run's own may be run.

    Raises:
        ModelError: The model cannot be converted, or disagrees with Keras.
        DataError: The run's own data, which the proof needs, is gone.
        RunError: The run is damaged, or cannot be written.
    """
    directory = RunDirectory.open(path)
    run = load_keras(directory, leave=leave, mixed=True)
    predictor = run.predictor
    assert isinstance(predictor, KerasPredictor)
    name, samples = some_split(run)
    with exclusive(directory), _put_back(directory.portable):
        document, problem = write_portable(
            directory, assembly=predictor.assembly, preprocessing=run.preprocessing, splits={name: samples}
        )
        if problem is not None:
            raise ModelError(problem)
        record = directory.read_json(directory.record)
        directory.sync()
        write_json(directory.record, {**record, "portable": document})
    return Export(directory.portable, OWN_FORMAT, None, Parity.of(document["proof"]))


@contextlib.contextmanager
def _put_back(file: Path) -> Iterator[None]:
    """Where the block fails, the file is the one that it was before, or as absent.

    Raises:
        RunError: There is no room beside it.
    """
    with contextlib.ExitStack() as stack:
        before = None
        try:
            if file.is_file():
                before = Replacement(file)
                stack.callback(before.discard)
                shutil.copy2(file, before.draft)
        except OSError as error:
            raise RunError(Problem(f"cannot write {file}: {error.strerror or error}", rule="not-writable")) from error
        try:
            yield
        except BaseException:
            if before is None:
                file.unlink(missing_ok=True)
            else:
                before.commit()
            raise
