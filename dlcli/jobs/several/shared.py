"""What is once for several trainings: the table that is read, samples, and models that are compiled."""

from __future__ import annotations

import contextlib
import functools
import json
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from dlcli.backend import startup
from dlcli.config.inspection.inspection import CheckedConfig
from dlcli.config.outputs.conventions import model_head, says_classification
from dlcli.config.outputs.target_scale import unscalable_targets
from dlcli.config.schema import Config, DataConfig
from dlcli.data.cache.cache import Cache
from dlcli.data.prepare import Prepared
from dlcli.data.reader import TableReader
from dlcli.data.table import memory
from dlcli.jobs.preparing import make_ready, open_table
from dlcli.trained.own_code import GRANTED
from dlcli.trained.run import TrainedRun
from dlcli.trained.runtime import load
from dlcli.training.events import Listener, Notice

if TYPE_CHECKING:
    from dlcli.training.reuse import Models

__all__ = ["Shared"]

MOST_READERS, MOST_PREPARED = 8, 16
"""Tables that are kept, and data that was made ready: for folds that come again in each trial, for a handful of values
that change how data is read."""

MOST_BYTES = 2**20
"""Of the file of a member that is kept open while the others are trained."""

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
        self._readers: OrderedDict[str, TableReader] = OrderedDict()
        self._prepared: OrderedDict[str, tuple[TableReader, Prepared]] = OrderedDict()
        self._trained: dict[Path, TrainedRun] = {}

    def __enter__(self) -> Shared:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._prepared.clear()
        self._trained.clear()
        self.__dict__.pop("models", None)
        with contextlib.ExitStack() as stack:
            for reader in self._readers.values():
                stack.push(reader)
        self._readers.clear()

    @functools.cached_property
    def models(self) -> Models:
        """Those that are compiled already; loads TensorFlow, which who only divides rows has no use for."""
        startup.load()
        from dlcli.training.reuse import Models

        return Models()

    def reader(self, config: Config) -> TableReader:
        """What reads the table of a config, once for all that differ only in how it is divided.

        It is open until the next is asked for: then those that were not wanted for longest may have to go.
        """
        key = json.dumps([_said(config.data, but=DIVISION), _sources(config.data), *_heads(config)], default=str)
        if key not in self._readers:
            self._close_some()
            self._readers[key] = open_table(config, cache=self.cache, tell=self._tell).__enter__()
        self._readers.move_to_end(key)
        return self._readers[key]

    def prepared(self, checked: CheckedConfig) -> Prepared:
        """The data of a config, made ready; once for all with the same data, as long as there is room for it."""
        config = checked.config
        of_model = [*_heads(config), sorted(checked.expanded.words), sorted(unscalable_targets(config))]
        key = json.dumps([_said(config.data), config.data_seed, *of_model], default=str)
        reader = self.reader(config)
        if key not in self._prepared:
            self._forget_some()
            self._prepared[key] = (reader, make_ready(reader, checked))
        self._prepared.move_to_end(key)
        return self._prepared[key][1]

    def keep(self, trained: TrainedRun) -> None:
        """Keep a member as it was opened when its training ended, if it takes little; else it is opened again."""
        with contextlib.suppress(OSError):  # it may have been moved away; then whoever opens it tells of that
            if trained.directory.portable.stat().st_size <= MOST_BYTES:
                self._trained[trained.directory.path] = trained

    def trained(self, path: Path) -> TrainedRun:
        """A member that is complete, opened once for all who ask it about rows.

        Args:
            path: Its run directory.

        Raises:
            DlcliError: See `load`.
        """
        if path not in self._trained:
            warn = lambda problem: self._tell(Notice(problem, warning=True))  # noqa: E731
            self._trained[path] = load(path, leave=GRANTED, warn=warn)
        return self._trained[path]

    def _close_some(self) -> None:
        """Make room for another table, which may take all that one may take."""
        while self._readers and (
            len(self._readers) >= MOST_READERS
            or sum(each.overflow.held for each in self._readers.values()) > memory.ROWS_BUDGET
        ):
            _, reader = self._readers.popitem(last=False)
            for key in [key for key, (of, _) in self._prepared.items() if of is reader]:
                del self._prepared[key]  # what it has on the disk goes with the reader
            reader.__exit__()

    def _forget_some(self) -> None:
        """Make room for more data, which is likely to take what the last has taken."""
        sizes = [_size(prepared) for _, prepared in self._prepared.values()]
        while sizes and (len(sizes) >= MOST_PREPARED or sum(sizes) + sizes[-1] > memory.ARRAYS_BUDGET):
            self._prepared.popitem(last=False)
            del sizes[0]


def _size(prepared: Prepared) -> int:
    """Bytes of memory that samples take, at most: some are in files, and made when they are wanted."""
    return sum(
        len(samples) * sum(spec.bytes for spec in (*samples.inputs.values(), *samples.targets.values()))
        for samples in prepared.splits.values()
    )


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
