"""Where a run came from: versions, machine, command line and commit."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["now", "provenance"]

PACKAGES = ("dlcli", "keras", "tensorflow", "numpy", "pandas", "pyarrow")


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
        "argv": sys.argv,
        "config_file": str(config_file) if config_file else None,
        "working_directory": os.getcwd(),
        "versions": {"python": platform.python_version(), **_versions()},
        "hardware": {
            "platform": platform.platform(),
            "machine": platform.machine(),
            "cpus": os.cpu_count(),
        },
        "git": _git((config_file or Path.cwd() / "x").parent),
    }


def _versions() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _git(directory: Path) -> dict[str, Any] | None:
    """Commit and dirtiness of the repository that holds the config; None outside of one or without git."""

    def ask(*arguments: str) -> str | None:
        try:
            answer = subprocess.run(
                ["git", *arguments], cwd=directory, capture_output=True, text=True, timeout=5, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return answer.stdout.strip() if answer.returncode == 0 else None

    commit = ask("rev-parse", "HEAD")
    if commit is None:
        return None
    return {"commit": commit, "dirty": bool(ask("status", "--porcelain", "--untracked-files=no"))}
