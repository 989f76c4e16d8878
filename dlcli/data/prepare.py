"""From the `data` section of a config to arrays: read, infer, split, fit on the training rows, encode."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from dlcli.config.schema import DataConfig
from dlcli.config.signature import SPLITS, SplitName
from dlcli.data.cache.cache import Cache
from dlcli.data.cache.entry import Entry
from dlcli.data.further import FurtherFaults
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples.encoding import Destination, Split, encode_rows, encoded_bytes
from dlcli.data.samples.keys import encoding_key, recipe_key
from dlcli.data.samples.store import Arrays, Notify, Store
from dlcli.data.splits.division import Part, divide
from dlcli.data.table.checks import missing_targets, row_labels, unseen_classes, weight_problems
from dlcli.data.table.dropping import drop_columns, dropped_rows
from dlcli.data.table.table import Loaded, find_sources, load
from dlcli.data.types.filling import Filled, decide, fill_in
from dlcli.errors import DataError, Problem

__all__ = ["Prepared", "Split", "prepare", "read_split"]

_Entry = TypeVar("_Entry")

_DOUBT = ("message", "path", "hint", "rule")
"""What an entry keeps of a doubt: it is of the data and has no place in a file of the config."""


@dataclasses.dataclass(frozen=True)
class Prepared:
    """Everything that training needs to know of the data.

    Args:
        preprocessing: Fitted on the training rows.
        splits: `train`, and `validation` and `test` where the config has them.
        config: The `data` section with every type and default filled in.
        notes: What was inferred, a line each.
        doubts: What may not be meant so: types that the values do not settle, cells that were filled in, values that
            are none of the categories.
        fingerprints: Path, size and hash of the files of each source, by the split that names it; JSON values.
    """

    preprocessing: Preprocessing
    splits: dict[str, Split]
    config: DataConfig
    notes: tuple[str, ...]
    doubts: tuple[Problem, ...]
    fingerprints: dict[str, list[dict[str, Any]]]


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
        (150, 4)
    """
    found = find_sources(config)
    files = {name: source.paths for name, source in found.sources.items()} if not found.problems else {}
    recipe = recipe_key(
        config, seed=seed, named=named, classification=classification, units=units, unscalable=unscalable
    )
    with Store(cache, recipe=f"{recipe}-*", files=files, notify=notify) as store:
        if files and (entry := store.find()) is not None:
            return _from_entry(config, entry, store, notify)
        with store.building() as entry, FurtherFaults() as faults:
            if entry is not None:
                return _from_entry(config, entry, store, notify)
            loaded = load(config, found, exact_targets=classification is not False, overflow=store.overflow)
            filled = fill_in(config, loaded, classification=classification, units=units)
            config = filled.config
            faults.look_at(config, loaded, seed=seed)
            dropped, weights = _checked_rows(config, loaded)
            filled = dataclasses.replace(filled, lines=(*filled.lines, *_dropped_lines(dropped)))
            unseen = found.sightings.unseen
            _tell_unseen(unseen, notify)
            parts = divide(config, loaded, seed=seed, wanted=SPLITS, dropped=dropped)
            config = _fit_batch(config, len(parts["train"].rows))
            preprocessing = Preprocessing.build(
                _given(config.features or {}),
                _given(config.target),
                available=list(loaded.infos),
                texts={info.name for info in loaded.infos.values() if info.is_text},
                unscalable=unscalable,
                seed=seed,
            )
            preprocessing.fit(loaded.rows["train"].chunks(parts["train"].rows, preprocessing.columns))
            problems = _class_problems(preprocessing, loaded, parts)
            if problems:
                # A target that is read as something else than it is has classes that are there once: first the cause.
                faulty = {problem.path for problem in problems}
                raise DataError([*(doubt for doubt in filled.doubts if doubt.path in faulty), *problems])
            filled = decide(filled, config, preprocessing, unscalable)
            config = filled.config
            key = encoding_key(config, seed=seed, named=named, state=preprocessing.state())
            strangers: list[Problem] = []
            arrays = store.keep(
                encoded_bytes(preprocessing, sum(len(part.rows) for part in parts.values()), named),
                functools.partial(
                    _encode, preprocessing, loaded, parts, weights, named, _gaps(config, loaded), strangers
                ),
                name=f"{recipe}-{key}",
                content=lambda: _content(filled, unseen, strangers, preprocessing),
            )
            doubts = (*filled.doubts, *preprocessing.gaps(), *strangers)
            return Prepared(preprocessing, _splits(arrays), config, filled.notes, doubts, store.fingerprints())


