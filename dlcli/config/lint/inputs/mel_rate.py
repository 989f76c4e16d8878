"""MelSpectrogram is told the rate of its sounds; told another, its bands lie elsewhere than they say."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.checks.spectrograms import argument, spectrograms
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    features = (config.data.features or {}).items()
    rates = {name: feature.sound_rate for name, feature in features if feature is not None and feature.sound_rate}
    if len(set(rates.values())) != 1:
        return
    name, rate = next(iter(rates.items()))
    for path, component in spectrograms(config.model):
        said = argument(component, "sampling_rate")
        if said is not None and said != rate:
            yield Finding(
                f"{path}.sampling_rate",
                f"MelSpectrogram takes sounds to have {said:,} samples a second, and those of {name!r} have {rate:,}",
                f"say sampling_rate: {rate}",
            )
