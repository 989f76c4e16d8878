"""From the `data` section of a config to arrays: read, infer, split, fit on the training rows, encode."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from dlcli.config.schema import DataConfig, Feature, Target
from dlcli.config.signature import SPLITS, SplitName
from dlcli.data.checks import missing_targets, row_labels, unseen_classes, weight_problems
from dlcli.data.division import Part, divide
from dlcli.data.encoding import Split, encode_rows
from dlcli.data.fingerprint import fingerprints
from dlcli.data.inference import collect_notes, infer_feature, infer_target
from dlcli.data.loading import Loaded, load
from dlcli.data.preprocessing import Preprocessing
from dlcli.errors import DataError, Problem

__all__ = ["Prepared", "Split", "prepare", "read_split"]

_Entry = TypeVar("_Entry")


@dataclasses.dataclass(frozen=True)
class Prepared:
    """Everything that training needs to know of the data.

    Args:
        preprocessing: Fitted on the training rows.
        splits: `train`, and `validation` and `test` where the config has them.
        config: The `data` section with every type and default filled in.
        notes: What was inferred, a line each.
        fingerprints: Path, size and hash of the files of each source, by the split that names it; JSON values.
    """

    preprocessing: Preprocessing
    splits: dict[str, Split]
    config: DataConfig
    notes: tuple[str, ...]
    fingerprints: dict[str, list[dict[str, Any]]]


def prepare(
    config: DataConfig,
    *,
    seed: int,
    named: Collection[str] = (),
    classification: bool | None = None,
    units: int | None = None,
) -> Prepared:
    """Read the data and make it ready for training.

    Args:
        config: The `data` section, its paths resolved.
        seed: Decides the splits.
        named: Features that layers take by name and that therefore have an input of their own.
        classification: What the loss and the last activation say of the target; None when they do not.
        units: Of the last layer, when known.

    Raises:
        DataError: Files, columns, cells or splits that cannot be used, all of a stage at once.
        ConfigError: Options of features that contradict one another or the data.

    Example:
        >>> prepared = prepare(DataConfig(train=["iris.csv"], target="species"), seed=7)  # doctest: +SKIP
        >>> prepared.splits["train"].inputs["features"].shape  # doctest: +SKIP
        (150, 4)
    """
    loaded = load(config, exact_targets=classification is not False)
    config, notes = _fill_in(config, loaded, classification=classification, units=units)
    problems = _target_problems(loaded)
    weights = _weights(loaded, problems)
    if problems:
        raise DataError(problems)
    parts = divide(config, loaded, seed=seed, wanted=SPLITS)
    config = _fit_batch(config, len(parts["train"].rows))
    preprocessing = Preprocessing.build(
        _given(config.features or {}), _given(config.target), available=list(loaded.infos), seed=seed
    )
    preprocessing.fit(loaded.rows["train"].chunks(parts["train"].rows))
    problems = _class_problems(preprocessing, loaded, parts)
    if problems:
        raise DataError(problems)
    return Prepared(
        preprocessing,
        _encode(preprocessing, loaded, parts, weights, named),
        config,
        notes,
        {name: fingerprints(source.paths) for name, source in loaded.sources.items()},
    )


def read_split(
    config: DataConfig,
    preprocessing: Preprocessing,
    name: Literal["train", "validation", "test"],
    *,
    seed: int,
    named: Collection[str] = (),
) -> Split:
    """Read one split again, from its files, as `prepare` divided them.

    Args:
        config: The `data` section as `Prepared.config` has it.
        preprocessing: As fitted in training.
        name: Which split.
        seed: The seed of the training.
        named: As in `prepare`.

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
    loaded = load(config, splits=[name])
    problems = _target_problems(loaded)
    weights = _weights(loaded, problems)
    if problems:
        raise DataError(problems)
    parts = divide(config, loaded, seed=seed, wanted=[name])
    problems = _class_problems(preprocessing, loaded, parts)
    if problems:
        raise DataError(problems)
    return _encode(preprocessing, loaded, parts, weights, named)[name]


