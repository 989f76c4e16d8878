"""Layers that Keras's core has not and every Transformer begins with, in the form of the catalogue.

They are called as KerasHub calls them and made of Keras's own layers and operations (`dlcli/model/layers/`), so
that a saved model is one for plain Keras.
"""

from __future__ import annotations

from typing import Any

__all__ = ["OWN_LAYERS"]

OWN_LAYERS: dict[str, dict[str, Any]] = {
    "PositionEmbedding": {
        "doc": "A vector to learn for each position of a sequence (steps, size); to be added to it.",
        "own": True,
        "arguments": {
            "initializer": {
                "default": "glorot_uniform",
                "doc": "Initializer for the vectors.",
                "takes": "initializers",
            },
            "sequence_length": {
                "default": None,
                "doc": "Integer. The most steps that there are; those that come in when omitted.",
                "none": True,
                "type": "integer",
            },
            "name": {"default": None, "doc": "String. The layer's name.", "none": True, "type": "string"},
        },
    },
    "SinePositionEncoding": {
        "doc": "Sines and cosines for each position of a sequence (steps, size); to be added to it.",
        "own": True,
        "arguments": {
            "max_wavelength": {
                "default": 10000,
                "doc": "Float. The longest wave, in steps.",
                "type": "number",
            },
            "name": {"default": None, "doc": "String. The layer's name.", "none": True, "type": "string"},
        },
    },
}
