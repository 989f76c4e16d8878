"""What stands behind the numbers: what was found, how to use the model, the config, and where all came from."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dlcli.config.signature import SPLITS
from dlcli.reporting.document import Block, Code, Folded, Section, Table, Text
from dlcli.reporting.gathering import Facts, text_of
from dlcli.reporting.plots.svg import shortened

__all__ = [
    "commands",
    "config_of",
    "config_section",
    "findings",
    "needed_columns",
    "provenance",
    "provenance_of",
    "usage",
]

MOST_CONFIG = 60_000
"""Letters of a config that are shown."""

MOST_FINDINGS = 100
MOST_FILES = 30


def findings(facts: Facts) -> Section | None:
    """What was said while the config was checked and the model trained, the warnings first."""
    said = facts.record.get("findings")
    found = [each for each in said if isinstance(each, Mapping)] if isinstance(said, list) else []
    found.sort(key=lambda each: not each.get("warning"))
    warnings: list[Block] = [_finding(each) for each in found if each.get("warning")]
    told: list[Block] = [_finding(each) for each in found if not each.get("warning")]
    blocks = warnings[:MOST_FINDINGS] or [Text("No warnings.")]
    if told:
        blocks.append(Folded(f"{len(told)} more that was said", told[:MOST_FINDINGS]))
    return Section("findings", "What was found", tuple(blocks), on_card=bool(warnings)) if found else None


def _finding(found: Mapping[str, Any]) -> Text:
    path = f"{found['path']}: " if found.get("path") else ""
    family = f" [{found['rule']}]" if found.get("rule") else ""
    kind = "warning" if found.get("warning") else "info"
    return Text(
        f"{path}{shortened(found.get('message', ''), 2000)}{family}", kind, shortened(found.get("hint", ""), 2000)
    )


def usage(facts: Facts) -> Section:
    """The commands that use the model."""
    run = shlex.quote(str(facts.directory.path))
    lines = [
        (f"dlcli predict {run} new.csv -o predictions.csv", "row for row; no target is needed"),
        (f"dlcli evaluate {run} new.csv", "with the target: how good it is there"),
        (f"dlcli export {run} --format onnx -o model.onnx", "for other programs"),
        (f"dlcli reproduce {run}", "trains it again and compares"),
    ]
    python = f"import dlcli\n\npredictions = dlcli.predict({str(facts.directory.path)!r}, frame)\n"
    blocks: list[Block] = [commands(lines), Code(python, "python"), *needed_columns(facts)]
    return Section("usage", "How to use it", tuple(blocks), on_card=True)


def commands(lines: Sequence[tuple[str, str]]) -> Code:
    """Commands, each with what it is for behind it."""
    width = max(len(command) for command, _ in lines)
    return Code("\n".join(f"{command:<{width}}  # {comment}" for command, comment in lines))


def needed_columns(facts: Facts) -> Iterator[Block]:
    """What new rows have to have."""
    features = facts.config.data.features or {}
    names = ", ".join(list(features)[:30]) + (f" and {len(features) - 30:,} more" if len(features) > 30 else "")
    if names:
        yield Text(f"New rows need what the features are made of: {names}.")


def config_section(facts: Facts) -> Section | None:
    """The resolved config, as it was written."""
    return config_of(facts.config_text, "config.yaml, with every default filled in")


def config_of(text: str, title: str) -> Section | None:
    """A config, as it was written; None where there is none."""
    if not text:
        return None
    cut = [Text("The rest is in config.yaml.", "note")] if len(text) > MOST_CONFIG else []
    return Section("config", "The config", (Folded(title, (Code(text[:MOST_CONFIG], "yaml"), *cut)),))


def provenance(facts: Facts) -> Section:
    """Versions, machine, data and commit."""
    return provenance_of(facts.record)


def provenance_of(record: Mapping[str, Any]) -> Section:
    """Versions, machine, data and commit, as a record tells them."""
    return Section("provenance", "Where it comes from", tuple(_provenance(record)), on_card=True)


def _provenance(record: Mapping[str, Any]) -> Iterator[Block]:
    rows = [(name, text) for name, keys in _SAID if (text := text_of(record, *keys))]
    command = record.get("argv")
    if isinstance(command, list) and command:
        rows.append(("command", shlex.join(map(str, command))))
    versions = record.get("versions")
    if isinstance(versions, Mapping):
        rows.append(("versions", ", ".join(f"{name} {version}" for name, version in versions.items())))
    yield Table("", ("", ""), rows)
    files = [
        (split, file.get("path"), file.get("bytes"), str(file.get("sha256", ""))[:16])
        for split, each in (record.get("data") or {}).items()
        if split in SPLITS and isinstance(each, list)
        for file in each
        if isinstance(file, Mapping)
    ]
    if files:
        yield Table("The data", ("source", "file", "bytes", "SHA-256 begins with"), files[:MOST_FILES])
    if len(files) > MOST_FILES:
        yield Text(f"and {len(files) - MOST_FILES:,} more files, in run.json", "note")


_SAID = (
    ("status", ("status",)),
    ("started", ("started",)),
    ("finished", ("finished",)),
    ("seed", ("seed",)),
    ("config file", ("config_file",)),
    ("commit", ("git", "commit")),
    ("platform", ("hardware", "platform")),
    ("processors", ("hardware", "cpus")),
)
