"""The portable model of a run: written when training ends, proved equal to Keras, and trusted by its hash."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlcli.config.outputs import plan_outputs
from dlcli.config.schema import Config
from dlcli.data.fingerprint import fingerprint
from dlcli.data.preprocessing import Preprocessing
from dlcli.errors import DataError, ModelError, Problem
from dlcli.inference.portable import PortablePredictor, Session
from dlcli.runs.layout import RunDirectory

__all__ = ["PortableModel", "companions", "open_portable", "unusable", "versions"]

PACKAGES = ("onnxruntime", "onnx", "tf2onnx")


@dataclasses.dataclass(frozen=True)
class PortableModel:
    """What `run.json` says of the portable model.

    Args:
        sha256: Of `model.onnx`.
        proved_with: The hashes of the files that the proof used and prediction reads, by name.
        outputs: Names of the outputs in order, with the size of their last dimension.
        named: The features that layers take by name.
        rows_at_once: How many rows to give at once.
        proof: How it was compared with Keras.
        versions: Of the packages that wrote and proved it.
    """

    sha256: str
    proved_with: Mapping[str, str]
    outputs: Mapping[str, int | None]
    named: tuple[str, ...]
    rows_at_once: int
    proof: Mapping[str, Any]
    versions: Mapping[str, str]

    def document(self, file: Path) -> dict[str, Any]:
        """The JSON under `portable`."""
        return {"file": file.name, **dataclasses.asdict(self)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> PortableModel | None:
        """The record read again; None when it is damaged."""
        try:
            return cls(
                sha256=str(document["sha256"]),
                proved_with={str(name): str(value) for name, value in document["proved_with"].items()},
                outputs={str(name): None if size is None else int(size) for name, size in document["outputs"].items()},
                named=tuple(map(str, document["named"])),
                rows_at_once=max(1, int(document["rows_at_once"])),
                proof=dict(document["proof"]),
                versions=dict(document["versions"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            return None


def versions() -> dict[str, str]:
    """The versions of the packages that write and run portable models."""
    return {package: importlib.metadata.version(package) for package in PACKAGES}


def companions(run: RunDirectory) -> dict[str, str]:
    """The hashes of the files that say what goes in and what comes out."""
    return {file.name: fingerprint(file).sha256 for file in (run.config, run.preprocessing)}


def unusable(run: RunDirectory, document: object) -> Problem | None:
    """Why the portable model cannot be used; None when it can.

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
    portable = PortableModel.of(document)
    if portable is None:
        message = f"{run.record.name} says nothing sound of {run.portable.name}"
        return Problem(message, file=run.record, hint=rebuild, rule="portable-model")
    try:
        found = fingerprint(run.portable).sha256
        beside = companions(run)
    except DataError:
        found, beside = "", {}
    if not found:
        return Problem(f"{run.portable.name} is missing", file=run.portable, hint=rebuild, rule="portable-model")
    if found != portable.sha256:
        message = f"{run.portable.name} is not the file that was proved equal to Keras: it was changed or cut short"
        return Problem(message, file=run.portable, hint=rebuild, rule="portable-model")
    for name, value in portable.proved_with.items():
        if beside.get(name) != value:
            return Problem(
                f"{name} has changed since {run.portable.name} was proved with it",
                file=run.path / name,
                hint=f"undo the change; if it is meant, {rebuild}",
                rule="portable-model",
            )
    return None


def open_portable(
    run: RunDirectory, document: Mapping[str, Any], *, config: Config, preprocessing: Preprocessing
) -> PortablePredictor:
    """The portable model of a run, which is usable.

    Raises:
        ModelError: ONNX Runtime does not take it.
    """
    portable = PortableModel.of(document)
    if portable is None:
        raise ModelError(Problem(f"{run.record} is damaged", rule="portable-model"))
    plans, _ = plan_outputs(config, outputs=portable.outputs, targets=preprocessing.target_specs)
    return PortablePredictor(
        session=Session(run.portable), outputs=plans, named=portable.named, rows_at_once=portable.rows_at_once
    )
