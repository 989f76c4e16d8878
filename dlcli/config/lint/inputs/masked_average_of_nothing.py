"""The average of no words or steps is 0/0, where a mask leaves none; its row, and its batch, become NaN."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    features = (config.data.features or {}).items()
    texts = [name for name, feature in features if feature is not None and feature.may_be_padding]
    components = [item.component for item in config.model.layers if item.component is not None]
    masks = any(one.name == "Embedding" and one.arguments.get("mask_zero") is True for one in components)
    masks = masks or any(feature is not None and feature.masks_steps for _, feature in features)
    if texts and masks and any(one.name == "GlobalAveragePooling1D" for one in components):
        yield Finding(
            f"data.features.{texts[0]}",
            f"a row without any word or step in {texts[0]!r} has nothing to average, and gives NaN",
            "use missing: error, GlobalMaxPooling1D, or no mask (an Embedding without mask_zero, `pad: {mask: false}`)",
        )
