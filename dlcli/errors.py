"""What can go wrong, as data.

The whole tree:

    DlcliError            a fault that the user can mend: exit code 1, no traceback
    ├── ConfigError       the YAML: syntax, unknown keys and components, wrong types, graph faults
    ├── DataError         the data: files, columns, values, splits
    ├── ModelError        Keras refused: a layer's construction, a shape, a device, a compile setting
    └── RunError          a run directory: missing, incomplete, newer, in the way

An error carries `Problem`s, never a formatted text; the console renders them, once, in one place.
Whoever finds a problem gives what it knows (the config path, the message, the way out); the file and
line are added where the config's positions are known, by `Problem.at`.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = [
    "ConfigError",
    "DataError",
    "DlcliError",
    "ModelError",
    "Problem",
    "RunError",
    "did_you_mean",
    "first_of",
    "same_word",
]


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One fault or warning, with its place and the way out.

    Args:
        message: What is wrong, with the value received and what was expected. One sentence, no full stop.
        path: Where in the config, as the user would write it: `model.layers[2].Dense.units`. Empty when
            the fault is not in the config.
        hint: The way out: a near miss, a flag, a list of allowed values. Empty when there is none.
        file: The file that holds the fault (the config, or a data file), or a label where there is none:
            `--set fit.epochs=0`.
        line: One-based line in `file`.
        column: One-based character column in `file`.
        rule: A short stable name of the fault's family, such as `unknown-key`; `docs/errors.md` has a
            section for each.

    Example:
        >>> str(Problem("unknown key 'epoch'", path="fit.epoch", hint="did you mean 'epochs'?"))
        "fit.epoch: unknown key 'epoch' (did you mean 'epochs'?)"
    """

    message: str
    path: str = ""
    hint: str = ""
    file: Path | str | None = None
    line: int | None = None
    column: int | None = None
    rule: str = "invalid"

    def at(self, file: Path | str | None, line: int | None = None, column: int | None = None) -> Problem:
        """The same problem with its place filled in, unless it already has one."""
        if self.file is not None:
            return self
        return dataclasses.replace(self, file=file, line=line, column=column)

    @property
    def place(self) -> str:
        """`file:line:column` as far as it is known."""
        if self.file is None:
            return ""
        numbers = [str(number) for number in (self.line, self.column) if number is not None]
        return ":".join([str(self.file), *numbers])

    def __str__(self) -> str:
        parts = [part for part in (self.place, self.path, self.message) if part]
        hint = f" ({self.hint})" if self.hint else ""
        return ": ".join(parts) + hint


class DlcliError(Exception):
    """A fault that the user can mend. Holds every problem that was found, in the config's order."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class ConfigError(DlcliError):
    """The configuration cannot be used as it is written."""


class DataError(DlcliError):
    """The data cannot be used as it is."""


class ModelError(DlcliError):
    """Keras or the machine cannot do what the configuration asks."""


class RunError(DlcliError):
    """A run directory cannot be used as it is."""


def first_of(words: Iterable[str], most: int) -> str:
    """The first words with commas, and how many there are more.

    Example:
        >>> first_of(["a", "b", "c"], 2)
        'a, b and 1 more'
    """
    words = list(words)
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def did_you_mean(word: str, candidates: Iterable[str], limit: int = 3) -> str:
    """A hint that names the nearest candidates, or an empty string.

    Case is ignored when comparing, so `DENSE` finds `Dense`; of `ReLU` and `relu` the one in the word's case is named.

    Example:
        >>> did_you_mean("Dens", ["Dense", "Dropout"])
        "did you mean 'Dense'?"
    """
    names: Sequence[str] = sorted(set(candidates))
    lowered: dict[str, str] = {}
    for name in names:
        if name.lower() not in lowered or name.islower() == word.islower():
            lowered[name.lower()] = name
    near = [name.lower() for name in same_word(word, lowered.values())]
    near = near or difflib.get_close_matches(word.lower(), list(lowered), n=limit, cutoff=0.6)
    if not near:
        return ""
    return "did you mean " + " or ".join(f"'{lowered[name]}'" for name in near) + "?"


def same_word(word: str, candidates: Iterable[str]) -> list[str]:
    """The candidates that differ from a word in case and separators alone.

    Example:
        >>> same_word("early_stopping", ["EarlyStopping", "ReLU"]), same_word("Relu", ["ReLU", "PReLU"])
        (['EarlyStopping'], ['ReLU'])
    """

    def plain(text: str) -> str:
        return text.lower().replace("_", "").replace("-", "")

    return [candidate for candidate in candidates if plain(candidate) == plain(word)]
