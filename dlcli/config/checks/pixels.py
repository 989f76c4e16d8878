"""What layers do to pixels: put them elsewhere, colour them, or leave them as bright as they were."""

from __future__ import annotations

__all__ = ["COLOURING", "KEEPING", "MOVING", "MOVING_TOGETHER", "tells_its_draws"]

MOVING_TOGETHER = (
    *("RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "RandomShear"),
    *("RandomPerspective", "RandomElasticTransform"),
)
"""Layers that put pixels elsewhere, and masks with them where that is asked for."""

MOVING = (*MOVING_TOGETHER, "RandomCrop", "RandAugment", "AugMix")
"""All layers that put pixels elsewhere."""

COLOURING = ("AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "Equalization", "Solarization")
"""Layers that leave pixels where they are, with those whose names begin with `Random` and that are not among these."""

KEEPING = ("Concatenate", "Resizing", "CenterCrop", "Identity", "Reshape", "Permute")
"""Layers that leave pixels as bright as they were, with those whose names begin with `Random`."""


def tells_its_draws(layer: str) -> bool:
    """Whether one of Keras's layers that changes images tells what it draws, for a mask to be changed likewise."""
    return layer in (*MOVING_TOGETHER, *COLOURING) or (layer.startswith("Random") and layer not in MOVING)
