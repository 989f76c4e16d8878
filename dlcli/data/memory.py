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
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)
"""What Linux allows a container, and what it uses; of the second and the first version of control groups."""


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


def _left(group: tuple[Path, Path]) -> int | None:
    """What a control group may still take; None when it has no limit, or is not there."""
    try:
        limit, used = (int(path.read_text(encoding="ascii")) for path in group)
    except (OSError, ValueError):  # "max"
        return None
    return max(limit - used, 0)
