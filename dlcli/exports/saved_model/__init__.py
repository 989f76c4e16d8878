"""TensorFlow's SavedModel: a directory, for TensorFlow and TensorFlow Serving. Names TensorFlow, as few places do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dlcli.exports.formats import ExportFormat

__all__ = ["FORMAT", "tensor_names"]


def tensor_names(names: Sequence[str]) -> dict[str, str]:
    """What TensorFlow, whose names allow fewer letters, calls each input or output.

    Example:
        >>> tensor_names(["sepal length", "sepal_length"])
        {'sepal length': 'sepal_length', 'sepal_length': 'sepal_length_1'}
    """
    taken: dict[str, str] = {}
    for name in names:
        base = legal = re.sub(r"[^A-Za-z0-9_.\-]", "_", name)
        number = 0
        while legal in taken.values():
            number += 1
            legal = f"{base}_{number}"
        taken[name] = legal
    return taken


FORMAT = ExportFormat(
    name="saved_model",
    order=2,
    title="SavedModel",
    docs="a directory | TensorFlow, or TensorFlow Serving | with `--with-preprocessing` | `assets.extra/dlcli.json` "
    "in it",
    metadata_file=lambda model: model / "assets.extra" / "dlcli.json",
    tensor_names=tensor_names,
)
