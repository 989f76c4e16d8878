"""A folder of texts as dlcli reads it, until all are encoded and nothing is kept: `texts.py FOLDER RESULT.json`."""

from __future__ import annotations

import json
import sys
import time

from dlcli.config.schema import DataConfig
from dlcli.data.prepare import prepare


def main(folder: str, result: str) -> None:
    """Write the seconds of the processor from the beginning of the reading to its end."""
    started = time.process_time()
    text = {"type": "text", "file": True, "max_tokens": 10_000, "encode": {"sequence": 200}}
    config = DataConfig.model_validate({"train": [folder], "target": "folder", "features": {"path": text}})
    prepared = prepare(config, seed=1)
    seconds = time.process_time() - started
    with open(result, "w") as file:
        json.dump([seconds, prepared.preprocessing.features["path"].vocabulary], file)


if __name__ == "__main__":
    main(*sys.argv[1:])
