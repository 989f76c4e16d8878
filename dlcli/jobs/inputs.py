"""The files that a job is made of: the config and what it extends, the data, the user's own code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.inspection.inspection import Inspection
from dlcli.config.inspection.model_sources import NO_WEIGHTS, RESOLVED
from dlcli.config.schema import Config, LayerItem, ModelConfig
from dlcli.config.schema.model import layers_of
from dlcli.data.sources.peek import source_files

__all__ = ["input_files"]


def input_files(inspection: Inspection, config: Config) -> list[Path]:
    """Every file that the job reads, as far as the config names it.

    Args:
        inspection: Knows the files that the config was read from.
        config: The config, checked.

    Raises:
        DataError: Data files that are not there.
    """
    read = {position.file for position in inspection.document.positions.values() if isinstance(position.file, Path)}
    data = config.data
    sources = [
        each for each in (data.train, data.validation, data.test) if each is not None and not isinstance(each, float)
    ]
    found = [file for source in sources for file in source_files(source, path="data")]
    return [*filter(None, [inspection.file]), *sorted(read), *map(Path, config.code), *_weights(config.model), *found]


def _weights(model: ModelConfig) -> Iterator[Path]:
    """The files of weights, and of each run that gives some one of its files."""
    own = [model.weights.run] if model.weights is not None else []
    lists = [model.layers, *map(layers_of, (model.blocks or {}).values())]
    for source in (*own, *(each for items in lists for each in _sources(items))):
        yield Path(source) / RESOLVED if Path(source).is_dir() else Path(source)


def _sources(items: Sequence[LayerItem]) -> Iterator[str]:
    for item in items:
        if item.run is not None:
            yield item.run
        elif item.layers is not None:
            yield from _sources(item.layers)
        elif item.component is not None:
            yield from () if item.vectors is None else (item.vectors,)
            entry = catalogue.load().get("layers", item.component.name)
            weights = item.component.arguments.get("weights")
            if entry is not None and entry.kind == "applications" and isinstance(weights, str):
                yield from () if weights in NO_WEIGHTS else (weights,)
