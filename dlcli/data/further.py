"""One fault of the data does not hide those that later steps would show: when one is found, the others are sought."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from types import TracebackType

from dlcli.config.schema import DataConfig
from dlcli.config.signature import SPLITS
from dlcli.data.columns.codec import Codec
from dlcli.data.columns.target_codec import TargetCodec
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.preprocessing.steps import at_entry
from dlcli.data.splits.division import Part, divide
from dlcli.data.table.dropping import drop_columns, dropped_rows, fill_targets
from dlcli.data.table.table import Loaded
from dlcli.errors import ConfigError, DataError, Problem

__all__ = ["FurtherFaults"]


@dataclasses.dataclass(frozen=True)
class _Look:
    config: DataConfig
    loaded: Loaded
    seed: int


class FurtherFaults:
    """A context in which a `DataError` gets what else is wrong with the cells, feature by feature.

    Example:
        >>> with FurtherFaults() as faults:  # doctest: +SKIP
        ...     faults.look_at(config, loaded, seed=7)
        ...     ...
    """

    def __init__(self) -> None:
        self._look: _Look | None = None

    def look_at(self, config: DataConfig, loaded: Loaded, *, seed: int) -> None:
        """Say where faults are to be sought.

        Args:
            config: The `data` section, its types filled in.
            loaded: The rows of every source.
            seed: Decides the splits.
        """
        self._look = _Look(config, loaded, seed)

    def __enter__(self) -> FurtherFaults:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, DataError) or self._look is None:
            return
        known = {(problem.path, problem.rule) for problem in error.problems}
        further = [one for one in _further(self._look) if (one.path, one.rule) not in known]
        if further:
            raise DataError([*error.problems, *further]) from error


def _further(look: _Look) -> Iterator[Problem]:
    config, loaded = look.config, look.loaded
    try:
        parts = divide(config, loaded, seed=look.seed, wanted=SPLITS, dropped=dropped_rows(config, loaded))
    except DataError as error:
        yield from error.problems
        return
    try:
        preprocessing = Preprocessing.build(
            {name: feature for name, feature in (config.features or {}).items() if feature is not None},
            {name: target for name, target in config.target.items() if target is not None},
            available=list(loaded.infos),
            seed=look.seed,
        )
    except ConfigError as error:
        yield from error.problems
        return
    for section, codecs in (("features", preprocessing.features), ("target", preprocessing.targets)):
        for name, codec in codecs.items():
            gaps = set(drop_columns(config.target, loaded.roles.targets)).intersection(codec.columns)
            yield from at_entry(_of_cells(codec, loaded, parts["train"], gaps), section, name)


def _of_cells(codec: Codec | TargetCodec, loaded: Loaded, train: Part, gaps: Collection[str]) -> list[Problem]:
    """What is wrong with the cells that one codec reads: the first fault of fitting, or of encoding."""
    columns = list(codec.columns)
    rows = loaded.rows["train"]
    file = None
    try:
        for chunk in rows.chunks(train.rows, columns):
            file = chunk.file
            codec.fit([chunk.columns[column] for column in columns])
        file = None
        codec.finish()
        for rows in loaded.rows.values():
            for chunk in rows.chunks(columns=columns):
                file = chunk.file
                if (whole := fill_targets(chunk, gaps)) is not None:
                    codec.encode([whole.columns[column] for column in columns], start=chunk.start)
    except DataError as error:
        return [problem.at(file) for problem in error.problems]
    return []
