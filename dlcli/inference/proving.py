"""Writing the portable model: converted, reloaded, compared with Keras on real rows, and only then kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlcli.config.signature import SPLITS
from dlcli.data.fingerprint import fingerprint
from dlcli.data.preprocessing import Preprocessing
from dlcli.errors import ModelError, Problem
from dlcli.inference.metadata import describe
from dlcli.inference.parity import MOST_ROWS, measure
from dlcli.inference.portable import Session
from dlcli.inference.portable_model import PortableModel, companions, versions
from dlcli.model.assembly import Assembly
from dlcli.model.capacity import rows_at_once
from dlcli.model.reference import reference_outputs
from dlcli.model.to_onnx import float32_copy, to_onnx
from dlcli.runs.layout import RunDirectory, write_atomically

if TYPE_CHECKING:
    from dlcli.data.encoding import Split

__all__ = ["proof_rows", "write_portable"]


def write_portable(
    run: RunDirectory, *, assembly: Assembly, preprocessing: Preprocessing, splits: Mapping[str, Split]
) -> tuple[dict[str, Any], Problem | None]:
    """Write `model.onnx` if the model can be converted and agrees with Keras.

    Args:
        run: The run, with its `config.yaml` and `preprocessing.json`.
        assembly: The trained model.
        preprocessing: Its fitted preprocessing.
        splits: The encoded rows of the job, to prove it with.

    Returns:
        What `run.json` is to say under `portable`, and why there is no portable model when there is none.
    """
    split, inputs = proof_rows(splits)
    names = tuple(output.name for output in assembly.outputs)
    try:
        model = float32_copy(assembly, preprocessing.inputs(assembly.graph.features))
        metadata = describe(assembly.config, preprocessing, assembly.outputs, assembly.graph.features)
        write_atomically(run.portable, to_onnx(model, names, metadata=metadata.properties(), with_logits=True))
        session = Session(run.portable)
        parity = measure(lambda part: reference_outputs(model, part), lambda part: session.run(part, names), inputs)
        if not parity.agrees:
            raise ModelError(Problem(f"ONNX Runtime and Keras disagree: {parity}", rule="not-portable"))
    except ModelError as error:
        run.portable.unlink(missing_ok=True)
        why = error.problems[0].message
        notice = Problem(f"no portable model: {why}", hint="prediction goes through Keras", rule="not-portable")
        return {"file": None, "reason": why}, notice
    portable = PortableModel(
        sha256=fingerprint(run.portable).sha256,
        proved_with=companions(run),
        outputs={
            name: tensor.shape[-1] if len(tensor.shape) > 1 else None
            for name, tensor in zip(names, model.outputs, strict=True)
        },
        named=assembly.graph.features,
        rows_at_once=rows_at_once(model),
        proof={"split": split, **parity.document()},
        versions=versions(),
    )
    return portable.document(run.portable), None


def proof_rows(splits: Mapping[str, Split]) -> tuple[str, dict[str, NDArray[Any]]]:
    """Rows to compare models on: of the test split, else of validation, else of training; spread over all of it."""
    name = next(name for name in reversed(SPLITS) if name in splits and len(splits[name].rows))
    split = splits[name]
    count = len(split.rows)
    picked = np.unique(np.linspace(0, count - 1, min(count, MOST_ROWS)).astype(np.int64))
    return name, {key: values[picked] for key, values in split.inputs.items()}
