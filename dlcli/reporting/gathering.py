"""What a run directory says of its run, read for a report."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from dlcli.config.schema import Config
from dlcli.config.signature import SPLITS, SplitName
from dlcli.errors import RunError
from dlcli.reporting.looking import Look
from dlcli.runs.history import read_history
from dlcli.runs.inside import read_inside
from dlcli.runs.layout import RunDirectory

__all__ = ["Facts", "config_text", "gather", "held_out", "reports_of", "text_of"]

MOST_CONFIG = 4 * 2**20

MOST_EVALUATIONS = 12
"""Files of evaluations that are read: the splits, and the newest others."""


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What a report is written from.

    Args:
        directory: The run.
        record: `run.json`.
        config: The resolved config.
        config_text: The same as it is written.
        history: A row an epoch.
        evaluations: What each `evaluations/<name>.json` says, the held-out split first.
        subject: The evaluation that the report is about; empty where there is none.
        look: The rows that were looked at; None where there are none.
        without_look: Why there are none.
    """

    directory: RunDirectory
    record: Mapping[str, Any]
    config: Config
    config_text: str
    history: Sequence[Mapping[str, float]]
    evaluations: Mapping[str, Mapping[str, Any]]
    subject: str = ""
    look: Look | None = None
    without_look: str = ""

    @property
    def evaluation(self) -> Mapping[str, Any] | None:
        """What the evaluation says that the report is about."""
        return self.evaluations.get(self.subject)

    def reports(self) -> dict[str, Mapping[str, Any]]:
        """For each target what that evaluation says."""
        document = self.evaluation
        return {} if document is None else reports_of(document)

    def text(self, *names: str) -> str:
        """What the record says under a name, or under names in it; empty where it says nothing."""
        return text_of(self.record, *names)


def text_of(record: Mapping[str, Any], *names: str) -> str:
    """What a record says under a name, or under names in it; empty where it says nothing."""
    found: Any = record
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return "" if found is None or isinstance(found, dict | list) else str(found)


def reports_of(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The reports of an evaluation by their targets."""
    targets = document.get("targets")
    if isinstance(targets, Mapping):
        return {str(name): each for name, each in targets.items() if isinstance(each, Mapping)}
    return {str(document["target"]): document} if "target" in document else {}


def held_out(config: Config) -> SplitName:
    """The split that tells most: test, else validation, else train."""
    return next((split for split in reversed(SPLITS) if getattr(config.data, split) is not None), "train")


def gather(run: RunDirectory, config: Config, *, subject: str = "") -> Facts:
    """Read a run.

    Args:
        run: An existing run; it need not have its model.
        config: Its resolved config.
        subject: The evaluation that the report is about; the held-out split when empty.

    Raises:
        DlcliError: A file of the run is missing or damaged.
    """
    subject = subject or held_out(config)
    names = sorted(_evaluated(run), key=lambda name: (name != subject, _rank(name), name))
    evaluations = {name: read for name in names[:MOST_EVALUATIONS] if (read := _evaluation(run, name)) is not None}
    return Facts(
        run,
        run.read_record(),
        config,
        config_text(run),
        read_history(run.history) if run.history.is_file() else [],
        evaluations,
        subject,
    )


def _evaluated(run: RunDirectory) -> list[str]:
    return [file.stem for file in run.evaluations.glob("*.json")]


def _evaluation(run: RunDirectory, name: str) -> Mapping[str, Any] | None:
    """What was found of some rows; None where the file is none of the run's, or damaged."""
    try:
        return run.read_json(run.evaluations / f"{name}.json")
    except RunError:
        return None


def _rank(name: str) -> int:
    return SPLITS[::-1].index(name) if name in SPLITS else len(SPLITS)


def config_text(run: RunDirectory, name: str = "") -> str:
    """A config of a run as it is written, its own or another by its name; empty where there is none to be read."""
    try:
        return read_inside(run.path / name if name else run.config, most=MOST_CONFIG).decode(
            "utf-8", "backslashreplace"
        )
    except (OSError, RunError):
        return ""
