"""One quantile alone is a prediction that is meant to be too low or too high, and tells no interval."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.document.places import format_path
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    for name, target in config.data.target.items():
        if target is None or len(target.learnt_quantiles) != 1:
            continue
        level = target.learnt_quantiles[0]
        yield Finding(
            format_path(("data", "target", name, "quantiles")),
            f"{level!r} is the only quantile of {name!r}, so that it is the prediction and there is no interval",
            "use several, such as [0.1, 0.5, 0.9]"
            if level != 0.5
            else "mean_absolute_error learns the median without them",
        )
