"""A folder of several runs as one ONNX file: the members' graphs side by side, and the mean of what they say."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.errors import ModelError, Problem
from dlcli.exports.draft import draft_directory, move, require_free
from dlcli.exports.export import Export, given_rows, keras_model, require_columns, with_columns
from dlcli.exports.formats import OWN_FORMAT, ExportFormat
from dlcli.exports.merging import is_one_of_two, merged, require_mean, unit_array, units_differ
from dlcli.exports.metadata import Metadata, as_texts, describe, describe_columns
from dlcli.exports.parity import Parity, batches, floors, judge
from dlcli.exports.reference import SHAKE
from dlcli.exports.reload import reload
from dlcli.exports.to_onnx import to_onnx
from dlcli.prediction.destination import not_writable
from dlcli.prediction.prediction import run_slices
from dlcli.runs.claiming import exclusive
from dlcli.trained.averaging import averaged
from dlcli.trained.decoding import Decoded, decode
from dlcli.trained.onnx_model import read_portable
from dlcli.trained.own_code import Leave
from dlcli.trained.predictor import Arrays
from dlcli.trained.run import TrainedRun, Warn
from dlcli.trained.runtime import load

__all__ = ["export_together"]


def export_together(
    path: Path,
    output: Path | None,
    *,
    format: ExportFormat,
    with_preprocessing: bool = False,
    rows: Sequence[str] | None = None,
    leave: Leave,
    warn: Warn,
) -> Export:
    """Export the mean of the members of a folder.

    Args:
        path: The folder.
        output: See `export_run`; None: the folder's own `model.onnx`, again.
        format: ONNX; others are refused.
        with_preprocessing: See `export_run`.
        rows: See `export_run`.
        leave: See `export_run`.
        warn: See `export_run`.

    Raises:
        DlcliError: See `export_run`; also where the members do not encode rows alike, and encoded numbers are to go in.
    """
    if format.name != OWN_FORMAT:
        message = f"several models are one file in ONNX alone, and {path} holds several"
        hint = "use --format onnx, or export each of its members"
        raise ModelError(Problem(message, hint=hint, rule="not-portable"))
    if output is not None:
        require_free(output, format)
    run = load(path, leave=leave, warn=warn)
    own = contextlib.nullcontext() if output is not None else exclusive(run.directory)
    output = output or run.directory.portable
    first, plans = run.models[0], [member.predictor.outputs for member in run.models]
    require_mean(plans[0], str(first.directory.path))
    if with_preprocessing:
        _require_columns(run, format)
    else:
        _require_alike(run, format)
    given = given_rows(first, rows, format if with_preprocessing else None, warn)
    encoded = [given[0], *(given_rows(each, rows, None, warn)[0] for each in run.models[1:])]
    inputs: Mapping[str, NDArray[Any]] = given[1] if with_preprocessing else given[0]
    files = [_file(member, format, leave, with_preprocessing) for member in run.models]
    proto = merged(files, plans)
    for key, value in as_texts(_described(run, format, with_preprocessing).document()).items():
        proto.metadata_props.add(key=key, value=value)
    with own, draft_directory(output) as directory:
        draft = directory / output.name
        try:
            draft.write_bytes(proto.SerializeToString())
        except OSError as error:
            raise not_writable(str(output), error) from error
        names = [plan.name for plan in plans[0]]
        singles = len(batches(len(next(iter(inputs.values()))))) - 1
        received = reload(draft, inputs, format=format, outputs=names, singles=singles, code=())
        parity = _prove(run, encoded, received, tolerance=format.tolerance)
        return Export(output, format.name, move(draft, output, format), parity)


def _require_columns(run: TrainedRun, format: ExportFormat) -> None:
    """Make sure that the columns as they are can go into all members.

    Raises:
        ModelError: See `require_columns`.
    """
    try:
        for member in run.models:
            require_columns(member, format)
    except ModelError as error:
        hint = f"export its members one by one, such as {run.models[0].directory.path}"
        if _are_alike(run):
            hint = f"export without --with-preprocessing; or {hint}"
        raise ModelError(dataclasses.replace(problem, hint=hint) for problem in error.problems) from error


def _require_alike(run: TrainedRun, format: ExportFormat) -> None:
    """Make sure that the same encoded numbers go into all members.

    Raises:
        ModelError: Each has a preprocessing of its own, as folds have.
    """
    if _are_alike(run):
        return
    message = f"the members of {run.directory.path} encode rows each in a way of its own, and one file takes one"
    hint = f"export its members one by one, such as {run.models[0].directory.path}"
    try:
        _require_columns(run, format)
        hint = f"use --with-preprocessing, which takes the columns as they are; or {hint}"
    except ModelError as error:
        message += f"; nor can the columns go in as they are: {error.problems[0].message}"
    raise ModelError(Problem(message, hint=hint, rule="not-portable"))


def _are_alike(run: TrainedRun) -> bool:
    states = [member.directory.read_json(member.directory.preprocessing) for member in run.models]
    return all(state["features"] == states[0]["features"] for state in states)


def _file(member: TrainedRun, format: ExportFormat, leave: Leave, with_preprocessing: bool) -> bytes:
    """A member as ONNX: its portable model, or one that takes columns."""
    if not with_preprocessing:
        content = read_portable(member.directory, member.directory.read_record().get("portable"))
        if isinstance(content, bytes):
            return content
    assembly = keras_model(member, leave)
    model = assembly.model
    if with_preprocessing:
        model = with_columns(assembly, member.preprocessing, format)
    return to_onnx(model, tuple(plan.name for plan in assembly.outputs), metadata={})


def _described(run: TrainedRun, format: ExportFormat, with_preprocessing: bool) -> Metadata:
    first, plans = run.models[0], [member.predictor.outputs for member in run.models]
    if with_preprocessing:
        told = describe_columns(first.config, first.preprocessing, plans[0], first.predictor.named, format)
    else:
        told = describe(first.config, first.preprocessing, plans[0], first.predictor.named)
    outputs = []
    for place, each in enumerate(told.outputs):
        outputs.append({**each, "logits": False})
        if units_differ([member[place] for member in plans]):
            outputs[-1]["targets"] = [
                {**target, "scale": [1.0] * len(target["scale"]), "offset": [0.0] * len(target["offset"])}
                for target in each["targets"]
            ]
    return dataclasses.replace(told, name=run.directory.path.name, outputs=tuple(outputs))


def _prove(
    run: TrainedRun, encoded: Sequence[Arrays], received: Sequence[Sequence[NDArray[Any]]], *, tolerance: float
) -> Parity:
    """Compare the file with what the folder predicts, all rows at once and some one by one.

    Raises:
        ModelError: They differ.
    """
    plans = run.predictor.outputs
    own = [units_differ([each.predictor.outputs[place] for each in run.models]) for place in range(len(plans))]
    given = [
        [_given(run, plan, values, unit) for plan, values, unit in zip(plans, part, own, strict=True)]
        for part in received
    ]
    parts = [
        [{name: values[start : start + count] for name, values in each.items()} for each in encoded]
        for start, count in batches(len(received[0][0]))
    ]
    ones = [is_one_of_two(plan, values.shape[-1]) for plan, values in zip(plans, received[0], strict=True)]
    expected = [_said(run, part, ones) for part in parts]

    def noise() -> list[NDArray[Any]]:
        moved = _said(run, [_shaken(each) for each in encoded], ones)
        return [np.abs(one - other) for one, other in zip(moved, expected[0], strict=True)]

    parity = judge(expected, given, floors=floors(plans), noise=noise, tolerance=tolerance)
    if not parity.agrees:
        message = f"the exported model does not predict what {run.directory.path} does: {parity}"
        raise ModelError(Problem(message, hint="nothing was written", rule="export-differs"))
    return parity


def _said(run: TrainedRun, inputs: Sequence[Arrays], ones: Sequence[bool]) -> list[NDArray[Any]]:
    """What the folder predicts, for each output: probabilities, or numbers as the first member scales them."""
    members = zip(run.models, inputs, strict=True)
    decoded = [
        decode(run_slices(each.predictor, part), each.predictor.outputs, each.preprocessing) for each, part in members
    ]
    mean = iter(averaged(decoded))
    found = []
    for plan, one in zip(run.predictor.outputs, ones, strict=True):
        own = [next(mean) for _ in (plan.targets if plan.fits else (None,))]
        found.append(_comparable(plan, own, one))
    return found


def _comparable(plan: OutputPlan, decoded: Sequence[Decoded], one: bool) -> NDArray[Any]:
    if decoded[0].probabilities is not None:
        return decoded[0].probabilities[..., 1:] if one else decoded[0].probabilities
    parts = []
    for place, each in enumerate(decoded):
        unit = np.array((plan.targets[place].unit if plan.fits else ()) or ((0.0, 1.0),))
        assert each.numbers is not None
        listed = [values for _, values in each.quantiles] or [each.numbers]
        parts += [(values - unit[:, 0]) / unit[:, 1] for values in listed]
    return np.concatenate(parts, axis=-1)


def _given(run: TrainedRun, plan: OutputPlan, values: NDArray[Any], own_unit: bool) -> NDArray[Any]:
    """What the file gave of an output, in the same terms."""
    if plan.fits and plan.classes:
        return values
    if own_unit:
        offset, scale = unit_array(plan)
        values = (values - offset) / scale
    # What were logits has been made probabilities of.
    plan = dataclasses.replace(plan, head=dataclasses.replace(plan.head, activation=plan.link or plan.head.activation))
    return _comparable(plan, decode([values], [plan], run.preprocessing), False)


def _shaken(inputs: Arrays) -> dict[str, NDArray[Any]]:
    """Numbers that are off by as much as rounding is; see `rounding_noise`."""
    random = np.random.default_rng(0)
    return {
        name: np.asarray(
            values
            + random.choice(np.array([-SHAKE, SHAKE]), values.shape)
            * (np.abs(values) + np.abs(values).max(axis=0, initial=0.0)),
            values.dtype,
        )
        if values.dtype.kind == "f"
        else values
        for name, values in inputs.items()
    }
