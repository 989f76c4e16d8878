"""A mask, or an image to learn, that is not cut or filled up as its image is: each pixel learns what another is."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """The target, where that is so."""
    name = "" if output.target is None else output.target.name
    options = config.data.target.get(name)
    if options is None or (way := _way(options)) is None:
        return
    for image, feature in (config.data.features or {}).items():
        other = None if options.moved_with not in (None, image) else _way(feature)
        if other not in (None, way):
            yield Finding(
                f"data.target.{name}",
                f"{image!r} comes to its size by `{other}`, and {name!r}, which has a value for each pixel, by `{way}`",
                f"target: {{{name}: {{..., resize: {other}}}}} brings them to it alike",
            )


def _way(options: object) -> str | None:
    """How pixels come to a size that is asked for; None where they are as they are, or none are."""
    return getattr(options, "resize", None) if getattr(options, "size", None) is not None else None
