"""The fitted whole of features and targets: what turns rows into what a model takes, and back."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from dlcli.config.document.places import format_path
from dlcli.config.options.feature import Feature, Target
from dlcli.config.schema.windows import FUTURE, STATIC, future_of
from dlcli.config.signature import DEFAULT_INPUT, InputSpec, TargetSpec
from dlcli.data.baselines.baseline import Baseline, baselines_of
from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.codec import (
    BeginsNormal,
    Codec,
    Column,
    Encoded,
    HasEntrance,
    LeavesRowsOut,
    MadeOnDemand,
    MasksPadding,
    MeasuresNumbers,
    MeetsUnseenValues,
    OpensFiles,
    TakesGivenValues,
    TalliesRows,
)
from dlcli.data.columns.named_files import NamedFiles
from dlcli.data.columns.target_codec import TargetCodec
from dlcli.data.preprocessing.building import build_codec, build_target, codec_class, target_codec_class
from dlcli.data.preprocessing.steps import Steps, at_entry
from dlcli.data.series.baselines import naive_baselines
from dlcli.data.series.form import Views, WindowForm
from dlcli.data.series.target import of_windows
from dlcli.data.series.views import WindowInput, input_views, names_of_steps, seen_as, seen_targets, target_views
from dlcli.errors import ConfigError, DataError, Problem, RunError, did_you_mean

if TYPE_CHECKING:
    from dlcli.data.columns.chunk import Chunk

__all__ = ["VERSION", "Preprocessing", "columns_of", "unusable_rows"]

VERSION = 1
"""Of the state: a program reads its own version and those before it."""


class Preprocessing:
    """The codecs of all features and targets.

    Fit it on the training rows with `fit` (or `update` for each chunk and `finish`); then encode rows of any split.

    A model has one input, `features`, that joins all features encoded as float32 vectors, in the config's order,
    except those that a layer takes by name. These have an input of their own, and so has every feature that does
    not join a vector: indices, sequences, and tensors of rank 2 and more.

    Args:
        features: A codec for each feature, in order.
        targets: A codec for each target, in order.
        windows: Which steps a sample has where rows are steps of series; None where each row is a sample.
    """

    def __init__(
        self,
        features: Mapping[str, Codec],
        targets: Mapping[str, TargetCodec],
        *,
        windows: WindowForm | None = None,
    ) -> None:
        self.features = dict(features)
        self.windows = windows
        self.row_targets = dict(targets)
        """The codecs of the targets of a row."""
        self.targets = {
            name: codec if windows is None else of_windows(codec, windows, measured=self._is_measured(codec))
            for name, codec in self.row_targets.items()
        }
        """The codecs of the targets of a sample: of a row, or of the steps that a window predicts."""

    @classmethod
    def build(
        cls,
        features: Mapping[str, Feature],
        targets: Mapping[str, Target],
        *,
        available: Sequence[str],
        texts: Collection[str] = (),
        unscalable: Collection[str] = (),
        seed: int = 0,
        windows: WindowForm | None = None,
    ) -> Self:
        """Make the codecs that a config asks for, not fitted yet.

        Args:
            features: The type of each feature.
            targets: The type of each target.
            available: The columns of the data.
            texts: Those that the data says to be of texts.
            unscalable: The targets that are not scaled when the config does not say.
            seed: Of samples that statistics are taken from.
            windows: See the class.

        Raises:
            ConfigError: Columns that are not there, options that contradict one another, a target that is a
                feature as well, a feature called `features` among others; all problems at once.
        """
        problems: list[Problem] = []
        codecs: dict[str, Codec] = {}
        target_codecs: dict[str, TargetCodec] = {}
        for name, feature in features.items():
            try:
                codecs[name] = build_codec(name, feature, available=available, seed=seed)
            except ConfigError as error:
                problems += at_entry(error.problems, "features", name)
        for name, target in targets.items():
            try:
                target_codecs[name] = build_target(
                    name,
                    target,
                    available=available,
                    texts=texts,
                    scalable=name not in unscalable,
                    features=codecs,
                )
            except ConfigError as error:
                problems += at_entry(error.problems, "target", name)
        own = {name: codec for name, codec in target_codecs.items() if not targets[name].of_features}
        owners = {column: name for name, codec in own.items() for column in codec.columns}
        for name, codec in codecs.items():
            problems += at_entry(
                [
                    Problem(
                        f"column {column!r} is the target {owners[column]!r} and cannot be a feature as well",
                        hint=f"take it out of the features; a model that is to learn its input says {{from: {name}}}",
                        rule="target-is-feature",
                    )
                    for column in codec.columns
                    if column in owners and not (windows is not None and windows.horizon)
                ],
                "features",
                name,
            )
        if DEFAULT_INPUT in features and len(features) > 1:
            reserved = Problem(
                f"a feature cannot be called {DEFAULT_INPUT!r}: that is the input that joins all features",
                hint="give it another name, with `columns` naming its column",
                rule="reserved-name",
            )
            problems += at_entry([reserved], "features", DEFAULT_INPUT)
        if windows is not None:
            problems += _of_windows(features, targets, windows)
            problems += _unseen(target_codecs, codecs, windows)
        if problems:
            raise ConfigError(problems)
        return cls(codecs, target_codecs, windows=windows)

    @property
    def feature_columns(self) -> tuple[str, ...]:
        """The columns that features read, each once: all that prediction needs."""
        return tuple(dict.fromkeys(column for codec in self.features.values() for column in codec.columns))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that features and targets read, each once."""
        targets = (column for codec in self.targets.values() for column in codec.columns)
        return tuple(dict.fromkeys((*self.feature_columns, *targets)))

    @property
    def target_specs(self) -> tuple[TargetSpec, ...]:
        """What a model must know of the targets."""
        return tuple(codec.spec for codec in self.targets.values())

    def fit(self, chunks: Iterable[Chunk]) -> None:
        """Fit on the training rows, and finish.

        Raises:
            DataError: A column is missing, has no values, or its arrays have other shapes than the config says.
        """
        for chunk in chunks:
            self.update(chunk)
        self.finish()

    @property
    def naming_files(self) -> tuple[str, ...]:
        """The columns of features whose cells name files that samples are made of."""
        return tuple(
            dict.fromkeys(
                column
                for codec in self.features.values()
                if isinstance(codec, OpensFiles) and codec.reads == "text"
                for column in codec.columns
            )
        )

    def named_files(self, rows: Iterable[Chunk]) -> Iterator[Path]:
        """The files that cells of features and targets name, as far as they are there."""
        opening = [codec for _, _, codec in self._codecs() if isinstance(codec, OpensFiles)]
        for chunk in rows if opening else ():
            if chunk.file is not None and chunk.file.is_dir():
                continue  # the folder is known with all that is in it
            for codec in opening:
                for column in columns_of(chunk, codec):
                    if isinstance(column, NamedFiles):
                        yield from column.places()

    def update(self, chunk: Chunk) -> None:
        """Take in a chunk of training rows.

        Raises:
            DataError: See `fit`.
        """
        _require(chunk, self.columns)
        steps = Steps()
        for section, name, codec in self._codecs():
            steps.run(section, name, functools.partial(codec.fit, columns_of(chunk, codec)))
        steps.end()

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: Features or targets whose encoding the training rows do not determine; all at once.
        """
        steps = Steps()
        for section, name, codec in self._codecs():
            steps.run(section, name, codec.finish)
        steps.end()

    def inputs(self, named: Collection[str] = ()) -> tuple[InputSpec, ...]:
        """The inputs of a model: `features` first, if anything joins it, then the others in the config's order.

        Args:
            named: The features that layers take by name.

        Raises:
            ConfigError: A name is no feature.
        """
        rows = self.row_inputs(named)
        return rows if self.windows is None else tuple(each.spec for each in self._windowed(named))

    def views(self, named: Collection[str] = ()) -> Views | None:
        """What windows are made of; None where each row is a sample."""
        if self.windows is None:
            return None
        inputs = {each.spec.name: each.view for each in self._windowed(named)}
        joined = self._joined(self._of_rows(named))
        seen = seen_targets(self.row_targets, self.features, joined, self.windows)
        return Views(self.windows, inputs, target_views(self.targets, self.windows), seen)

    def row_inputs(self, named: Collection[str] = ()) -> tuple[InputSpec, ...]:
        """The inputs as they are for a row: those of a sample, or of a step of it.

        Args:
            named: As for `inputs`.

        Raises:
            ConfigError: A name is no feature.
        """
        named = self._of_rows(named)
        self._check_named(named)
        joined = self._joined(named)
        own = [
            InputSpec(
                name,
                codec.shape,
                codec.dtype,
                named=name in named,
                vocabulary=codec.vocabulary,
                embedding=codec.embedding,
                deviation=codec.deviation if isinstance(codec, BeginsNormal) else None,
                masked=isinstance(codec, MasksPadding) and codec.masked,
                entrance=codec.entrance if isinstance(codec, HasEntrance) else (),
            )
            for name, codec in self.features.items()
            if name not in joined
        ]
        width = sum(codec.shape[0] for codec in joined.values())
        sizes = [codec.vocabulary for codec in joined.values()]
        most = max((size for size in sizes if size is not None), default=None) if None not in sizes else None
        return (InputSpec(DEFAULT_INPUT, (width,), vocabulary=most), *own) if joined else tuple(own)

    def baselines(self, target: str) -> tuple[Baseline, ...]:
        """Predictions of a target that need no model, the one that matters most first."""
        naive = () if self.windows is None else naive_baselines(self.row_targets[target], self.windows)
        return (*naive, *baselines_of(self.targets[target]))

    def places_of_numbers(self, named: Collection[str] = ()) -> list[int]:
        """Which numbers of the vector of all features that are not `named` are those of features of numbers.

        Categories that are embedded have their vectors at its end.
        """
        places: list[int] = []
        at = 0
        for codec in self._joined(self._of_rows(named)).values():
            if isinstance(codec, MeasuresNumbers):
                places += range(at, at + codec.measures)
            at += codec.shape[0]
        return places

    def can_wait(self, named: Collection[str] = ()) -> dict[str, Codec]:
        """The features with an input of their own whose samples can be made when they are taken."""
        joined = self._joined(self._of_rows(named))
        return {
            name: codec
            for name, codec in self.features.items()
            if self.windows is None and name not in joined and isinstance(codec, MadeOnDemand) and codec.can_wait
        }

    def encode(
        self,
        chunk: Chunk,
        named: Collection[str] = (),
        *,
        out: Mapping[str, Encoded] | None = None,
        on_demand: Collection[str] = (),
    ) -> dict[str, Any]:
        """Encode the features of rows.

        Args:
            chunk: The rows; messages number them from `chunk.start`.
            named: The features that layers take by name.
            out: Where to write, for each input `(rows, *shape)`; new arrays when None.
            on_demand: Of `can_wait` those of which only the keys are wanted.

        Returns:
            An array `(rows, *shape)` for each of `row_inputs(named)`, or of keys `(rows,)` int64.

        Raises:
            DataError: Columns that are missing, cells that cannot be encoded; all at once.
        """
        _require(chunk, self.feature_columns)
        encoded: dict[str, Any] = {
            spec.name: np.empty((chunk.num_rows, *spec.shape), dtype=spec.dtype) if out is None else out[spec.name]
            for spec in self.row_inputs(named)
            if spec.name not in on_demand
        }
        joined = self._joined(self._of_rows(named))
        steps = Steps()
        place = 0
        for name, codec in self.features.items():
            if name in on_demand:
                assert isinstance(codec, MadeOnDemand)
                keys = functools.partial(codec.keys, columns_of(chunk, codec), start=chunk.start)
                encoded[name] = steps.run("features", name, keys)
                continue
            target = encoded[name] if name not in joined else encoded[DEFAULT_INPUT][:, place : place + codec.shape[0]]
            place += codec.shape[0] if name in joined else 0
            steps.run("features", name, _encoding(codec, chunk, target))
        steps.end()
        return encoded

    def encode_targets(self, chunk: Chunk) -> dict[str, Encoded]:
        """Encode the targets of rows, each of the shape that `row_targets` say: class indices int32, numbers float32.

        Raises:
            DataError: Columns that are missing, cells that are missing or no class or no number; all at once.
        """
        _require(chunk, tuple(column for codec in self.targets.values() for column in codec.columns))
        steps = Steps()
        encoded = {name: steps.run("target", name, _encoding(codec, chunk)) for name, codec in self.row_targets.items()}
        steps.end()
        return {name: array for name, array in encoded.items() if array is not None}

    def names(self, named: Collection[str] = (), *, of: str = DEFAULT_INPUT) -> tuple[str, ...]:
        """A name for each number of the `features` input, or another that joins features, such as `island=Biscoe`."""
        if self.windows is not None:
            return next((each.numbers for each in self._windowed(named) if each.spec.name == of), ())
        return tuple(name for codec in self._joined(named).values() for name in codec.names())

    def unseen_values(self, where: str = "") -> tuple[Problem, ...]:
        """A warning for each feature that met values in `encode` which it has not learnt, `where` it did in words."""
        problems: list[Problem] = []
        for name, codec in self.features.items():
            if isinstance(codec, MeetsUnseenValues):
                problems += at_entry(codec.unseen_problems(where), "features", name)
        return tuple(problems)

    def take_unseen_values(self, split: str) -> tuple[Problem, ...]:
        """`unseen_values` of a split, which are forgotten then; but not of codecs that tally each row."""
        found = [
            problem
            for name, codec in self.features.items()
            if isinstance(codec, MeetsUnseenValues) and not isinstance(codec, TalliesRows)
            for problem in at_entry(codec.unseen_problems(f"in the {split} split "), "features", name)
        ]
        for codec in self.features.values():
            if isinstance(codec, MeetsUnseenValues):
                codec.forget_unseen()
        return tuple(found)

    def tallying(self) -> dict[str, TalliesRows]:
        """The features that count in each row what a split is to be told of."""
        return {name: codec for name, codec in self.features.items() if isinstance(codec, TalliesRows)}

    def given_problems(self) -> tuple[Problem, ...]:
        """A warning where the values that the config gives are not those of the training rows."""
        problems: list[Problem] = []
        for section, name, codec in self._codecs():
            if isinstance(codec, TakesGivenValues):
                problems += at_entry(codec.given_problems(), section, name)
        return tuple(problems)

    def gaps(self) -> tuple[Problem, ...]:
        """A warning for each feature of which `encode` filled in empty cells although training rows had none."""
        return tuple(_gap(name, codec) for name, codec in self.features.items() if codec.gaps)

    def forget(self) -> None:
        """Count the gaps anew."""
        for codec in self.features.values():
            codec.gaps = 0

    def state(self) -> dict[str, Any]:
        """Everything fitted, as JSON values. Lists, not mappings, keep the order whoever writes the JSON."""
        return {
            "version": VERSION,
            "features": [{"name": name, **codec.state()} for name, codec in self.features.items()],
            "targets": [codec.state() for codec in self.targets.values()],
            **({} if self.windows is None else {"windows": self.windows.state()}),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The preprocessing whose `state` this is; encodes and decodes the same, bit for bit.

        Raises:
            RunError: The state is of a newer version, or damaged.
        """
        version = state.get("version")
        if isinstance(version, int) and version > VERSION:
            raise RunError(
                Problem(
                    f"the preprocessing has version {version}, this dlcli reads up to version {VERSION}",
                    hint="a newer dlcli wrote it: upgrade dlcli",
                    rule="run-newer",
                )
            )
        try:
            features = {entry["name"]: codec_class(entry["type"]).from_state(entry) for entry in state["features"]}
            targets = {entry["name"]: target_codec_class(entry["type"]).from_state(entry) for entry in state["targets"]}
            form = WindowForm.from_state(state["windows"]) if "windows" in state else None
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
            raise RunError(
                Problem(
                    f"the preprocessing state cannot be read: {type(error).__name__}: {error}",
                    hint="the file was changed or cut short: restore it, or train again",
                    rule="run-damaged",
                )
            ) from error
        return cls(features, targets, windows=form)

    def _codecs(self) -> Iterable[tuple[str, str, Codec | TargetCodec]]:
        for name, feature in self.features.items():
            yield "features", name, feature
        for name, target in self.targets.items():
            yield "target", name, target

    def _is_measured(self, target: TargetCodec) -> bool:
        """Whether a target is measured by what windows show of it."""
        form = self.windows
        return form is not None and form.scale is not None and seen_as(target, self.features, form) is not None

    def _of_rows(self, named: Collection[str]) -> Collection[str]:
        """The features that have an input of their own, by the inputs that layers take by name."""
        return named if self.windows is None else names_of_steps(named, self.windows)

    def _windowed(self, named: Collection[str]) -> tuple[WindowInput, ...]:
        assert self.windows is not None
        joined = self._joined(self._of_rows(named))
        return input_views(self.row_inputs(named), self.windows, joined, named)

    def _joined(self, named: Collection[str]) -> dict[str, Codec]:
        """The features that make up the default input."""
        return {
            name: codec
            for name, codec in self.features.items()
            if name not in named and codec.dtype == "float32" and len(codec.shape) == 1
        }

    def _check_named(self, named: Collection[str]) -> None:
        unknown = [name for name in named if name not in self.features]
        if unknown:
            listed = ", ".join(self.features)
            raise ConfigError(
                Problem(
                    f"no feature is called {name!r}",
                    path="model.layers",
                    hint=did_you_mean(name, self.features) or f"the features are {listed}",
                    rule="unknown-name",
                )
                for name in unknown
            )


