"""What was trained on what, and how good it is, in a few numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dlcli.reporting.document import Block, Folded, Key, Keys, Section, Table, Text
from dlcli.reporting.gathering import Facts
from dlcli.reporting.plots.axes import short_number
from dlcli.reporting.plots.svg import shortened

__all__ = ["MOST_KEYS", "duration", "evaluated_keys", "features", "job", "overview"]

MOST_FEATURES = 40
FEW_FEATURES = 12
"""Features that are shown at once."""

MOST_KEYS = 4


def overview(facts: Facts) -> Section:
    """The first section."""
    return Section("overview", "What was trained", tuple(_blocks(facts)), on_card=True)


def _blocks(facts: Facts) -> Iterator[Block]:
    if (status := _status(facts)) is not None:
        yield status
    keys = list(_keys(facts))
    if keys:
        yield Keys(keys)
    yield Table("The job", ("", ""), list(job(facts)))
    yield from features(facts)


def _status(facts: Facts) -> Text | None:
    status = facts.text("status")
    if status in ("completed", ""):
        return None
    error = facts.text("error")
    said = f"{shortened(error, 300)}" if error else ""
    return Text(
        f"The run is {status}: its numbers are those of {facts.text('epochs') or '0'} whole epochs.", "warning", said
    )


def _keys(facts: Facts) -> Iterator[Key]:
    yield from evaluated_keys(facts)
    if facts.text("epochs"):
        of = facts.record.get("model_epoch")
        beside = f"the model is that of epoch {of}" if of is not None and of != facts.record.get("epochs") else ""
        yield Key(f"{facts.record['epochs']:,}", "epochs", beside)
    seconds = facts.record.get("seconds")
    if isinstance(seconds, int | float):
        yield Key(duration(float(seconds)), "time")


def evaluated_keys(facts: Facts) -> Iterator[Key]:
    """The metrics of the evaluation that a report is about, the loss last."""
    document = facts.evaluation
    if document is not None:
        metrics = document.get("metrics")
        named = [(name, value) for name, value in (metrics or {}).items() if isinstance(value, int | float)]
        chosen = sorted(named, key=lambda each: each[0] == "loss")[:MOST_KEYS]
        for name, value in chosen:
            yield Key(short_number(float(value)), name, f"{facts.subject}, {document.get('rows', 0):,} rows")


def duration(seconds: float) -> str:
    """As people say it.

    Example:
        >>> duration(3.21), duration(75), duration(7300)
        ('3.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60} min {int(seconds) % 60} s"
    return f"{int(seconds) // 3600} h {int(seconds) % 3600 // 60} min"


def job(facts: Facts) -> Iterator[tuple[str, str]]:
    """What was asked for, line by line."""
    record, config = facts.record, facts.config
    for name, target in config.data.target.items():
        kind = getattr(target, "type", None) or "given by the model"
        yield "learns", f"{name} ({kind}{_classes(facts, name)})"
    count = len(config.data.features or {})
    yield "from", f"{count:,} feature{'' if count == 1 else 's'}"
    rows = record.get("rows")
    if isinstance(rows, Mapping):
        yield "rows", ", ".join(f"{split} {count:,}" for split, count in rows.items())
    loss = config.compile.loss
    if loss is not None:
        each = loss.items() if isinstance(loss, dict) else [("", loss)]
        yield "loss", ", ".join(f"{name} {one.name}".strip() for name, one in each)
    yield "optimizer", config.compile.optimizer.name
    for name, said in (("parameters", "parameters"), ("batch_size", "batch"), ("steps_per_epoch", "updates an epoch")):
        if isinstance(record.get(name), int):
            yield said, f"{record[name]:,}"
    device = facts.text("device_name") or facts.text("device")
    if device:
        yield "device", device


def _classes(facts: Facts, target: str) -> str:
    report = facts.reports().get(target, {})
    classes = report.get("classes")
    return f", {len(classes)} classes" if isinstance(classes, Mapping) else ""


def features(facts: Facts) -> Iterator[Block]:
    """The features, as the config has them."""
    features = facts.config.data.features or {}
    rows = [(name, *_feature(feature)) for name, feature in list(features.items())[:MOST_FEATURES]]
    blocks: list[Block] = [Table("The features", ("feature", "type", "options"), rows)] if rows else []
    if len(features) > MOST_FEATURES:
        blocks.append(Text(f"and {len(features) - MOST_FEATURES:,} more, which the config below names", "note"))
    if len(features) > FEW_FEATURES:
        yield Folded(f"The {len(features):,} features", blocks)
    else:
        yield from blocks


def _feature(feature: Any) -> tuple[str, str]:
    """The type, and what else the config says of it."""
    if feature is None:
        return "auto", ""
    said = feature.model_dump(by_alias=True, mode="json", exclude_none=True)
    kind = said.pop("type", "")
    return str(kind), shortened(", ".join(f"{key}: {_as_yaml(value)}" for key, value in said.items()), 120)


def _as_yaml(value: Any) -> str:
    """A value of the config in a line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_as_yaml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_as_yaml, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