def read_split(
    config: DataConfig,
    preprocessing: Preprocessing,
    name: Literal["train", "validation", "test"],
    *,
    seed: int,
    named: Collection[str] = (),
    cache: Cache | None = None,
    notify: Notify = lambda problem: None,
) -> Split:
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
    # The key of an entry is that of all sources, whichever of them the split is in.
    everything = find_sources(config)
    found = find_sources(config, splits=[name])
    files = {key: source.paths for key, source in everything.sources.items()} if not everything.problems else {}
    key = encoding_key(config, seed=seed, named=named, state=preprocessing.state())
    if files:
        with Store(cache, recipe=f"*-{key}", files=files, notify=notify) as store:
            if (entry := store.find(name)) is not None:
                return _splits(store.read(entry, [each for each in entry.names if each[0] == name]))[name]
    files = {key: source.paths for key, source in found.sources.items()} if not found.problems else {}
    with Store(cache, recipe="", files=files, notify=notify) as store, store.building():
        loaded = load(config, found, overflow=store.overflow)
        problems = [
            Problem(
                f"the preprocessing reads a column {column!r}, which the config of the run does not name",
                hint="undo the changes to the run's files, or train again",
                rule="run-damaged",
            )
            for column in preprocessing.columns
            if column not in loaded.roles.columns
        ]
        if problems:
            raise DataError(problems)
        dropped, weights = _checked_rows(config, loaded)
        parts = divide(config, loaded, seed=seed, wanted=[name], dropped=dropped)
        problems = _class_problems(preprocessing, loaded, parts)
        if problems:
            raise DataError(problems)
        arrays = store.keep(
            encoded_bytes(preprocessing, len(parts[name].rows), named),
            functools.partial(_encode, preprocessing, loaded, parts, weights, named, _gaps(config, loaded), []),
        )
        return _splits(arrays)[name]


def _given(entries: Mapping[str, _Entry | None]) -> dict[str, _Entry]:
    return {name: entry for name, entry in entries.items() if entry is not None}


def _gaps(config: DataConfig, loaded: Loaded) -> tuple[str, ...]:
    """The columns of targets of which rows may be without a value."""
    return drop_columns(config.target, loaded.roles.targets)


def _checked_rows(
    config: DataConfig, loaded: Loaded
) -> tuple[dict[SplitName, NDArray[np.int64]], dict[SplitName, NDArray[np.float32]]]:
    """Of each source the rows that are left out for want of a target, and the weights of all.

    Raises:
        DataError: Targets that are missing and must not, weights that are none.
    """
    gaps = _gaps(config, loaded)
    problems = [
        problem
        for rows in loaded.rows.values()
        for name, columns in loaded.roles.targets.items()
        for problem in missing_targets(rows, [each for each in columns if each not in gaps], target=name)
    ]
    weights = _weights(loaded, problems)
    if problems:
        raise DataError(problems)
    return dropped_rows(config, loaded), weights


def _dropped_lines(dropped: Mapping[SplitName, NDArray[np.int64]]) -> list[tuple[str, str]]:
    counts = {name: len(rows) for name, rows in dropped.items() if len(rows)}
    return [(f"rows of {name}", f"{count:,} without a target, left out") for name, count in counts.items()]


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


def _weights(loaded: Loaded, problems: list[Problem]) -> dict[SplitName, NDArray[np.float32]]:
    """The weights of every source; what is wrong with them is added to `problems`."""
    weights: dict[SplitName, NDArray[np.float32]] = {}
    if loaded.roles.sample_weight is not None:
        for name, rows in loaded.rows.items():
            weights[name], faults = weight_problems(rows, loaded.roles.sample_weight)
            problems += faults
    return weights


