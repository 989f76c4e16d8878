"""What a folder of several trainings says of itself and of its members, read for a report."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from dlcli.config.inspection.resolved import read_resolved
from dlcli.config.signature import SPLITS
from dlcli.errors import DlcliError, Problem, RunError
from dlcli.reporting.folders.pooling import pooled
from dlcli.reporting.gathering import Facts, gather, held_out, reports_of
from dlcli.reporting.looking import Look
from dlcli.runs.members import WORDS, Several

__all__ = ["LEFT_OUT", "FolderFacts", "gather_folder"]

LEFT_OUT = "rows not seen in training"
"""What the rows of a cross-validation are called, each predicted by the model that was trained without it."""


@dataclasses.dataclass(frozen=True, slots=True)
class FolderFacts:
    """What the report of an ensemble or a cross-validation is written from.

    Args:
        several: The folder.
        members: What its members say of themselves, those that are there.
        together: Of the mean of the members: its evaluations, and rows that it was asked about.
        left_out: Of a cross-validation: all rows, each predicted by the model that has not seen it; else None.
    """

    several: Several
    members: tuple[Facts, ...]
    together: Facts
    left_out: Facts | None

    @property
    def word(self) -> str:
        """What a member is called."""
        return "fold" if self.several.kind == "cross_validation" else "member"

    @property
    def split(self) -> str:
        """The split that tells how good each member is: a fold, or the one that most members were held out from."""
        if self.several.kind == "cross_validation":
            return "validation"
        there = {split for member in self.members for split in _metrics(member.record)}
        return next((split for split in reversed(SPLITS) if split in there), "train")


def gather_folder(several: Several, *, together: Look | None = None, left_out: Look | None = None) -> FolderFacts:
    """Read a folder.

    Args:
        several: Of a kind whose members are one model together.
        together: Rows that the mean of the members was asked about.
        left_out: Rows that each were left out of a member's training, and that member asked.

    Raises:
        RunError: No member can be read.
    """
    members = []
    for place in several.present():
        with contextlib.suppress(DlcliError):  # of one that was ended before it had begun there is nothing to tell
            members.append(gather(place, read_resolved(place.config)))
    if not members:
        message = f"the {WORDS[several.kind]} {several.directory.path} has no member that can be read"
        raise RunError(Problem(message, hint="train again", rule="run-incomplete"))
    config = members[0].config
    subject: str = held_out(config)
    if several.kind == "cross_validation" and subject != "test":
        subject = ""  # the members have no rows in common that none has learnt from
    whole = gather(several.directory, config, subject=subject or "test")
    whole = dataclasses.replace(whole, look=together, subject=subject)
    return FolderFacts(several, tuple(members), whole, _left_out(several, members, whole, left_out))


def _left_out(several: Several, members: Sequence[Facts], whole: Facts, look: Look | None) -> Facts | None:
    """The evaluations of all folds as one."""
    if several.kind != "cross_validation":
        return None
    documents = [member.evaluations["validation"] for member in members if "validation" in member.evaluations]
    evaluations = {} if not documents else {LEFT_OUT: _pooled(documents)}
    return dataclasses.replace(whole, evaluations=evaluations, subject=LEFT_OUT, look=look, record={})


def _pooled(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the evaluations of several folds say together, in the form of one."""
    found = [reports_of(document) for document in documents]
    weights = [float(document.get("rows", 1)) for document in documents]
    names = [name for name in found[0] if all(name in each for each in found)]
    return {
        "name": LEFT_OUT,
        "rows": int(sum(weights)),
        "targets": {name: pooled([each[name] for each in found], weights) for name in names},
    }


def _metrics(record: Mapping[str, Any]) -> Mapping[str, Any]:
    metrics = record.get("metrics")
    return metrics if isinstance(metrics, Mapping) else {}
