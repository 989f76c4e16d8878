"""TensorFlow's SavedModel: a directory, for TensorFlow and TensorFlow Serving. Names TensorFlow, as few places do."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence

from dlcli.exports.formats import ExportFormat

__all__ = ["FORMAT", "tensor_names"]


def tensor_names(names: Sequence[str]) -> dict[str, str]:
    """What TensorFlow calls each input or output: by names that Python's arguments can have, whatever their case.

    The order does not matter: Keras sorts a model's inputs, and a table does not.

    Example:
        >>> tensor_names(["sepal length", "Sepal.Length", "2nd"])
        {'sepal length': 'sepal_length_1', 'Sepal.Length': 'Sepal_Length', '2nd': 'arg_2nd'}
    """
    taken: dict[str, str] = {}
    for name in sorted(names):
        base = re.sub(r"[^A-Za-z0-9_]", "_", name)
        if not base[:1].isalpha() or keyword.iskeyword(base) or base == "self":
            base = f"arg_{base}"
        legal, number = base, 0
        while legal.lower() in map(str.lower, taken.values()):
            number += 1
            legal = f"{base}_{number}"
        taken[name] = legal
    return {name: taken[name] for name in names}


FORMAT = ExportFormat(
    name="saved_model",
    order=2,
    title="SavedModel",
    docs="a directory | TensorFlow, or TensorFlow Serving | with `--with-preprocessing` | `assets.extra/dlcli.json` "
    "in it",
    metadata_file=lambda model: model / "assets.extra" / "dlcli.json",
    tensor_names=tensor_names,
)
