"""What the `data` section leaves open, filled in: types and options that the values decide, with a line for each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from dlcli.config.document.places import format_path
from dlcli.config.options.feature import Cells
from dlcli.config.options.sources import KerasData
from dlcli.config.schema import DataConfig, Feature, Target
from dlcli.config.signature import SPLITS
from dlcli.data.columns.codec import SaysWhatItLearnt
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.preprocessing.steps import at_entry
from dlcli.data.table.checks import missing_rows, named_marks
from dlcli.data.table.table import Table
from dlcli.data.types.doubts import collect_doubts
from dlcli.data.types.inference import Guess, collect_notes, filled_in, infer_feature, infer_target, with_defaults
from dlcli.errors import DataError, Problem, first_of

__all__ = ["Filled", "decide", "fill_in"]

_LISTED = 10


@dataclasses.dataclass(frozen=True)
class Filled:
    """A `data` section without gaps.

    Args:
        config: The section.
        lines: The name of each column that was decided on, and what was decided.
        doubts: What may not be meant so.
    """

    config: DataConfig
    lines: tuple[tuple[str, str], ...]
    doubts: tuple[Problem, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """A line for each decision, neighbours of a kind together."""
        return collect_notes(self.lines)

    def with_lines(self, lines: Iterable[tuple[str, str]]) -> Filled:
        """The same with more to say."""
        return dataclasses.replace(self, lines=(*self.lines, *lines))


def fill_in(config: DataConfig, loaded: Table, *, classification: bool | None, units: int | None) -> Filled:
    """The types that the config does not give, and the options that do not wait for the training split.

    Args:
        config: The `data` section as it was written.
        loaded: Its rows.
        classification: What the loss and the last activation say of the target; None when they do not.
        units: Of the last layer, when known.

    Raises:
        DataError: Features that cannot be used, or none at all.
    """
    lines: list[tuple[str, str]] = []
    doubts: list[Problem] = []
    targets: dict[str, Target | None] = {}
    for name, target in config.target.items():
        if target is None:
            if config.windows is not None and config.windows.horizon > 1:
                units = None  # a number for each step
            values, info = loaded.rows["train"].column(name), loaded.infos[name]
            target, note, found = infer_target(values, info, classification=classification, units=units)
            lines.append((f"target {name}", note))
            doubts += found
        targets[name] = target
    features: dict[str, Feature | None] = {}
    problems: list[Problem] = []
    for name, columns in loaded.roles.features.items():
        given = config.feature(name)
        guess = _guess(config, loaded, name) if given is None else _given(config, loaded, given, columns)
        if guess.note:
            lines.append((name, guess.note))
        doubts += guess.doubts
        if guess.odd and guess.feature is not None:
            problems += _odd_cells(loaded, name, guess.feature.cells)
        if guess.feature is not None:
            features[name] = guess.feature
        elif not config.takes_rest or name in (config.features or {}):
            problems.append(_unusable(name, guess.note))
    if "" in loaded.roles.left_out:
        lines.append(("a column without a name", "left out"))
    if not config.takes_rest and (unused := [name for name in loaded.roles.left_out if name]):
        lines.append(("not used", _unused(unused)))
    if not features and not problems:
        problems.append(_nothing(lines))
    lines += _kept_by_keras(config)
    if problems:
        raise DataError(problems)
    config = config.model_copy(update={"target": targets, "features": features, "defaults": None})
    return Filled(config, tuple(lines), collect_doubts(doubts))


def decide(filled: Filled, config: DataConfig, preprocessing: Preprocessing, unscalable: Mapping[str, str]) -> Filled:
    """The options that the training split decides, as fitting found them.

    Args:
        filled: As `fill_in` left it.
        config: Its section, as it is by now.
        preprocessing: Fitted.
        unscalable: Targets that are not scaled unless the config says so, and why.
    """
    lines, doubts = dict(filled.lines), list(filled.doubts)
    targets = dict(config.target)
    for name, codec in preprocessing.row_targets.items():
        if (target := targets[name]) is not None:
            targets[name] = target.fitted(codec.state())
        if decided := codec.decided():
            lines[f"target {name}"] = f"{codec.type}, {decided}"
        elif name in unscalable:
            doubts += at_entry(codec.left_alone(unscalable[name]), "target", name)
    features = dict(config.features or {})
    for name, feature in features.items():
        if feature is not None:
            fitted = preprocessing.features[name]
            features[name] = feature.fitted(fitted.state())
            if isinstance(fitted, SaysWhatItLearnt) and (learnt := fitted.learnt()):
                lines[name] = f"{lines.get(name) or feature.type}, {learnt}"
    config = config.model_copy(update={"target": targets, "features": features})
    ordered = sorted(lines.items(), key=lambda line: not line[0].startswith("target "))
    return Filled(config, tuple(ordered), tuple(doubts))


def _guess(config: DataConfig, loaded: Table, name: str) -> Guess:
    """The type of a feature that the config leaves open."""
    rows = loaded.rows["train"]
    marks = named_marks(rows.marks.get(name, {}))
    guess = infer_feature(rows.column(name), loaded.infos[name], config.defaults, marks=marks, folder=rows.folder)
    if guess.feature is None or not guess.feature.missing_is_open:
        return guess
    gaps = guess.missing or len(missing_rows(rows, name))  # arrays are not counted by inference
    return dataclasses.replace(guess, feature=guess.feature.with_missing(gaps))


def _odd_cells(loaded: Table, column: str, cells: Cells) -> tuple[Problem, ...]:
    """What is wrong with the first cells that are not of the column's type: a second look at the file tells."""
    try:
        for _ in loaded.sources["train"].chunks({column: cells}):
            pass
    except DataError as error:
        return error.problems
    return ()


def _given(config: DataConfig, loaded: Table, feature: Feature, columns: tuple[str, ...]) -> Guess:
    """A feature whose type is given; a line when its empty cells become what nobody has asked for."""
    feature = with_defaults(feature, config.defaults)
    said = "missing" in feature.model_fields_set and not feature.missing_is_open
    if said or not feature.filling:
        return Guess(feature, "")
    gaps = sum(len(missing_rows(loaded.rows["train"], column)) for column in columns)
    feature = feature.with_missing(gaps)
    return Guess(feature, f"{feature.type} ({filled_in(gaps, feature)})" if gaps else "")


def _unusable(name: str, note: str) -> Problem:
    return Problem(
        f"feature '{name}' cannot be used: {note.removeprefix('left out: ')}",
        path=format_path(("data", "features", name)),
        hint="give it that type, or take it out" if "{type" in note else "take it out of the features",
        rule="no-values",
    )


def _kept_by_keras(config: DataConfig) -> list[tuple[str, str]]:
    """Which of Keras's own splits is which of ours: the one for testing comes without being named."""
    sources = {name: getattr(config, name) for name in SPLITS}
    return [
        (f"{name} rows", f"those of Keras's own {source.split} split of {source.keras}")
        for name, source in sources.items()
        if isinstance(source, KerasData)
    ]


def _nothing(lines: list[tuple[str, str]]) -> Problem:
    return Problem(
        "no column is left to be a feature",
        path="data",
        hint="; ".join(f"{name}: {note}" for name, note in lines),
        rule="no-features",
    )


def _unused(columns: list[str]) -> str:
    return f"{first_of(columns, _LISTED)} (`...: auto` among the features takes what they leave)"
