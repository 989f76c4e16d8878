"""The config of a finished run, read as it was written, without asking again whether it is a good one.

`inspect` finds the faults of a config that a person wrote: that takes the catalogue of Keras and a tenth of a second.
The `config.yaml` of a run was written by `train` when all that was done.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from dlcli.config.document.reader import read
from dlcli.config.schema import Config
from dlcli.errors import ConfigError, Problem

__all__ = ["read_resolved"]


def read_resolved(file: Path) -> Config:
    """Read a resolved config. Its `code` stays relative to the run directory.

    Args:
        file: The `config.yaml` of a run, not changed since it was written.

    Raises:
        ConfigError: It cannot be read, or is no config.

    Example:
        >>> read_resolved(Path("runs/iris-001/config.yaml")).name  # doctest: +SKIP
        'iris'
    """
    document = read(file)
    if document.problems:
        raise ConfigError(document.problems)
    try:
        return Config.model_validate(document.value)
    except ValidationError as error:
        raise ConfigError(
            Problem(str(fault["msg"]), path=".".join(map(str, fault["loc"])), file=file, rule="wrong-value")
            for fault in error.errors()
        ) from error
