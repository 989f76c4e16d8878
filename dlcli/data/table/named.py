"""All files that the rows of a config are made of: those that hold the tables, and those that their cells name."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from dlcli.config.schema import DataConfig
from dlcli.config.signature import SplitName
from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.chunk import Kind
from dlcli.data.sources.source import Source
from dlcli.data.table.roles import assign_roles
from dlcli.data.table.table import Found
from dlcli.errors import DataError

__all__ = ["files_of"]


def files_of(config: DataConfig, found: Found) -> dict[SplitName, Sequence[Path]]:
    """The files of each source. To know those that cells name, their column is read; what is wrong with it is told
    when all columns are."""
    types = [*(config.features or {}).values(), *config.target.values()]
    if not any(entry is not None and entry.cells == "file" for entry in types):
        return {name: source.paths for name, source in found.sources.items()}
    return {name: (*source.paths, *_named(config, source)) for name, source in found.sources.items()}


def _named(config: DataConfig, source: Source) -> list[Path]:
    """The files that the cells of a table name. Those in a folder that is the table are part of it."""
    folders = [path for path in source.paths if path.is_dir()]
    names: dict[str, None] = {}
    with contextlib.suppress(DataError):
        roles = assign_roles(config, [info.name for info in source.columns(whole=True)])
        features = [(config.feature(name), columns) for name, columns in roles.features.items()]
        targets = [(config.target[name], columns) for name, columns in roles.targets.items()]
        kinds: dict[str, Kind] = {
            column: "file"
            for entry, columns in (*features, *targets)
            if entry is not None and entry.cells == "file"
            for column in columns
        }
        for chunk in source.chunks(kinds) if kinds else ():
            for column in chunk.columns.values():
                names.update(dict.fromkeys(as_arrow(column).to_pylist()))
    paths = [Path(name) for name in names if name]
    return [path for path in paths if not any(path.is_relative_to(folder) for folder in folders)]
