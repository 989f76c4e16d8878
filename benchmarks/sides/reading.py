"""How long dlcli reads and encodes a table before it loads TensorFlow: `reading.py DATA.csv RESULT.json`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main(data: str, result: str) -> None:
    """Write the seconds from the beginning of the reading to its end."""
    import dlcli
    from dlcli.training.events import Stage

    class Read(Exception):
        """All is read."""

    moments: dict[str, float] = {}

    def listen(event: object) -> None:
        if isinstance(event, Stage):
            moments[event.name] = time.perf_counter()
            if event.name == "loading TensorFlow":
                raise Read

    config = {
        "data": {"train": data, "target": {"y": "category"}},
        "model": {"layers": [{"Dense": {"units": 1, "activation": "sigmoid"}}]},
    }
    try:
        dlcli.train(config, run_dir=Path(result).parent / "never", listener=listen)
    except Read:
        Path(result).write_text(json.dumps(moments["loading TensorFlow"] - moments["reading data"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
