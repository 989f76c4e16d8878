"""The first rows of a split that has a source of its own, looked at when a draft asks for them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

from dlcli.config.options.sources import Source
from dlcli.data.lint.cells import Cells
from dlcli.drafting.looking.first_rows import Glance, look, open_with
from dlcli.errors import DataError

__all__ = ["Apart"]


@dataclasses.dataclass(frozen=True)
class Apart:
    """Rows that nobody learns from.

    Args:
        split: What the split is called.
        said: Its source.
        seen: The rows of `train`, which these are read like.
    """

    split: str
    said: Source
    seen: Glance

    @functools.cached_property
    def columns(self) -> Mapping[str, Cells]:
        """The first rows, by the column; none where they cannot be read, which a check of what is drafted tells."""
        options = self.seen.options
        try:
            return look(open_with(self.said, options), options, self.seen.asked, targets=()).columns
        except DataError:
            return {}
