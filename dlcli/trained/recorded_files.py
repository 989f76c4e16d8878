"""The data files that a run was trained on, as its record has them."""

from __future__ import annotations

from dlcli.data.cache.fingerprint import Fingerprint
from dlcli.errors import Problem, RunError
from dlcli.runs.layout import RunDirectory

__all__ = ["recorded_files"]


def recorded_files(run: RunDirectory) -> dict[str, list[Fingerprint]]:
    """The data files of each source, as they were when the run was trained.

    Raises:
        RunError: The record is damaged.
    """
    sources = run.read_json(run.record).get("data", {})
    try:
        return {
            source: [Fingerprint(str(each["path"]), int(each["bytes"]), str(each["sha256"])) for each in files]
            for source, files in sources.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        message = f"{run.record} is damaged: it does not say what the data was"
        raise RunError(Problem(message, hint="restore the file, or train again", rule="run-damaged")) from error
