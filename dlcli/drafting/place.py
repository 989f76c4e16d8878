"""Where the data lies that a config is drafted for: its splits, its name, and how the config is to name its files."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dlcli.config.document.file_names import name_problem, safe_name
from dlcli.config.inspection.sources import read_source
from dlcli.config.options.sources import FileColumns, KerasData, Source
from dlcli.config.signature import SplitName
from dlcli.data.sources.registry import by_suffix
from dlcli.errors import DataError, Problem

__all__ = ["Place", "find_place"]

_SPLITS: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "valid": "validation",
    "validation": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
"""What folders and files of splits are called."""


_PICTURES = ("images", "image", "imgs", "img", "photos", "pictures", "x", "inputs")
_MASKS = ("masks", "mask", "labels", "annotations", "segmentation", "segmentations", "labels_mask", "gt", "targets")
"""What folders are called that hold pictures, and a mask for each by the same name."""

_ALIKE = 0.8
"""The part of the pictures that must have one."""


@dataclasses.dataclass(frozen=True)
class Place:
    """The data as it was named.

    Args:
        sources: By the split; `train` is always there.
        name: Of the job, and of the config's file.
        directory: Beside which the config belongs.
        files: Whether each row is a file of a folder.
    """

    sources: dict[SplitName, Source]
    name: str
    directory: Path
    files: bool = False

    def written(self, split: SplitName, base: Path) -> Any:
        """A source as a config in the directory `base` names it."""
        return _written(self.sources[split], base)


def find_place(said: str | os.PathLike[str]) -> Place:
    """The data that a text names: a table, a glob, a folder, or in braces what a config may say.

    Raises:
        DataError: The text is no source.
    """
    text = os.fspath(said)
    if (fault := name_problem(text)) is not None:
        raise DataError(fault)
    source = read_source(text)
    if isinstance(source, KerasData):
        return Place({"train": source}, source.keras, Path.cwd())
    first = Path(next(iter(_names(source))))
    if isinstance(source, list) and first.is_dir():
        return _folder(first)
    name = safe_name(first.name.partition(".")[0].replace("*", "").strip("-_ ") or first.parent.resolve().name)
    return Place({"train": source}, _begun(name), first.parent)


def _folder(folder: Path) -> Place:
    """A folder of files, of folders of splits, or of tables that are the splits."""
    name = _begun(safe_name(folder.resolve().name))
    beside = folder.parent if folder.name not in ("", "..") else folder.resolve().parent
    entries = sorted(folder.iterdir())
    folders = {split: [str(each)] for each in entries if each.is_dir() and (split := _SPLITS.get(each.name.lower()))}
    if "train" in folders and len(folders) > 1:
        return Place({split: folders[split] for split in sorted(folders)}, name, beside, files=True)
    tables = [each for each in entries if each.is_file() and by_suffix(each) is not None]
    named = {split: [str(each)] for each in tables if (split := _SPLITS.get(each.name.partition(".")[0].lower()))}
    if "train" in named:
        return Place({split: named[split] for split in sorted(named)}, name, beside)
    if (pairs := _pairs(entries)) is not None:
        raise DataError(pairs)
    visible = [each for each in entries if not each.name.startswith(".")]
    if visible and len(tables) == len(visible) and not all(map(_may_be_prose, tables)):
        listed = ", ".join(f"'{each.name}'" for each in tables[:5])
        hint = f"name one of them, or a glob that stands for all: '{folder}/*{tables[0].suffix}'"
        raise DataError(Problem(f"'{folder}' is a folder of tables: {listed}", hint=hint, rule="folder-of-files"))
    return Place({"train": [str(folder)]}, name, beside, files=True)


def _pairs(entries: Sequence[Path]) -> Problem | None:
    """The fault of a folder of pictures beside one of their masks, which would be taken for two classes."""
    named = {each.name.lower(): each for each in entries if each.is_dir()}
    pictures = next((named[name] for name in _PICTURES if name in named), None)
    masks = next((named[name] for name in _MASKS if name in named), None)
    if pictures is None or masks is None:
        return None
    files = {each.stem: each for each in sorted(pictures.iterdir()) if each.is_file()}
    both = [each for each in sorted(masks.iterdir()) if each.stem in files]
    if len(both) < max(len(files) * _ALIKE, 1):
        return None
    example = f"{pictures.name}/{files[both[0].stem].name},{masks.name}/{both[0].name}"
    return Problem(
        f"'{pictures.name}' and '{masks.name}' have {len(both):,} files of the same names, as pictures and their masks",
        hint=f"a table names both: a line `image,mask`, and below it one such as `{example}` for each; "
        "beside the folders, `dlcli init pairs.csv --target mask` drafts a network for pixels",
        rule="folder-of-files",
    )


def _may_be_prose(file: Path) -> bool:
    """Whether a file may be a row, of text, as well as a table."""
    found = by_suffix(file)
    return found is not None and file.suffix.lower() in found.prose


def _begun(name: str) -> str:
    """A name of a run begins with a letter or digit."""
    return name if name[:1].isalnum() else f"run-{name.lstrip('-_.')}".rstrip("-")


def _names(source: Source) -> list[str]:
    if isinstance(source, FileColumns):
        return list(source.file)
    if isinstance(source, dict):
        return list(source.values())
    return list(source) if isinstance(source, list) else []


def _written(source: Source, base: Path) -> Any:
    if isinstance(source, KerasData):
        return {"keras": source.keras} | ({"split": source.split} if "split" in source.model_fields_set else {})
    if isinstance(source, FileColumns):
        return {"file": _short([_relative(name, base) for name in source.file]), "columns": source.columns}
    if isinstance(source, dict):
        return {column: _relative(name, base) for column, name in source.items()}
    return _short([_relative(name, base) for name in source])


def _relative(name: str, base: Path) -> str:
    """A file's name from where the config is; an absolute one where there is no such way, as between drives."""
    whole = os.path.abspath(os.path.expanduser(name))
    try:
        return Path(os.path.relpath(whole, base.resolve())).as_posix()
    except ValueError:
        return Path(whole).as_posix()


def _short(names: list[str]) -> Any:
    return names[0] if len(names) == 1 else names
