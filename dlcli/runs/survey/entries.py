"""One run of many: what its `run.json` says, read at once and as quickly as may be.

A listing reads thousands of these: one file a run, with the standard library's JSON, and nothing is loaded for it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlcli.errors import Problem, RunError

__all__ = ["KINDS", "RunEntry", "read_entry"]

STATUSES = ("running", "completed", "interrupted", "failed")

FORMAT = 1
"""The newest of `run.json` that is known; `runs/layout` writes it, and a test holds the two together."""

KINDS = {"ensemble": "member", "cross_validation": "fold", "sweep": "trial"}
"""What a folder of several runs is, and what one of them is called."""

TRAINING = "training"
"""The kind of a run that says none."""

MOST_BYTES = 64 * 2**20
"""Of a `run.json`: one has some thousand."""

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_FLAGS |= getattr(os, "O_BINARY", 0)


@dataclasses.dataclass(frozen=True, slots=True)
class RunEntry:
    """A run directory in a list.

    Args:
        path: Where it is, as it was found.
        record: Its `run.json`; `status` is the truth about a run whose process was killed.
        killed: The record says `running`, and no process writes it.
        member_of: The folder of several runs that it belongs to; empty for a run that stands alone.
        depth: So many folders of several runs it lies in, which were opened.
    """

    path: str
    record: Mapping[str, Any]
    killed: bool = False
    member_of: str = ""
    depth: int = 0

    @property
    def name(self) -> str:
        """The name of the directory."""
        return os.path.basename(os.path.normpath(self.path)) or self.path

    @property
    def status(self) -> str:
        """`running`, `completed`, `interrupted` or `failed`."""
        return str(self.record["status"])

    @property
    def word(self) -> str:
        """The same for a person: what was killed is called so."""
        return "killed" if self.killed else self.status

    @property
    def kind(self) -> str:
        """`training`, or what a folder of several runs is."""
        kind = self.record.get("kind")
        return kind if isinstance(kind, str) and kind else TRAINING

    @property
    def members(self) -> tuple[str, ...]:
        """The directories of its members, relative to it."""
        return _members(self.record)

    @property
    def metrics(self) -> dict[str, dict[str, float]]:
        """What the job ended with, by split; of a run that did not end by itself nothing."""
        found = self.record.get("metrics")
        return {split: self.metrics_of(split) for split in found} if isinstance(found, dict) else {}

    def metrics_of(self, split: str) -> dict[str, float]:
        """What the job ended with of one split."""
        found = self.record.get("metrics")
        values = found.get(split) if isinstance(found, dict) else None
        return _numbers(values) if isinstance(values, dict) else {}

    def number(self, name: str) -> float | None:
        """A number of the record."""
        value = self.record.get(name)
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def text(self, name: str) -> str:
        """A text of the record; empty where it says none."""
        value = self.record.get(name)
        return value if isinstance(value, str) else ""

    def document(self) -> dict[str, Any]:
        """As a JSON value."""
        return {
            "run": self.path,
            "name": self.text("name") or None,
            "kind": self.kind,
            "members": list(self.members),
            "member_of": self.member_of or None,
            "status": self.status,
            "killed": self.killed,
            "error": self.text("error") or None,
            "started": self.text("started") or None,
            "finished": self.text("finished") or None,
            "seconds": self.number("seconds"),
            "epochs": self.number("epochs"),
            "model_epoch": self.number("model_epoch"),
            "parameters": self.number("parameters"),
            "metrics": self.metrics,
        }


def read_entry(path: str, *, member_of: str = "", depth: int = 0) -> RunEntry | None:
    """The run in a directory; None where there is none: no `run.json`, or one of another program's.

    Raises:
        RunError: Its `run.json` is damaged, of a newer version, or no file of its own.
    """
    file = os.path.join(path, "run.json")
    content = _content(file)
    if content is None:
        return None
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _damaged(file, str(error)[:100]) from error
    if not isinstance(record, dict):
        raise _damaged(file, "expected a JSON object")
    version = record.get("format")
    if not isinstance(version, int) or isinstance(version, bool):
        return None
    if version > FORMAT:
        hint, rule = "upgrade dlcli", "run-newer"
        raise RunError(Problem(f"{path} was written by a newer dlcli (run format {version})", hint=hint, rule=rule))
    if record.get("status") not in STATUSES:
        raise _damaged(file, f"its status is {str(record.get('status'))[:60]!r}")
    try:
        _members(record)
    except RunError as error:
        raise RunError(dataclasses.replace(each, file=Path(file)) for each in error.problems) from error
    return _true(path, record, member_of, depth)


def _members(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The members that a record lists. Raises RunError: its kind, or their names, are none."""
    if record.get("kind") is None:
        return ()
    from dlcli.runs.members import kind_of, member_names

    kind_of(record)
    return member_names(record)


def _true(path: str, record: dict[str, Any], member_of: str, depth: int) -> RunEntry:
    """A run that is said to be running is looked at once more: its process may have been killed."""
    if record["status"] != "running":
        return RunEntry(path, record, member_of=member_of, depth=depth)
    from dlcli.runs.aftermath import ENDED_WITHOUT_A_WORD
    from dlcli.runs.layout import RunDirectory

    record = RunDirectory(Path(path)).read_record()
    if record.get("status") not in STATUSES:
        raise _damaged(os.path.join(path, "run.json"), "it changes while it is read")
    killed = record.get("error") == ENDED_WITHOUT_A_WORD
    return RunEntry(path, record, killed=killed, member_of=member_of, depth=depth)


def _content(file: str) -> bytes | None:
    """The bytes of a file; None where there is none.

    Raises:
        RunError: It cannot be read, or is a link or a pipe: `dlcli.runs.inside` says which.
    """
    try:
        descriptor = os.open(file, _FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno is not None and os.path.islink(file):
            raise RunError(_links(file)) from error
        message = f"cannot read {file}: {error.strerror or error}"
        raise RunError(Problem(message, hint="look at its permissions", rule="run-incomplete")) from error
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise RunError(_links(file))
        if state.st_size > MOST_BYTES:
            raise _damaged(file, f"it has {state.st_size:,} bytes")
        return _all(descriptor, state.st_size)
    finally:
        os.close(descriptor)


def _all(descriptor: int, size: int) -> bytes:
    """What is in a file; one read where nobody writes meanwhile."""
    content = os.read(descriptor, size + 1)
    while size < len(content) <= MOST_BYTES and (more := os.read(descriptor, 2**20)):
        content += more  # it grows, or its size is not said
    return content


def _links(file: str) -> list[Problem]:
    from dlcli.runs.inside import unsafe

    return unsafe([Path(file)]) or list(_damaged(file, "it changes while it is read").problems)


def _damaged(file: str, why: str) -> RunError:
    hint = "restore the file, or remove the directory"
    return RunError(Problem(f"{file} is damaged: {why}", hint=hint, rule="run-damaged"))


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    return {
        str(name): value
        for name, value in values.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value
    }
