"""The formats that models are exported in, one for each folder here: what each is, told without anything heavy."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dlcli.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    from dlcli.codecs.keras_layers import Need

__all__ = ["OWN_FORMAT", "TOLERANCE", "ExportFormat", "NumberDtype", "export_formats", "find_format", "folders_path"]

OWN_FORMAT = "onnx"
"""The format of the portable model that a run carries: what is exported without an output is that."""

TOLERANCE = 1e-5
"""The greatest difference, as a part of the greatest absolute value of the same column. Two runtimes add up the same
float32 products in another order: 1e-7 is usual, and a mistake is far above."""

NumberDtype = Literal["float32", "float64"]


def beside(model: Path) -> Path:
    """The description of a model that is a file of its own, such as `model.keras.json`."""
    return model.with_name(model.name + ".json")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportFormat:
    """What can be said of a format without loading anything heavy. `model.py` in its folder has two functions more:

    - `write(model, path, outputs, metadata)` writes a functional `keras.Model` that takes a dict, with a name for each
      output. The metadata is for formats that hold it themselves. What Keras or TensorFlow raises becomes a refusal.
    - `load(path, outputs, code)`, in a process of its own, gives what runs the model: from an array for each input, by
      its name, to an array for each output, in order. Code are the user's own Python files.

    Args:
        name: Of the folder, and of `--format`.
        order: Where it stands among the others.
        title: What it is called in a sentence.
        suffix: Of the file; empty where the model is a directory.
        docs: Its line in the table of `docs/exports.md`.
        metadata_file: Where the description of a model lies; None where the model holds it.
        tensor_names: What the runtime calls inputs, or outputs, where it cannot call them by their names.
        number_dtype: In which the columns of numbers go into a model with preprocessing.
        lacks: What it does not have of what the layers of features need, each with the rest of a sentence about such a
            feature.
        holds: The types of features whose preprocessing it holds, where these are not all.
        install: The way to get its runtime, where dlcli does not bring it along.
        tolerance: See `TOLERANCE`.
    """

    name: str
    order: int
    title: str
    docs: str
    suffix: str = ""
    metadata_file: Callable[[Path], Path | None] = beside
    tensor_names: Callable[[Sequence[str]], Mapping[str, str]] | None = None
    number_dtype: NumberDtype = "float64"
    lacks: Mapping[Need, str] = dataclasses.field(default_factory=dict)
    holds: str = ""
    install: str = ""
    tolerance: float = TOLERANCE


@functools.cache
def export_formats() -> Mapping[str, ExportFormat]:
    """All formats by name, in their order."""
    folders = [each.name for each in pkgutil.iter_modules(folders_path()) if each.ispkg]
    found = [importlib.import_module(f"{__package__}.{name}").FORMAT for name in folders]
    return {each.name: each for each in sorted(found, key=lambda each: (each.order, each.name))}


def folders_path() -> list[str]:
    """Where the folders of formats are looked for."""
    return list(importlib.import_module(str(__package__)).__path__)


def find_format(name: str) -> ExportFormat:
    """A format by its name.

    Raises:
        DataError: There is none.
    """
    formats = export_formats()
    if name not in formats:
        hint = did_you_mean(name, formats) or f"the formats are {', '.join(formats)}"
        raise DataError(Problem(f"there is no format {name!r} for models", hint=hint, rule="unknown-format"))
    return formats[name]
