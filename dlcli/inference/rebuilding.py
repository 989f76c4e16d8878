"""The run's own portable model, written and proved again: after it was lost, or for a run that had none."""

from __future__ import annotations

from pathlib import Path

from dlcli.errors import ModelError
from dlcli.inference.exporting import Export
from dlcli.inference.keras_model import KerasPredictor, load_keras
from dlcli.inference.parity import Parity
from dlcli.inference.proving import write_portable
from dlcli.inference.rows import some_split
from dlcli.runs.layout import RunDirectory, write_json

__all__ = ["rebuild_portable"]


def rebuild_portable(path: Path) -> Export:
    """Write `model.onnx` of a run again, and what `run.json` says of it. Where that fails, both stay as they were.

    Args:
        path: The run directory.

    Raises:
        ModelError: The model cannot be converted, or disagrees with Keras.
        DataError: The run's own data, which the proof needs, is gone.
    """
    directory = RunDirectory.open(path)
    run = load_keras(directory, mixed=True)
    predictor = run.predictor
    assert isinstance(predictor, KerasPredictor)
    split = some_split(run)
    document, problem = write_portable(
        directory, assembly=predictor.assembly, preprocessing=run.preprocessing, splits={split.name: split}
    )
    if problem is not None:
        raise ModelError(problem)
    record = directory.read_json(directory.record)
    write_json(directory.record, {**record, "portable": document})
    proof = document["proof"]
    parity = Parity(rows=proof["rows"], difference=proof["difference"], relative=proof["relative"])
    return Export(directory.portable, "onnx", None, parity)
