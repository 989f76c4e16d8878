"""A file of sound as the samples that are asked for: of one rate, length and number of channels."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from typing import IO, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.audio.resampling import needed, resampled
from dlcli.codecs.audio.wav import BadAudio, Sound, look, read
from dlcli.data.columns.named_files import open_named
from dlcli.data.media.files import File
from dlcli.data.threads import each_of
from dlcli.errors import DataError, Problem

__all__ = ["Long", "Short", "Wanted", "load", "looks", "sounds_through"]

Short: TypeAlias = Literal["silence", "repeat", "error"]
Long: TypeAlias = Literal["start", "center", "error"]

_BLOCK = 1 << 18
"""Samples that are read together where all of a file are looked at."""

_Result = TypeVar("_Result")


class Unfit(Exception):
    """A sound is sound, and not as it is asked for.

    Args:
        message: In what.
        hint: The way out.
        rule: The fault's family.
    """

    def __init__(self, message: str, *, hint: str, rule: str) -> None:
        super().__init__(message)
        self.hint, self.rule = hint, rule


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    Args:
        rate: Samples a second.
        length: Samples of each channel.
        channels: 1 is the mean of all that there are.
        resample: Whether another rate is brought to this one, or refused.
        short: What becomes of a sound that is shorter.
        long: What becomes of one that is longer.
    """

    rate: int
    length: int
    channels: int
    resample: bool
    short: Short
    long: Long

    def length_of(self, sound: Sound) -> int:
        """How many samples a sound has at the rate that is asked for."""
        return -(-sound.length * self.rate // sound.rate)

    def require(self, sound: Sound) -> None:
        """Refuse what cannot be brought to this.

        Raises:
            Unfit: In its rate, its length or its channels.
        """
        if sound.rate != self.rate and not self.resample:
            message = f"it has {sound.rate:,} samples a second (Hz), not {self.rate:,}"
            hint = f"`resample: true` brings it to {self.rate:,}; or say `rate: {sound.rate}`, if all are of that"
            raise Unfit(message, hint=hint, rule="other-rate")
        if self.channels > 1 and sound.channels not in (1, self.channels):
            message = f"it has {sound.channels} channels, not {self.channels}"
            raise Unfit(message, hint="`channels: mono` takes the mean of all", rule="other-channels")
        self.require_length(sound)

    def require_length(self, sound: Sound) -> None:
        """Refuse a length that is an error.

        Raises:
            Unfit: In its length.
        """
        length = self.length_of(sound)
        lasts = f"it lasts {length / self.rate:.6g} s, not {self.length / self.rate:.6g}"
        if length < self.length and self.short == "error":
            raise Unfit(lasts, hint="`short: silence` fills it up, `repeat` repeats it", rule="other-length")
        if length > self.length and self.long == "error":
            raise Unfit(lasts, hint="`long: start` keeps its start, `center` its middle", rule="other-length")


def looks(files: Sequence[File]) -> list[Sound | Problem]:
    """What the heads of files tell, or why they tell nothing."""

    def first(stream: IO[bytes]) -> Sound:
        return _with_samples(look(stream))

    return each_of(files, lambda file: _explained(first, file))


def load(files: Sequence[File], out: NDArray[np.float32], wanted: Wanted) -> list[Sound | Problem]:
    """Read sounds.

    Args:
        files: Which.
        out: Gets their samples, `(files, length, channels)`.
        wanted: What they are brought to.

    Returns:
        What the head of each tells, or why it cannot be used.
    """
    numbered = list(enumerate(files))
    return each_of(numbered, lambda each: _explained(lambda stream: _fill(stream, out[each[0]], wanted), each[1]))


def sounds_through(files: Sequence[File], wanted: Wanted | None) -> list[Problem | None]:
    """Why each file cannot be used, if it cannot: all of its samples are looked at where these can be wrong.

    Args:
        files: Which.
        wanted: What is said of lengths; None where nothing is.
    """

    def through(stream: IO[bytes]) -> None:
        sound = _with_samples(look(stream))
        if wanted is not None:
            wanted.require_length(sound)
        for start in range(0, sound.length, _BLOCK) if sound.floats else ():
            read(stream, sound, start, min(start + _BLOCK, sound.length))

    return each_of(files, lambda file: _explained(through, file))


def _fill(stream: IO[bytes], out: NDArray[np.float32], wanted: Wanted) -> Sound:
    sound = _with_samples(look(stream))
    wanted.require(sound)
    length = wanted.length_of(sound)
    start = (length - wanted.length) // 2 if length > wanted.length and wanted.long == "center" else 0
    samples = _part(stream, sound, start, min(start + wanted.length, length), wanted.rate)
    if wanted.channels == 1:
        samples = samples.mean(axis=1, keepdims=True)
    if wanted.short == "repeat" and length < wanted.length:
        samples = samples[np.arange(wanted.length) % length]
    out[: len(samples)] = samples
    out[len(samples) :] = 0
    return sound


def _part(stream: IO[bytes], sound: Sound, start: int, stop: int, rate: int) -> NDArray[np.float64]:
    """Samples from one to another, of a rate."""
    if sound.rate == rate:
        return read(stream, sound, start, stop)
    first, end = needed(start, stop, rate=sound.rate, wanted=rate)
    low, high = max(0, first), min(end, sound.length)
    around = np.zeros((end - first, sound.channels))
    around[low - first : high - first] = read(stream, sound, low, high)
    return resampled(around, start, stop, rate=sound.rate, wanted=rate)


def _with_samples(sound: Sound) -> Sound:
    if not sound.length:
        raise BadAudio("it has no samples")
    return sound


def _explained(step: Callable[[IO[bytes]], _Result], file: File) -> _Result | Problem:
    """The result of a step, or the problem that it meets, with the name of the file."""
    place = os.path.join(file[1] or "", file[0])
    try:
        with open_named(*file) as stream:
            return step(stream)
    except BadAudio as error:
        hint = "mend or remove it, or write it anew as a WAV file of PCM; `on_error: skip` leaves such rows out"
        return Problem(f"'{place}' cannot be used: {error}", hint=hint, rule="bad-audio")
    except Unfit as error:
        return Problem(f"'{place}' cannot be used: {error}", hint=error.hint, rule=error.rule)
    except DataError as error:
        return error.problems[0]
    except OSError as error:
        return Problem(f"'{file[0]}' cannot be read: {error.strerror or error}", rule="unreadable-file")
