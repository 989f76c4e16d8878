"""What a run brings along: its Python files, which are run only by leave, and its config, which is whole.

A run may come from anybody. Its files are data, but for those in `code/`: they can do whatever their reader can.
"""

from __future__ import annotations

import dataclasses
import importlib.machinery
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.document.file_names import absolute
from dlcli.config.document.overrides import Overrides
from dlcli.config.document.reader import read
from dlcli.config.inspection.inspection import Inspection, inspect
from dlcli.config.schema import Config
from dlcli.data.cache.fingerprint import fingerprint
from dlcli.errors import ConfigError, DlcliError, Problem, RunError
from dlcli.runs.layout import INITIAL, RunDirectory, copied_names

__all__ = ["GRANTED", "Leave", "inspect_run", "keeps_code", "require_code"]


@dataclasses.dataclass(frozen=True)
class Leave:
    """Whether the Python files of a run may be run, as whoever gives the command has said.

    Args:
        given: Whether they may.
        tell: Told of each file that is about to be run.
    """

    given: bool
    tell: Callable[[Problem], None]


GRANTED = Leave(True, lambda problem: None)
"""That of a run whose code has been allowed, and told, a moment ago."""


def require_code(config: Config, run: RunDirectory, leave: Leave) -> None:
    """Make sure that the code of a run is its own and may be run, and tell which files are.

    Args:
        config: The run's, `code` absolute.
        run: The run.
        leave: Whether it may.

    Raises:
        RunError: The config names a file elsewhere, or there is no leave; all files.
    """
    if not config.code:
        return
    _require_inside(config.code, run)
    recorded = run.read_json(run.record).get("code")
    known = recorded if isinstance(recorded, dict) else {}
    described = [(index, _described(Path(name), run, known)) for index, name in enumerate(config.code)]
    beside = [_described(file, run, known) for file in _importable(run, config.code)]
    if not leave.given:
        hint = "read the file; if you trust it, add --allow-code (in Python: allow_code=True)"
        raise RunError(
            Problem(
                f"{words}, is Python code of the run, which runs only when you allow it",
                path=f"code[{index}]",
                hint=hint,
                rule="code-not-allowed",
            )
            for index, words in described
        )
    for _, words in described:
        leave.tell(Problem(f"running {words}", rule="own-code"))
    for words in beside:
        leave.tell(Problem(f"that code may import {words}", rule="own-code"))


def keeps_code(run: RunDirectory, files: Sequence[str]) -> bool:
    """Whether the Python files that a run keeps, and could import, are copies of these, and no others."""
    pairs = zip(files, copied_names(files), strict=True)
    try:
        same = all(fingerprint(Path(file)).sha256 == fingerprint(run.path / name).sha256 for file, name in pairs)
        return bool(files) and same and not _importable(run, copied_names(files))
    except (OSError, DlcliError):
        return False


def inspect_run(run: RunDirectory, overrides: Overrides = ()) -> Inspection:
    """Find all faults of a run's config, which opens no file outside of the run but the data that it names.

    Args:
        run: The run.
        overrides: As for `inspect`; they are not the run's but the caller's.

    Raises:
        RunError: The config leads to another config, or to code or weights elsewhere.
    """
    try:
        value = read(run.config).value
    except ConfigError:  # which `inspect` tells
        value = {}
    if "extends" in value:
        message = f"{run.config} extends another file, and the config of a run is whole"
        hint = "put what it extends into it, if you trust it; or train again"
        raise RunError(Problem(message, path="extends", file=run.config, hint=hint, rule="run-unsafe"))
    if outside := list(_weights_outside(value)):
        message = f"{run.config} takes weights from outside of the run: {', '.join(outside)}"
        hint = f"a run has what its weights began with in {INITIAL}; train again"
        raise RunError(Problem(message, path="model", file=run.config, hint=hint, rule="run-unsafe"))
    names = value.get("code")
    _require_inside((absolute(name, run.path) for name in _texts(names)), run)
    return inspect(run.config, overrides)


def _texts(names: Any) -> Iterator[str]:
    yield from (name for name in (names if isinstance(names, list) else [names]) if isinstance(name, str))


def _weights_outside(config: Mapping[Any, Any]) -> Iterator[str]:
    """What a config would read weights from that is not the run's own file."""
    model = config.get("model")
    if not isinstance(model, Mapping):
        return
    weights, blocks = model.get("weights"), model.get("blocks")
    if weights not in (None, INITIAL, {"run": INITIAL}):
        yield f"weights: {weights}"
    for items in (model.get("layers"), *(blocks.values() if isinstance(blocks, Mapping) else ())):
        layers = items.get("layers") if isinstance(items, Mapping) else items
        yield from _items_outside(layers, own=bool(config.get("code")))


def _items_outside(items: Any, *, own: bool) -> Iterator[str]:
    for item in items if isinstance(items, list) else []:
        if isinstance(item, str):
            item = {item: None}
        if not isinstance(item, Mapping):
            continue
        yield from (f"run: {item['run']}" for _ in range("run" in item))
        yield from _items_outside(item.get("layers"), own=own)
        for name, arguments in item.items():
            entry = catalogue.load().get("layers", name) if isinstance(name, str) and name[:1].isupper() else None
            if entry is not None and entry.kind == "applications" and not own:
                given = arguments.get("weights", "imagenet") if isinstance(arguments, Mapping) else "imagenet"
                yield from (f"{name}: {{weights: {given}}}" for _ in range(given not in (None, "none")))


def _require_inside(files: Iterable[str], run: RunDirectory) -> None:
    """Code that a run needs lies in the run: `train` has copied it there.

    Raises:
        RunError: The config names a file elsewhere.
    """
    own = run.path.resolve() / run.code.name
    problems = [
        Problem(
            f"the code of this run, {name}, does not lie in {run.code}",
            hint=f"copy the file to {run.code} and name it {run.code.name}/{Path(name).name}, if you trust it",
            path=f"code[{index}]",
            file=run.config,
            rule="run-unsafe",
        )
        for index, name in enumerate(files)
        if Path(name).parent != own
    ]
    if problems:
        raise RunError(problems)


def _described(file: Path, run: RunDirectory, known: dict[str, Any]) -> str:
    """A file as people are told of it: where it is, its hash, and whether it is what the run was trained with."""
    digest = fingerprint(file).sha256
    before = known.get(f"{run.code.name}/{file.name}")
    changed = " (changed since the run was trained)" if before is not None and before != digest else ""
    return f"{run.code / file.name}, SHA-256 {digest}{changed}"


def _importable(run: RunDirectory, listed: Iterable[str]) -> list[Path]:
    """What else lies beside the code, and its imports would find."""
    named = {Path(name).name for name in listed}
    suffixes = tuple(importlib.machinery.all_suffixes())
    return sorted(file for file in run.code.iterdir() if file.name.endswith(suffixes) and file.name not in named)
