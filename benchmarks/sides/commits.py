"""Train one config again and again: without commits, with those that are usual, and with one of each epoch.

`commits.py CONFIG TIMES RESULT` writes the seconds that an epoch after the first takes, its commits included.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import dlcli
from dlcli.training.events import EpochEnded, Stage

WAYS: dict[str, Any] = {"false": False, "auto": {"every": "auto"}, "each epoch": {"every": 1}}


class Watch:
    """Reads both clocks when the first epoch has ended, and when `fit` has."""

    def __init__(self) -> None:
        self.times: list[tuple[float, float]] = []
        self.epochs = 0

    def __call__(self, event: object) -> None:
        """Hear of an event."""
        if isinstance(event, EpochEnded):
            self.epochs = event.epoch
        if (isinstance(event, EpochEnded) and event.epoch == 1) or (isinstance(event, Stage) and self.epochs):
            self.times.append((time.perf_counter(), time.process_time()))

    def spent(self) -> tuple[float, float]:
        """Seconds an epoch after the first: of the wall, and of the CPU."""
        first, last = self.times[:2]
        return (last[0] - first[0]) / (self.epochs - 1), (last[1] - first[1]) / (self.epochs - 1)


def main(config: str, times: int, result: Path) -> None:
    """Measure."""
    found: dict[str, dict[str, list[float]]] = {name: {"seconds": [], "cpu": []} for name in WAYS}
    for turn in range(times + 1):  # the first makes the data ready
        for name, way in WAYS.items():
            watch = Watch()
            with tempfile.TemporaryDirectory(dir=result.parent) as folder:
                dlcli.train(config, overrides={"checkpoint": way}, run_dir=Path(folder) / "run", listener=watch)
            if turn:
                wall, cpu = watch.spent()
                found[name]["seconds"].append(wall)
                found[name]["cpu"].append(cpu)
    result.write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
