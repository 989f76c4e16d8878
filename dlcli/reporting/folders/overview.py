"""What was trained several times, and how good that is, in a few numbers; and the commands that use it."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from dlcli.reporting.document import Block, Code, Key, Keys, Section, Table, Text
from dlcli.reporting.folders.gathering import FolderFacts
from dlcli.reporting.gathering import Facts
from dlcli.reporting.plots.axes import short_number
from dlcli.reporting.plots.svg import shortened
from dlcli.reporting.sections.background import commands, findings, needed_columns
from dlcli.reporting.sections.overview import MOST_KEYS, duration, evaluated_keys, features, job
from dlcli.runs.members import WORDS, resume_command

__all__ = ["findings_of_folder", "overview_of_folder", "usage_of_folder"]

MOST_NAMES = 5


def overview_of_folder(folder: FolderFacts) -> Section:
    """The first section."""
    return Section("overview", "What was trained", tuple(_blocks(folder)), on_card=True)


def _blocks(folder: FolderFacts) -> Iterator[Block]:
    whole = folder.together
    status = whole.text("status")
    if status not in ("completed", ""):
        done = sum(member.text("status") == "completed" for member in folder.members)
        said = f"It is {status}: {done} of {len(folder.several.names)} {folder.word}s are trained."
        way = f"go on with it: {resume_command(folder.several.kind, whole.directory.path)}"
        yield Text(said, "warning", shortened(whole.text("error"), 300) or way)
    yield Keys(list(_keys(folder)))
    yield Table("The job", ("", ""), [(f"{folder.word}s", _how_many(folder)), *job(folder.members[0])])
    yield from features(folder.members[0])


def _keys(folder: FolderFacts) -> Iterator[Key]:
    means, spreads = (_of_split(folder, name) for name in ("metrics", "spread"))
    chosen = sorted(means.items(), key=lambda each: each[0] == "loss")[:MOST_KEYS]
    where = "each on rows that it has not seen" if folder.word == "fold" else f"each on the {folder.split} split"
    for name, mean in chosen:
        spread = spreads.get(name)
        beside = f"mean of {len(folder.several.names)} {folder.word}s, {where}"
        if spread is not None and len(folder.several.names) > 1:
            beside += f"; spread {short_number(spread)}"
        yield Key(short_number(mean), name, beside)
    for key in evaluated_keys(folder.together):
        yield Key(key.value, key.name, f"their mean as one model, {key.beside}")
    if epochs := folder.together.record.get("epochs"):
        yield Key(f"{epochs:,}", "epochs", "of all together")
    seconds = folder.together.record.get("seconds")
    if isinstance(seconds, int | float):
        yield Key(duration(float(seconds)), "time")


def _of_split(folder: FolderFacts, name: str) -> dict[str, float]:
    found = folder.together.record.get(name)
    values = found.get(folder.split) if isinstance(found, Mapping) else None
    return {key: float(each) for key, each in (values or {}).items() if isinstance(each, int | float)}


def _how_many(folder: FolderFacts) -> str:
    count = len(folder.several.names)
    folds = folder.together.record.get("folds")
    if not isinstance(folds, Mapping):
        return f"{count}, each from a seed of its own"
    repeats = folds.get("repeats", 1)
    split = folder.members[0].config.data.split
    kind = (
        split if isinstance(split, str) else ", ".join(f"{key}: {value}" for key, value in split.model_dump().items())
    )
    return f"{folds.get('of')}, {kind}" + (f", divided {repeats} times" if repeats != 1 else "")


def findings_of_folder(folder: FolderFacts) -> Section | None:
    """What was said of the whole, and of members: what is not said of all of them is told with their names."""
    whole = {_key(each): each for each in _said(folder.together)}
    names: dict[tuple[str, str], list[str]] = {}
    for member in folder.members:
        for each in _said(member):
            whole.setdefault(_key(each), each)
            names.setdefault(_key(each), []).append(member.directory.path.name)
    told = []
    for key, each in whole.items():
        of = list(dict.fromkeys(names.get(key, ())))
        named = f"{_listed(of)}: {each.get('message', '')}"
        told.append({**each, "message": named} if 0 < len(of) < len(folder.members) else each)
    facts = dataclasses.replace(folder.together, record={"findings": told})
    return findings(facts)


def _said(facts: Facts) -> list[Mapping[str, Any]]:
    said = facts.record.get("findings")
    return [each for each in said if isinstance(each, Mapping)] if isinstance(said, list) else []


def _key(finding: Mapping[str, Any]) -> tuple[str, str]:
    return str(finding.get("path")), str(finding.get("message"))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")


def usage_of_folder(folder: FolderFacts) -> Section:
    """The commands that use the folder."""
    path = folder.together.directory.path
    run, member = shlex.quote(str(path)), shlex.quote(str(folder.members[0].directory.path))
    lines = [
        (f"dlcli predict {run} new.csv -o predictions.csv", f"the mean of all {folder.word}s; no target is needed"),
        (f"dlcli evaluate {run} new.csv", "with the target: how good that mean is there"),
        (f"dlcli export {run} --format onnx -o model.onnx", "all as one model, for other programs"),
        (f"dlcli report {member}", "each is a run of its own"),
        (f"dlcli reproduce {run}", "trains all again and compares"),
    ]
    blocks: list[Block] = [
        Text(f"The {WORDS[folder.several.kind]} predicts as one model: the mean of what its {folder.word}s say."),
        commands(lines),
        Code(f"import dlcli\n\npredictions = dlcli.predict({str(path)!r}, frame)\n", "python"),
        *needed_columns(folder.members[0]),
    ]
    return Section("usage", "How to use it", tuple(blocks), on_card=True)
