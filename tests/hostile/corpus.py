"""The corpus of hostile inputs: what each tries, and how it is built. None does harm: all that one could do is to make
a file appear, the marker, or to read or change a file that lies outside, the secret.

    python -m tests.hostile.corpus

lists them.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

__all__ = ["SECRET", "Command", "Hostile", "Place", "corpus"]

SECRET = "the words of a file that lies outside"

Command = Literal[
    "predict",
    "portable",
    "keras",
    "evaluate",
    "split",
    "export",
    "report",
    "resume",
    "reproduce",
    "check",
    "build",
    "table",
]
"""Of runs: `predict` takes the runtime that can be trusted, `portable` or `keras`; `evaluate` takes a file of
rows, `split` a split of the run's own data. Of configs: `check` is the first stage, `build` the second. `table` is a
file of rows to be trained on, and with `predict` to be predicted for."""

KERAS: tuple[Command, ...] = ("keras", "evaluate", "export")
READERS: tuple[Command, ...] = ("predict", *KERAS)
ALL: tuple[Command, ...] = (*READERS, "split", "report", "resume", "reproduce")
TRAINING: tuple[Command, ...] = ("resume", "reproduce")


@dataclasses.dataclass(frozen=True)
class Place:
    """Where an input is built.

    Args:
        run: A trained run, a copy for this input.
        input: The config or the file of rows to be, for inputs that are one.
        outside: A directory beside; `secret.txt` and a config, an HDF5 file and Python code lie in it.
        marker: The file that is not to appear.
    """

    run: Path
    input: Path
    outside: Path
    marker: Path

    @property
    def secret(self) -> Path:
        """A file with words that are not to be read."""
        return self.outside / "secret.txt"

    @property
    def evil(self) -> str:
        """Python code that makes the marker appear."""
        return f"open({str(self.marker)!r}, 'w').close()\n"


@dataclasses.dataclass(frozen=True)
class Hostile:
    """A hostile input.

    Args:
        note: What it tries.
        build: Builds it.
        refused: The commands that have to refuse it.
        used: Those that have to use it, for what it tries has no effect on them.
        allow_code: Whether the caller allows the run's own code, which is not what the input is about.
        suffix: Of the file, for an input that is one.
    """

    note: str
    build: Callable[[Place], object]
    refused: tuple[Command, ...] = ()
    used: tuple[Command, ...] = ()
    allow_code: bool = True
    suffix: str = ".yaml"

    @property
    def name(self) -> str:
        """That of the function that builds it."""
        return self.build.__name__


def corpus() -> list[Hostile]:
    """All of them."""
    from tests.hostile import configs, run_files, tables, weights

    return [*run_files.INPUTS, *weights.INPUTS, *configs.INPUTS, *tables.INPUTS]


if __name__ == "__main__":
    for each in corpus():
        sys.stdout.write(f"{each.name}: {each.note}\n")
