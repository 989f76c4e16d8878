"""Writing the portable model: converted, reloaded, compared with Keras on real rows, and only then kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.signature import SPLITS
from dlcli.data.cache.fingerprint import fingerprint
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples.samples import BLOCK_BYTES
from dlcli.errors import DataError, ModelError, Problem
from dlcli.exports.metadata import as_texts, describe
from dlcli.exports.parity import BATCH_OF_ONE, MOST_ROWS, Parity, floors, measure
from dlcli.exports.reference import reference_outputs, rounding_noise
from dlcli.exports.to_onnx import as_converted, convert_anew, float32_copy, to_onnx
from dlcli.files.replacing import replacing
from dlcli.files.syncing import Sync
from dlcli.model.assembly import Assembly
from dlcli.model.capacity import rows_at_once
from dlcli.model.faults import model_faults, reason
from dlcli.runs.layout import RunDirectory
from dlcli.trained.onnx_model import PortableRecord, companions, versions
from dlcli.trained.onnx_predictor import Session

if TYPE_CHECKING:
    from dlcli.data.samples.samples import Samples

__all__ = ["proof_rows", "write_portable"]


def write_portable(
    run: RunDirectory, *, assembly: Assembly, preprocessing: Preprocessing, splits: Mapping[str, Samples]
) -> tuple[dict[str, Any], Problem | None]:
    """Write `model.onnx` if the model can be converted and agrees with Keras.

    A draft is proved, and then gets the name: until then a file that is there stays as it is. That there is no portable
    model, for want of space too, is no fault of the run.

    Args:
        run: The run, with its `config.yaml` and `preprocessing.json`; its `sync` is to follow.
        assembly: The trained model.
        preprocessing: Its fitted preprocessing.
        splits: The samples of the job, to prove it with.

    Returns:
        What `run.json` is to say under `portable`, and why there is no portable model when there is none.
    """
    split, inputs = proof_rows(splits)
    names = tuple(output.name for output in assembly.outputs)
    try:
        model = float32_copy(assembly, preprocessing.inputs(assembly.graph.features))
        metadata = describe(assembly.config, preprocessing, assembly.outputs, assembly.graph.features)
        with replacing(run.portable, sync=Sync.SOON) as draft:
            parity = _converted(model, draft, assembly.outputs, inputs, metadata=as_texts(metadata.document()))
            sha256 = fingerprint(draft).sha256
    except (ModelError, DataError) as error:
        return _none(error.problems[0].message, error.problems[0].hint)
    except OSError as error:
        return _none(f"cannot write {run.portable}: {error.strerror or error}")
    except model_faults() as error:  # a layer that takes batches of one size alone, for instance
        return _none(f"the model cannot be compared with it: {reason(error)}")
    portable = PortableRecord(
        sha256=sha256,
        proved_with=companions(run),
        outputs={
            name: tuple(tensor.shape[1:]) if len(tensor.shape) > 1 else None
            for name, tensor in zip(names, model.outputs, strict=True)
        },
        named=assembly.graph.features,
        rows_at_once=rows_at_once(model),
        proof={"split": split, **parity.document()},
        versions=versions(),
    )
    return portable.document(run.portable), None


def _none(why: str, hint: str = "") -> tuple[dict[str, Any], Problem]:
    """What is recorded, and told, where there is no portable model."""
    hint = hint or "prediction goes through Keras"
    notice = Problem(f"no portable model: {why}", hint=hint, rule="not-portable")
    return {"file": None, "reason": why}, notice


def _converted(
    model: Any,
    file: Path,
    outputs: Sequence[OutputPlan],
    inputs: Mapping[str, NDArray[Any]],
    *,
    metadata: Mapping[str, str],
) -> Parity:
    """Write a model and prove it. One that was not converted from its beginning, and fails, is.

    Raises:
        ModelError: See `to_onnx` and `_prove`.
        OSError: It cannot be written.
    """
    names = tuple(output.name for output in outputs)
    while True:
        file.write_bytes(to_onnx(model, names, metadata=metadata, with_logits=True))
        try:
            return _prove(model, file, outputs, inputs)
        except ModelError:
            if not convert_anew(model):
                raise


def _prove(model: Any, file: Path, outputs: Sequence[OutputPlan], inputs: Mapping[str, NDArray[Any]]) -> Parity:
    """Compare a written model with Keras, its raw scores too.

    Raises:
        ModelError: The runtime does not take it, or they disagree.
    """
    session = Session(file)
    parity = measure(
        as_converted(model) or (lambda part: reference_outputs(model, part, with_logits=True)),
        lambda part: session.run(part, session.outputs),
        inputs,
        floors=[*floors(outputs), *(0.0 for _ in session.outputs[len(outputs) :])],
        noise=lambda: rounding_noise(model, inputs, with_logits=True),
    )
    if not parity.agrees:
        raise ModelError(Problem(f"ONNX Runtime and Keras disagree: {parity}", rule="not-portable"))
    return parity


def proof_rows(splits: Mapping[str, Samples]) -> tuple[str, dict[str, NDArray[Any]]]:
    """Rows to compare models on: of the test split, else of validation, else of training; spread over all of it.

    Of large rows they are fewer: both models take all of them at once, and in between make several of each.
    """
    name = next(name for name in reversed(SPLITS) if name in splits and len(splits[name]))
    samples = splits[name]
    count = len(samples)
    large = BLOCK_BYTES // max(1, sum(spec.bytes for spec in samples.inputs.values()))
    picked = np.unique(np.linspace(0, count - 1, min(count, MOST_ROWS, max(large, BATCH_OF_ONE))).astype(np.int64))
    return name, samples.take(picked).inputs
