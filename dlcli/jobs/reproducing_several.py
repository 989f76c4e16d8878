"""A folder of several runs trained again, member by member, and each held against itself."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import Any

from dlcli.errors import Problem, RunError
from dlcli.jobs.reproducing import Reproduction, Train, reproduce_run
from dlcli.runs.members import WORDS, Several
from dlcli.trained.own_code import Leave
from dlcli.training.events import Listener, Stage

__all__ = ["Reproductions", "reproduce_several", "require_reproducible"]


@dataclasses.dataclass(frozen=True)
class Reproductions:
    """What came of training the members of a folder again.

    Args:
        run: The folder.
        members: What came of each that had a whole epoch, in their order.
        directory: Where the new runs are kept; None when they are not.
    """

    run: Path
    members: tuple[Reproduction, ...]
    directory: Path | None

    @property
    def epochs(self) -> int:
        """Whole epochs that all had together."""
        return sum(each.epochs for each in self.members)

    @property
    def same(self) -> bool:
        """Whether all numbers that could be compared are the same."""
        return all(each.same for each in self.members)

    def problem(self) -> Problem | None:
        """The fault of a folder that is not reproduced; None of one that is."""
        others = [each for each in self.members if not each.same]
        if not others:
            return None
        first = others[0].problem()
        assert first is not None
        named = ", ".join(each.run.name for each in others)
        message = f"{self.run} is not reproduced, in {len(others)} of {len(self.members)} members: {named}"
        return Problem(message, hint=f"of the first: {first.message}; {first.hint}", rule="not-reproduced")

    def document(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "same": self.same,
            "run": self.run,
            "directory": self.directory,
            "epochs": self.epochs,
            "members": [each.document() for each in self.members],
        }


def require_reproducible(several: Several) -> None:
    """Refuse what is not trained again as a whole: a sweep, whose next trials depend on who was quick.

    Raises:
        RunError: It is one; with the trial that is wanted most.
    """
    if several.kind != "sweep":
        return
    best = several.record.get("best")
    known = best.get("member") if isinstance(best, dict) else None
    name = known if known in several.names else next(iter(several.names), None)
    path = several.directory.path
    message = f"{path} is a sweep, and is not trained again as a whole: each of its trials can be"
    if name is None:
        hint = "it has no trial yet"
    else:
        which = "the best" if name == known else "the first"
        hint = f"{which}: dlcli reproduce {shlex.quote(str(path / name))}"
    raise RunError(Problem(message, hint=hint, rule="several-runs"))


def reproduce_several(
    several: Several, *, place: Path | None, leave: Leave, train: Train, tell: Listener
) -> Reproductions:
    """Train all members again, each for as many epochs as it has, and compare.

    Args:
        several: The folder; nothing in it is changed.
        place: Where the new runs go and stay, each under its name; None: beside each, until it has been compared.
        leave: Whether code of the runs' own may be run.
        train: Trains.
        tell: Called with the events of the trainings.

    Raises:
        RunError: It is a sweep; a member is still being trained; none has a whole epoch.
        DlcliError: A member cannot be trained: its data is gone, for instance.
    """
    require_reproducible(several)
    path = several.directory.path
    begun = [member for member in several.present() if member.history.is_file()]
    if not begun:
        message = f"no member of the {WORDS[several.kind]} {path} has a whole epoch, so there is nothing to reproduce"
        raise RunError(Problem(message, hint="train again", rule="run-incomplete"))
    found = []
    for number, member in enumerate(begun, start=1):
        name = member.path.name
        tell(Stage(f"{name}, {number} of {len(begun)}"))
        beside = None if place is None else place / name
        found.append(reproduce_run(member.path, place=beside, leave=leave, train=train, tell=tell))
    return Reproductions(path, tuple(found), place)
