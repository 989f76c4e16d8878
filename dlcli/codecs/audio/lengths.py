"""How long sounds are: the shortest, the longest, and how many are not as long as is asked for."""

from __future__ import annotations

from collections import Counter

from dlcli.codecs.audio.loading import Wanted
from dlcli.codecs.audio.wav import Sound
from dlcli.errors import Problem

__all__ = ["Lengths"]


class Lengths:
    """Counts sounds by their length."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[int, int]] = Counter()  # by samples and rate
        self._shortest: tuple[float, str] = (float("inf"), "")
        self._longest: tuple[float, str] = (0.0, "")

    def add(self, sound: Sound, name: str) -> None:
        """Take in one.

        Args:
            sound: What its head tells.
            name: Of its file.
        """
        self._counts[sound.length, sound.rate] += 1
        if sound.seconds < self._shortest[0]:
            self._shortest = sound.seconds, name
        if sound.seconds > self._longest[0]:
            self._longest = sound.seconds, name

    @property
    def longest(self) -> float:
        """Seconds."""
        return self._longest[0]

    @property
    def differ(self) -> bool:
        """Whether there are several lengths."""
        return self._shortest[0] != self._longest[0]

    @property
    def span(self) -> str:
        """The shortest and the longest in words."""
        return " to ".join(f"{seconds:.4g} s ({name!r})" for seconds, name in (self._shortest, self._longest))

    def problems(self, wanted: Wanted, where: str) -> list[Problem]:
        """Warnings of those that are shorter or longer.

        Args:
            wanted: What is asked for.
            where: They are, in words.
        """
        seconds = f"{wanted.length / wanted.rate:.6g} s"
        ways = {"silence": "silence follows them", "repeat": "they are repeated", "error": "they are refused"}
        kept = {"start": "their start is kept", "center": "their middle is kept", "error": "they are refused"}
        shorter = self._count(wanted, -1), "shorter", ways[wanted.short], "shortest", self._shortest
        longer = self._count(wanted, 1), "longer", kept[wanted.long], "longest", self._longest
        return [
            Problem(
                f"{count:,} of {self._counts.total():,} sounds {where}are {which} than {seconds}, and {done} "
                f"(the {most}: {name!r}, {found:.4g} s)",
                hint="`length`, `short` and `long` of the feature say how long a sound is, and what becomes of others",
                rule="other-length",
            )
            for count, which, done, most, (found, name) in (shorter, longer)
            if count
        ]

    def _count(self, wanted: Wanted, sign: int) -> int:
        return sum(
            count
            for (length, rate), count in self._counts.items()
            if (-(-length * wanted.rate // rate) - wanted.length) * sign > 0
        )
