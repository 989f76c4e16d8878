"""Which way the metrics of the user's own are better, as far as they say it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from dlcli.config.checks.history_names import Direction
from dlcli.config.schema import CompileConfig
from dlcli.config.schema.component import Component
from dlcli.model.components import make

__all__ = ["own_directions"]

_WORDS: Final[Mapping[object, Direction]] = {"up": "max", "down": "min"}
"""What Keras's metrics say in `_direction`; one that derives from them says it too."""


def own_directions(config: CompileConfig, *, code: Mapping[str, object]) -> dict[str, Direction]:
    """The directions of the metrics that come from `code`, by their names in the config.

    A function says none. Of two uses of one class with different arguments the first counts.

    Args:
        config: The `compile` section; its metrics can be made.
        code: The user's own classes and functions by name.
    """
    found: dict[str, Direction] = {}
    for component in _all(config):
        if isinstance(code.get(component.name), type) and component.name not in found:
            made = make("metrics", component, code=code, path=("compile", "metrics"))
            direction = _WORDS.get(getattr(made, "_direction", None))
            if direction is not None:
                found[component.name] = direction
    return found


def _all(config: CompileConfig) -> Iterator[Component]:
    for metrics in (config.metrics, config.weighted_metrics):
        for each in metrics.values() if isinstance(metrics, Mapping) else [metrics or ()]:
            yield from each
