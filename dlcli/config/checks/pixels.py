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

__all__ = ["moved_pixels", "scaled_pixels"]

MOVING = (
    *("RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "RandomCrop", "RandomShear"),
    *("RandomPerspective", "RandomElasticTransform", "RandAugment", "AugMix"),
)
"""Layers that put pixels elsewhere. What they draw they tell nobody, so that no mask can be moved with its image."""

KEEPING = ("Concatenate", "Resizing", "CenterCrop", "Identity", "Reshape", "Permute")
"""Layers that leave pixels as bright as they were, with those whose names begin with `Random`."""


class Learning(Protocol):
    """An output of the model."""

    @property
    def target(self) -> TargetSpec | None:
        """What it learns, when that is known."""


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
    for path, name in _changes(config):
        if name in MOVING or name == "CutMix":
            yield (
                path,
                f"{name} moves pixels of the images, and {target.name!r}, which has a value for each pixel, stays",
                "change colours alone (RandomBrightness and its kin), or add moved images and their masks to the rows",
            )


def _changes(config: Config) -> Iterator[tuple[str, str]]:
    """What changes samples in training, each with where it is said."""
    for name, feature in (config.data.features or {}).items():
        for index, each in enumerate(getattr(feature, "augment", ())):
            said = each if isinstance(each, str) else next(iter(each)) if isinstance(each, Mapping) else each.name
            yield f"data.features.{name}.augment[{index}]", said
    for index, component in enumerate(config.data.augment):
        yield f"data.augment[{index}]", component.name
    for index, item in enumerate(config.model.layers):
        if item.component is not None:
            yield f"model.layers[{index}]", item.component.name


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