def _encoding(codec: Codec | TargetCodec, chunk: Chunk, out: Encoded | None = None) -> Callable[[], Encoded]:
    return functools.partial(codec.encode, columns_of(chunk, codec), start=chunk.start, out=out)


def _of_windows(features: Mapping[str, Feature], targets: Mapping[str, Target], windows: WindowForm) -> list[Problem]:
    """Names that the inputs of windows have, and targets that no window has."""
    problems: list[Problem] = []
    for name in features.keys() & {FUTURE, STATIC, *map(future_of, windows.known)}:
        message = f"a feature cannot be called {name!r}: that is an input of the windows"
        hint = "give it another name, with `columns` naming its column"
        problems += at_entry([Problem(message, hint=hint, rule="reserved-name")], "features", name)
    for name, target in targets.items():
        if target.of_features:
            message = "a target that is a feature cannot be learnt from windows"
            hint = "name the column: its values at the steps to come are the target"
            problems += at_entry([Problem(message, hint=hint, rule="window-target")], "target", name)
    return problems


def _unseen(targets: Mapping[str, TargetCodec], features: Mapping[str, Codec], windows: WindowForm) -> list[Problem]:
    """Where targets are to be measured by their past, and none is seen."""
    if windows.scale is None or any(seen_as(codec, features, windows) for codec in targets.values()):
        return []
    columns = ", ".join(column for codec in targets.values() for column in codec.columns)
    message = f"scale: {windows.scale} measures a target of numbers by what a window shows of it, and none is a feature"
    hint = f"add {columns} to the features, or leave `scale` out"
    return [Problem(message, path="data.windows.scale", hint=hint, rule="window-target")]


