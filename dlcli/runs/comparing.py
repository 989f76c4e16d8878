"""Two runs held against each other: how far apart their numbers are, and what of their circumstances differs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

__all__ = ["Apart", "Difference", "compare_history", "compare_metrics", "differences"]

OF_TIME = frozenset({"epoch", "phase", "seconds", "rows_per_second"})
"""Columns of a history that are no numbers of the training."""

NOTHING = "none"

ALWAYS = ("versions.", "data.")
"""What one of two runs has and the other has not is another; else it is not known of a run that ended early."""


@dataclasses.dataclass(frozen=True, slots=True)
class Apart:
    """How far apart the values of one metric are.

    Args:
        name: The metric, by Keras's name; of the end of a job `test.loss`.
        absolute: The greatest difference; infinite where one of the two has no such value, or none that is a number.
        relative: The greatest difference as a part of the greater of the two.
        epoch: The first epoch whose values differ; None of what is no matter of epochs.
        worst: The epoch of the greatest difference.
    """

    name: str
    absolute: float
    relative: float
    epoch: int | None = None
    worst: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """A circumstance that is another.

    Args:
        what: What it is, such as `versions.keras`.
        before: As the run has it.
        now: As it is.
    """

    what: str
    before: str
    now: str


def compare_history(before: Sequence[Mapping[str, float]], now: Sequence[Mapping[str, float]]) -> list[Apart]:
    """The metrics whose values differ in some epoch, times left aside; a run that is shorter lacks those of its end.

    Args:
        before: Rows of `history.csv`, one an epoch.
        now: The other's.

    Example:
        >>> compare_history([{"epoch": 1, "loss": 0.5}], [{"epoch": 1, "loss": 0.75}])
        [Apart(name='loss', absolute=0.25, relative=0.3333333333333333, epoch=1, worst=1)]
    """
    names = dict.fromkeys(name for row in (*before, *now) for name in row if name not in OF_TIME)
    found = []
    for name in names:
        pairs = [(_at(before, epoch, name), _at(now, epoch, name)) for epoch in range(max(len(before), len(now)))]
        if apart := _apart(name, pairs):
            found.append(apart)
    return found


def _at(rows: Sequence[Mapping[str, float]], epoch: int, name: str) -> float | None:
    return rows[epoch].get(name) if epoch < len(rows) else None


def compare_metrics(before: Any, now: Any) -> list[Apart]:
    """The metrics that the two ended with and that differ, by split: `test.loss`.

    Args:
        before: `metrics` of a `run.json`.
        now: The other's.
    """
    one, other = _by_split(before), _by_split(now)
    found = (_apart(name, [(one.get(name), other.get(name))]) for name in dict.fromkeys([*one, *other]))
    return [dataclasses.replace(apart, epoch=None, worst=None) for apart in found if apart is not None]


def _by_split(metrics: Any) -> dict[str, float | None]:
    """Null in JSON, which NaN is there, is None."""
    return {
        f"{split}.{name}": value if isinstance(value, (int, float)) else None
        for split, values in _items(metrics)
        for name, value in _items(values)
    }


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    """What a JSON object holds; nothing where something else stands, as in a record that somebody has edited."""
    return value.items() if isinstance(value, Mapping) else ()


def _apart(name: str, pairs: Iterable[tuple[float | None, float | None]]) -> Apart | None:
    """None when all are the same, NaN and values that are not there included."""
    gaps = [(*_gap(one, other), epoch) for epoch, (one, other) in enumerate(pairs, start=1)]
    apart = [gap for gap in gaps if gap[0]]
    if not apart:
        return None
    worst = max(apart, key=lambda gap: gap[0])
    return Apart(name, worst[0], max(gap[1] for gap in apart), epoch=apart[0][2], worst=worst[2])


def _gap(one: float | None, other: float | None) -> tuple[float, float]:
    """How far apart two numbers are, and as a part of the greater."""
    if one == other or (_is_nan(one) and _is_nan(other)):
        return 0.0, 0.0
    if one is None or other is None or not (math.isfinite(one) and math.isfinite(other)):
        return math.inf, math.inf
    absolute = abs(one - other)
    return absolute, absolute / max(abs(one), abs(other))


def _is_nan(value: float | None) -> bool:
    return value is not None and math.isnan(value)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """What differs between the circumstances of two runs: versions, hardware, data, code, how they were executed.

    Args:
        before: A `run.json`.
        now: The other's.
    """
    one, other = dict(_circumstances(before)), dict(_circumstances(now))
    whats = [
        what for what in dict.fromkeys([*one, *other]) if what.startswith(ALWAYS) or (what in one and what in other)
    ]
    return [
        Difference(what, one.get(what, NOTHING), other.get(what, NOTHING))
        for what in whats
        if one.get(what) != other.get(what)
    ]


def _circumstances(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for section in ("versions", "hardware"):
        for name, value in _items(record.get(section)):
            yield f"{section}.{name}", str(value)
    for name in ("device", "device_name"):
        yield f"hardware.{name}", str(record.get(name))
    for source, files in _items(record.get("data")):
        for index, file in enumerate(files if isinstance(files, list) else ()):
            values = dict(_items(file))
            said = f"{PurePath(str(values.get('path'))).name}, sha256 {values.get('sha256')}"
            yield f"data.{source}[{index}]", said
    for name, value in _items(record.get("code")):
        yield str(name), str(value)
    mode = dict(_items(record.get("execution"))).get("mode")
    if mode is not None:
        yield "execution", str(mode)
