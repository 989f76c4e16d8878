"""Reading and encoding a numeric CSV, and the start of a second run on it."""

from __future__ import annotations

import json

from benchmarks.measuring import DLCLI, SIDES, Bench, Measured, Result, measure, spread, write_numbers

__all__ = ["reading"]


def reading(bench: Bench) -> Result:
    """MB (1,000,000 bytes) a second of the first run, which fills the cache, and the seconds of the second."""
    folder = bench.folder
    data, result = folder / "large.csv", folder / "seconds.json"
    write_numbers(data, 1_000_000)
    caches = iter(folder / f"cache{place}" for place in range(bench.pairs))
    cache = folder

    def read() -> tuple[Measured, float]:
        measured = measure([DLCLI[0], SIDES / "reading.py", data, result], cache=cache)
        return measured, json.loads(result.read_text())

    def first() -> tuple[Measured, float]:
        nonlocal cache
        cache = next(caches)
        return read()

    found = bench.interleave({"first": first, "second": read})
    size = data.stat().st_size
    data.unlink()
    return {
        "bytes": size,
        "first": spread([size / 1e6 / seconds for _, seconds in found["first"]]),
        "second_seconds": spread([seconds for _, seconds in found["second"]]),
    }