def _fit_batch(config: DataConfig, num_rows: int) -> DataConfig:
    """A batch is no larger than the training split."""
    if config.batch_size == "full" or config.batch_size <= num_rows:
        return config
    return config.model_copy(update={"batch_size": num_rows})


def _class_problems(preprocessing: Preprocessing, loaded: Loaded, parts: Mapping[SplitName, Part]) -> list[Problem]:
    problems: list[Problem] = []
    for spec in preprocessing.target_specs:
        if spec.kind == "category":
            (column,) = preprocessing.targets[spec.name].columns
            found = {name: row_labels(rows, column) for name, rows in loaded.rows.items()}
            for name, part in parts.items():
                problems += unseen_classes(
                    spec.classes,
                    found[part.source],
                    part.rows,
                    target=spec.name,
                    split=name,
                    is_fraction=part.source != name,
                )
    return problems


def _encode(
    preprocessing: Preprocessing,
    loaded: Loaded,
    parts: Mapping[SplitName, Part],
    weights: Mapping[SplitName, NDArray[np.float32]],
    named: Collection[str],
    gaps: Collection[str],
    strangers: list[Problem],
    destination: Destination,
) -> None:
    """Write all arrays of all splits; what they hold that training has not seen is added to `strangers`."""
    preprocessing.forget()
    strangers[:] = preprocessing.given_problems()
    for source, rows in loaded.rows.items():
        numbers: dict[str, NDArray[np.int64]] = {
            name: part.rows for name, part in parts.items() if part.source == source
        }
        encode_rows(preprocessing, rows, numbers, named, destination, gaps=gaps)
        found = preprocessing.take_unseen_values(source)
        strangers += found if source != "train" else ()
        for name, places in numbers.items():
            destination.create((name, "rows", ""), places.shape, places.dtype)(places)
            if source in weights:
                own = weights[source][places]
                destination.create((name, "sample_weight", ""), own.shape, own.dtype)(own)


def _splits(arrays: Arrays) -> dict[str, Split]:
    """The splits, in their order."""

    def named(split: str, part: str) -> dict[str, NDArray[Any]]:
        return {name[2]: array for name, array in arrays.items() if name[:2] == (split, part)}

    return {
        split: Split(
            split,
            arrays[split, "rows", ""],
            named(split, "inputs"),
            named(split, "targets"),
            arrays.get((split, "sample_weight", "")),
        )
        for split in SPLITS
        if (split, "rows", "") in arrays
    }


def _content(
    filled: Filled, unseen: Sequence[str], strangers: Sequence[Problem], preprocessing: Preprocessing
) -> dict[str, Any]:
    """What an entry keeps beside the arrays; of the config what was found, not what was asked for."""
    found = filled.config.model_dump(mode="json", include={"target", "features"})
    told = (*filled.doubts, *preprocessing.gaps(), *strangers)
    doubts = [{key: getattr(doubt, key) for key in _DOUBT} for doubt in told]
    return {
        "sources": filled.config.train,
        "notes": list(filled.notes),
        "doubts": doubts,
        "unseen_marks": list(unseen),
        "preprocessing": preprocessing.state(),
        **found,
    }


def _from_entry(config: DataConfig, entry: Entry, store: Store, notify: Notify) -> Prepared:
    """What `prepare` made, and said, when the entry was written."""
    content = entry.content
    _tell_unseen(content["unseen_marks"], notify)
    found = DataConfig(train=config.train, target=content["target"], features=content["features"])
    splits = _splits(store.read(entry))
    config = config.model_copy(update={"target": found.target, "features": found.features, "defaults": None})
    return Prepared(
        Preprocessing.from_state(content["preprocessing"]),
        splits,
        _fit_batch(config, len(splits["train"].rows)),
        tuple(content["notes"]),
        tuple(
            Problem(doubt["message"], path=doubt["path"], hint=doubt["hint"], rule=doubt["rule"])
            for doubt in content["doubts"]
        ),
        store.fingerprints(),
    )
