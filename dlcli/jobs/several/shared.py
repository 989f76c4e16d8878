"""What is once for several trainings: the table that is read, samples, and models that are compiled."""

from __future__ import annotations

import contextlib
import json
from types import TracebackType

from dlcli.config.inspection.inspection import CheckedConfig
from dlcli.config.outputs.conventions import model_head, says_classification
from dlcli.config.outputs.target_scale import unscalable_targets
from dlcli.config.schema import Config, DataConfig
from dlcli.data.cache.cache import Cache
from dlcli.data.prepare import Prepared
from dlcli.data.reader import TableReader
from dlcli.jobs.preparing import make_ready, open_table
from dlcli.training.events import Listener
from dlcli.training.reuse import Models

__all__ = ["Shared"]

DIVISION = ("fold", "validation", "seed", "batch_size", "shuffle", "augment")
"""What of `data` may differ between configs that one reading of the table serves."""


class Shared:
    """Use it as a context manager: what was read ends with it.

    Args:
        cache: Of encoded data.
        tell: Called with notices.
    """

    def __init__(self, cache: Cache, tell: Listener) -> None:
        self.cache, self._tell = cache, tell
        self._stack = contextlib.ExitStack()
        self._readers: dict[str, TableReader] = {}
        self._last: tuple[str, Prepared] | None = None
        self.models = Models()
        """Those that are compiled already."""

    def __enter__(self) -> Shared:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._last = None
        self.models.clear()
        self._readers.clear()
        self._stack.close()

    def reader(self, config: Config) -> TableReader:
        """What reads the table of a config, once for all that differ only in how it is divided."""
        key = json.dumps([_said(config.data, but=DIVISION), _sources(config.data), *_heads(config)], default=str)
        if key not in self._readers:
            self._readers[key] = self._stack.enter_context(open_table(config, cache=self.cache, tell=self._tell))
        return self._readers[key]

    def prepared(self, checked: CheckedConfig) -> Prepared:
        """The data of a config, made ready. Of several in a row with the same data it is made ready once."""
        config = checked.config
        of_model = [*_heads(config), sorted(checked.expanded.words), sorted(unscalable_targets(config))]
        key = json.dumps([_said(config.data), config.data_seed, *of_model], default=str)
        if self._last is None or self._last[0] != key:
            self._last = None  # the memory of the one before is not needed beside it
            self._last = (key, make_ready(self.reader(config), checked))
        return self._last[1]


def _said(data: DataConfig, *, but: tuple[str, ...] = ()) -> list[object]:
    """A section in full, and what of it was given: an option that is given stays where `defaults` say another."""
    return [data.model_dump(mode="json", exclude=set(but), exclude_unset=unset) for unset in (False, True)]


def _sources(data: DataConfig) -> object:
    """The rows for validation where they are a source of their own and no part of the training rows; else None."""
    return None if data.fold is not None or isinstance(data.validation, float) else data.validation


def _heads(config: Config) -> list[object]:
    """What of the model decides how the data is read: see `open_table`."""
    head = model_head(config.model)
    loss = config.compile.loss if not isinstance(config.compile.loss, dict) else None
    return [says_classification(loss, head), head.units]
