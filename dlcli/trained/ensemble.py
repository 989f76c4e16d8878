"""A folder of several runs as one trained model: each member is asked, and the mean of what they say is the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from dlcli.errors import ModelError, Problem, RunError
from dlcli.runs.layout import RunDirectory
from dlcli.runs.members import Several
from dlcli.trained.run import TrainedRun

__all__ = ["open_ensemble", "require_mean"]


def open_ensemble(several: Several, load: Callable[[Path], TrainedRun]) -> TrainedRun:
    """The members of a folder as one model.

    Args:
        several: The folder.
        load: Opens a member.

    Raises:
        RunError: A member is absent or damaged; the folder's members are no members of one model, as trials are.
        ModelError: What they say has no mean.
    """
    if several.kind == "sweep":
        RunDirectory.open(several.directory.path)  # which says that one run is wanted
    places = several.trained()
    if several.record.get("status") != "completed":
        message = f"{several.directory.path} is not complete: its status is {several.record.get('status')!r}"
        raise RunError(Problem(message, hint="go on with it: see --resume of the command", rule="run-incomplete"))
    members = tuple(load(place.path) for place in places)
    first = members[0]
    require_mean(members)
    return TrainedRun(several.directory, first.config, first.preprocessing, first.predictor, members)


def require_mean(members: Sequence[TrainedRun]) -> None:
    """Make sure that the members speak of the same targets, in terms that have a mean.

    Raises:
        RunError: They do not: somebody has put another run among them.
        ModelError: They place rows, or spell sequences.
    """
    spoken = [_terms(member) for member in members]
    if other := next((member for member, terms in zip(members, spoken, strict=True) if terms != spoken[0]), None):
        message = f"{other.directory.path} predicts something else than {members[0].directory.path}"
        raise RunError(Problem(message, hint="put back the run that was there", rule="run-damaged"))
    without = [
        each.targets[0].name for each in members[0].predictor.outputs if each.scores in ("embedding", "sequence")
    ]
    if without:
        message = f"what several models say of {', '.join(without)} has no mean: it is a place or a sequence"
        hint = f"take one of them, such as {members[0].directory.path}"
        raise ModelError(Problem(message, hint=hint, rule="no-mean"))


def _terms(run: TrainedRun) -> list[object]:
    return [
        (output.name, target.name, target.kind, sorted(target.classes), target.width, target.quantiles)
        for output in run.predictor.outputs
        for target in output.targets
    ]
