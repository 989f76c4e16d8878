"""What the workers but the first do: they train with it, and leave nothing behind."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from dlcli.backend import workers
from dlcli.data.prepare import Prepared
from dlcli.errors import ConfigError, DataError, Problem
from dlcli.jobs.resuming import Resumption, hashes_of
from dlcli.runs.commits import Commits
from dlcli.runs.layout import RunDirectory
from dlcli.runs.provenance import provenance
from dlcli.training.checkpointing.snapshot import Snapshot, most_bytes
from dlcli.training.fit import fit
from dlcli.training.plan import Plan

__all__ = ["follow", "require_alike"]

SOURCES = ("train", "validation", "test")
"""Keys of `data` with paths, which may be others on other machines; fractions are the same on all."""


def require_alike(prepared: Prepared, plan: Plan) -> None:
    """Make sure that all workers have read the same data and prepared it alike; called by all of them.

    Raises:
        DataError: They have not.
        ConfigError: There should be several, and there is one.
    """
    group = workers.group()
    asked = plan.assembly.config.runtime.workers
    if group is None and asked > 1:
        message = f"this job trains several models, each by one process, and runtime.workers is {asked}"
        hint = "workers: 1; several processes of `dlcli sweep` take a trial each"
        raise ConfigError(Problem(message, path="runtime.workers", hint=hint, rule="workers"))
    if group is None:
        return
    config = plan.assembly.config
    files = {name: [file["sha256"] for file in part] for name, part in prepared.fingerprints.items()}
    facts: dict[str, object] = {
        "the files of the data differ": files,
        "there are other versions of dlcli, Keras or TensorFlow": provenance(None)["versions"],
        "the config differs": _without_places(config.notation()),
        "the code differs": list(hashes_of(config.code).values()),
        "the data is prepared in another way": prepared.preprocessing.state(),
        "there are other rows in the splits": dict(plan.planned.rows),
    }
    problems = []
    for what, value in facts.items():
        ranks = group.others(json.dumps(value, sort_keys=True, default=str))
        if ranks:
            message = f"on worker {', '.join(map(str, ranks))} of {group.size} {what} from what worker 0 has"
            hint = "give all machines the same files and the same command, by a shared folder for instance"
            problems.append(Problem(message, hint=hint, rule="workers-differ"))
    if problems:
        raise DataError(problems)


def _without_places(config: dict[str, Any]) -> dict[str, Any]:
    """A config without the places of files, which their content stands for."""
    data = {
        name: each
        for name, each in config["data"].items()
        if name != "directory" and (name not in SOURCES or isinstance(each, float))
    }
    return {**config, "data": data, "code": None}


def follow(plan: Plan, resumption: Resumption | None) -> None:
    """Train with the first worker, in a folder that goes afterwards.

    Args:
        plan: The plan, as the first worker has it.
        resumption: The run that goes on.
    """
    start = None
    if resumption is not None:
        commit = Commits(resumption.directory.checkpoints).latest(most=most_bytes(plan.assembly.model))
        start = None if commit is None else Snapshot(commit)
    with tempfile.TemporaryDirectory(prefix="dlcli-worker-") as scratch:
        fit(plan, RunDirectory(Path(scratch)), listener=lambda event: None, start=start)