def _gap(name: str, codec: Codec) -> Problem:
    cells = "an empty cell" if codec.gaps == 1 else f"{codec.gaps:,} empty cells"
    where = f"column {codec.columns[0]!r} has" if len(codec.columns) == 1 else f"the {len(codec.columns)} columns have"
    return Problem(
        f"{where} {cells}, and the rows that were trained on had none: {codec.stand_in} stands in",
        path=format_path(("data", "features", name)),
        hint="see what became of these cells; `missing: error` in the config of a training refuses such rows",
        rule="missing-filled",
    )


def unusable_rows(codecs: Mapping[str, Codec], chunk: Chunk) -> tuple[NDArray[np.bool_], list[Problem]]:
    """The rows `(rows,)` that features are told to leave out, and why."""
    unusable = np.zeros(chunk.num_rows, np.bool_)
    problems: list[Problem] = []
    for name, codec in codecs.items():
        if isinstance(codec, LeavesRowsOut):
            found, why = codec.unusable(columns_of(chunk, codec))
            unusable |= found
            problems += at_entry(why, "features", name)
    return unusable, problems


def columns_of(chunk: Chunk, codec: Codec | TargetCodec) -> list[Column]:
    """The columns that a codec reads, as it takes them."""
    values = [chunk.columns[column] for column in codec.columns]
    if not isinstance(codec, OpensFiles):
        return values
    return [
        each
        if isinstance(each, np.ndarray) and each.ndim > 1
        else NamedFiles.listed_in(as_arrow(each), chunk.file, chunk.folders)
        for each in values
    ]


def _require(chunk: Chunk, columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in chunk.columns]
    if missing:
        listed = ", ".join(list(chunk.columns)[:10])
        raise DataError(
            Problem(
                f"there is no column {column!r} in the data",
                hint=did_you_mean(column, chunk.columns) or f"the columns are {listed}",
                rule="missing-column",
            )
            for column in missing
        )
