"""Sounds: WAV files that a column names, as samples of one rate, length and number of channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.audio.lengths import Lengths
from dlcli.codecs.audio.loading import Long, Short, Wanted, load, looks, sounds_through
from dlcli.codecs.audio.wav import Sound
from dlcli.data.columns.cell_faults import no_values
from dlcli.data.columns.codec import Codec, Column, Encoded
from dlcli.data.media.files import LISTED, File, NumberedFiles, files_of, present_files, refuse
from dlcli.errors import DataError, Problem

if TYPE_CHECKING:
    from dlcli.codecs.audio.schema import AudioFeature

__all__ = ["CODEC", "AudioCodec", "build"]

MOST_FILLED = 100
"""How many times as long as the longest sound a sample may be: more is hardly meant, and fills any memory."""

Floats: TypeAlias = NDArray[np.float32]


class AudioCodec:
    """Reads sounds as `(samples, channels)` float32 from -1 to 1. Spectrograms are layers of the model.

    Args:
        columns: The one column, of names of files.
        rate: Samples a second; those of the sounds when None, which must then be alike.
        length: Seconds; those of the sounds when None, which must then be alike.
        channels: 1 is the mean of all that a sound has.
        resample: Whether sounds of another rate are brought to `rate`.
        short: What becomes of a shorter sound.
        long: What becomes of a longer one.
        on_error: Whether rows are left out whose files cannot be read.

    Example:
        >>> codec = AudioCodec(("file",), rate=16000, length=0.5)
        >>> codec.shape
        (8000, 1)
    """

    type: ClassVar[str] = "audio"
    dtype: Literal["float32"] = "float32"
    reads: Literal["text"] = "text"
    vocabulary: None = None
    embedding: None = None
    opens_files: Literal[True] = True
    stand_in: str = "nothing"
    can_wait: Literal[True] = True

    def __init__(
        self,
        columns: Sequence[str],
        *,
        rate: int | None = None,
        length: float | None = None,
        channels: int = 1,
        resample: bool = False,
        short: Short = "silence",
        long: Long = "start",
        on_error: Literal["fail", "skip"] = "fail",
    ) -> None:
        self.columns = tuple(columns)
        self.gaps = 0
        self._rate = rate
        self._seconds = length
        self._channels = channels
        self._resample = resample
        self._short: Short = short
        self._long: Long = long
        self._on_error: Literal["fail", "skip"] = on_error
        self._rates: dict[int, str] = {}  # each with the first sound that has it
        self._trained = Lengths()
        self._new = Lengths()
        self._faults: list[Problem] = []
        self._files = NumberedFiles()
        self._rows = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """`(samples, channels)`."""
        return (self._wanted.length, self._channels)

    @property
    def _wanted(self) -> Wanted:
        assert self._rate is not None
        assert self._seconds is not None
        length = max(1, round(self._seconds * self._rate))
        return Wanted(self._rate, length, self._channels, self._resample, self._short, self._long)

    def fit(self, values: Sequence[Column]) -> None:
        """Look at the rates and the lengths of training sounds."""
        every, missing = files_of(_names(self.columns[0], values[0]))
        files = [file for file, none in zip(every, missing.tolist(), strict=True) if not none]
        self._rows += len(files)
        for file, found in zip(files, looks(files), strict=True):
            if isinstance(found, Problem):
                self._faults.append(found)
            else:
                self._rates.setdefault(found.rate, file[0])
                self._trained.add(found, file[0])

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: The sounds are not alike, and no rate or length is given; or there is none.
        """
        unknown = self._rate is None or self._seconds is None
        if not self._rows or (unknown and not self._rates):
            raise DataError(self._faults[:LISTED]) if self._faults else no_values(self.columns, "sounds")
        problems = []
        if self._rate is None and len(self._rates) > 1:
            seen = ", ".join(f"{rate:,} Hz ({name!r})" for rate, name in list(self._rates.items())[:LISTED])
            message = f"the sounds have {len(self._rates)} different rates: {seen}"
            hint = f"`rate: {min(self._rates)}` and `resample: true` bring all to one"
            problems.append(Problem(message, hint=hint, rule="mixed-sounds"))
        if self._seconds is None and self._trained.differ:
            message = f"the sounds have different lengths: {self._trained.span}"
            hint = f"`length: {self._trained.longest:.3g}` fills up shorter ones and cuts longer ones, as `short` and "
            problems.append(Problem(message, hint=hint + "`long` say", rule="mixed-sounds"))
        if self._seconds is not None and 0 < MOST_FILLED * self._trained.longest < self._seconds:
            message = f"`length` is {self._seconds:,g} s, and the longest sound has {self._trained.longest:.4g} s"
            hint = f"it is in seconds, not in samples: `length: {self._trained.longest:.3g}`"
            problems.append(Problem(message, hint=hint, rule="other-length"))
        if problems:
            raise DataError(problems)
        self._rate = self._rate or next(iter(self._rates))
        self._seconds = self._seconds or self._trained.longest

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Read rows as `(rows, samples, channels)` float32.

        Raises:
            DataError: Empty cells, files that are not there, are no sounds, damaged, or of another rate: all of these
                rows, each by name.
        """
        files = present_files(self.columns[0], _names(self.columns[0], values[0]), start=start)
        target: Floats = np.empty((len(files), *self.shape), np.float32) if out is None else np.asarray(out)
        self._count(files, self._load(files, target))
        return target

    def keys(self, values: Sequence[Column], *, start: int = 0) -> NDArray[np.int64]:
        """A number for each row that `make` reads it by.

        Raises:
            DataError: Empty cells, files whose heads show that they cannot be used.
        """
        files = present_files(self.columns[0], _names(self.columns[0], values[0]), start=start)
        found = looks(files)
        refuse([each for each in found if isinstance(each, Problem)], "sounds")
        self._count(files, found)
        return self._files.number(files)

    def make(self, keys: NDArray[np.int64]) -> Encoded:
        """Read rows by the numbers that `keys` gave.

        Raises:
            DataError: See `encode`.
        """
        target = np.empty((len(keys), *self.shape), np.float32)
        self._load(self._files.of(keys), target)
        return target

    def unusable(self, values: Sequence[Column]) -> tuple[NDArray[np.bool_], list[Problem]]:
        """The rows `(rows,)` that are to be left out because their sound cannot be used, and why; see `on_error`."""
        if self._on_error == "fail":
            return np.zeros(len(values[0]), np.bool_), []
        files, _ = files_of(_names(self.columns[0], values[0]))
        given = self._rate is not None and self._seconds is not None
        found = sounds_through(files, self._wanted if given else None)
        return np.array([each is not None for each in found], np.bool_), [each for each in found if each is not None]

    def given_problems(self) -> list[Problem]:
        """Warnings of training sounds that are shorter or longer than what is asked for."""
        return self._trained.problems(self._wanted, "of the training rows ")

    def unseen_problems(self, where: str) -> list[Problem]:
        """The same of sounds that were encoded."""
        return self._new.problems(self._wanted, where)

    def forget_unseen(self) -> None:
        """Count them anew."""
        self._new = Lengths()

    def names(self) -> tuple[str, ...]:
        """The column, and the place of each number: `file[0,0]`."""
        return tuple(f"{self.columns[0]}[{place},{channel}]" for place, channel in np.ndindex(*self.shape))

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {
            "type": self.type,
            "columns": list(self.columns),
            "rate": self._rate,
            "length": self._seconds,
            "channels": self._channels,
            "resample": self._resample,
            "short": self._short,
            "long": self._long,
            "on_error": self._on_error,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        given = ("rate", "length", "channels", "resample", "short", "long", "on_error")
        return cls(state["columns"], **{key: state[key] for key in given})

    def _load(self, files: Sequence[File], target: Floats) -> list[Sound | Problem]:
        """What the heads of the files tell."""
        found = load(files, target, self._wanted)
        refuse([each for each in found if isinstance(each, Problem)], "sounds")
        return found

    def _count(self, files: Sequence[File], found: Sequence[Sound | Problem]) -> None:
        for file, each in zip(files, found, strict=True):
            if not isinstance(each, Problem):
                self._new.add(each, file[0])


def _names(name: str, column: Column) -> Column:
    """The column, if it is one of names.

    Raises:
        DataError: It is an array.
    """
    if not isinstance(column, np.ndarray) or column.ndim == 1:
        return column
    message = f"{name!r} is an array, not a column of names of files"
    hint = "samples that are numbers already are `type: number`; 16 bits become -1 to 1 by `scale: {divide: 32768}`"
    raise DataError(Problem(message, hint=hint, rule="array-shape"))


def build(feature: AudioFeature, columns: Sequence[str], *, seed: int) -> AudioCodec:
    """The codec that a config asks for."""
    return AudioCodec(
        columns,
        rate=feature.rate,
        length=feature.length,
        channels=feature.channels,
        resample=feature.resample,
        short=feature.short,
        long=feature.long,
        on_error=feature.on_error,
    )


CODEC: type[Codec] = AudioCodec
