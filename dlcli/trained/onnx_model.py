"""`model.onnx` of a run, the portable model: what `run.json` records of it, and opened where it can be trusted."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlcli.config.outputs.outputs import plan_outputs
from dlcli.config.schema import Config
from dlcli.data.cache.fingerprint import fingerprint
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.errors import ModelError, Problem, RunError
from dlcli.runs.inside import read_inside
from dlcli.runs.layout import RunDirectory
from dlcli.trained.external_data import outside
from dlcli.trained.onnx_predictor import OnnxPredictor, Session

__all__ = ["PortableRecord", "companions", "open_portable", "read_portable", "versions"]

PACKAGES = ("onnxruntime", "onnx", "tf2onnx")

MOST_BYTES = 2**31 - 1
"""Of an ONNX file: its format, protocol buffers, holds no more."""

MOST_ROWS = 8192
"""Rows to give at once, whatever `run.json` says: more gain no speed."""


@dataclasses.dataclass(frozen=True)
class PortableRecord:
    """What `run.json` says of the portable model.

    Args:
        sha256: Of `model.onnx`.
        proved_with: The hashes of the files that the proof used and prediction reads, by name.
        outputs: Names of the outputs in order, with the shape of what they give for a sample.
        named: The features that layers take by name.
        rows_at_once: How many rows to give at once.
        proof: How it was compared with Keras.
        versions: Of the packages that wrote and proved it.
    """

    sha256: str
    proved_with: Mapping[str, str]
    outputs: Mapping[str, tuple[int | None, ...] | None]
    named: tuple[str, ...]
    rows_at_once: int
    proof: Mapping[str, Any]
    versions: Mapping[str, str]

    def document(self, file: Path) -> dict[str, Any]:
        """The JSON under `portable`."""
        return {"file": file.name, **dataclasses.asdict(self)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> PortableRecord | None:
        """The record read again; None when it is damaged."""
        try:
            return cls(
                sha256=str(document["sha256"]),
                proved_with={str(name): str(value) for name, value in document["proved_with"].items()},
                outputs={str(name): _shape(size) for name, size in document["outputs"].items()},
                named=tuple(map(str, document["named"])),
                rows_at_once=max(1, min(MOST_ROWS, int(document["rows_at_once"]))),
                proof=dict(document["proof"]),
                versions=dict(document["versions"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            return None


def _shape(value: Any) -> tuple[int | None, ...] | None:
    """A shape as it was recorded; runs of before have the last dimension alone."""
    if value is None:
        return None
    sizes = value if isinstance(value, list) else [value]
    return tuple(None if size is None else int(size) for size in sizes)


@functools.cache
def versions() -> Mapping[str, str]:
    """The versions of the packages that write and run portable models."""
    return {package: importlib.metadata.version(package) for package in PACKAGES}


def companions(run: RunDirectory) -> dict[str, str]:
    """The hashes of the files that say what goes in and what comes out."""
    return {file.name: fingerprint(file).sha256 for file in (run.config, run.preprocessing)}


def read_portable(run: RunDirectory, document: object) -> bytes | Problem:
    """The content of the portable model, or why it cannot be used.

    Args:
        run: The run.
        document: What `run.json` says under `portable`.
    """
    rebuild = f"`dlcli export {run.path} --format onnx` writes it again"
    if not isinstance(document, Mapping):
        return Problem(f"{run.path} has no portable model", hint=rebuild, rule="portable-model")
    if document.get("file") is None:
        why = document.get("reason") or "it was not written"
        return Problem(f"{run.path} has no portable model: {why}", hint="Keras predicts instead", rule="not-portable")
    portable = PortableRecord.of(document)
    if portable is None:
        message = f"{run.record.name} says nothing sound of {run.portable.name}"
        return Problem(message, file=run.record, hint=rebuild, rule="portable-model")
    try:
        content = read_inside(run.portable, most=MOST_BYTES)
    except OSError:
        return Problem(f"{run.portable.name} is missing", file=run.portable, hint=rebuild, rule="portable-model")
    except RunError as error:
        return error.problems[0]
    if hashlib.sha256(content).hexdigest() != portable.sha256:
        message = f"{run.portable.name} is not the file that was proved equal to Keras: it was changed or cut short"
        return Problem(message, file=run.portable, hint=rebuild, rule="portable-model")
    beside = companions(run)
    for name, value in portable.proved_with.items():
        if beside.get(name) != value:
            return Problem(
                f"{name} has changed since {run.portable.name} was proved with it",
                file=run.path / name,
                hint=f"undo the change; if it is meant, {rebuild}",
                rule="portable-model",
            )
    reaches = outside(content)
    if reaches:
        message = f"{run.portable.name} {reaches}"
        return Problem(message, file=run.portable, hint=rebuild, rule="portable-model")
    return content


def open_portable(
    run: RunDirectory, document: Mapping[str, Any], content: bytes, *, config: Config, preprocessing: Preprocessing
) -> OnnxPredictor:
    """The portable model of a run, which is usable.

    Args:
        run: The run.
        document: What `run.json` says under `portable`.
        content: Of the file.
        config: The run's.
        preprocessing: The run's.

    Raises:
        ModelError: ONNX Runtime does not take it, or it is not the model that the run describes.
    """
    portable = PortableRecord.of(document)
    if portable is None:
        raise ModelError(Problem(f"{run.record} is damaged", rule="portable-model"))
    plans, _ = plan_outputs(config, outputs=portable.outputs, targets=preprocessing.target_specs)
    session = Session(content)
    given = {spec.name: spec.shape for spec in preprocessing.inputs(portable.named)}
    fits = all(name in given and _fits(given[name], session.shapes[name]) for name in session.inputs)
    if not fits or not plans or not {plan.name for plan in plans} <= set(session.outputs):
        message = f"{run.portable.name} is not the model that {run.config.name} describes"
        hint = f"`dlcli export {run.path} --format onnx` writes it again"
        raise ModelError(Problem(message, file=run.portable, hint=hint, rule="portable-model"))
    return OnnxPredictor(
        session=session,
        outputs=plans,
        named=portable.named,
        rows_at_once=portable.rows_at_once,
        sizes={name: shape[-1] if shape else None for name, shape in portable.outputs.items()},
    )


def _fits(shape: tuple[int, ...], taken: tuple[object, ...]) -> bool:
    """Whether rows of a shape are what a model takes, whose sizes are numbers, or names where any number will do."""
    return len(taken) == len(shape) + 1 and all(
        size == own for size, own in zip(taken[1:], shape, strict=True) if isinstance(size, int)
    )
