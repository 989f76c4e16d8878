"""ONNX: a `.onnx` file with its description inside, for ONNX Runtime and others."""

from __future__ import annotations

from dlcli.exports.formats import ExportFormat

__all__ = ["FORMAT"]

FORMAT = ExportFormat(
    name="onnx",
    order=3,
    title="ONNX",
    suffix=".onnx",
    docs="`model.onnx` | any ONNX runtime | with `--with-preprocessing` | inside: `metadata_props`",
    metadata_file=lambda model: None,
    lacks={"words": "needs its texts taken apart, for which the converter has no operation"},
)