def _fill_in(
    config: DataConfig, loaded: Loaded, *, classification: bool | None, units: int | None
) -> tuple[DataConfig, tuple[str, ...]]:
    """The config with the types that it did not give, and a line for each."""
    rows = loaded.rows["train"]
    notes: list[tuple[str, str]] = []
    targets: dict[str, Target | None] = {}
    for name, target in config.target.items():
        if target is None:
            info = loaded.infos[name]
            target, note = infer_target(rows.column(name), info, classification=classification, units=units)
            notes.append((f"target {name}", note))
        targets[name] = target
    features: dict[str, Feature | None] = {}
    problems: list[Problem] = []
    for name in loaded.roles.features:
        feature = (config.features or {}).get(name)
        if feature is None:
            guess = infer_feature(rows.column(name), loaded.infos[name])
            notes.append((name, guess.note))
            if guess.feature is None and config.features is not None:
                problems.append(
                    Problem(
                        f"feature '{name}' cannot be used: {guess.note.removeprefix('left out: ')}",
                        path=f"data.features.{name}",
                        hint="take it out of the features",
                        rule="no-values",
                    )
                )
            feature = guess.feature
        if feature is not None:
            features[name] = feature
    if "" in loaded.roles.left_out:
        notes.append(("a column without a name", "left out"))
    if not features and not problems:
        problems.append(
            Problem(
                "no column is left to be a feature",
                path="data",
                hint="; ".join(f"{name}: {note}" for name, note in notes),
                rule="no-features",
            )
        )
    if problems:
        raise DataError(problems)
    return config.model_copy(update={"target": targets, "features": features}), collect_notes(notes)


def _given(entries: Mapping[str, _Entry | None]) -> dict[str, _Entry]:
    return {name: entry for name, entry in entries.items() if entry is not None}


def _target_problems(loaded: Loaded) -> list[Problem]:
    return [
        problem
        for rows in loaded.rows.values()
        for name, columns in loaded.roles.targets.items()
        for problem in missing_targets(rows, columns, target=name)
    ]


def _weights(loaded: Loaded, problems: list[Problem]) -> dict[SplitName, NDArray[np.float32]]:
    """The weights of every source; what is wrong with them is added to `problems`."""
    weights: dict[SplitName, NDArray[np.float32]] = {}
    if loaded.roles.sample_weight is not None:
        for name, rows in loaded.rows.items():
            weights[name], faults = weight_problems(rows, loaded.roles.sample_weight)
            problems += faults
    return weights


def _fit_batch(config: DataConfig, num_rows: int) -> DataConfig:
    """A batch is no larger than the training split; one that was asked for larger is a fault."""
    if config.batch_size == "full" or config.batch_size <= num_rows:
        return config
    if "batch_size" in config.model_fields_set:
        raise DataError(
            Problem(
                f"a batch of {config.batch_size} rows is larger than the training split of {num_rows}",
                path="data.batch_size",
                hint=f"at most {num_rows}, or full",
                rule="batch-too-large",
            )
        )
    return config.model_copy(update={"batch_size": num_rows})


def _class_problems(preprocessing: Preprocessing, loaded: Loaded, parts: Mapping[SplitName, Part]) -> list[Problem]:
    problems: list[Problem] = []
    for spec in preprocessing.target_specs:
        if spec.kind == "category":
            (column,) = preprocessing.targets[spec.name].columns
            found = {name: row_labels(rows, column) for name, rows in loaded.rows.items()}
            for name, part in parts.items():
                problems += unseen_classes(spec.classes, found[part.source], part.rows, target=spec.name, split=name)
    return problems


def _encode(
    preprocessing: Preprocessing,
    loaded: Loaded,
    parts: Mapping[SplitName, Part],
    weights: Mapping[SplitName, NDArray[np.float32]],
    named: Collection[str],
) -> dict[str, Split]:
    splits: dict[str, Split] = {}
    for source, rows in loaded.rows.items():
        numbers: dict[str, NDArray[np.int64]] = {
            name: part.rows for name, part in parts.items() if part.source == source
        }
        for name, split in encode_rows(preprocessing, rows, numbers, named).items():
            if source in weights:
                split = dataclasses.replace(split, sample_weight=weights[source][split.rows])
            splits[name] = split
    return {name: splits[name] for name in parts}
