"""What spectrograms take for granted of sounds, and is not so unless somebody says it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.document.places import format_path
from dlcli.config.schema import Config, LayerItem, ModelConfig
from dlcli.config.schema.component import Component

__all__ = ["mel_of_batch", "mel_rate"]

CUTS_NOTHING = 200
"""Decibels from the loudest on: what `min_power` leaves is -100, and samples from -1 to 1 stay far below 100."""


def mel_rate(config: Config, output: object) -> Iterator[tuple[str, str, str]]:
    """MelSpectrogram is told the rate of its sounds; told another, its bands lie elsewhere than they say."""
    features = (config.data.features or {}).items()
    rates = {name: feature.sound_rate for name, feature in features if feature is not None and feature.sound_rate}
    if len(set(rates.values())) != 1:
        return
    name, rate = next(iter(rates.items()))
    for path, component in _spectrograms(config.model):
        said = _argument(component, "sampling_rate")
        if said is not None and said != rate:
            yield (
                f"{path}.sampling_rate",
                f"MelSpectrogram takes sounds to have {said:,} samples a second, and those of {name!r} have {rate:,}",
                f"say sampling_rate: {rate}",
            )


def mel_of_batch(config: Config, output: object) -> Iterator[tuple[str, str, str]]:
    """MelSpectrogram cuts what is quiet by the loudest sound of the batch: what it gives depends on its neighbours."""
    for path, component in _spectrograms(config.model):
        most = _argument(component, "top_db")
        if most is not None and most < CUTS_NOTHING and component.arguments.get("power_to_db") is not False:
            yield (
                f"{path}.top_db",
                f"MelSpectrogram cuts what is {most:g} dB below the loudest of the batch: rows hang on each other",
                "say top_db: 300, which cuts nothing",
            )


def _spectrograms(model: ModelConfig) -> Iterator[tuple[str, Component]]:
    """Each, with where it stands: in the list of layers, in a model inside, or in a block."""
    yield from _among(model.layers, "model", "layers")
    for name, block in (model.blocks or {}).items():
        if isinstance(block, list):
            yield from _among(block, "model", "blocks", name)
        else:
            yield from _among(block.layers, "model", "blocks", name, "layers")


def _among(items: Sequence[LayerItem], *path: str | int) -> Iterator[tuple[str, Component]]:
    for index, item in enumerate(items):
        if item.component is not None and item.component.name == "MelSpectrogram":
            yield format_path((*path, index, item.component.name)), item.component
        yield from _among(item.layers or (), *path, index, "layers")


def _argument(component: Component, name: str) -> float | None:
    """What is said, or Keras's default; None for what is no number."""
    entry = catalogue.load().get("layers", component.name)
    default = entry.arguments[name].default if entry is not None else None
    value = component.arguments.get(name, default)
    return value if isinstance(value, (int, float)) else None
