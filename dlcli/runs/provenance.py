"""Where a run came from: versions, machine, command line and commit."""

from __future__ import annotations

import datetime
import functools
import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlcli.runs.commit import commit_of

__all__ = ["now", "provenance"]

PACKAGES = ("dlcli", "keras", "tensorflow", "numpy", "pandas", "pyarrow")

_PASSWORD = re.compile(r"(://[^/@:\s]*:)[^/\s]*@")


def now(ago: float = 0.0) -> str:
    """The time in UTC, ISO 8601, to the second; or the time `ago` seconds before."""
    moment = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=ago)
    return moment.isoformat(timespec="seconds")


def provenance(config_file: Path | None) -> dict[str, Any]:
    """What is needed to understand, later, how the numbers of a run came about.

    Args:
        config_file: The config, whose repository's commit is recorded; None for a config given as a mapping.
    """
    return {
        "argv": [_word(argument) for argument in sys.argv],
        "config_file": _text(str(config_file)) if config_file else None,
        "working_directory": _text(os.getcwd()),
        "versions": {"python": platform.python_version(), **_versions()},
        "hardware": {
            "platform": _platform(),
            "machine": platform.machine(),
            "cpus": os.cpu_count(),
        },
        "git": _git((config_file or Path.cwd() / "x").parent),
    }


@functools.cache
def _versions() -> Mapping[str, str]:
    """What is installed, found once: a sweep records thousands of trainings."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


@functools.cache
def _platform() -> str:
    """The system, its version and its C library. `platform.platform` would run the `uname` that it finds first."""
    libc = "".join(platform.libc_ver())
    names = [platform.system(), platform.release(), platform.machine(), *(["with", libc] if libc else [])]
    return "-".join(names)


def _text(value: str) -> str:
    """A name as a text that can be written: bytes of it that are no UTF-8 as `\\xe9`."""
    return os.fsencode(value).decode("utf-8", "backslashreplace")


def _word(value: str) -> str:
    """A word of a command, without the passwords of the addresses in it.

    Example:
        >>> _word("--storage=postgresql://ada:secret@host/sweeps")
        '--storage=postgresql://ada:***@host/sweeps'
    """
    return _PASSWORD.sub(r"\1***@", _text(value))


def _git(directory: Path) -> dict[str, str] | None:
    """The commit of the repository that holds the config; None where there is none that can be told."""
    commit = commit_of(directory)
    return None if commit is None else {"commit": commit}
