"""Many runs: listed, shown, compared and cleared away. Without TensorFlow."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlcli.api.arguments import RunLike, require_names

if TYPE_CHECKING:
    from dlcli.runs.survey.cleaning import Cleaning
    from dlcli.runs.survey.comparing import Comparison, RunDiff
    from dlcli.runs.survey.listing import RunList
    from dlcli.runs.survey.showing import RunView

Folders = Sequence[str | os.PathLike[str]]


def list_runs(
    folders: Folders = ("runs",),
    *,
    where: Sequence[str] = (),
    sort: str | None = None,
    columns: Sequence[str] = (),
    members: bool = False,
    limit: int | None = None,
) -> RunList:
    """List the runs in folders, at any depth.

    Args:
        folders: Folders, or run directories themselves; a folder of several runs that is named is opened.
        where: Conditions, all of which are to hold: `test.accuracy>=0.9`, `status=failed`, `fit.epochs=5`.
        sort: What they are sorted by, the best first: `accuracy`, `val_loss`; the newest first when None.
        columns: What is asked of each run; the metrics of the held-out split when empty.
        members: Open every folder of several runs.
        limit: At most so many, members not counted.

    Returns:
        The runs, and what was found damaged.

    Raises:
        RunError: A folder is not there; no run has what is asked for.

    Example:
        >>> [run.path for run in dlcli.list_runs(sort="test.accuracy").runs]  # doctest: +SKIP
        ['runs/iris-002', 'runs/iris-001']
    """
    require_names(*folders)
    from dlcli.runs.survey.listing import list_runs as find

    return find(_paths(folders), where=where, sort=sort, columns=columns, members=members, limit=limit)


def show_run(run: RunLike) -> RunView:
    """All that a run says of itself: data, model, numbers, how it was made and how it is used.

    Raises:
        RunError: It is no run, or damaged.
    """
    require_names(run)
    from dlcli.runs.survey.showing import show_run as show

    return show(os.fspath(run))


def compare_runs(runs: Sequence[RunLike]) -> Comparison:
    """Hold runs against each other: each metric, and the keys of their configs that are not the same in all.

    Args:
        runs: Two or more.

    Raises:
        RunError: One is no run, or damaged; all of those.
    """
    require_names(*runs)
    from dlcli.runs.survey.comparing import compare_runs as compare

    return compare(_paths(runs))


def diff_runs(before: RunLike, after: RunLike) -> RunDiff:
    """What differs between two runs: config, versions, data, code and numbers.

    Raises:
        RunError: One is no run, or damaged.
    """
    require_names(before, after)
    from dlcli.runs.survey.comparing import diff_runs as diff

    return diff(os.fspath(before), os.fspath(after))


def clean_runs(
    folders: Folders = ("runs",),
    *,
    status: Sequence[str] = (),
    where: Sequence[str] = (),
    older_than_days: float | None = None,
    keep: int | None = None,
    by: str | None = None,
    checkpoints: bool = False,
    dry_run: bool = False,
) -> Cleaning:
    """Remove runs, or their checkpoints; nothing that is running, and nothing that dlcli did not write.

    Args:
        folders: Folders of runs.
        status: Those alone that are so: `failed`, `interrupted`, `killed`, `completed`.
        where: As for `list_runs`.
        older_than_days: Those alone that ended before.
        keep: So many stay in any case: the best by `by`, or the newest.
        by: A name as for `sort` of `list_runs`.
        checkpoints: Remove only what is in their `checkpoints/`.
        dry_run: Only say what would be removed.

    Returns:
        What has gone, what stays though it was meant, and what could not be removed.

    Raises:
        RunError: Nothing is said of which runs are to go; a folder is not there.
    """
    require_names(*folders)
    from dlcli.runs.survey.cleaning import Wanted, find_removals
    from dlcli.runs.survey.cleaning import clean_runs as clean

    chosen = find_removals(_paths(folders), Wanted(status, where, older_than_days, keep, by, checkpoints))
    return chosen if dry_run else clean(chosen=chosen)


def _paths(places: Sequence[RunLike]) -> list[str]:
    return [os.fspath(place) for place in places]
