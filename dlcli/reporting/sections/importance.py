"""What each feature is worth to the model: how much worse it gets when the feature is shuffled among the rows."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.data.columns.codec import ScalesNumbers
from dlcli.reporting.document import Block, Figure, Section, Table, Text
from dlcli.reporting.gathering import Facts
from dlcli.reporting.looking import Look, Part, part_of
from dlcli.reporting.mistake_sizes import measure, measure_of, mistake_sizes
from dlcli.reporting.plots.axes import short_number
from dlcli.reporting.plots.bars import bars_plot
from dlcli.reporting.plots.svg import shortened
from dlcli.reporting.seen import Seen
from dlcli.reporting.shown_rows import FeaturePart, feature_parts

__all__ = ["importance"]

MOST_BARS = 25
MOST_ROWS = 1_000
MOST_SPLIT = 64
"""Numbers of an only feature that are shuffled one by one."""

SHUFFLES = 3
FEWEST_ROWS = 32

FEW = 4
"""Features by which it is found out how long all of them take."""

SAID = ("indices", "probabilities", "numbers", "embedding", "chosen")
"""What takes room of what is said of rows."""

MOST_AT_ONCE = 4 * 2**20
"""Bytes of rows that the models are asked about at once."""

Floats = NDArray[np.float64]


def importance(facts: Facts, *, seconds: float) -> Section | None:
    """The section; None where there is nothing to compare.

    Args:
        facts: Of the run.
        seconds: What it may take, about.
    """
    if facts.look is None:
        return None
    blocks = tuple(_blocks(facts.look, seconds))
    return Section("importance", "What the features are worth", blocks) if blocks else None


def _blocks(look: Look, seconds: float) -> Iterator[Block]:
    parts = _common(look)
    measured = [place for place, seen in enumerate(look.seen) if measure_of(seen) is not None]
    if len(parts) < 2 or not measured:
        return
    rows, shuffles = _affordable(look, len(parts), seconds)
    if not rows:
        yield Text(f"Shuffling each of {len(parts):,} features would take longer than a report may.", "note")
        return
    few = look.first(rows)
    worse = _measured(few, parts, shuffles)
    for place in measured:
        yield _figure(few.seen[place], place, [each[0].name for each in parts], worse[:, :, place])
    yield Text(
        f"The values of each feature are shuffled among {rows:,} rows, {shuffles} times, and the model predicts anew. "
        "What two features tell alike is shared between them, so that each may look worthless.",
        "note",
    )


def _common(look: Look) -> list[list[FeaturePart]]:
    """For each feature where it stands in what each model is given; only those that all models have."""
    of_models = [{part.name: part for part in _parts(each)} for each in look.parts]
    return [[each[name] for each in of_models] for name in of_models[0] if all(name in each for each in of_models)]


def _parts(rows: Part) -> list[FeaturePart]:
    """The features; of an only one that is a vector, its numbers."""
    parts = feature_parts(rows.preprocessing, rows.taken.inputs)
    codec = parts[0].codec
    if len(parts) != 1 or codec is None or not isinstance(codec, ScalesNumbers):
        return parts
    only, array, names = parts[0], parts[0].of(rows.taken.inputs), codec.names()
    if array.ndim != 2 or len(names) != array.shape[1] or len(names) > MOST_SPLIT:
        return parts
    start = only.columns.start if only.columns is not None else 0
    return [FeaturePart(name, only.input, slice(start + at, start + at + 1)) for at, name in enumerate(names)]


def _affordable(look: Look, features: int, seconds: float) -> tuple[int, int]:
    """How many rows, and how often; no rows where even few would take too long."""
    rows = min(len(look), MOST_ROWS)
    if rows < 2:
        return 0, 0
    few = look.first(rows)
    count = min(features, FEW, _at_once(few))
    every = math.inf
    for _ in range(2):  # the first time something may have come between
        started = time.perf_counter()
        few.ask(lambda part: _repeated(part, count))
        every = min(every, max(time.perf_counter() - started, 1e-6) * features / count)
        if SHUFFLES * every <= seconds:
            break
    shuffles = int(max(1, min(SHUFFLES, seconds / every)))
    affordable = rows if every <= seconds else int(rows * seconds / every)
    return (min(rows, affordable), shuffles) if affordable >= min(FEWEST_ROWS, rows) else (0, 0)


def _measured(look: Look, parts: Sequence[Sequence[FeaturePart]], shuffles: int) -> Floats:
    """How much worse it gets: `(parts, shuffles, targets)`. Rows are shuffled among those of the same model. The models
    are asked about many shuffled features at once, as if these were more rows."""
    before = np.array([measure_of(seen) or (0.0, "") for seen in look.seen], dtype=object)[:, 0].astype(np.float64)
    found = np.zeros((len(parts), shuffles, len(look.seen)))
    orders = [
        [np.random.default_rng(shuffle).permutation(len(rows)) for rows in look.parts] for shuffle in range(shuffles)
    ]
    every = [(place, shuffle) for shuffle in range(shuffles) for place in range(len(parts))]
    size = _at_once(look)
    for start in range(0, len(every), size):
        some = every[start : start + size]
        changes = [list(zip(parts[place], orders[shuffle], strict=True)) for place, shuffle in some]
        where = {id(rows): [each[at] for each in changes] for at, rows in enumerate(look.parts)}
        seen = look.ask(lambda rows, where=where: _shuffled(rows, where[id(rows)]))  # type: ignore[misc]
        own = list(_rows_of_each(look, len(some)))
        for target, each in enumerate(seen):
            sizes = mistake_sizes(each)
            after = [0.0 if sizes is None else measure(sizes[rows], each) for rows in own]
            for (place, shuffle), measured in zip(some, after, strict=True):
                found[place, shuffle, target] = measured - before[target]
    return found


def _at_once(look: Look) -> int:
    """How many times the rows, with what is said of them, are in memory at once."""
    taken = [array for rows in look.parts for array in (*rows.taken.inputs.values(), *rows.taken.targets.values())]
    said = [getattr(seen.decoded, name) for seen in look.seen for name in SAID]
    size = sum(int(array.nbytes) for array in (*taken, *said) if array is not None)
    return max(1, MOST_AT_ONCE // max(1, size))


def _rows_of_each(look: Look, count: int) -> Iterator[NDArray[np.int64]]:
    """Where the rows of each change are among those of so many: those of each model stand together."""
    sizes = [len(rows) for rows in look.parts] if look.chained else [len(look.parts[0])]
    firsts = np.cumsum([0, *(count * size for size in sizes)])
    for place in range(count):
        own = [np.arange(size) + first + place * size for size, first in zip(sizes, firsts, strict=False)]
        yield np.concatenate(own)


def _shuffled(rows: Part, changes: Sequence[tuple[FeaturePart, NDArray[np.int64]]]) -> Part:
    """The rows once for each change, one after the other, with the values of its feature in its order: the same for all
    models of the same rows."""
    count, repeated = len(rows), _repeated(rows, len(changes))
    for place, (part, order) in enumerate(changes):
        array, own = part.of(rows.taken.inputs), part.of(repeated.taken.inputs)
        own[place * count : (place + 1) * count] = array[order]
    return repeated


def _repeated(rows: Part, count: int) -> Part:
    """The rows so many times, one after the other."""
    return dataclasses.replace(rows, taken=part_of(rows.taken, np.tile(np.arange(len(rows)), count)))


def _figure(seen: Seen, place: int, features: Sequence[str], worse: Floats) -> Figure:
    measured = measure_of(seen)
    assert measured is not None
    means, spreads = worse.mean(axis=1), worse.std(axis=1)
    order = np.argsort(-means, kind="stable").tolist()
    shown = order[:MOST_BARS]
    names = [features[each] for each in shown]
    words = "; ".join(f"{features[each]} {short_number(float(means[each]))}" for each in order[:5])
    plot = bars_plot(
        f"importance-{place}",
        f"{shortened(seen.name, 60)}: how much worse without a feature"
        + (f" (the first {MOST_BARS} of {len(features):,})" if len(features) > MOST_BARS else ""),
        f"rise of {measured[1]} when a feature is shuffled: {words}",
        names,
        [float(means[each]) for each in shown],
        label=f"rise of {measured[1]}, now {short_number(measured[0])}",
        spreads=[float(spreads[each]) for each in shown],
    )
    rows = [(features[each], float(means[each]), float(spreads[each])) for each in order[:200]]
    return Figure(plot, Table("What the features are worth", ("feature", f"rise of {measured[1]}", "spread"), rows))
