"""A config file into a `Document`: everything that can be wrong with a file before its meaning is looked at."""

from __future__ import annotations

import os
import re
from pathlib import Path

from dlcli.config.document.composer import MAX_DEPTH, MAX_NODES, compose
from dlcli.config.document.document import Document, Position
from dlcli.errors import ConfigError, Problem, did_you_mean

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Document", "Position", "compose", "read", "read_mapping"]

MAX_BYTES = 2**20
"""Size of a config file."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read(file: Path) -> Document:
    """Read a config file.

    Returns:
        A document whose value is a mapping. Faults that leave the rest readable are its `problems`.

    Raises:
        ConfigError: The file cannot be read, is no YAML, or its top level is no mapping. A problem without a line
            is one of the file as a whole.

    Example:
        >>> read(Path("configs/iris.yaml")).value["name"]  # doctest: +SKIP
        'iris'
    """
    return read_mapping(_text(file), source=file)


def read_mapping(text: str, *, source: Path | str | None) -> Document:
    """Read YAML whose top level is a mapping.

    Raises:
        ConfigError: It is something else, or no YAML.
    """
    document = compose(text.removeprefix("\ufeff"), source=source)
    value = document.value
    if isinstance(value, dict) and (value or document.problems):
        return document
    if value is None or value == {}:
        problem = Problem(
            "the config is empty", hint="it needs at least `data` and `model`", file=source, line=1, rule="empty-config"
        )
    else:
        missing_space = isinstance(value, str) and re.match(r"\w+:\S", value)
        kind = f"a list of {len(value)}" if isinstance(value, list) else f"the value {str(value)[:40]!r}"
        place = document.positions[()]
        problem = Problem(
            f"the top level of a config is a mapping, got {kind}",
            hint="write a space after ':'" if missing_space else "write keys such as `data:` at the left margin",
            file=source,
            line=place.line,
            column=place.column,
            rule="wrong-value",
        )
    raise ConfigError([*document.problems, problem])


def _text(file: Path) -> str:
    content = _content(file)
    if content.startswith(_UTF16_MARKS):
        raise _unusable(file, "the file is UTF-16 text", "save it as UTF-8", "wrong-encoding")
    if b"\0" in content:
        raise _unusable(file, "the file is binary: it holds NUL bytes", "a config is a text file", "binary-file")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        start = content.rfind(b"\n", 0, error.start) + 1
        problem = Problem(
            f"the file is not UTF-8: byte 0x{content[error.start]:02X} at offset {error.start}",
            hint="save it as UTF-8",
            file=file,
            line=content.count(b"\n", 0, error.start) + 1,
            column=len(content[start : error.start].decode("utf-8")) + 1,
            rule="wrong-encoding",
        )
        raise ConfigError(problem) from error


def _content(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        if size <= MAX_BYTES:
            with file.open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)  # the size of a pipe or a growing file says nothing
            if len(content) <= MAX_BYTES:
                return content
    except FileNotFoundError as error:
        raise _unusable(file, "there is no such file", _nearby(file), "file-not-found") from error
    except IsADirectoryError as error:
        raise _unusable(file, "this is a directory, not a config file", _nearby(file), "not-a-file") from error
    except OSError as error:
        raise _unusable(file, f"the file cannot be read: {error.strerror}", "", "unreadable-file") from error
    except ValueError as error:  # a NUL character in the name
        raise _unusable(file, f"this is no file name: {error}", "", "unreadable-file") from error
    megabytes = f"{size / 2**20:,.1f} MiB" if size > MAX_BYTES else "more than 1 MiB"
    hint = "a config describes a training job; data belongs into files of its own"
    raise _unusable(file, f"the file has {megabytes}; a config has at most 1 MiB", hint, "config-limit")


def _nearby(file: Path) -> str:
    """The configs that may have been meant: those in a directory, or named like a file that is missing."""
    directory = file if file.is_dir() else file.parent
    if not directory.is_dir():
        return f"there is no directory {directory} either"
    if not os.access(directory, os.R_OK):
        return ""
    names = sorted(entry.name for entry in directory.iterdir() if entry.is_file())
    configs = [name for name in names if name.endswith((".yaml", ".yml"))]
    if directory == file:
        return f"name a file in it: {', '.join(configs[:5])}" if configs else "it holds no .yaml files"
    return did_you_mean(file.name, names) or did_you_mean(f"{file.stem}.yaml", configs) or _listed(configs)


def _listed(configs: list[str]) -> str:
    return f"the configs there are {', '.join(configs[:5])}" if configs else "there are no .yaml files beside it"


def _unusable(file: Path, message: str, hint: str, rule: str) -> ConfigError:
    return ConfigError(Problem(message, hint=hint, file=file, rule=rule))
