"""The table of a config, read when it is first asked for, and kept as long as somebody divides it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dlcli.config.schema import DataConfig
from dlcli.config.signature import SPLITS, SplitName
from dlcli.data.cache.cache import Cache
from dlcli.data.cache.known_files import DataFiles
from dlcli.data.lint.linting import Looked, look_at_table
from dlcli.data.samples.store import Store
from dlcli.data.stages import check_rows, read_table
from dlcli.data.table.rows import Overflow
from dlcli.data.table.table import Table, find_sources
from dlcli.errors import Problem

__all__ = ["TableReader"]


class TableReader:
    """Finds the files of a config, and reads them once; use it as a context manager, for the rows end with it.

    Args:
        config: The `data` section, its paths resolved.
        classification: What the loss and the last activation say of the target; None when they do not.
        units: Of the last layer, when known.
        splits: Those that are wanted.
        cache: Where encoded data is kept, and what is too large for memory; None keeps everything in memory.
        notify: Told when the cache cannot be used as it should be, and what looks odd in the files.

    Raises:
        DataError: A file is gone that was there a moment ago.

    Example:
        >>> with TableReader(config) as reader:  # doctest: +SKIP
        ...     runs = [prepare_from(reader, seed=seed) for seed in range(5)]
    """

    def __init__(
        self,
        config: DataConfig,
        *,
        classification: bool | None = None,
        units: int | None = None,
        splits: Iterable[SplitName] = SPLITS,
        cache: Cache | None = None,
        notify: Callable[[Problem], None] = lambda problem: None,
    ) -> None:
        self.config = config
        self.classification = classification
        self.units = units
        self.notify = notify
        self.found = find_sources(config, splits=splits)
        paths = {} if self.found.problems else {name: one.paths for name, one in self.found.sources.items()}
        self.files = DataFiles(paths)
        """Those of the sources; none when some are missing."""
        self._cache = cache
        self._scratch = None if cache is None else cache.scratch()
        self.overflow = Overflow(self._scratch, notify)
        """Where rows go that do not fit into memory."""
        self._table: Table | None = None
        self._checked: Table | None = None
        self._looked: dict[tuple[str, ...], Looked] = {}

    def table(self) -> Table:
        """The table, its types inferred; the files are read the first time.

        Raises:
            DataError: See `read_table`.
        """
        if self._table is None:
            self._table = read_table(
                self.config,
                self.found,
                classification=self.classification,
                units=self.units,
                overflow=self.overflow,
            )
        return self._table

    def checked(self) -> Table:
        """The table, checked: the same for all who divide it.

        Raises:
            DataError: See `check_rows`.
        """
        if self._checked is None:
            self._checked = check_rows(self.table())
        return self._checked

    def looked(self, table: Table) -> Looked:
        """What a look at the table shows, the same for all who divide it into the same splits.

        Args:
            table: The checked one, as somebody divides it.
        """
        splits = tuple(name for name in SPLITS if isinstance(getattr(table.config, name), float))
        if splits not in self._looked:
            self._looked[splits] = look_at_table(table)
        return self._looked[splits]

    def store(self, recipe: Callable[[], str]) -> Store:
        """Where the arrays of a recipe are kept, as long as this is open; see `Store`."""
        return Store(self._cache, self.files, self._scratch, recipe=recipe, notify=self.notify)

    def __enter__(self) -> TableReader:
        if self._cache is not None:
            self._cache.sweep()
        return self

    def __exit__(self, *_: object) -> None:
        self._table = self._checked = None
        self.files.close()
        self.overflow.close()
        if self._scratch is not None:
            self._scratch.close()
