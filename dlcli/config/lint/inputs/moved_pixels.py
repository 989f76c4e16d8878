"""A mask, or an image to learn, stays where it is when its image is moved: each pixel learns what another is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dlcli.config.checks.pixels import MOVING
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
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
            yield Finding(
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
