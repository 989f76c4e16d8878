"""How much of the data is held in memory, and what lies beyond goes to disk."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["ARRAYS_BUDGET", "ROWS_BUDGET", "fits_in_memory"]

ROWS_BUDGET = 256 * 2**20
"""Bytes of typed rows that are kept in memory while the data is prepared. TensorFlow takes about twice that by itself;
a table that fits is not slowed by a disk, and one that does not costs no more than this."""

ARRAYS_BUDGET = 256 * 2**20
"""Bytes of encoded arrays that are kept in memory while training; larger ones are files that are mapped."""


CGROUPS = (
    (Path("/sys/fs/cgroup"), "memory.max", "memory.current", ""),
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
)
"""Where Linux says what a container may take and takes, in the second and the first version of control groups: the
directory, the files of the limit and of the use, and what the names in `memory.stat` begin with."""


def fits_in_memory(num_bytes: int) -> bool:
    """Whether so many bytes more take at most half of what is free: what is done when there is no disk to go to."""
    free = [each for each in (_free_bytes(), *map(_left, CGROUPS)) if each is not None]
    return not free or num_bytes <= min(free) // 2


def _free_bytes() -> int | None:
    """Memory that can be had without swapping; None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    if hasattr(os, "sysconf") and {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= os.sysconf_names.keys():
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _left(group: tuple[Path, str, str, str]) -> int | None:
    """What a control group may still take; None when it has no limit, or is not there."""
    directory, limit, used, prefix = group
    try:
        left = int((directory / limit).read_text("ascii")) - int((directory / used).read_text("ascii"))
        lines = (directory / "memory.stat").read_text("ascii").splitlines()
        # Files that were read count as used until their memory is wanted for something else.
        counts = dict(line.split() for line in lines)
        left += sum(int(counts.get(f"{prefix}{kind}_file", 0)) for kind in ("active", "inactive"))
    except (OSError, ValueError):  # "max"
        return None
    return max(left, 0)
