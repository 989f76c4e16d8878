"""What is done to pixels, and not to what is learnt from them.

Scaled before a network that scales them itself, they are next to nothing to it; moved while their mask is not, they
are learnt as what their neighbours are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.schema import Config, LayerItem
from dlcli.config.schema.component import Component
from dlcli.config.signature import TargetSpec

__all__ = ["MOVING_TOGETHER", "moved_pixels", "scaled_pixels", "tells_its_draws"]

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


class Learning(Protocol):
    """An output of the model."""

    @property
    def target(self) -> TargetSpec | None:
        """What it learns, when that is known."""


def tells_its_draws(layer: str) -> bool:
    """Whether one of Keras's layers that changes images tells what it draws, for a mask to be changed likewise."""
    return layer in (*MOVING_TOGETHER, *COLOURING) or (layer.startswith("Random") and layer not in MOVING)


def scaled_pixels(config: Config, output: object) -> Iterator[tuple[str, str, str]]:
    """A pretrained network takes pixels from 0 to 255; of scaled ones it sees next to nothing."""
    features = config.data.features or {}
    scaled = {name for name, feature in features.items() if feature is not None and feature.scales_pixels}
    for network, names in _networks(config.model.layers, list(features), code=bool(config.code)):
        for name in [name for name in names if name in scaled]:
            yield (
                f"data.features.{name}.scale",
                f"{network} takes pixels from 0 to 255 and scales them itself, and {name!r} is scaled before it",
                f"use {name}: {{..., scale: none}}, or include_preprocessing: false",
            )


def moved_pixels(config: Config, output: Learning) -> Iterator[tuple[str, str, str]]:
    """A mask, or an image to learn, stays where it is when its image is moved: each pixel learns what another is."""
    target = output.target
    if target is None or len(target.axes) < 2:
        return
    options = config.data.target.get(target.name)
    leader = None if options is None else options.moved_with
    for path, feature, name in _changes(config):
        if name in MOVING and feature != leader:
            said = feature or "the image"
            hint = f"target: {{{target.name}: {{..., moved_with: {said}}}}} moves it along"
            if not feature:
                hint = f"it stands in the `augment` of the feature; then {hint}"
            elif leader:
                hint = f"it is moved with {leader!r}, and can be with one feature only: leave {name} out here"
            yield (
                path,
                f"{name} moves pixels of the images, and {target.name!r}, which has a value for each pixel, stays",
                hint,
            )


def _changes(config: Config) -> Iterator[tuple[str, str, str]]:
    """What changes samples in training: where it is said, the feature whose it is, and the layer."""
    for name, feature in (config.data.features or {}).items():
        for index, each in enumerate(getattr(feature, "augment", ())):
            said = each if isinstance(each, str) else next(iter(each)) if isinstance(each, Mapping) else each.name
            yield f"data.features.{name}.augment[{index}]", name, said
    for index, item in enumerate(config.model.layers):
        if item.component is not None:
            yield f"model.layers[{index}]", "", item.component.name


def _networks(items: Sequence[LayerItem], features: list[str], *, code: bool) -> Iterator[tuple[str, list[str]]]:
    """Each network in the list with the features whose pixels it is given, as far as the list alone tells."""
    given: dict[str, list[str]] = {name: [name] for name in features}
    before = list(features)
    for item in items:
        incoming = (
            before if item.inputs is None else [name for word in _words(item.inputs) for name in given.get(word, [])]
        )
        component = item.component
        if component is not None and _scales_itself(component, code=code):
            yield component.name, incoming
        before = incoming if component is not None and _keeps(component) else []
        if item.name is not None:
            given[item.name] = before


def _words(inputs: Any) -> list[str]:
    if isinstance(inputs, Mapping):
        return [word for value in inputs.values() for word in _words(value)]
    return list(inputs) if isinstance(inputs, list) else [inputs]


def _scales_itself(component: Component, *, code: bool) -> bool:
    entry = catalogue.load().get("layers", component.name)
    if entry is None or entry.kind != "applications":
        return False
    return not code and component.arguments.get("include_preprocessing", True) is not False


def _keeps(component: Component) -> bool:
    return component.name in KEEPING or component.name.startswith("Random")
