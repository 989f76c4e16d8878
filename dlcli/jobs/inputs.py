"""The files that a job is made of: the config and what it extends, the data, the user's own code."""

from __future__ import annotations

from pathlib import Path

from dlcli.config.inspection.inspection import Inspection
from dlcli.config.schema import Config
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
    return [*filter(None, [inspection.file]), *sorted(read), *map(Path, config.code), *found]
