"""Keras's own format: a `.keras` file, for Keras and TensorFlow."""

from __future__ import annotations

from dlcli.exports.formats import ExportFormat

__all__ = ["FORMAT"]

FORMAT = ExportFormat(
    name="keras",
    order=1,
    title="Keras",
    suffix=".keras",
    docs="`model.keras` | Keras and TensorFlow | with `--with-preprocessing` | `model.keras.json` beside it",
)
