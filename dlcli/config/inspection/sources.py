"""A source of rows as people write it on a command line: a path, or in braces what a config may say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from dlcli.config.document.composer import compose
from dlcli.config.options.sources import FileColumns, KerasData, Source, Sources
from dlcli.config.validation.validator import validate
from dlcli.errors import ConfigError, DataError

__all__ = ["read_source"]

_WRITTEN = "the source"


def read_source(said: str | Mapping[str, Any] | FileColumns | KerasData) -> Source:
    """The source that a text means: YAML where it is a mapping in braces and no file of that name, else a path or glob.

    Args:
        said: The text; or the mapping, or what came of it.

    Raises:
        DataError: The mapping is none that a config may give.

    Example:
        >>> read_source("{x: images.npy}"), read_source("rows.csv")
        ({'x': 'images.npy'}, ['rows.csv'])
    """
    if isinstance(said, (FileColumns, KerasData)):
        return said
    if isinstance(said, str) and (not said.lstrip().startswith("{") or os.path.exists(said)):
        return [said]
    try:
        document = compose(said, source=_WRITTEN).require() if isinstance(said, str) else None
    except ConfigError as error:
        raise DataError(error.problems) from error
    validated = validate(Sources, said if document is None else document.value, ())
    if validated.problems:
        raise DataError(problem.at(_WRITTEN) for problem in validated.problems)
    source: Source = validated.value
    return source
