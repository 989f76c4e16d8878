"""What the format is."""

from __future__ import annotations

from dlcli.exports.formats import ExportFormat
from dlcli.exports.saved_model.names import tensor_names

__all__ = ["FORMAT"]

FORMAT = ExportFormat(
    name="saved_model",
    order=2,
    title="SavedModel",
    docs="a directory | TensorFlow, or TensorFlow Serving | with `--with-preprocessing` | `assets.extra/dlcli.json` "
    "in it",
    metadata_file=lambda model: model / "assets.extra" / "dlcli.json",
    tensor_names=tensor_names,
)
