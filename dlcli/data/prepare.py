"""From the `data` section of a config to samples: read, divide, fit on the training rows, encode; or from the cache."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

from dlcli.config.schema import DataConfig
from dlcli.config.signature import SPLITS, SplitName
from dlcli.data.cache.cache import Cache
from dlcli.data.cache.entry import Entry
from dlcli.data.cache.known_files import DataFiles
from dlcli.data.further_faults import FurtherFaults
from dlcli.data.lint.linting import Looked, look_at_division
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.preprocessing.unstored import as_asked, state_as_asked
from dlcli.data.reader import TableReader
from dlcli.data.samples.arrays import array_splits
from dlcli.data.samples.keys import encoding_key, recipe_key, samples_key
from dlcli.data.samples.samples import Samples
from dlcli.data.samples.store import Notify, Store
from dlcli.data.stages import check_classes, check_rows, divide, encode, fit
from dlcli.data.table.table import Table, read_rows
from dlcli.data.types.filling import Filled, decide
from dlcli.data.window_inputs import at_pace
from dlcli.errors import DataError, Problem

__all__ = ["Prepared", "prepare", "prepare_from", "read_split"]

_DOUBT = ("message", "path", "hint", "rule")
"""What an entry keeps of a doubt: it is of the data and has no place in a file of the config."""


@dataclasses.dataclass(frozen=True)
class Prepared:
    """Everything that training needs to know of the data.

    Args:
        preprocessing: Fitted on the training rows.
        splits: The samples of `train`, and of `validation` and `test` where the config has them.
        config: The `data` section with every type and default filled in.
        notes: What was inferred, a line each.
        doubts: What may not be meant so: types that the values do not settle, cells that were filled in, values that
            are none of the categories; and what lint finds in the rows.
        fingerprints: Path, size and hash of the files of each source, by the split that names it; JSON values.
        ranges: The least and the most of the features of numbers that come to the model as they are.
    """

    preprocessing: Preprocessing
    splits: Mapping[str, Samples]
    config: DataConfig
    notes: tuple[str, ...]
    doubts: tuple[Problem, ...]
    fingerprints: dict[str, list[dict[str, Any]]]
    ranges: Mapping[str, tuple[float, float]] = dataclasses.field(default_factory=dict)


def prepare(
    config: DataConfig,
    *,
    seed: int,
    named: Collection[str] = (),
    classification: bool | None = None,
    units: int | None = None,
    unscalable: Mapping[str, str] = types.MappingProxyType({}),
    cache: Cache | None = None,
    notify: Notify = lambda problem: None,
) -> Prepared:
    """Read the data and make it ready for training, or find it ready in the cache.

    Args:
        config: The `data` section, its paths resolved.
        seed: Decides the splits.
        named: Features that layers take by name and that therefore have an input of their own.
        classification: What the loss and the last activation say of the target; None when they do not.
        units: Of the last layer, when known.
        unscalable: Targets that are not scaled when the config does not say, and why, in words.
        cache: Where encoded data is kept, and what is too large for memory; None keeps everything in memory.
        notify: Told when the cache cannot be used as it should be.

    Raises:
        DataError: Files, columns, cells or splits that cannot be used, all of a stage at once; files that change
            while they are read.
        ConfigError: Options of features that contradict one another or the data.

    Example:
        >>> prepared = prepare(DataConfig(train=["iris.csv"], target="species"), seed=7)  # doctest: +SKIP
        >>> prepared.splits["train"].inputs["features"].shape  # doctest: +SKIP
        (4,)
    """
    with TableReader(config, classification=classification, units=units, cache=cache, notify=notify) as reader:
        return prepare_from(reader, seed=seed, named=named, unscalable=unscalable)


def prepare_from(
    reader: TableReader,
    *,
    seed: int,
    named: Collection[str] = (),
    unscalable: Mapping[str, str] = types.MappingProxyType({}),
    config: DataConfig | None = None,
) -> Prepared:
    """Make a table ready for training, which others may divide in another way, or find it ready in the cache.

    Args:
        reader: Reads the table, unless it has done so already or everything is in the cache.
        seed: See `prepare`.
        named: See `prepare`.
        unscalable: See `prepare`.
        config: What the table is made ready for, which differs from the reader's config in nothing but the division
            and the batches; None: the reader's.

    Raises:
        DlcliError: See `prepare`.
    """
    asked = reader.config if config is None else config
    recipe = functools.partial(
        recipe_key,
        asked,
        seed=seed,
        named=named,
        classification=reader.classification,
        units=reader.units,
        unscalable=unscalable,
    )
    store = reader.store(lambda: f"{recipe()}-*")
    if (entry := store.find()) is not None:
        return _from_entry(reader, asked, entry, store, seed=seed, named=named)
    with store.building() as entry, FurtherFaults(seed=seed) as faults:
        if entry is not None:
            return _from_entry(reader, asked, entry, store, seed=seed, named=named)
        faults.table = _divided_as(reader.table(), asked)
        table = _divided_as(reader.checked(), asked)
        marks = reader.found.sightings.unseen
        _tell_unseen(marks, reader.notify)
        division = divide(table, seed=seed)
        preprocessing = fit(table, division, seed=seed, unscalable=unscalable)
        _add_named(reader.files, table, preprocessing)
        looked = look_at_division(table, division, reader.looked(table))
        told = (*table.decisions, *division.notes)
        decided = decide(
            Filled(table.config, told, (*table.doubts, *division.doubts)), table.config, preprocessing, unscalable
        )
        config = _fit_batch(decided.config, division.parts["train"].num_samples)
        key = functools.partial(encoding_key, config, seed=seed, named=named, state=preprocessing.state())
        unseen: list[Problem] = []
        lines: list[tuple[str, str]] = []
        splits = encode(
            table,
            division,
            preprocessing,
            named=named,
            keep=functools.partial(
                store.keep,
                name=lambda: f"{recipe()}-{key()}",
                content=lambda: _content(decided, marks, unseen, lines, preprocessing, looked),
            ),
            has_room=store.has_room,
            unseen=unseen,
            lines=lines,
            fingerprint=_fingerprint(key, config, reader.files),
        )
        doubts = (*decided.doubts, *preprocessing.gaps(), *unseen, *looked.findings)
        notes = decided.with_lines(lines).notes
        return Prepared(preprocessing, splits, config, notes, doubts, reader.files.fingerprints(), looked.ranges)


def read_split(
    config: DataConfig,
    preprocessing: Preprocessing,
    name: Literal["train", "validation", "test"],
    *,
    seed: int,
    named: Collection[str] = (),
    cache: Cache | None = None,
    notify: Notify = lambda problem: None,
) -> Samples:
    """Read one split again, from the cache or from its files, as `prepare` divided them.

    Args:
        config: The `data` section as `Prepared.config` has it.
        preprocessing: As fitted in training.
        name: Which split.
        seed: The seed of the training.
        named: As in `prepare`.
        cache: As in `prepare`; nothing is added to it.
        notify: As in `prepare`.

    Raises:
        DataError: There is no such split, or the files have changed so that they cannot be read in the same way.
    """
    _require_split(config, name)
    key = functools.partial(encoding_key, config, seed=seed, named=named, state=preprocessing.state())
    # The key of an entry is that of all sources, whichever of them the split is in.
    with TableReader(config, cache=cache, notify=notify) as reader:
        store = reader.store(lambda: f"*-{key()}")
        if (entry := store.find(None if config.windows is not None else name)) is not None:
            # Windows are over all the steps of their source, whichever splits these are in.
            names = [each for each in entry.names if each[0] == name or config.windows is not None]
            arrays = store.read(entry, names)
            return array_splits(arrays, _fingerprint(key, config, reader.files), preprocessing.views(named))[name]
    if preprocessing.windows is not None:
        config = config.model_copy(update={"windows": at_pace(config, preprocessing.windows)})
    with TableReader(config, splits=[name], cache=cache, notify=notify) as reader:
        store = reader.store(str)
        with store.building():
            table = read_rows(config, reader.found, overflow=reader.overflow)
            _require_columns(preprocessing, table.roles.columns)
            table = check_rows(table)
            division = divide(table, seed=seed, wanted=[name])
            check_classes(table, division, preprocessing)
            _add_named(reader.files, table, preprocessing)
            return encode(
                table,
                division,
                preprocessing,
                named=named,
                keep=store.keep,
                has_room=store.has_room,
                fingerprint=_fingerprint(key, config, reader.files),
            )[name]


def _add_named(files: DataFiles, table: Table, preprocessing: Preprocessing) -> None:
    """What rows are made of beside the files of their source counts as data too."""
    for source, rows in table.rows.items():
        files.add(source, preprocessing.named_files(rows.chunks(columns=preprocessing.columns)))


def _require_split(config: DataConfig, name: SplitName) -> None:
    if getattr(config, name) is None:
        others = [other for other in SPLITS if getattr(config, other) is not None]
        raise DataError(
            Problem(
                f"there is no {name} split",
                path=f"data.{name}",
                hint=f"the splits are {', '.join(others)}; give a fraction or files in data.{name} and train again",
                rule="no-such-split",
            )
        )


def _require_columns(preprocessing: Preprocessing, columns: Collection[str]) -> None:
    problems = [
        Problem(
            f"the preprocessing reads a column {column!r}, which the config of the run does not name",
            hint="undo the changes to the run's files, or train again",
            rule="run-damaged",
        )
        for column in preprocessing.columns
        if column not in columns
    ]
    if problems:
        raise DataError(problems)


def _tell_unseen(unseen: Sequence[str], notify: Notify) -> None:
    """Warn of marks of empty cells that no cell is."""
    if unseen:
        listed = ", ".join(map(repr, unseen))
        notify(
            Problem(
                f"no cell of the data is {listed}, which data.missing_values names",
                path="data.missing_values",
                hint="write the mark as the cells have it, without the blanks around it; or leave it out",
                rule="missing-values",
            )
        )


def _fit_batch(config: DataConfig, num_rows: int) -> DataConfig:
    """A batch is no larger than the training split."""
    if config.batch_size == "full" or config.batch_size <= num_rows:
        return config
    return config.model_copy(update={"batch_size": num_rows})


def _fingerprint(encoding: Callable[[], str], config: DataConfig, files: DataFiles) -> Callable[[SplitName], str]:
    """The fingerprints of samples: of how they are encoded, and of the files that their split is in."""

    def fingerprint(split: SplitName) -> str:
        source: SplitName = "train" if isinstance(getattr(config, split), float) else split
        return samples_key(encoding(), split, files.by_source()[source])

    return fingerprint


def _content(
    decided: Filled,
    marks: Sequence[str],
    unseen: Sequence[Problem],
    lines: Sequence[tuple[str, str]],
    preprocessing: Preprocessing,
    looked: Looked,
) -> dict[str, Any]:
    """What an entry keeps beside the arrays; of the config what was found, not what was asked for."""
    found = decided.config.model_dump(mode="json", include={"target", "features"})
    told = (*decided.doubts, *preprocessing.gaps(), *unseen, *looked.findings)
    doubts = [{key: getattr(doubt, key) for key in _DOUBT} for doubt in told]
    return {
        "sources": decided.config.train,
        "notes": list(decided.with_lines(lines).notes),
        "doubts": doubts,
        "unseen_marks": list(marks),
        "preprocessing": preprocessing.state(),
        "ranges": looked.ranges,
        **found,
    }


def _divided_as(table: Table, config: DataConfig) -> Table:
    """The table with the keys that say how it is divided, and how it is gone through."""
    own = {name: getattr(config, name) for name in ("fold", "validation", "seed", "batch_size", "shuffle", "augment")}
    return dataclasses.replace(table, config=table.config.model_copy(update=own))


def _from_entry(
    reader: TableReader, config: DataConfig, entry: Entry, store: Store, *, seed: int, named: Collection[str]
) -> Prepared:
    """What `prepare_from` made, and said, when the entry was written."""
    content = entry.content
    _tell_unseen(content["unseen_marks"], reader.notify)
    found = as_asked(DataConfig(train=config.train, target=content["target"], features=content["features"]), config)
    config = config.model_copy(update={"target": found.target, "features": found.features, "defaults": None})
    preprocessing = Preprocessing.from_state(state_as_asked(content["preprocessing"], found))
    key = functools.partial(encoding_key, config, seed=seed, named=named, state=preprocessing.state())
    fingerprint = _fingerprint(key, config, reader.files)
    splits = array_splits(store.read(entry), fingerprint, preprocessing.views(named))
    return Prepared(
        preprocessing,
        splits,
        _fit_batch(config, len(splits["train"])),
        tuple(content["notes"]),
        tuple(
            Problem(doubt["message"], path=doubt["path"], hint=doubt["hint"], rule=doubt["rule"])
            for doubt in content["doubts"]
        ),
        reader.files.fingerprints(),
        {name: (low, high) for name, (low, high) in content["ranges"].items()},
    )
