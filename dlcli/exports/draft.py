"""A model and its description as files: written beside the output, and given their names when they are proved."""

from __future__ import annotations

import contextlib
import importlib
import json
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.errors import DataError, ModelError, Problem
from dlcli.exports.formats import ExportFormat
from dlcli.files.replacing import move_into_place
from dlcli.model.faults import model_faults, reason
from dlcli.prediction.destination import not_writable

__all__ = ["draft_directory", "move", "refusal", "require_free", "write_model"]


def write_model(
    model: Any, path: Path, *, format: ExportFormat, outputs: Sequence[str], metadata: Mapping[str, Any]
) -> None:
    """Write the model, and its description where the format has it.

    Args:
        model: A functional `keras.Model` that takes a dict.
        path: The file or the directory, which does not exist yet.
        format: The format.
        outputs: A name for each output.
        metadata: The description, JSON values.

    Raises:
        ModelError: The format cannot hold the model.
        OSError: There is no room.
    """
    faults = model_faults()  # loads TensorFlow in silence
    write = importlib.import_module(f"dlcli.exports.{format.name}.model").write
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            write(model, path, outputs, metadata)
    except OSError:
        raise
    except faults as error:
        raise refusal(format, reason(error)) from error
    place = format.metadata_file(path)
    if place is not None:
        place.parent.mkdir(exist_ok=True)
        place.write_text(json.dumps(metadata, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def refusal(format: ExportFormat, why: str, *, hint: str = "") -> ModelError:
    """The error of a format that cannot hold a model."""
    return ModelError(Problem(f"the model cannot be written as {format.name}: {why}", hint=hint, rule="not-portable"))


def require_free(output: Path, format: ExportFormat) -> None:
    """Make sure that an output has the format's suffix, and that nothing is in its place.

    Raises:
        DataError: It has not, or something is.
    """
    suffix = format.suffix
    problems = []
    if suffix and output.suffix != suffix:
        message = f"the output {str(output)!r} has the suffix {output.suffix!r}, and a model in {format.name} has "
        hint = f"name it {output.with_suffix(suffix)}"
        problems.append(Problem(f"{message}{suffix!r}", hint=hint, rule="unknown-format"))
    for place in (output, format.metadata_file(output)):
        if place is not None and place.exists():
            problems.append(Problem(f"{place} exists already", hint="choose another --output", rule="output-exists"))
    if problems:
        raise DataError(problems)


@contextlib.contextmanager
def draft_directory(output: Path) -> Iterator[Path]:
    """A directory for drafts, on the same file system as the output.

    Raises:
        DataError: It cannot be made.
    """
    if not output.parent.is_dir():
        message = f"cannot write {output}: there is no directory {output.parent}"
        raise DataError(Problem(message, hint="choose another --output", rule="not-writable"))
    try:
        directory = tempfile.TemporaryDirectory(prefix=f".{output.name[:40]}.", dir=output.parent)
    except OSError as error:
        raise not_writable(str(output), error) from error
    with directory as path:
        yield Path(path)


def move(draft: Path, output: Path, format: ExportFormat) -> Path | None:
    """Give the draft its name, the description first: a model without one is not left behind.

    Returns:
        Where the description lies; None when the model holds it.

    Raises:
        DataError: It cannot have that name.
    """
    described, place = format.metadata_file(draft), format.metadata_file(output)
    try:
        if described is not None and place is not None and not described.is_relative_to(draft):
            move_into_place(described, place)
        move_into_place(draft, output)
    except OSError as error:
        raise not_writable(str(output), error) from error
    return place
