"""What Keras has not and people look for: layers that every Transformer begins with, and the loss of quantiles.

In the form of the catalogue. The layers are called as KerasHub calls them and made of Keras's own layers and operations
(`dlcli/model/layers/`), so that a saved model is one for plain Keras; the loss stands in `dlcli/model/losses/`.
"""

from __future__ import annotations

from typing import Any

__all__ = ["OWN_LAYERS", "OWN_LOSSES", "with_own"]

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

OWN_LOSSES: dict[str, dict[str, Any]] = {
    "Pinball": {
        "doc": "Computes the pinball (quantile) loss between numbers & the quantiles predicted of them.",
        "own": True,
        "default_name": "pinball",
        "arguments": {
            "quantiles": {
                "default": None,
                "doc": "List of numbers between 0 and 1, ascending. Those of the target when omitted.",
                "none": True,
                "type": "fractions",
            },
            "reduction": "common",
            "name": {"default": "pinball", "doc": "String. The name of the loss.", "none": True, "type": "string"},
        },
    },
}

_ALIASES = {"losses": {"pinball": "Pinball"}}


def with_own(kinds: dict[str, Any]) -> dict[str, Any]:
    """The kinds of the catalogue with what is ours."""
    for kind, entries in (("layers", OWN_LAYERS), ("losses", OWN_LOSSES)):
        kinds[kind]["entries"] |= entries
        kinds[kind]["aliases"] |= _ALIASES.get(kind, {})
    return kinds
